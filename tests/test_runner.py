"""Chapters are executed, cached, compared, refreshed and verified; here on chapters of a few lines."""

import json
import shutil
import signal
import subprocess
import sys

import pandas as pd
import psutil
import pytest

from tests import toybook
from w2s_utils.provenance import blob_hash
from w2s_utils.runner import chapters, execute, reference, scorecard, verify
from w2s_utils.runner.compare import compare_tables

FAILING = toybook.notebook(
    [
        toybook.code("parameters", "n: int = 4  # [2, 100]", ("parameters",)),
        toybook.code("fine", "print(n)"),
        toybook.code("broken", "raise ValueError(f'n = {n} is odd\\nsecond line')"),
    ]
)
SLOW = toybook.notebook([toybook.code("sleep", "import time; print('asleep'); time.sleep(60)")])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    content = {"good": toybook.chapter("good-figure"), "bad": FAILING, "slow": SLOW}
    root = toybook.make_root(tmp_path_factory.mktemp("toy") / "book", content, {"toy/good-figure": "holds"})
    shutil.copy2(toybook.ROOT / "pyproject.toml", root)
    return root


def run(root, *names, preset="fast", given=(), **options):
    lines = []
    jobs = [
        execute.Job(chapter, chapter.values(preset, list(given)), preset, bool(given))
        for chapter in chapters.select(root, list(names))
    ]
    return execute.run(root, jobs, echo=lines.append, **options), lines


def test_a_failure_is_one_line_and_the_other_chapter_is_kept(root):
    (good, bad), lines = run(root, "good", "bad")
    assert (good.status, bad.status) == ("done", "failed")
    (told,) = [line for line in lines if "failed" in line]
    assert "cell 3: ValueError: n = 4 is odd; partial notebook: _build/failed/bad.ipynb" in told
    partial = json.loads((root / "_build" / "failed" / "bad.ipynb").read_text())
    assert any(cell.get("outputs") and "4" in str(cell["outputs"]) for cell in partial["cells"])
    assert sorted(p.name for p in (root / "_build" / "figures").iterdir()) == ["good-figure"]
    assert (root / "_build" / "executed" / "toy" / "good.ipynb").is_file()
    assert not (root / "_build" / "executed" / "toy" / "bad.ipynb").exists()
    assert list((root / "_build" / "tmp").iterdir()) == []
    assert good.entry["memory_mb"] > 10 and good.entry["verdicts"] == {"toy/good-figure": "holds"}


def test_a_finished_chapter_is_not_run_again_and_lost_copies_come_back(root):
    run(root, "good")
    lost = root / "_build" / "figures" / "good-figure" / "data.csv"
    lost.unlink()
    (again,), lines = run(root, "good")
    assert again.status == "cached" and lost.is_file()
    assert len(lines) == 1 and "cached" in lines[0]


def test_a_damaged_result_is_run_again(root):
    (first,), _ = run(root, "good")
    (first.folder / "good.ipynb").write_text("{}")
    (again,), _ = run(root, "good")
    assert again.status == "done"


def test_own_parameters_leave_the_default_results_alone(root):
    run(root, "good")
    passport = root / "_build" / "figures" / "good-figure" / "figure.json"
    before = passport.read_bytes()
    (result,), _ = run(root, "good", given=[("n", "7"), ("verdict", "fails")])
    assert passport.read_bytes() == before
    made = json.loads((result.folder / "figures" / "good-figure" / "figure.json").read_text())
    assert made["parameters"]["n"] == 7
    assert result.unexpected == (
        "good: claim toy/good-figure: expected 'holds', observed 'fails' (figure good-figure)",
    )


def write_passport(figures, name, chapter, **verdicts):
    claims = [{"id": claim, "verdict": verdict} for claim, verdict in verdicts.items()]
    (figures / name).mkdir(parents=True)
    (figures / name / "figure.json").write_text(json.dumps({"id": name, "chapter": chapter, "claims": claims}))


def test_every_kind_of_unexpected_verdict_gets_a_line(tmp_path):
    rows = ["a,good,holds", "b,good,fails", "c,good,holds", "d,other,holds", "e,good,not tested"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "claims.csv").write_text("\n".join(["id,chapter,verdict", *rows]))
    figures = tmp_path / "figures"
    write_passport(figures, "one", "good", a="holds", b="holds", x="holds")
    write_passport(figures, "two", "good", a="Holds")
    write_passport(figures, "three", "other", d="fails")
    lines = scorecard.unexpected(tmp_path, "good", figures)
    assert [line.removeprefix("good: claim ") for line in lines] == [
        "b: expected 'fails', observed 'holds' (figure one)",
        "x: is not in data/claims.csv (figure one)",
        "a: verdict 'Holds' is none of holds, holds with a correction, fails, inconclusive, not tested (figure two)",
        "c: expected 'holds', but no figure has it",
    ]


def test_a_passport_that_is_no_passport_is_named(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "figure.json").write_text('{"id": "two"}')
    with pytest.raises(ValueError, match="figure.json is not a passport with the id one"):
        scorecard.passports(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_ends_every_process_in_one_line(root):
    # a job started in the background, as CI may be, ignores Ctrl-C and hands that down
    call = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    call += "from pathlib import Path; from w2s_utils import cli; "
    call += f"sys.exit(cli.main(['run', 'good', 'slow'], Path({str(root)!r})))"
    process = subprocess.Popen(
        [sys.executable, "-c", call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=toybook.ROOT, text=True
    )
    while "slow" not in process.stdout.readline():
        pass
    family = []
    while not any("ipykernel" in " ".join(p.cmdline()) for p in family):
        family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert error == "w2s run: interrupted; finished chapters are kept\n"
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert list((root / "_build" / "tmp").iterdir()) == []


def test_refresh_writes_references_that_verify_confirms(root):
    before = json.loads((root / "chapters" / "toy" / "good.ipynb").read_text())
    reference.refresh(root, ["good"], echo=lambda line: None)
    after = json.loads((root / "chapters" / "toy" / "good.ipynb").read_text())
    assert [chapters.source(c) for c in after["cells"]] == [c["source"] for c in before["cells"]]
    assert [c["execution_count"] for c in after["cells"] if c["cell_type"] == "code"] == [1, 2, 3]
    assert "papermill" not in json.dumps(after) and str(root) not in json.dumps(after)
    passport = json.loads((root / "figures" / "good-figure" / "figure.json").read_text())
    assert passport["preset"] == "paper" and passport["parameters"]["n"] == 8
    assert passport["notebook"] == blob_hash(root / "chapters" / "toy" / "good.ipynb")
    check_codecheck((root / "codecheck.yml").read_text())
    assert "numpy" in (root / "environment.yml").read_text()
    # the toy's risk is proportional to n, which differs between presets, so verify must object
    (check,) = verify.verify(root, ["good-figure"], echo=lambda line: None)
    assert check.rows == 3 and check.worst == "risk" and len(check.problems) >= 3
    assert "risk = 4.0, reference 8.0" in check.problems[0] and check.changed == ()


def check_codecheck(text):
    import yaml

    assert text.startswith("---\n")
    content = yaml.safe_load(text)
    assert content["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert content["manifest"][0]["file"] == "figures/good-figure/light.svg"
    assert "1 holds" in content["manifest"][0]["comment"]


def test_refresh_refuses_unexpected_verdicts(tmp_path):
    content = {"good": toybook.chapter("good-figure")}
    root = toybook.make_root(tmp_path / "book", content, {"toy/good-figure": "fails"})
    with pytest.raises(reference.RefreshError, match="nothing was written:\ngood: claim toy/good-figure: expected"):
        reference.refresh(root, [], echo=lambda line: None)
    assert not (root / "figures").exists() and not (root / "codecheck.yml").exists()


def test_a_large_picture_is_made_small():
    import io

    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (600, 600, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    small = reference.small_png(buffer.getvalue())
    assert len(small) <= reference.PNG_LIMIT
    assert Image.open(io.BytesIO(small)).format == "PNG"
    assert reference.small_png(small) == small


def table(**changes):
    columns = {"n": [1, 2], "rho": [0.1, 0.2], "exact": [1.0, 2.0], "mc": [1.0, 2.0], "mc_se": [0.1, 0.1]}
    return pd.DataFrame({**columns, **changes})


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({}, []),
        ({"rho": [0.1 + 1e-13, 0.2]}, []),
        ({"exact": [1.0 + 5e-8, 2.0]}, []),
        ({"exact": [1.0 + 2e-7, 2.0]}, ["exact"]),
        ({"exact": [float("nan"), 2.0]}, ["exact"]),
        ({"mc": [1.5, 2.0], "mc_se": [0.2, 0.2]}, []),
        ({"mc": [2.0, 2.0]}, ["mc"]),
        ({"mc": [1.0 + 1e-6, 2.0], "mc_se": [0.0, 0.0]}, []),
        ({"n": [1, 3]}, ["(row)"]),
    ],
)
def test_tables_are_compared_by_the_kind_of_column(changes, columns):
    found = compare_tables(table(**changes), table(), ["n", "rho"])
    assert [item.column for item in found] == columns
    assert all(str(item).startswith("n = ") for item in found)


def test_few_degrees_of_freedom_widen_the_limit():
    new, old = table(mc=[1.75, 2.0]), table()
    assert compare_tables(new, old, ["n", "rho"])
    assert not compare_tables(new.assign(designs=[5, 5]), old.assign(designs=[5, 5]), ["n", "rho"])


def test_tables_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="columns extra are not in both"):
        compare_tables(table(extra=[1, 2]), table(), ["n"])
    with pytest.raises(ValueError, match="n do not name a reference row"):
        compare_tables(table(), table(n=[1, 1]), ["n"])
