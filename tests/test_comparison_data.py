"""Tables of experiments on real features, here on features drawn so that the answer is known."""

import numpy as np
import pandas as pd
import pytest

from w2s_utils import comparison_data as data
from w2s_utils import comparison_trends as trends
from w2s_utils.comparison_features import feature_moments, predicted_errors, predicted_slope
from w2s_utils.probes import MODELS, draw_split, oracle
from w2s_utils.theory import intrinsic_dimension as theory

POINTS = [(40, 200), (90, 200), (90, 60)]


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(3)
    Z = rng.standard_normal((600, 26))
    weak = {"a": Z[:, :16], "b": Z[:, 8:24]}
    y = Z[:, 8:16] @ np.ones(8) + 2 * rng.standard_normal(600)
    table = data.sweep_table("regression", weak, {"s": Z[:, 8:20]}, y, POINTS, splits=range(6), labeled=90, test=150)
    return weak, Z[:, 8:20], y, table


def test_a_table_has_every_cell_once(drawn):
    *_, table = drawn
    assert len(table) == 6 * 2 * len(POINTS) and not table.duplicated(["split", *data.CELL]).any()
    assert np.allclose(table.gain, table.teacher - table.student)
    for _, cell in table.groupby(list(data.CELL)):
        means = cell[[*MODELS, "gain", "pgr", "opr"]].mean()
        assert means.pgr == pytest.approx(means.gain / (means.teacher - means.ceiling))
        assert means.opr == pytest.approx(means.baseline / means.student)


def test_the_spread_of_the_values_is_that_of_the_ratio():
    """Against the ratio's spread over many repetitions of the experiment."""
    rng = np.random.default_rng(0)
    cell = dict(weak="a", strong="b", noise=0.0, tuned=False, n=1, N=1)
    ratios, errors = [], []
    for _ in range(300):
        drawn = pd.DataFrame(3 + rng.random((40, 4)) * [6, 2, 4, 1], columns=MODELS).assign(**cell, split=range(40))
        row = data.over_splits(data.with_ratios(drawn)).iloc[0]
        ratios.append((row.pgr, row.opr)), errors.append((row.pgr_se, row.opr_se))
    assert np.mean(errors, 0) == pytest.approx(np.std(ratios, 0), rel=0.15)


def test_a_cell_is_scikit_learns(drawn):
    weak, strong, y, table = drawn
    split = draw_split(600, 90, 360, 150, index=4, seed=0)
    row = table[(table.split == 4) & (table.weak == "b") & (table.n == 40)].iloc[0]
    alone = oracle.regression_cell(weak["b"], strong, y, split, 40, 200)
    assert [row[model] for model in MODELS] == pytest.approx([alone[model] for model in MODELS], rel=1e-6)


def test_more_splits_leave_the_first_ones_as_they_are(drawn):
    weak, strong, y, table = drawn
    fewer = data.sweep_table("regression", weak, {"s": strong}, y, POINTS, splits=range(2), labeled=90, test=150)
    first = table[table.split < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(fewer[["split", *data.CELL, *MODELS]], first[["split", *data.CELL, *MODELS]])


def test_a_model_is_not_its_own_teacher():
    X = np.random.default_rng(0).standard_normal((300, 5))
    table = data.sweep_table(
        "regression",
        {"a": X[:, :3], "b": X},
        {"b": X},
        X[:, 0],
        [(50, 100)],
        splits=[0],
        labeled=50,
        test=80,
        noise=[1.0],
    )
    assert set(table.weak) == {"a"}


def test_means_and_their_errors(drawn):
    *_, table = drawn
    cell = table[(table.weak == "a") & (table.n == 40)]
    row = data.over_splits(table).query("weak == 'a' and n == 40").iloc[0]
    assert row.pgr == pytest.approx(cell.pgr.mean()) and row.designs == 6
    assert row.pgr_se == pytest.approx(cell.pgr.std(ddof=1) / np.sqrt(6))


def test_paired_differences(drawn):
    *_, table = drawn
    found = trends.paired(table, "pgr", dict(n=40, N=200), dict(n=90, N=200), test_share=0.25, by=["weak"]).set_index(
        "weak"
    )
    wide = table[table.weak == "a"].set_index(["n", "N", "split"]).pgr.sort_index()
    steps = (wide[40, 200] - wide[90, 200]).to_numpy()
    assert found.effect["a"] == pytest.approx(steps.mean()) and found.df["a"] == 5
    assert found.se["a"] == pytest.approx(np.sqrt((1 / 6 + 1 / 3) * steps.var(ddof=1)))
    mean = trends.paired(table, "pgr", dict(n=40, N=200), dict(n=90, N=200), test_share=0.25)
    assert mean.effect[0] == pytest.approx(found.effect.mean()) and len(mean) == 1
    with pytest.raises(ValueError, match="do not share their splits"):
        trends.paired(table, "pgr", dict(n=41), dict(n=90), test_share=0.25)


def test_order_of_teachers(drawn):
    *_, table = drawn
    cell = table[(table.n == 40)]
    found = trends.between_teachers(cell, "pgr", {"a": 8.0, "b": 12.0}, test_share=0.25)
    wide = cell.pivot(index="split", columns="weak", values="pgr")
    assert found.effect[0] == pytest.approx((wide.a - wide.b).mean())
    third = pd.concat([cell, cell[cell.weak == "a"].assign(weak="c")])
    slope = np.polyfit([8.0, 12.0, 9.0], [wide.a.mean(), wide.b.mean(), wide.a.mean()], 1)[0]
    found = trends.between_teachers(third, "pgr", {"a": 8.0, "b": 12.0, "c": 9.0}, test_share=0.25)
    assert found.effect[0] == pytest.approx(-4 * slope)
    assert trends.between_teachers(cell, "pgr", {"a": 8.0, "b": 8.05}, test_share=0.25).empty


def test_moments_of_drawn_features_and_their_curves():
    """Features of the synthetic chapters: what is estimated from rows is what the generator was told."""
    rng = np.random.default_rng(5)
    Z = rng.standard_normal((20000, 30))
    weak, strong = Z[:, :16], Z[:, 8:20]
    beta = np.linspace(0.2, 1, 30)
    y = Z @ beta + 0.5 * rng.standard_normal(20000)
    found = feature_moments(weak, strong, y)
    outside = {
        "rho_w": beta[16:],
        "rho_s": np.r_[beta[:8], beta[20:]],
        "rho_sw": np.r_[beta[:8], beta[16:]],
        "p": beta[:8],
    }
    for name, part in outside.items():
        assert found[name] == pytest.approx(np.sum(part**2) + (0.25 if name != "p" else 0), rel=0.04), name
    assert found["d_sw"] == pytest.approx(8, abs=0.1)
    curve = predicted_errors(101, 501, found)
    known = {key: found[key] for key in ("d_w", "d_s", "d_sw")}
    exact = theory.excess_risks(
        100, 500, sigma2=0.0, **known, **{k: np.sum(v**2) + (k != "p") / 4 for k, v in outside.items()}
    )
    for model in MODELS:
        assert getattr(curve, model) == pytest.approx(getattr(exact, model), rel=0.05)
    with pytest.raises(ValueError, match="20 rows are too few"):
        feature_moments(weak[:20], strong[:20], y[:20])


def test_bad_kind_and_too_few_rows(drawn):
    weak, strong, y, _ = drawn
    with pytest.raises(ValueError, match="kind = 'ranking' is unknown"):
        data.sweep_table("ranking", weak, {"s": strong}, y, POINTS, splits=[0], labeled=90, test=150)
    with pytest.raises(ValueError, match="exceeds the 600 rows of faces"):
        data.sweep_table(
            "regression", weak, {"s": strong}, y, [(90, 500)], splits=[0], labeled=90, test=150, name="faces"
        )


def test_the_standard_error_of_a_trend_is_cautious_on_pools_of_uneven_rows():
    """Forty pools: how far the mean effect really moves, against what splits of one pool say."""
    found = []
    for pool in range(40):
        rng = np.random.default_rng(pool)
        Z = rng.standard_normal((1688, 60)) * np.abs(rng.standard_t(6, (1688, 1)))
        y = Z.sum(1) / 8 + rng.standard_normal(1688)
        ends = [(75, 712), (214, 712)]
        table = data.sweep_table(
            "regression", {"a": Z[:, :36]}, {"b": Z[:, 5:]}, y, ends, splits=range(10), labeled=214, test=68, seed=pool
        )
        low, high = (dict(n=n, N=N) for n, N in ends)
        found.append(trends.paired(table, "log_opr", low, high, test_share=0.04).iloc[0])
    true = np.std([row.effect for row in found], ddof=1)
    assert 1.0 < np.mean([row.se for row in found]) / true < 2.2


def test_a_ratio_that_is_not_defined_is_not_compared():
    # teacher and ceiling tie: there is no gap of which a share could be recovered
    rows = [dict(split=s, weak=w, n=n, pgr=np.nan if n == 20 else s) for s in (1, 2) for w in "ab" for n in (10, 20)]
    table = pd.DataFrame(rows)
    assert trends.paired(table, "pgr", {"n": 10}, {"n": 20}, test_share=0.1).empty
    assert trends.between_teachers(table[table.n == 20], "pgr", {"a": 1.0, "b": 2.0}, test_share=0.1).empty
    assert len(trends.between_teachers(table[table.n == 10], "pgr", {"a": 1.0, "b": 2.0}, test_share=0.1)) == 1
    assert trends.in_words(table.iloc[:0], "pgr") == "ordinary PGR not defined"


def test_predicted_slope_is_the_slope_of_predicted_ratios():
    same = dict(d_w=8, d_s=8, d_sw=4.0, rho_w=1.0, rho_s=2.0, rho_sw=2.0, p=1.0)
    moments = {"a": same, "b": same | {"d_sw": 1.0}, "c": same | {"d_sw": 2.0}}
    values = {name: part["d_sw"] / 8 for name, part in moments.items()}
    rows = [
        dict(weak=name, split=split, log_opr=float(np.log(predicted_errors(50, 900, part).opr)))
        for name, part in moments.items()
        for split in (0, 1)
    ]
    slope = trends.between_teachers(pd.DataFrame(rows), "log_opr", values, test_share=0.1).effect[0]
    assert predicted_slope(moments, values, [50], 900) == pytest.approx(slope)
