"""Risks of dong2025 in closed form: printed values, definitions, limits, broadcasting."""

import numpy as np
import pytest

from tests.printed import agrees, authors_moments
from w2s_utils.metrics import Risks
from w2s_utils.theory import intrinsic_dimension as theory

BASE = dict(d_w=20, d_s=10, d_sw=5, sigma2=1.0)
BOUNDS = dict(d_w=100, d_s=80, d_sw=10, sigma2=1.0, rho=0.1)


# exact risks


@pytest.mark.parametrize(
    ("d_sw", "n", "N", "student", "teacher", "baseline", "ceiling", "pgr", "opr"),
    [
        (10, 400, 4000, "10.8", "106", "34.2", "2.89", ".923", "3.17"),
        (10, 968, 4000, "5.09", "29.3", "12.1", "2.61", ".907", "2.39"),
        (10, 2105, 4000, "3.90", "13.3", "5.57", "2.22", ".849", "1.43"),
        (10, 4000, 4000, "3.50", "7.96", "3.13", "1.82", ".726", ".892"),
        (10, 2000, 400, "7.46", "14.0", "5.84", "4.92", ".719", ".783"),
        (10, 2000, 1158, "4.73", "14.0", "5.84", "3.84", ".911", "1.23"),
        (10, 2000, 4000, "3.95", "14.0", "5.84", "2.25", ".855", "1.48"),
        (50, 400, 4000, "30.5", "105", "34.2", "2.89", ".730", "1.12"),
        (50, 2105, 4000, "5.70", "13.1", "5.57", "2.22", ".680", ".976"),
        (50, 4000, 4000, "4.26", "7.73", "3.13", "1.82", ".587", ".734"),
        (50, 2000, 1158, "6.49", "13.7", "5.84", "3.84", ".731", ".900"),
        (90, 400, 4000, "49.4", "104", "34.2", "2.89", ".539", ".691"),
        (90, 2105, 4000, "6.98", "12.3", "5.57", "2.22", ".529", ".798"),
        (90, 4000, 4000, "4.51", "6.99", "3.13", "1.82", ".481", ".694"),
        (90, 2000, 400, "9.30", "12.9", "5.84", "4.92", ".454", ".628"),
        (90, 2000, 4000, "7.27", "12.9", "5.84", "2.25", ".531", ".804"),
    ],
)
def test_exact_risks_at_the_authors_settings(d_sw, n, N, student, teacher, baseline, ceiling, pgr, opr):
    risks = theory.excess_risks(n, N, d_w=200, d_s=100, d_sw=d_sw, sigma2=1e-2, **authors_moments(d_sw))
    for value, printed in zip(
        (risks.teacher, risks.student, risks.baseline, risks.ceiling),
        (teacher, student, baseline, ceiling),
        strict=True,
    ):
        assert agrees(1e4 * value, printed)
    assert agrees(risks.pgr, pgr) and agrees(risks.opr, opr)


@pytest.mark.parametrize(
    ("d_sw", "n", "N", "student", "teacher", "baseline", "ceiling", "pgr", "opr"),
    [
        (10, 400, 4000, "10.5", "52.6", "25.6", "2.82", ".845", "2.43"),
        (10, 2000, 400, "6.30", "12.6", "5.55", "4.71", ".798", ".880"),
        (50, 2000, 1158, "6.39", "12.3", "5.55", "3.71", ".690", ".869"),
        (90, 400, 4000, "48.8", "51.6", "25.6", "2.82", ".058", ".524"),
        (90, 4000, 4000, "4.63", "6.64", "3.05", "1.80", ".415", ".658"),
    ],
)
def test_plotted_curves_at_the_authors_settings(d_sw, n, N, student, teacher, baseline, ceiling, pgr, opr):
    moments = authors_moments(d_sw)
    plain = dict(rho_w=moments["rho_w"], rho_s=moments["rho_s"])
    risks = theory.plotted_risks(n, N, d_w=200, d_s=100, d_sw=d_sw, sigma2=1e-2, **plain)
    for value, printed in zip(
        (risks.teacher, risks.student, risks.baseline, risks.ceiling),
        (teacher, student, baseline, ceiling),
        strict=True,
    ):
        assert agrees(1e4 * value, printed)
    assert agrees(risks.pgr, pgr) and agrees(risks.opr, opr)


@pytest.mark.parametrize(
    ("n", "pgr", "opr"),
    [(400, ".399", ".452"), (1537, ".040", ".357"), (2105, "-.038", ".340"), (4000, "-.165", ".306")],
)
def test_bias_dominated_setting(n, pgr, opr):
    risks = theory.excess_risks(n, 4000, d_w=200, d_s=100, d_sw=90, sigma2=4e-4, **authors_moments(90))
    assert agrees(risks.pgr, pgr)
    # the simulated OPR of the table, not exact to its digits
    assert risks.opr == pytest.approx(float(opr), rel=0.05)


@pytest.mark.parametrize(
    ("d_sw", "N", "on_sample", "population"),
    [
        (5, 500, ".13590", ".13607"),
        (5, 30, ".25641", ".33063"),
        (5, 15, ".38462", "1.0897"),
        (0, 500, ".010256", ".010487"),
        (10, 500, ".26154", ".26165"),
        (5, 100, ".16667", ".17142"),
    ],
)
def test_student_variance_under_both_definitions(d_sw, N, on_sample, population):
    setting = BASE | {"d_sw": d_sw}
    assert agrees(theory.student_variance(60, N, **setting), on_sample)
    assert agrees(theory.student_variance(60, N, **setting, evaluate="population"), population)
    assert agrees(theory.excess_risks(60, N, **setting).student, population)


def test_variances_of_the_other_models_under_both_definitions():
    assert agrees(theory.teacher_variance(60, d_w=20, sigma2=1.0), ".51282")
    assert agrees(theory.teacher_variance(60, d_w=20, sigma2=1.0, evaluate="labeled"), ".33333")
    assert agrees(theory.teacher_variance(25, d_w=20, sigma2=1.0), "5.00")
    assert agrees(theory.student_variance(25, 500, **BASE), "1.325")
    assert agrees(theory.slide_variances(60, 500, **BASE).baseline, ".16667")
    for N, own, fresh in ((500, ".01786", ".01822"), (30, ".1111", ".1266"), (15, ".1333", ".15625")):
        assert agrees(theory.slide_variances(60, N, **BASE).ceiling, own)
        assert agrees(theory.excess_risks(60, N, **BASE).ceiling, fresh)
    assert agrees(theory.excess_risks(60, 500, **BASE).baseline, ".20408")
    # the talks' leading order misses the factor n/(n - d_w - 1)
    assert theory.slide_variances(60, 500, **BASE).student * 60 / 39 == pytest.approx(
        theory.student_variance(60, 500, **BASE), rel=1e-12
    )


def test_risks_without_noise_are_the_approximation_errors_and_what_they_cause():
    bias = dict(d_w=20, d_s=10, d_sw=5, sigma2=0.0, rho_w=0.3125, rho_s=1.05, p=0.9375)
    for N, printed in ((30, "1.847"), (100, "1.409"), (500, "1.312")):
        assert agrees(theory.excess_risks(60, N, **bias).student, printed)
    assert agrees(theory.excess_risks(60, 500, **bias).teacher, ".4728")
    assert theory.excess_risks(60, 500, **bias).teacher == pytest.approx(0.3125 * 59 / 39, rel=1e-12)
    # the default of rho_sw is rho_w + p; partial angles have another
    default, named = (theory.excess_risks(60, 100, **bias, **extra).student for extra in ({}, {"rho_sw": 1.25}))
    assert default == named
    moved = theory.excess_risks(60, 100, **bias, rho_sw=1.5).student
    assert moved - default == pytest.approx(0.25, rel=1e-12)


def test_misspecification_acts_as_label_noise():
    noisy = theory.excess_risks(60, 100, **(BASE | {"sigma2": 1.7}))
    misfit = theory.excess_risks(60, 100, **BASE, rho_w=0.7, rho_s=0.7, rho_sw=0.7)
    for model in ("teacher", "student", "baseline", "ceiling"):
        assert getattr(misfit, model) == pytest.approx(getattr(noisy, model) + 0.7, rel=1e-12)


def test_baseline_is_nan_where_its_expected_risk_is_infinite():
    risks = theory.excess_risks([12, 31, 32], 100, d_w=8, d_s=30, d_sw=4, sigma2=1.0)
    np.testing.assert_array_equal(np.isnan(risks.baseline), [True, True, False])
    assert np.all(np.isfinite(risks.teacher)) and np.all(np.isfinite(risks.ceiling))


# limits


@pytest.mark.parametrize("N", [1e12, np.inf])
def test_endless_unlabelled_points_leave_the_inherited_part(N):
    limit = 5 / 39
    assert theory.effective_overlap(N, d_w=20, d_s=10, d_sw=5) == pytest.approx(5, rel=1e-9)
    for evaluate in ("unlabeled", "population"):
        assert theory.student_variance(60, N, **BASE, evaluate=evaluate) == pytest.approx(limit, rel=1e-9)
        assert theory.pgr_lower_bound(60, N, **BASE, rho=0.0, evaluate=evaluate) == pytest.approx(
            1 - 60 * limit / 20, rel=1e-9
        )
    risks = theory.excess_risks(60, N, **BASE, rho_s=0.3, p=0.2)
    assert risks.ceiling == pytest.approx(0.3, rel=1e-9)
    assert risks.student == pytest.approx(0.2 + limit, rel=1e-9)


@pytest.mark.parametrize("N", [10, 15, 500])
def test_contained_features_pass_on_the_whole_variance(N):
    whole = dict(d_w=7, d_s=10, d_sw=7, sigma2=2.0)
    for evaluate in ("unlabeled", "population")[: 1 if N <= 11 else 2]:
        assert theory.student_variance(60, N, **whole, evaluate=evaluate) == pytest.approx(
            theory.teacher_variance(60, d_w=7, sigma2=2.0), rel=1e-12
        )


def test_unrelated_features_turn_the_variance_into_label_noise():
    apart = dict(d_w=20, d_s=10, d_sw=0, sigma2=1.0)
    teacher = theory.teacher_variance(60, d_w=20, sigma2=1.0)
    assert theory.student_variance(60, 500, **apart) == pytest.approx(teacher * 10 / 500, rel=1e-12)
    # N = d_s: the student interpolates its sample and inherits everything there
    assert theory.student_variance(60, 10, **apart) == pytest.approx(teacher, rel=1e-12)


def test_large_samples_reach_the_leading_order():
    n, N = 1e8, 1e8
    slide, exact = theory.slide_variances(n, N, **BASE), theory.excess_risks(n, N, **BASE)
    for model in ("teacher", "student", "baseline", "ceiling"):
        assert getattr(exact, model) == pytest.approx(getattr(slide, model), rel=1e-6)


def test_fractional_overlap_interpolates_linearly():
    values = [theory.student_variance(60, 50, **(BASE | {"d_sw": d_sw})) for d_sw in (2, 2.5, 3)]
    assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-12)
    assert theory.effective_overlap(50, d_w=20, d_s=10, d_sw=2.5) == pytest.approx(2.5 + 0.2 * 17.5, rel=1e-12)


# broadcasting

ARRAYS = dict(
    n=np.array([60, 80]),
    N=np.array([100, 200]),
    d_w=np.array([20, 15]),
    d_s=np.array([10, 12]),
    d_sw=np.array([5.0, 2.5]),
    sigma2=np.array([1.0, 0.5]),
    rho_w=np.array([0.1, 0.0]),
    rho_s=np.array([0.2, 0.3]),
    rho_sw=np.array([0.25, 0.3]),
    p=np.array([0.05, 0.1]),
    rho=np.array([0.3, 0.4]),
)
FUNCTIONS = {
    "teacher_variance": ("n", "d_w", "sigma2"),
    "student_variance": ("n", "N", "d_w", "d_s", "d_sw", "sigma2"),
    "effective_overlap": ("N", "d_w", "d_s", "d_sw"),
    "excess_risks": ("n", "N", "d_w", "d_s", "d_sw", "sigma2", "rho_w", "rho_s", "rho_sw", "p"),
    "plotted_risks": ("n", "N", "d_w", "d_s", "d_sw", "sigma2", "rho_w", "rho_s"),
    "slide_variances": ("n", "N", "d_w", "d_s", "d_sw", "sigma2"),
    "pgr_lower_bound": ("n", "N", "d_w", "d_s", "d_sw", "sigma2", "rho"),
    "opr_lower_bound": ("n", "N", "d_w", "d_s", "d_sw", "sigma2", "rho"),
    "optimal_n": ("N", "d_w", "d_s", "d_sw", "sigma2", "rho"),
}


def call(function: str, **values):
    positional = [values.pop(name) for name in ("n", "N") if name in values]
    result = getattr(theory, function)(*positional, **values)
    if isinstance(result, Risks):
        return np.stack(np.broadcast_arrays(result.teacher, result.student, result.baseline, result.ceiling))
    return result


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_argument_broadcasts(function):
    first = {name: ARRAYS[name][0] for name in FUNCTIONS[function]}
    scalar = call(function, **{name: value.item() for name, value in first.items()})
    assert function in ("excess_risks", "plotted_risks", "slide_variances") or isinstance(scalar, float)
    for name in FUNCTIONS[function]:
        both = call(function, **(first | {name: ARRAYS[name]}))
        one_by_one = [call(function, **(first | {name: value})) for value in ARRAYS[name]]
        np.testing.assert_array_equal(both, np.stack(one_by_one, axis=-1), err_msg=name)
    together = call(function, **{name: ARRAYS[name] for name in FUNCTIONS[function]})
    np.testing.assert_allclose(together[..., 0], scalar, rtol=1e-13)
    column = {name: ARRAYS[name][:, None] if i else ARRAYS[name] for i, name in enumerate(FUNCTIONS[function])}
    assert np.shape(call(function, **column))[-2:] == (2, 2)


def test_small_integers_do_not_overflow():
    tiny = theory.teacher_variance(np.uint8(250), d_w=np.uint8(200), sigma2=np.float32(1))
    assert tiny == pytest.approx(200 / 49, rel=1e-7)
    assert theory.student_variance(
        np.uint8(60), np.uint8(15), d_w=np.uint8(20), d_s=np.uint8(10), d_sw=5, sigma2=1.0
    ) == (theory.student_variance(60, 15, **BASE))
