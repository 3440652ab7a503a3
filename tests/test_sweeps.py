"""Sweeps: which points there are, what they compute, and that nobody's number of workers shows in the rows."""

import shutil

import numpy as np
import pandas as pd
import pytest

from tests import toybook
from tests.stats import limit
from w2s_utils import cli
from w2s_utils.parallel import TASK_SECONDS
from w2s_utils.runner import chapters
from w2s_utils.runner.parameters import Parameter, ParameterError
from w2s_utils.sweeps import backends, computing, grid, points, running

NAME = "variance_decomposition"
SMALL = ["-p", "d_w", "8", "-p", "d_s", "5", "-p", "d_sw", "2", "-p", "trials", "20"]


@pytest.fixture
def root(tmp_path):
    root = toybook.make_root(tmp_path / "book", {"bare": toybook.chapter("bare-figure")})
    shutil.copy2(toybook.ROOT / "chapters" / "intrinsic_dimension" / f"{NAME}.ipynb", root / "chapters" / "toy")
    return root


def sweep(root, *arguments):
    return cli.main(["run", NAME, *SMALL, *arguments], root)


def rows(root):
    (path,) = (root / "_build" / "runs").glob("*/points.parquet")
    return pd.read_parquet(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("400..4000:4", [400, 1600, 2800, 4000]), ("1..2:5", [1, 2]), ("7", [7]), ("9,3", [9, 3]), ("10..1:2", [10, 1])],
)
def test_values_of_an_axis(text, expected):
    assert grid.values(Parameter("n", "int", 1, low=1, high=4000), text) == expected


def test_evenly_spaced_numbers_hold_both_ends():
    found = grid.values(Parameter("x", "float", 0.1, low=0.1, high=0.7), "0.1..0.7:4")
    np.testing.assert_allclose(found, [0.1, 0.3, 0.5, 0.7])
    assert found[0] == 0.1 and found[-1] == 0.7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n", "sweep 'n' is not allowed: NAME=a..b:count"),
        ("n=1..5:1", "count = '1' is not allowed: an integer from 2"),
        ("n=1..9:3", "parameter n = 9 is outside"),
        ("n=1,1", "names 1 twice"),
        ("m=1", "sweep m is not allowed; scalars of a point: n, word"),
        ("law=a..b:3", "law is not allowed"),
        ("word=a..b:3", "word is no number"),
        ("many=1,2", "a list, whose values are crossed anyway"),
    ],
)
def test_axes_that_are_refused(text, message):
    declared = {
        "n": Parameter("n", "int", 1, low=1, high=5), "word": Parameter("word", "str", "a"),
        "many": Parameter("many", "list[int]", [1]), "law": Parameter("law", "str", "a"),
    }  # fmt: skip
    with pytest.raises(ParameterError, match=message.replace(".", r"\.").replace("(", r"\(")):
        grid.axes(declared, ["n", "word", "many"], [text])


def test_every_chapter_with_a_point_function_takes_its_own_parameters():
    for name in points.CHAPTERS:
        (chapter,) = chapters.select(toybook.ROOT, [name])
        assert set(points.used(name)) <= set(chapter.parameters), name
        for point in grid.points(chapter.values(), {}, points.used(name)):
            points.check(name, point)


CASES = {
    NAME: dict(n=60, N=90, d_w=8, d_s=5, d_sw=2, sigma2=1.0),
    "performance_gap_recovery": dict(n=60, N=90, d_w=8, d_s=5, d_sw=2, sigma2=1.0),
    "gain_theory": dict(d_z=20, p_T=4, p_S=3, mu_T2=10.0, mu_S2=0.1, similarity=0.1, cosine=1.0, gamma=0.01, nu=0.01),
    "ridge_regularization": dict(d=100, gamma_t=0.5, sigma2=1.0, under=0.5, over=1.5),
    "weighted_ridge": dict(d=100, gamma_t=0.5, sigma2=0.5, under=0.5, over=2.0, g=0.0, zeta=0.8),
}
# limits are off at finite size: 4/d of the value, as the chapters allow
ALLOWED = {"gain_theory": 4 / 20, "ridge_regularization": 4 / 100, "weighted_ridge": 4 / 100}


@pytest.mark.parametrize("name", CASES)
def test_rows_agree_with_the_theory_beside_them(name):
    drawn = computing.one(name, CASES[name] | dict(trials=200, seed=1))
    pairs = [(key, end) for key in drawn for end in ("exact", "limit") if f"{key}_{end}" in drawn]
    pairs = [(key, end) for key, end in pairs if key not in ("pgr", "opr")]  # ratios of means, not means of ratios
    assert len(pairs) >= 3
    for key, end in pairs:
        theory, se = drawn[f"{key}_{end}"][0], drawn[key].std(ddof=1) / np.sqrt(200)
        assert abs(drawn[key].mean() - theory) < limit(len(pairs)) * se + ALLOWED.get(name, 0) * abs(theory), key


def test_more_replicates_begin_with_the_same_ones():
    few, many = (computing.one(NAME, CASES[NAME] | dict(trials=k, seed=0)) for k in (4, 9))
    np.testing.assert_array_equal(few["student"], many["student"][:4])
    assert computing.one(NAME, CASES[NAME] | dict(n=61, trials=4, seed=0))["student"][0] != few["student"][0]


@pytest.mark.parametrize("scheduler", ["processes 2", "processes 4", "local 2"])
def test_rows_are_the_same_whoever_computes_them(root, tmp_path, scheduler, capsys):
    kind, workers = scheduler.split()
    if kind == "local":
        pytest.importorskip("distributed")
    arguments = ["--sweep", "n=20..60:5", "--sweep", "sigma2=0.5,1"]
    assert sweep(root, *arguments, "--scheduler", "processes", "--jobs", "1") == 0
    alone = rows(root)
    assert len(alone) == 10 * 20 and list(alone.columns[:4]) == ["point", "n", "N", "d_w"]
    shutil.rmtree(root / "_build")
    assert sweep(root, *arguments, "--scheduler", kind, "--jobs", workers) == 0
    pd.testing.assert_frame_equal(rows(root), alone, check_exact=True)
    assert sweep(root, *arguments, "--scheduler", "processes") == 0
    assert "finished before: 10 of 10 points" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["a value", "a name"])
def test_rows_that_are_not_those_written_are_made_anew(root, capsys, change):
    """A whole Parquet file with the right key, whose rows are other ones."""
    parquet = pytest.importorskip("pyarrow.parquet")
    arguments = ["--sweep", "n=20,40"]
    assert sweep(root, *arguments) == 0
    before = rows(root)
    (path,) = (root / "_build" / "runs").glob("*/points.parquet")
    table = parquet.read_table(path)
    if change == "a value":
        wrong = table.set_column(table.schema.get_field_index("teacher"), "teacher", [table["student"]])
    else:
        wrong = table.rename_columns(
            [{"teacher": "student", "student": "teacher"}.get(c, c) for c in table.column_names]
        )
    parquet.write_table(wrong.replace_schema_metadata(table.schema.metadata), path)
    assert not rows(root).equals(before)
    assert sweep(root, *arguments) == 0
    assert "damaged and removed: points.parquet" in capsys.readouterr().out
    pd.testing.assert_frame_equal(rows(root), before, check_exact=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run bare --sweep n=2,3", "chapter bare cannot be swept; those that can: variance_decomposition, "),
        (f"run {NAME} --scheduler tcp://127.0.0.1:1", "--scheduler without --sweep is not allowed"),
        (f"run {NAME} bare --sweep n=2,3", "--sweep of 2 chapters is not allowed"),
        (f"run {NAME} --sweep n=150,400", "n = 150 is not allowed: n > d_w + 1 = 201"),
        (f"run {NAME} --sweep n=1,400", "parameter n = 1 is outside"),
    ],
)
def test_sweeps_that_are_refused(root, capsys, arguments, message):
    assert cli.main(arguments.split(), root) == 2
    output = capsys.readouterr()
    assert message in output.err and output.err.count("\n") == 1 and not output.out


def test_without_dask_an_address_is_refused_and_processes_are_the_default(monkeypatch):
    monkeypatch.setattr(backends, "has_dask", lambda: False)
    with pytest.raises(ValueError, match=r"^--scheduler tcp://a:1 needs Dask: pip install '\.\[dask\]'"):
        with backends.open_backend("tcp://a:1", 1):
            pass
    with backends.open_backend(None, 2) as backend:
        assert backend.name == "2 processes of this machine"


def test_another_version_on_a_worker_is_refused():
    outcome = computing.some(NAME, [(0, CASES[NAME] | dict(trials=2, seed=0))], "w2s_utils other")
    assert outcome.error.startswith("a worker has w2s_utils ") and not outcome.columns


def test_tasks_hold_half_a_second_and_no_worker_idles():
    class Stored:
        points = [{"n": k} for k in range(100)]

    sizes = [len(task[1]) for task in running._tasks(NAME, Stored, list(range(100)), 2, {"seconds": 0.1})]
    assert sizes[0] == -(-TASK_SECONDS // 0.1) and TASK_SECONDS > 0.5 and sum(sizes) == 100
    sizes = [len(task[1]) for task in running._tasks(NAME, Stored, list(range(100)), 4, {"seconds": 1e-4})]
    assert max(sizes) == 25
