"""Bad input to the command line: one line that names what is wrong and what is allowed, and nothing half-written."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests import smallbook

SLOW = smallbook.chapter("slow", "slow-figure", hold=True)
KNOWN = "known: n, N, d_w, d_s, d_sw, sigma2, trials, seed"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    content = {"small": smallbook.chapter(), "slow": SLOW}
    root = smallbook.make_root(tmp_path_factory.mktemp("bad") / "book", content)
    claims = smallbook.CLAIMS.splitlines(keepends=True)
    (root / "data" / "claims.csv").write_text(
        "".join([claims[0], *(line.replace(",small\n", ",\n") for line in claims[1:])])
    )
    return root


def files(root):
    """Everything under ``_build`` that is not the partial notebook of a failed run."""
    build = root / "_build"
    found = [path for path in build.rglob("*") if path.is_file() and path.parent.name != "locks"]
    return sorted(path.relative_to(build).as_posix() for path in found if path.parent != build / "failed")


def refused(process, status):
    """The one line that says what is wrong."""
    lines = [line for line in process.stdout.splitlines() if "start (" not in line] + process.stderr.splitlines()
    assert process.returncode == status, lines
    assert len(lines) == 1 and "Traceback" not in process.stdout + process.stderr, lines
    return lines[0]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("run smal", "unknown chapter smal; did you mean small?; known: small, slow"),
        ("run small -p sigma 1", f"small: unknown parameter sigma; did you mean sigma2?; {KNOWN}"),
        ("run small -p zzz 1", f"small: unknown parameter zzz; {KNOWN}"),
        ("run small -p n 1001", "small: parameter n = 1001 is outside [2, 1000]"),
        ("run small -p trials 19", "small: parameter trials = 19 is outside [20, 10000]"),
        ("run small -p n 60.5", "small: parameter n = '60.5' must be an integer"),
        ("run small -p d_sw 3,4", "small: parameter d_sw = '3,4' must be an integer"),
        ("run small -p sigma2 much", "small: parameter sigma2 = 'much' must be a number"),
        ("run small -p sigma2 nan", "small: parameter sigma2 = nan must be finite"),
        ("run small -p sigma2 inf", "small: parameter sigma2 = inf must be finite"),
    ],
)
def test_what_can_be_seen_before_a_run_is_refused_with_status_2(root, request_, message):
    before = files(root)
    assert refused(smallbook.w2s(root, *request_.split()), 2) == f"w2s run: {message}"
    assert files(root) == before


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("n", "21", "n > d_w + 1 = 21"),
        ("N", "11", "N > d_s + 1 = 11"),
        ("d_sw", "11", "0 <= d_sw <= min(d_w, d_s) = 10"),
        ("sigma2", "-0.5", "sigma2 >= 0"),
    ],
)
def test_what_the_library_refuses_is_one_line_and_leaves_nothing(root, name, value, allowed):
    before = files(root)
    line = refused(smallbook.w2s(root, "run", "small", "-p", name, value), 1)
    # the fourth cell of the partial notebook: the values given come after the chapter's own
    assert re.search(rf"small  failed: cell 4: ValueError: {name} = {value}(\.0)? is not allowed: ", line), line
    assert allowed in line
    assert line.endswith("partial notebook: _build/failed/small.ipynb")
    assert json.loads((root / "_build" / "failed" / "small.ipynb").read_text())["cells"]
    assert files(root) == before


@pytest.mark.parametrize("name", ["figures", "executed", "cache", "tmp", "failed"])
def test_a_file_in_place_of_a_folder_is_named_before_any_work(tmp_path, root, name):
    shutil.copytree(root, tmp_path / "book", ignore=shutil.ignore_patterns("_build"))
    (tmp_path / "book" / "_build").mkdir()
    place = tmp_path / "book" / "_build" / name
    place.write_text("in the way")
    done = smallbook.w2s(tmp_path / "book", "run", "small")
    line = refused(done, 1)
    assert "start" not in done.stdout
    assert line.startswith(f"w2s run: the folder {place}") and line.endswith(f"{place} is not a folder; move it away")
    assert files(tmp_path / "book") == [name]


def test_own_parameters_need_a_folder_of_their_own(tmp_path, root):
    shutil.copytree(root, tmp_path / "book", ignore=shutil.ignore_patterns("_build"))
    (tmp_path / "book" / "_build").mkdir()
    (tmp_path / "book" / "_build" / "runs").write_text("in the way")
    line = refused(smallbook.w2s(tmp_path / "book", "run", "small", "-p", "n", "61"), 1)
    assert "_build/runs is not a folder; move it away" in line


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_without_permission_is_named(tmp_path, root):
    shutil.copytree(root, tmp_path / "book", ignore=shutil.ignore_patterns("_build"))
    place = tmp_path / "book" / "_build" / "figures"
    place.mkdir(parents=True, mode=0o500)
    line = refused(smallbook.w2s(tmp_path / "book", "run", "small"), 1)
    assert line == f"w2s run: the folder {place} cannot be written: no permission in {place}; make it writable"


def alive(family):
    return [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def kill_while_slow_holds(root, how):
    """Start both chapters, wait until `small` is finished and `slow` has published its figure, then kill."""
    (root / "hold").touch()
    (root / "held").unlink(missing_ok=True)
    # a job started in the background, as CI may be, ignores Ctrl-C and hands that down
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        smallbook.command("run", "small", "slow", "--jobs", "2"), cwd=root, env=smallbook.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    end = time.monotonic() + 300
    try:
        while not ((root / "held").exists() and (root / "_build" / "figures" / "small-figure").is_dir()):
            assert process.poll() is None and time.monotonic() < end, process.communicate()
            time.sleep(0.05)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 2, "a worker and its kernel"
        os.killpg(process.pid, how)
        out, error = process.communicate(timeout=120)
        while alive(family):
            assert time.monotonic() < end, alive(family)
            time.sleep(0.05)
        return process.returncode, out, error
    finally:
        if process.poll() is None:
            process.kill()
        (root / "hold").unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_killed_run_keeps_what_is_finished_and_the_next_one_goes_on(root, how):
    shutil.rmtree(root / "_build" / "cache" / "fast" / "slow", ignore_errors=True)
    shutil.rmtree(root / "_build" / "figures" / "slow-figure", ignore_errors=True)
    (root / "_build" / "executed" / "toy" / "slow.ipynb").unlink(missing_ok=True)
    status, out, error = kill_while_slow_holds(root, getattr(signal, how))
    if how == "SIGKILL":
        assert (status, error) == (-signal.SIGKILL, "")
    else:
        assert (status, error) == (130, "w2s run: interrupted; finished chapters are kept\n")
    kept = [name for name in files(root) if not name.startswith("tmp/")]
    assert kept and not any("slow" in name for name in kept), "nothing of the unfinished chapter is in place"
    if how == "SIGTERM":
        return  # the next run is killed as well
    again = smallbook.w2s(root, "run", "small", "slow")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "small  cached" in again.stdout and "slow   done" in again.stdout
    assert sorted(path.name for path in (root / "_build" / "figures").iterdir()) == ["slow-figure", "small-figure"]
    assert list((root / "_build" / "tmp").iterdir()) == []
