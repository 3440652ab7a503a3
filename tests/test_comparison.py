"""Tables in which simulation and theory meet, and the contrasts made from them."""

import numpy as np
import pandas as pd
import pytest

from tests.stats import as_z, limit
from w2s_utils import comparison, parallel
from w2s_utils.comparison import GAUSSIAN_PAIR_KEYS, gaussian_pair_table, neighbours
from w2s_utils.simulate.gaussian_pair import GaussianPair, simulate
from w2s_utils.theory import intrinsic_dimension as theory

PAIR = dict(d_w=8, d_s=5, d_sw=2, sigma2=1.0)
POINT = PAIR | dict(n=20, N=30)
MODELS = ("teacher", "student", "baseline", "ceiling")


def test_row_holds_simulation_and_closed_forms_of_its_point():
    table = gaussian_pair_table([POINT], seed=5, trials=6, noise_draws=3)
    (row,) = table.to_dict("records")
    scale = 1 / np.sqrt(40)
    assert {key: row[key] for key in GAUSSIAN_PAIR_KEYS} == POINT | dict(
        target_scale=scale, latent="gaussian", engine="bartlett"
    )
    pair = GaussianPair.axis_aligned(**PAIR)
    key = (8, 5, 2, 1.0, scale, "gaussian", "bartlett", 20, 30)
    drawn = simulate(pair, 20, 30, trials=6, noise_draws=3, engine="bartlett", seed=parallel.seed_sequence(5, *key))
    moments = pair.moments()
    exact = theory.excess_risks(20, 30, sigma2=1.0, **moments)
    errors = dict(rho_w=moments["rho_w"], rho_s=moments["rho_s"])
    plotted = theory.plotted_risks(20, 30, **PAIR, **errors)
    assert row["designs"] == 6 and {name: row[name] for name in errors} == errors
    for model in MODELS:
        assert row[model] == getattr(drawn.means, model)
        assert row[f"{model}_se"] == getattr(drawn.standard_errors, model)
        assert row[f"{model}_variance"] == getattr(drawn.variance_means, model)
        assert row[f"{model}_variance_se"] == getattr(drawn.variance_standard_errors, model)
        assert row[f"{model}_exact"] == getattr(exact, model)
        assert row[f"{model}_plotted"] == getattr(plotted, model)
    for ratio in ("pgr", "opr"):
        assert (row[ratio], row[f"{ratio}_se"]) == getattr(drawn, f"{ratio}_of_means")
        assert (row[f"mean_{ratio}"], row[f"mean_{ratio}_se"]) == getattr(drawn, f"mean_{ratio}")
        assert row[f"{ratio}_exact"] == getattr(exact, ratio)
        assert row[f"{ratio}_plotted"] == getattr(plotted, ratio)


def test_rows_depend_on_their_own_point_only():
    points = [
        POINT,
        POINT | dict(n=40),
        POINT | dict(engine="raw"),
        POINT | dict(d_sw=3),
        POINT | dict(target_scale=0.5),
    ]
    together = gaussian_pair_table(points, seed=0, trials=3)
    for index, point in enumerate(points):
        alone = gaussian_pair_table([point], seed=0, trials=3)
        pd.testing.assert_frame_equal(together.iloc[[index]].reset_index(drop=True), alone, check_exact=True)
    assert together.teacher.nunique() == len(points)
    backwards = gaussian_pair_table(points[::-1], seed=0, trials=3).iloc[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(together, backwards, check_exact=True)
    # another seed gives other numbers
    assert gaussian_pair_table([POINT], seed=1, trials=3).teacher[0] != together.teacher[0]


def test_options_hold_for_all_points_unless_a_point_has_its_own():
    table = gaussian_pair_table(
        [POINT, POINT | dict(n=40, trials=5, engine="raw", latent="uniform")], seed=0, trials=3, noise_draws=2
    )
    assert table.designs.tolist() == [3, 5]
    assert table.engine.tolist() == ["bartlett", "raw"]
    assert table.latent.tolist() == ["gaussian", "uniform"]
    assert not table.duplicated(list(GAUSSIAN_PAIR_KEYS)).any()


def test_averaged_noise_has_no_ratios_of_trials():
    table = gaussian_pair_table([POINT], seed=0, trials=3, label_noise="averaged")
    assert "pgr" in table and not [column for column in table if column.startswith("mean_")]


def test_engines_agree_with_the_closed_forms():
    points = [POINT | dict(engine=engine, N=N) for engine in ("bartlett", "raw") for N in (12, 60)]
    table = gaussian_pair_table(points, seed=2, trials=150, label_noise="averaged")
    names = [*MODELS, "pgr", "opr"]
    for name in names:
        z = as_z(table[name] - table[f"{name}_exact"], table[f"{name}_se"], table.designs - 1)
        assert np.abs(z).max() < limit(len(points) * len(names)), name


def test_points_without_any_risk_have_undefined_ratios_and_no_warning():
    table = gaussian_pair_table([POINT | dict(sigma2=0.0, target_scale=0.0)], seed=0, trials=3)
    assert np.allclose(table[list(MODELS)], 0) and np.isnan(table.pgr_exact[0])


def test_no_baseline():
    (row,) = gaussian_pair_table([POINT | dict(d_w=4, d_s=12, n=9)], seed=0, trials=3).to_dict("records")
    missing = {name for name, value in row.items() if isinstance(value, float) and np.isnan(value)}
    assert missing == {
        *("baseline", "baseline_se", "baseline_exact", "baseline_variance", "baseline_variance_se"),
        *("opr", "opr_se", "mean_opr", "mean_opr_se", "opr_exact"),
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(n=9), "n = 9 is not allowed: n > d_w + 1 = 9"),
        (dict(N=6), "N = 6 is not allowed: N > d_s + 1 = 6"),
        (dict(d_sw=6), "d_sw = 6 is not allowed"),
        (dict(d_sw=1.5), "d_sw = 1.5 is not allowed: an integer"),
        (dict(sigma2=-1.0), "sigma2 = -1.0 is not allowed"),
        (dict(target_scale=float("nan")), "target_scale = nan is not allowed"),
    ],
)
def test_joint_limits_are_checked_before_the_first_simulation(change, message, monkeypatch):
    monkeypatch.setattr(comparison, "simulate", lambda *_, **__: pytest.fail("something was drawn"))
    with pytest.raises(ValueError) as error:
        gaussian_pair_table([POINT, POINT | change], seed=0, trials=3)
    assert str(error.value).startswith(message)


def test_settings_of_the_simulation_are_refused_by_it():
    with pytest.raises(ValueError, match="^trials = 1 is not allowed"):
        gaussian_pair_table([POINT], seed=0, trials=1)
    with pytest.raises(ValueError, match="^engine = 'bartlett' is not allowed: raw or auto for latent = 't5'"):
        gaussian_pair_table([POINT | dict(latent="t5")], seed=0)
    with pytest.raises(ValueError, match="^seed = -1 is not allowed"):
        gaussian_pair_table([POINT], seed=-1)


def test_neighbours():
    table = pd.DataFrame(
        {
            "law": ["a", "a", "a", "b", "b", "c"],
            "k": [1, 1, 1, 1, 1, 1],
            "n": [30, 10, 20, 20, 10, 10],
            "x": [6.0, 1.0, 3.0, 5.0, 4.0, 9.0],
            "x_se": [1.2, 0.3, 0.4, 0.5, 0.5, 0.1],
            "y": [0.0, 1.0, 0.0, 2.0, 0.0, 0.0],
            "y_se": [0.1] * 6,
            "designs": [5, 40, 12, 8, 9, 7],
        }
    )
    steps = neighbours(table, "n", ["x", "y"], by=["law", "k"])
    assert steps[["law", "name", "from", "to", "step", "df"]].to_numpy().tolist() == [
        ["a", "x", 10, 20, 2.0, 11],
        ["a", "y", 10, 20, -1.0, 11],
        ["a", "x", 20, 30, 3.0, 4],
        ["a", "y", 20, 30, 0.0, 4],
        ["b", "x", 10, 20, 1.0, 7],
        ["b", "y", 10, 20, 2.0, 7],
    ]
    np.testing.assert_allclose(steps.se[[0, 2]], [0.5, np.hypot(0.4, 1.2)])
    assert steps.exact.isna().all()
    # the exact step of a ratio, also beside the mean of per-trial ratios
    named = table.assign(mean_x=table.x, mean_x_se=table.x_se, x_exact=2 * table.n)
    steps = neighbours(named, "n", ["x", "mean_x"], by=["law"])
    assert steps.exact.tolist() == [20.0] * 6 and steps["from"].tolist() == [10, 10, 20, 20, 10, 10]
    assert list(neighbours(table.head(0), "n", ["x"], by=["law"])) == list(steps)
    with pytest.raises(KeyError):
        neighbours(table, "n", ["z"], by=["law"])
