"""Faults for real: processes are killed, disks are full, files are damaged. What was finished is there afterwards.

Each fault is injected once, with W2S_NIGHTLY=1 twenty times; what was lost is counted, and the counts are written to
``_build/faults.json``. The book shows those of a nightly run (``benchmarks/faults.json``).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest

from tests import toybook
from tests.nightly import TIMES

pytest.importorskip("pyarrow")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

NAME = "variance_decomposition"
SWEEP = [NAME, "--sweep", "n=200..2000:8", "-p", "d_w", "100", "-p", "d_s", "50", "-p", "trials", "80"]
BARE = toybook.notebook([toybook.code("parameters", "n: int = 4  # [2, 9]", ("parameters",)),
                         toybook.code("say", "import time; time.sleep(1); print(n)")])  # fmt: skip
FOUND: dict[str, dict] = {}
REPEATS = range(TIMES)


def note(fault: str, how: str, lost: int, of: int, unit: str, allowed: int = 0) -> None:
    """Count an injection: of what was finished, what had to be made again. `allowed` is what the fault destroyed."""
    row = FOUND.setdefault(fault, {"fault": fault, "how": how, "unit": unit, "injected": 0, "finished": 0, "lost": 0})
    row["injected"] += 1
    row["finished"] += of
    row["lost"] += lost
    assert lost == allowed


@pytest.fixture(scope="module", autouse=True)
def record():
    yield
    target = toybook.ROOT / "_build" / "faults.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"times": TIMES, "faults": list(FOUND.values())}, indent=1) + "\n")


@pytest.fixture
def book(tmp_path):
    """A checkout with the chapter that is swept, and one that is quickly run."""
    root = toybook.make_root(tmp_path / "book", {"bare": BARE})
    shutil.copy2(toybook.ROOT / "chapters" / "intrinsic_dimension" / f"{NAME}.ipynb", root / "chapters" / "toy")
    return root


def start(root, *arguments, patch="", **environment):
    """``w2s run`` in a process of its own, after a patch, and with its own group of processes as in a terminal."""
    call = f"import sys; from pathlib import Path\n{patch}\nfrom w2s_utils import cli\n"
    call += f"sys.exit(cli.main(['run', *{list(arguments)!r}], Path({str(root)!r})))"
    variables = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", call], cwd=toybook.ROOT, env=variables, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(process, status=0):
    """Output of a run that ends as expected, and without a traceback."""
    out, error = process.communicate(timeout=300)
    assert process.returncode == status, (out, error)
    assert "Traceback" not in error
    if status > 0:
        assert error.count("\n") == 1 and error.startswith("w2s run: ")
    return out, error


def sweep(root, *more, **options):
    return start(root, *SWEEP, "--scheduler", "processes", "--jobs", "1", *more, **options)


def rows(root):
    (path,) = (root / "_build" / "runs").glob(f"{NAME}-*/points.parquet")
    return pd.read_parquet(path)


def parts(root):
    return sorted((root / "_build" / "runs").glob(f"{NAME}-*/parts/[!.]*.parquet"))


def stored(root):
    return sum(pd.read_parquet(path).point.nunique() for path in parts(root))


def wait_for(condition, process):
    while not (found := condition()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return found


def resumed(root, before):
    """Run again; return how many of the points that were stored had to be computed anew."""
    out, _ = finish(sweep(root))
    told = [line for line in out.splitlines() if line.startswith("finished before: ")]
    again = int(told[0].split()[2]) if told else 0
    assert not list((root / "_build" / "runs").rglob(".*.new"))
    return before - again


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    root = toybook.make_root(tmp_path_factory.mktemp("reference") / "book", {"bare": BARE})
    shutil.copy2(toybook.ROOT / "chapters" / "intrinsic_dimension" / f"{NAME}.ipynb", root / "chapters" / "toy")
    finish(sweep(root))
    return rows(root)


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_killed_worker_process(book, reference, repeat):
    process = start(book, *SWEEP, "--scheduler", "processes", "--jobs", "2")

    def workers():
        family = psutil.Process(process.pid).children(recursive=True)
        return [one for one in family if "popen_loky_posix" in " ".join(one.cmdline())]

    wait_for(lambda: parts(book), process)
    before = stored(book)
    workers()[0].kill()
    out, _ = finish(process)
    assert "a worker process was killed" in out and "going on with new ones" in out
    pd.testing.assert_frame_equal(rows(book), reference, check_exact=True)
    again = sum(
        int(line.split("killed; ")[1].split()[0]) for line in out.splitlines() if "a worker process was killed" in line
    )
    note("a worker process of a sweep is killed", "kill -9", max(before - again, 0), before, "points")


def all_end(processes):
    _, left = psutil.wait_procs(processes, timeout=20)
    for one in left:
        one.kill()
    return not left


def test_workers_end_with_a_killed_command(book):
    process = start(book, *SWEEP, "--scheduler", "processes", "--jobs", "2")
    wait_for(lambda: parts(book), process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert sum("popen_loky_posix" in " ".join(one.cmdline()) for one in family) == 2
    process.kill()
    process.communicate()
    assert all_end(family)


@pytest.mark.parametrize("scheduler", ["processes", "local"])
def test_an_interrupt_in_a_terminal_reaches_workers_too_and_ends_in_one_line(book, reference, scheduler):
    if scheduler == "local":
        pytest.importorskip("distributed")
    patch = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # CI may start jobs without it
    process = start(book, *SWEEP, "--scheduler", scheduler, "--jobs", "2", patch=patch)
    wait_for(lambda: parts(book), process)
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, error = finish(process, 130)
    assert "interrupted; " in error and "the same command goes on from there" in error
    assert all_end(family)
    before = stored(book)
    assert before > 0 and resumed(book, before) == 0
    pd.testing.assert_frame_equal(rows(book), reference, check_exact=True)


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_killed_scheduler(book, reference, repeat, tmp_path):
    pytest.importorskip("distributed")
    settings = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s"}
    where = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    common = {"env": settings, "cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options = ["--no-dashboard", "--scheduler-file", str(where)]
    scheduler = subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *options], **common)
    worker = subprocess.Popen(
        [*dask, "worker", *options, "--nthreads", "1", "--no-nanny", "--death-timeout", "60"], **common
    )
    try:
        wait_for(where.is_file, scheduler)
        process = start(book, *SWEEP, "--scheduler", json.loads(where.read_text())["address"])
        wait_for(lambda: parts(book), process)
        scheduler.kill()
        _, error = finish(process, 1)
        assert "has gone" in error and "points are kept, the same command goes on" in error
        before = stored(book)
        lost = resumed(book, before)
        pd.testing.assert_frame_equal(rows(book), reference, check_exact=True)
    finally:
        for one in (scheduler, worker):
            one.kill()
            one.wait()
    note("the scheduler of a sweep is killed", "kill -9 of a Dask scheduler", lost, before, "points")


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_sweep_killed_while_it_writes(book, reference, repeat):
    # the third file is on disk under its temporary name, and not yet renamed
    patch = "import os\ncalls = []\ndef die(number):\n    calls.append(number)\n"
    patch += "    if len(calls) == 3:\n        os.kill(os.getpid(), 9)\nos.fsync = die"
    process = sweep(book, patch=patch)
    finish(process, -signal.SIGKILL)
    assert list((book / "_build" / "runs").rglob(".*.new")) and len(parts(book)) == 2
    before = stored(book)
    lost = resumed(book, before)
    pd.testing.assert_frame_equal(rows(book), reference, check_exact=True)
    note("the runner of a sweep is killed while it writes", "kill -9 before a rename", lost, before, "points")


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_runner_killed_while_it_writes(book, repeat):
    from w2s_utils.runner import cache, chapters

    patch = "from w2s_utils.runner import cache; import os\n"
    patch += "def die(path, text):\n    path.with_name('.entry.new').write_text(text[:40]); os.kill(os.getpid(), 9)\n"
    finish(start(book, "bare", patch=patch + "cache.write_text = die"), -signal.SIGKILL)
    (chapter,) = chapters.select(book, ["bare"])
    assert cache.load(cache.slot(book, chapter, chapter.values(), "fast", False)) is None
    out, _ = finish(start(book, "bare"))
    assert "done in" in out and not list((book / "_build" / "tmp").iterdir())
    note("the runner of a chapter is killed while it writes", "kill -9 in a half-written file", 0, 0, "chapters")


def mounted(folder, *options):
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(["mount", *options, str(folder)], capture_output=True).returncode == 0


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_full_disk(book, reference, repeat):
    runs = book / "_build" / "runs"
    real = os.geteuid() == 0 and mounted(runs, "-t", "tmpfs", "-o", "size=60k", "tmpfs")
    limit = "" if real else "import resource, signal\nresource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))"
    try:
        _, error = finish(sweep(book, patch=limit), 1)
        assert ("No space left" if real else "File too large") in error and "are kept" in error
        before = stored(book)
        if real:
            subprocess.run(["mount", "-o", "remount,size=50m", str(runs)], check=True)
        lost = resumed(book, before)
        pd.testing.assert_frame_equal(rows(book), reference, check_exact=True)
    finally:
        if real:
            subprocess.run(["umount", "-l", str(runs)], check=True)
    note("the disk is full", "a tmpfs of 60 kB" if real else "a limit on file sizes", lost, before, "points")


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_figures_folder_that_cannot_be_written(book, repeat):
    figures = book / "_build" / "figures"
    real = os.geteuid() == 0 and mounted(figures, "-t", "tmpfs", "-o", "ro", "tmpfs")
    if not real:
        figures.rmdir()
        figures.write_text("a file in its place\n")
    try:
        _, error = finish(start(book, "bare"), 1)
        assert "cannot be written" in error and "figures" in error
        assert not (book / "_build" / "cache").exists()  # no time was spent
    finally:
        if real:
            subprocess.run(["umount", "-l", str(figures)], check=True)
    note("the figures folder is read-only", "a read-only mount" if real else "a file in its place", 0, 0, "chapters")


@pytest.mark.parametrize("repeat", REPEATS)
def test_damaged_results(book, reference, repeat):
    out, _ = finish(start(book, "bare"))
    assert "done in" in out
    entry = book / "_build" / "cache" / "fast" / "bare" / "entry.json"
    kept = entry.read_bytes()
    entry.write_bytes(kept[: repeat * len(kept) // TIMES])
    out, _ = finish(start(book, "bare"))
    assert "done in" in out and json.loads(entry.read_bytes())["key"] == json.loads(kept)["key"]
    note("a cache entry is damaged", "entry.json cut short", 1, 1, "chapters", 1)


@pytest.mark.parametrize("repeat", REPEATS)
def test_damaged_rows(book, reference, repeat):
    finish(sweep(book))
    (path,) = (book / "_build" / "runs").glob(f"{NAME}-*/points.parquet")
    content = bytearray(path.read_bytes())
    at = (2 * repeat + 1) * len(content) // (2 * TIMES)
    content[at] ^= 0xFF
    path.write_bytes(content)
    try:
        harmless = pd.read_parquet(path).equals(reference)  # e.g. in the name of the program that wrote it
    except (OSError, ValueError):
        harmless = False
    out, _ = finish(sweep(book))
    assert ("damaged and removed: points.parquet" in out) or harmless
    lost = 0 if "finished before" in out else reference.point.nunique()
    pd.testing.assert_frame_equal(rows(book), reference, check_exact=True)
    note("a file of rows is damaged", "one byte changed", lost, reference.point.nunique(), "points", lost)


@pytest.mark.parametrize("repeat", REPEATS)
@pytest.mark.parametrize("kind", ["npy", "npz", "parquet"])
def test_a_truncated_feature_file(tmp_path, capsys, kind, repeat):
    from w2s_utils import cli

    features = np.random.default_rng(repeat).standard_normal((60, 3))
    paths = [tmp_path / f"{name}.{kind}" for name in ("weak", "strong")]
    for path in paths:
        if kind == "npy":
            np.save(path, features)
        elif kind == "npz":
            np.savez(path, features=features)
        else:
            pd.DataFrame(features, columns=list("abc")).to_parquet(path)
    content = paths[0].read_bytes()
    paths[0].write_bytes(content[: (2 * repeat + 1) * len(content) // (2 * TIMES)])
    assert cli.main(["diagnose", *map(str, paths), "--out", str(tmp_path / "report")]) == 1
    output = capsys.readouterr()
    assert output.err.count("\n") == 1 and "weak." in output.err and not (tmp_path / "report").exists()
    note("a feature file is truncated", "cut anywhere", 0, 0, "files")


@pytest.mark.parametrize("repeat", REPEATS)
def test_another_locale_zone_and_clock(book, reference, repeat):
    zone = ["Pacific/Kiritimati", "America/St_Johns", "UTC+23", "Asia/Kathmandu"][repeat % 4]
    finish(sweep(book, LC_ALL="tr_TR.UTF-8", TZ=zone))
    pd.testing.assert_frame_equal(rows(book), reference, check_exact=True)
    # as after a clock that was wrong: what is there is from another century, and is still not made again
    for path in (book / "_build" / "runs").rglob("*"):
        os.utime(path, (4e9, 4e9) if repeat % 2 else (1e6, 1e6))
    lost = resumed(book, reference.point.nunique())
    note("locale, time zone and file times change", "LC_ALL=tr_TR.UTF-8, TZ, os.utime", lost,
         reference.point.nunique(), "points")  # fmt: skip


@pytest.mark.parametrize("repeat", REPEATS)
def test_two_runs_of_one_chapter_at_once(book, repeat):
    outputs = [finish(process)[0] for process in [start(book, "bare"), start(book, "bare")]]
    assert sum("done in" in out for out in outputs) == 1
    assert all("notebook: _build/executed/toy/bare.ipynb" in out for out in outputs)
    assert sum("made by the other" in out or "cached" in out for out in outputs) == 1
    json.loads((book / "_build" / "executed" / "toy" / "bare.ipynb").read_text())
    note("two runs of one chapter at once", "two processes", 0, 0, "runs")


def test_the_book_shows_a_nightly_run_of_every_fault():
    committed = json.loads((toybook.ROOT / "benchmarks" / "faults.json").read_text())
    assert committed["times"] >= 1
    assert {row["fault"] for row in FOUND.values()} <= {row["fault"] for row in committed["faults"]}
    assert all(row["injected"] >= committed["times"] for row in committed["faults"])
    # only what a fault itself destroyed is made again
    assert all(row["lost"] == 0 for row in committed["faults"] if "damaged" not in row["fault"])
