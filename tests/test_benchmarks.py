"""The benchmark harness on tiny sizes: it measures what it says, and its targets can be missed."""

import json
import math
import platform
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "benchmarks" / "record.json"
TARGETS = {
    "pair-drawn": 500, "pair-averaged": 5000, "pair-growth": 1.2, "ridge-path": 20,
    "group-point": 50, "group-panels": 1000, "group-limit": 50, "group-memory": 2048,
    "grid-same-error": 1000, "grid-same-draws": 100, "grid-careful-loop": 20, "gce-head": 10,
    "features-time": 1, "diagnose-npy-time": 30, "diagnose-npy-memory": 4096,
}  # fmt: skip


def complain_of_places(text):
    """A record names no folder, user or host."""
    assert not re.search(r"(?<![\w.])(/[a-z_]+){2,}|[A-Z]:\\", text)
    assert platform.node() not in re.findall(r"[\w.-]+", text)


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def test_tiny_run_prints_a_table_and_writes_json(tmp_path):
    out = tmp_path / "made" / "benchmarks.json"
    command = [sys.executable, "-m", "benchmarks", "--size", "tiny", "--no-memory", "--out", str(out)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    report = json.loads(out.read_text())
    assert {row["id"]: row["target"] for row in report["rows"]} == TARGETS
    assert report["complete"] and len(report["growth"]) == 20
    assert all(len(curve["sizes"]) == len(curve["seconds"]) >= 3 for curve in report["growth"])
    assert all(math.isfinite(curve["exponent"]) and curve["se"] >= 0 for curve in report["growth"])
    assert all(rate > 0 for rate in report["rates"].values())
    for row in report["rows"]:
        assert row["met"] == (row["value"] >= row["target"] if row["at_least"] else row["value"] <= row["target"])
        assert row["claim"] in run.stdout
        assert all(side["seconds"] > 0 for side in row["sides"])
    assert run.returncode == (0 if all(row["met"] for row in report["rows"]) else 1), run.stderr
    assert report["machine"]["threads"] == 1
    assert {"numpy", "scipy", "scikit-learn", "blas", "cpu"} <= report["machine"].keys()
    assert len(set(report["rows"][2]["details"]["draws"].values())) == 1
    assert report["rows"][3]["details"]["largest_difference"] < 1e-12
    assert [path.name for path in out.parent.iterdir()] == ["benchmarks.json"]
    assert len(re.findall(r"^\[ *[\d.]+ s\] \d/8 ", run.stderr, re.MULTILINE)) == 8
    complain_of_places(out.read_text())
    from w2s_utils.runner import performance

    for made in (performance.summary(report), performance.limits(report), performance.growth(report, ROOT)):
        assert "nan" not in made and made.count("|") > 20
    assert all(row["claim"][1:] in performance.summary(report) for row in report["rows"])


def test_targets_are_evaluated():
    from benchmarks.harness import Row, table

    row = Row("x", "a claim", value=19.9, target=20.0, at_least=True, sides=[], details={})
    assert not row.met and "MISSED" in table([row], {}) and row.record({})["met"] is False
    assert replace(row, value=20.0).met
    assert replace(row, at_least=False).met
    assert not replace(row, value=20.1, at_least=False).met
    assert not replace(row, value=math.nan).met and not replace(row, value=math.nan, at_least=False).met


def test_peak_memory_is_that_of_the_work_alone():
    from benchmarks.processes import alone

    imports = alone("loading", "imports", "tiny")["mb"]
    ballast = np.ones(30_000_000)  # 240 MB in this process must not count for the other one
    assert 20 < imports < 400
    assert abs(alone("loading", "imports", "tiny")["mb"] - imports) < 50
    del ballast
    with pytest.raises(RuntimeError, match="^loading:nothing failed in its own process: KeyError: 'nothing'$"):
        alone("loading", "nothing", "tiny")


def test_plain_loops_compute_the_same_risks():
    from benchmarks.plain_loops import LOOPS, plain_trial

    setting = {"d_w": 8, "d_s": 5, "d_sw": 2, "sigma2": 0.1}
    trials = [plain_trial(fit, np.random.default_rng(0), 40, 60, **setting) for fit in LOOPS.values()]
    np.testing.assert_allclose(trials[1], trials[0], rtol=1e-9)
    np.testing.assert_allclose(trials[2], trials[0], rtol=1e-9)


def test_plain_loop_and_engine_estimate_the_same_risks():
    from benchmarks.plain_loops import fit_cholesky, plain_trial
    from w2s_utils.simulate.gaussian_pair import GaussianPair, simulate

    setting = {"d_w": 8, "d_s": 5, "d_sw": 2, "sigma2": 0.1}
    rng = np.random.default_rng(0)
    plain = np.array([plain_trial(fit_cholesky, rng, 40, 60, **setting) for _ in range(600)])
    engine = simulate(GaussianPair.axis_aligned(**setting), 40, 60, trials=600, engine="bartlett").risks[:, 0]
    se = np.sqrt((plain.var(0, ddof=1) + engine.var(0, ddof=1)) / 600)
    assert np.all(np.abs(plain.mean(0) - engine.mean(0)) < 4.5 * se)


def test_gain_is_time_times_variance():
    from benchmarks.figure import gains, geometric_mean

    point = {
        "seconds": {"numpy lstsq": 6.0, "drawn": 2.0},
        "variance": {"loop": {"pgr": 10.0, "opr": 1.0}, "drawn": {"pgr": 1.0, "opr": 4.0}},
    }
    assert gains([point, point], "numpy lstsq", "drawn") == {"pgr": [30.0, 30.0], "opr": [0.75, 0.75]}
    assert geometric_mean([1.0, 100.0]) == pytest.approx(10.0)


def test_counted_draws_counts_and_restores():
    from benchmarks.growth import counted_draws, works
    from w2s_utils import parallel

    original = parallel.generator
    with counted_draws() as count:
        generator = parallel.generator(0, 0)
        values = generator.standard_normal((3, 4)), generator.chisquare(np.arange(1, 6))
    assert count[0] == 17 and [v.shape for v in values] == [(3, 4), (5,)]
    assert parallel.generator is original
    assert np.array_equal(values[0], original(0, 0).standard_normal((3, 4)))
    assert len(works("tiny")) == 2


def test_draws_of_the_group_engine_are_counted():
    from benchmarks.groups import NORMS
    from benchmarks.growth import draws_of
    from w2s_utils.simulate.group_imbalance import GroupModel, simulate

    model = GroupModel.from_norms(p_T=3, p_S=2, **NORMS)
    drawn = draws_of(
        lambda: simulate(model, 80, 60, d_z=5, trials=3, engine="gram", eta_l=0.1, eta_u=0.2, eta_t=0.5, seed=314), 3
    )
    assert drawn == 80 * (2 + 5) + 60 * (model.mean.size + 5)


def test_plain_group_fits_estimate_what_the_engine_does():
    from benchmarks.groups import NORMS, POINT, plain_trial
    from w2s_utils.simulate.group_imbalance import GroupModel, simulate

    model, rng = GroupModel.from_norms(p_T=3, p_S=2, **(NORMS | {"Xi2": 0.2})), np.random.default_rng(0)
    plain = np.array([plain_trial(model, rng, 80, 60, 5) for _ in range(500)])
    fractions = dict(zip(("eta_l", "eta_u", "eta_t"), POINT, strict=True))
    drawn = simulate(model, 80, 60, d_z=5, trials=500, **fractions)
    engine = np.c_[drawn.teacher, drawn.student]
    se = np.sqrt((plain.var(0, ddof=1) + engine.var(0, ddof=1)) / 500)
    assert np.all(np.abs(plain.mean(0) - engine.mean(0)) < 4.5 * se)


def test_ridge_loops_and_engine_measure_the_same_errors():
    """The loops' cells, averaged over designs, are the engine's."""
    from benchmarks.ridge_grid import SIZES, draw, fit, grid, multi_output_fits, student_fits, teacher_fits
    from w2s_utils.simulate.ridge import simulate

    rng = np.random.default_rng(0)
    cells, fits = [], []
    for _ in range(500):
        design = draw("tiny", 1.5, rng)
        teachers = teacher_fits("tiny", design)
        cells.append(student_fits("tiny", design, teachers[0]))
        fits.append(multi_output_fits("tiny", design, teachers)[:, 0])
    lam_t, lam_s = grid("tiny")
    engine = simulate(12, 24, 8, sigma2=1.0, lam_t=lam_t, lam_s=lam_s, trials=500).student[:, 0]
    for loop, count in ((np.array(cells), SIZES["tiny"]["cells"]), (np.array(fits), SIZES["tiny"]["fits"])):
        same = engine[:, :: len(lam_s) // count][:, :count]
        se = np.sqrt((loop.var(0, ddof=1) + same.var(0, ddof=1)) / 500)
        assert np.all(np.abs(loop.mean(0) - same.mean(0)) < 4.5 * se)
    X, y = rng.standard_normal((9, 3)), rng.standard_normal(9)
    np.testing.assert_allclose(fit(X, y, 0.2), np.linalg.solve(X.T @ X / 9 + 0.2 * np.eye(3), X.T @ y / 9))
