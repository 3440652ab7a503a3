"""Settings without a finite risk are refused in one line that names the argument, its value and what is allowed."""

import numpy as np
import pytest

from tests.test_intrinsic_dimension import BASE, FUNCTIONS, call
from w2s_utils.theory import intrinsic_dimension as theory

GOOD = dict(n=60, N=100, d_w=20, d_s=10, d_sw=5, sigma2=1.0, rho_w=0.1, rho_s=0.2, rho_sw=0.25, p=0.05, rho=0.3)
BAD = [
    ("n", 21, "n = 21 is not allowed: n > d_w + 1 = 21"),
    ("n", float("nan"), "n = nan is not allowed: n > d_w + 1 = 21"),
    ("n", np.array([60, 20]), "n = 20 is not allowed: n > d_w + 1 = 21"),
    ("N", 9, "N = 9 is not allowed: N >"),
    ("N", float("nan"), "N = nan is not allowed"),
    ("d_sw", 11, "d_sw = 11 is not allowed: 0 <= d_sw <= min(d_w, d_s) = 10"),
    ("d_sw", -0.5, "d_sw = -0.5 is not allowed: 0 <= d_sw <= min(d_w, d_s) = 10"),
    ("d_sw", np.array([[5.0], [10.5]]), "d_sw = 10.5 is not allowed"),
    ("d_sw", float("nan"), "d_sw = nan is not allowed"),
    ("d_w", 0, "d_w = 0 is not allowed: d_w >= 1"),
    ("d_s", np.array([10, 0]), "d_s = 0 is not allowed: d_s >= 1"),
    ("sigma2", -1e-9, "sigma2 = -1e-09 is not allowed: sigma2 >= 0"),
    ("sigma2", np.append(np.ones(2000), -2.0), "sigma2 = -2 is not allowed: sigma2 >= 0"),
    ("sigma2", float("nan"), "sigma2 = nan is not allowed: sigma2 >= 0"),
    ("rho_w", -0.1, "rho_w = -0.1 is not allowed: rho_w >= 0"),
    ("rho_s", -0.1, "rho_s = -0.1 is not allowed: rho_s >= 0"),
    ("rho_sw", -0.1, "rho_sw = -0.1 is not allowed: rho_sw >= 0"),
    ("p", -0.1, "p = -0.1 is not allowed: p >= 0"),
    ("rho", np.array([[0.1, -0.1]]), "rho = -0.1 is not allowed: rho >= 0"),
]


@pytest.mark.parametrize(
    ("function", "name", "value", "message"),
    [(function, *bad) for function, names in FUNCTIONS.items() for bad in BAD if bad[0] in names],
)
def test_bad_values_are_named_in_one_line(function, name, value, message):
    arguments = {key: GOOD[key] for key in FUNCTIONS[function]} | {name: value}
    with pytest.raises(ValueError) as error:
        call(function, **arguments)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("function", "evaluate", "N", "allowed"),
    [
        ("student_variance", "unlabeled", 9, "N >= d_s = 10"),
        ("student_variance", "population", 11, "N > d_s + 1 = 11"),
        ("effective_overlap", "unlabeled", 9, "N >= d_s = 10"),
        ("effective_overlap", "population", 11, "N > d_s + 1 = 11"),
        ("pgr_lower_bound", "unlabeled", 9, "N >= d_s = 10"),
        ("opr_lower_bound", "population", 11, "N > d_s + 1 = 11"),
    ],
)
def test_limit_of_N_depends_on_where_the_risk_is_evaluated(function, evaluate, N, allowed):
    arguments = {key: GOOD[key] for key in FUNCTIONS[function]} | {"evaluate": evaluate}
    with pytest.raises(ValueError) as error:
        call(function, **(arguments | {"N": N}))
    assert str(error.value).startswith(f"N = {N} is not allowed: {allowed}")
    assert np.isfinite(call(function, **(arguments | {"N": N + 1})))


def test_population_risks_need_more_than_d_s_plus_one_points():
    arguments = {key: GOOD[key] for key in FUNCTIONS["excess_risks"]}
    with pytest.raises(ValueError, match=r"^N = 11 is not allowed: N > d_s \+ 1 = 11 \(the expected risk is infinite"):
        call("excess_risks", **(arguments | {"N": 11}))
    assert np.all(np.isfinite(call("excess_risks", **(arguments | {"N": 12}))))


def test_large_limits_are_printed_in_full():
    with pytest.raises(ValueError, match="n = 1234567 is not allowed: n > d_w . 1 = 1234568"):
        theory.teacher_variance(1234567, d_w=1234567, sigma2=1.0)


def test_words_that_are_not_known():
    with pytest.raises(ValueError, match="^evaluate = 'labelled' is not allowed: one of population, labeled$"):
        theory.teacher_variance(60, d_w=20, sigma2=1.0, evaluate="labelled")
    for function in ("student_variance", "pgr_lower_bound", "opr_lower_bound", "effective_overlap"):
        arguments = {key: GOOD[key] for key in FUNCTIONS[function]}
        with pytest.raises(ValueError, match="^evaluate = 'labeled' is not allowed: one of unlabeled, population$"):
            call(function, **arguments, evaluate="labeled")
    with pytest.raises(ValueError, match="^of = 'gain' is not allowed: one of pgr, opr$"):
        theory.optimal_n_exact(100, **BASE, of="gain")


@pytest.mark.parametrize("function", ["pgr_lower_bound", "opr_lower_bound", "optimal_n"])
def test_bounds_need_noise(function):
    arguments = {key: GOOD[key] for key in FUNCTIONS[function]} | {"sigma2": np.array([1.0, 0.0])}
    with pytest.raises(ValueError, match="^sigma2 = 0 is not allowed: sigma2 > 0"):
        call(function, **arguments)


@pytest.mark.parametrize("n_range", [(21, 100), (100, 99), (10, 20)])
def test_range_of_the_exact_optimum(n_range):
    with pytest.raises(ValueError) as error:
        theory.optimal_n_exact(100, **BASE, n_range=n_range)
    assert str(error.value) == f"n_range = {n_range} is not allowed: max(d_w, d_s) + 1 = 21 < low <= high"
    assert theory.optimal_n_exact(100, **BASE, n_range=(22, 22)) == (22, True)
