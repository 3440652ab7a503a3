"""Claims of the ridge and multi-index chapters lose their verdict when what they measure is spoilt."""

import numpy as np
import pytest

from w2s_utils import claims
from w2s_utils.comparison import neighbours
from w2s_utils.comparison_rates import shared_table
from w2s_utils.comparison_ridge import ridge_table
from w2s_utils.simulate.multi_index import MultiIndex, simulate
from w2s_utils.simulate.ridge import estimate
from w2s_utils.theory import regularization as theory

ON = "simulation"
BASE = dict(d=60, gamma_t=0.5, sigma2=1.0, engine="raw", draws=40, trials=60)


def repaired(lam_t, gamma_s=0.5):
    """The chapter's test: gain of the limit's best student, with half the limit's gain for that teacher of 0.02."""
    lam_s = [float(theory.best_student_penalty(0.02, gamma_t=0.5, gamma_s=gamma_s, sigma2=1.0))]
    stated = ridge_table([BASE | dict(gamma_s=gamma_s, lam_t=[0.02], lam_s=lam_s)], seed=1)
    rows = ridge_table([BASE | dict(gamma_s=gamma_s, lam_t=[lam_t], lam_s=lam_s)], seed=1)
    return claims.trend(
        "moniri2025/repairs-under-regularised", rows.gain, rows.gain_se, smallest=stated.gain_limit.abs() / 2,
        df=rows.designs - 1, on=ON,
    )  # fmt: skip


def test_a_teacher_regularised_enough_is_not_repaired():
    assert repaired(0.02).verdict == "holds"
    assert repaired(0.5).verdict == "fails"


def overlap(shared):
    blocks = []
    for number, common in enumerate(shared):
        weak, strong = np.full(40, 1e-3), np.full(40, 1e-3)
        weak[:20] = 1.0
        strong[20 - common : 40 - common] = 1.0
        setting = dict(n=100, N=400, weak=weak, strong=strong, target=np.zeros(40), sigma2=1.0, alpha=0.1)
        blocks.append(setting | dict(case=f"{number} of {common}", trials=240))
    table = shared_table(blocks, seed=0).assign(at=range(len(blocks)))
    steps = neighbours(table, "at", ["risk"], by=["engine", "N"])
    step = 5 / (100 * 1.1**4)
    return claims.trend("dong2025/ridge-overlap", steps.step, steps.se, smallest=step / 2, df=steps.df, on=ON)


def test_maps_that_share_the_same_directions_show_no_overlap_effect():
    assert overlap([0, 5, 10]).verdict == "holds"
    assert overlap([10, 10, 10]).verdict == "fails"


def condition(sigma2, n, alpha=None):
    case = dict(case="60", weak=np.ones(60), strong=np.ones(60), target=np.eye(60)[0], n=n, N=n, sigma2=sigma2)
    rows = shared_table([case | dict(alpha=alpha)], seed=0, trials=60)
    bias = claims.measured(rows, "teacher_bias")
    risk = claims.measured(rows, "risk")
    return (
        claims.bound("book/ridge-condition", rows.condition, **bias, side="upper", on=ON).verdict,
        claims.bound("book/ridge-replacement", rows.replacement, **risk, side="upper", on=ON).verdict,
    )


def test_condition_and_replacement_fail_with_few_labels_and_little_noise():
    assert condition(1.0, 600, "replacement") == ("holds", "holds")
    assert condition(1e-4, 20, "replacement") == ("fails", "fails")


def test_replacement_says_nothing_where_its_condition_fails():
    finding = claims.bound("book/ridge-replacement", 1.0, 2.0, 0.01, df=59, side="upper", applies=[False], on=ON)
    assert finding.verdict == "inconclusive"


def test_penalties_as_read_cross_the_bound_and_their_cube_roots_do_not():
    i = np.arange(1, 61.0)
    case = dict(case="power", weak=1 / i, strong=np.maximum(i**-2, 1e-4), target=i**-2, n=100, N=400, sigma2=0.25)
    rows = shared_table([case | dict(alpha="printed"), case], seed=0, trials=40)
    verdicts = [
        claims.bound("dong2025/ridge-penalties", row.bound, row.risk, row.risk_se, df=39, side="upper", on=ON).verdict
        for row in rows.itertuples()
    ]
    assert verdicts == ["fails", "holds"]
    assert rows.alpha_w[0] == pytest.approx(rows.alpha_w[1] ** 3)


@pytest.fixture(scope="module")
def drawn():
    return simulate(MultiIndex(d=30, n=600), trials=32, seed=2).values


def kept(values, kind):
    effect, se = estimate(values[f"{kind}_hard_share"] - values["teacher_hard_share"])
    return claims.trend("moniri2025/student-keeps-hard", effect, se, smallest=0.3, df=31, on=ON).verdict


def test_a_student_refitted_on_its_teacher_keeps_nothing(drawn):
    assert kept(drawn, "student") == "holds"
    assert kept(drawn, "refit") == "fails"


def ordered(rhos):
    runs = [simulate(MultiIndex(d=16, n=320, rho=rho), trials=32, seed=2).values["student"] for rho in rhos]
    effect, se = np.array([np.ravel(estimate(a - b)) for a, b in zip(runs, runs[1:], strict=False)]).T
    return claims.trend("book/order-in-pretraining", effect, se, smallest=0.1, df=31, on=ON).verdict


def test_pretraining_that_found_next_to_nothing_shows_no_order():
    assert ordered([0.5, 0.8, 1.0]) == "holds"
    assert ordered([0.0, 0.2, 0.3]) == "fails"


def harm(values):
    effect, se = estimate(values["student"] - values["pretrained"])
    return claims.trend("book/few-labels-harm", effect, se, smallest=0.5, df=31, on=ON).verdict


def test_enough_labels_do_no_harm(drawn):
    assert harm(simulate(MultiIndex(d=20, n=40), trials=96, seed=2).values) == "holds"
    assert harm(drawn) == "fails"


def seen(values, kind):
    share, se = estimate(values[f"{kind}_hard_share"])
    shares = np.r_[share, -share]
    return claims.bound("moniri2025/teacher-misses-hard", 0.05, shares, se, df=31, side="upper", on=ON).verdict


def test_a_model_with_the_hard_feature_of_either_sign_is_caught(drawn):
    negative = {"student_hard_share": -drawn["student_hard_share"]}
    assert seen(drawn, "teacher") == "holds"
    assert seen(drawn, "student") == seen(negative, "student") == "fails"


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_formula_ten_per_cent_off_is_caught(factor):
    panels = [BASE | dict(d=d, gamma_s=0.5, lam_t=[0.05], lam_s=[1.0], engine="mean", draws=1) for d in (50, 100, 200)]
    rows = ridge_table(panels, seed=0, trials=150)
    observed = claims.measured(rows, "student")
    allowed = dict(allowance=2 / rows.d, on=ON)
    assert (
        claims.asymptotic("book/ridge-student-error", rows.d, rows.student_limit, **observed, **allowed).verdict
        == "holds"
    )
    spoilt = factor * rows.student_limit
    assert claims.asymptotic("book/ridge-student-error", rows.d, spoilt, **observed, **allowed).verdict == "fails"
