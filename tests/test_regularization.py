"""Ridge teacher and student: the fact sheet's numbers, two forms against each other, limits, bad input."""

import numpy as np
import pytest

from w2s_utils.theory import marchenko_pastur as mp
from w2s_utils.theory import regularization as theory

SETTINGS = [(gt, gs, s2) for gt in (0.3, 0.5, 1.0, 2.5) for gs in (0.2, 0.9, 1.0, 1.5, 4.0) for s2 in (0.1, 1.0, 3.0)]
LAMS = np.logspace(-3, 3, 61)


def textbook(lam_t, lam_s, gt, gs, s2):
    a1, a2, b1, b2 = mp.m1(lam_t, gt), mp.m2(lam_t, gt), mp.m1(lam_s, gs), mp.m2(lam_s, gs)
    o = 1 - lam_t * a1
    q = 1 - 2 * lam_t * a1 + lam_t**2 * a2 + s2 * gt * (a1 - lam_t * a2)
    teacher = lam_t**2 * a2 + s2 * gt * (a1 - lam_t * a2)
    return teacher, (1 - 2 * lam_s * b1 + lam_s**2 * b2) * q - 2 * (1 - lam_s * b1) * o + 1, 2 * (1 - o / q)


@pytest.mark.parametrize(
    ("gt", "gs", "s2", "lam_t", "lam_s", "teacher", "student"),
    [
        (0.5, 0.5, 1, 0.05, 0.01, 0.7338, 0.7100),
        (0.5, 0.5, 1, 0.05, 5, 0.7338, 0.7665),
        (0.5, 0.5, 1, 0.5, 0.2, 0.4142, 0.4628),
        (0.5, 2, 0.25, 0.05, 0.2, 0.1927, 0.5979),
        (2, 0.5, 0.25, 0.05, 0.2, 0.7110, 0.6746),
        (2, 2, 1, 0.05, 1, 1.3381, 0.9652),
        (2, 2, 0.25, 0.5, 1, 0.6404, 0.8574),
    ],
)
def test_numbers_of_the_fact_sheet(gt, gs, s2, lam_t, lam_s, teacher, student):
    assert float(theory.teacher_error(lam_t, gamma_t=gt, sigma2=s2)) == pytest.approx(teacher, abs=6e-5)
    found = theory.student_error(lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=s2)
    assert float(found) == pytest.approx(student, abs=6e-5)


@pytest.mark.parametrize(("gt", "gs", "s2"), SETTINGS)
def test_stable_forms_are_the_textbook_forms(gt, gs, s2):
    lam_t, lam_s = LAMS[:, None], LAMS
    teacher, student, slack = textbook(lam_t, lam_s, gt, gs, s2)
    np.testing.assert_allclose(theory.teacher_error(lam_t, gamma_t=gt, sigma2=s2), teacher, rtol=1e-9)
    found = theory.student_error(lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=s2)
    np.testing.assert_allclose(found, student, rtol=1e-9)
    np.testing.assert_allclose(theory.teacher_slack(lam_t, gamma_t=gt, sigma2=s2), slack, rtol=1e-7, atol=1e-7)
    wins = theory.student_wins(lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=s2)
    clear = np.abs(found - teacher) > 1e-10
    assert (wins == (found < teacher))[clear].all()
    assert not wins[lam_t[:, 0] >= gt * s2].any()
    plain = theory.weighted_student_error(lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=s2, zeta=0.0, g=0.3)
    np.testing.assert_allclose(plain, found, rtol=1e-12)
    same = theory.weighted_student_error(lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=s2, zeta=0.7, g=1.0)
    np.testing.assert_allclose(same, found, rtol=1e-12)


@pytest.mark.parametrize(("gt", "gs", "s2"), SETTINGS)
def test_penalty_zero_is_the_limit(gt, gs, s2):
    tiny, small = 1e-13, 1e-5
    setting = dict(gamma_t=gt, sigma2=s2)
    if gt != 1:
        np.testing.assert_allclose(theory.teacher_error(0, **setting), theory.teacher_error(tiny, **setting), rtol=1e-9)
    else:
        assert np.isinf(theory.teacher_error(0, **setting)) and np.isinf(
            theory.student_error(0, 0, gamma_s=gs, **setting)
        )
        assert float(theory.teacher_error(0, gamma_t=1.0, sigma2=0.0)) == 0
    at_zero = float(theory.student_error(0.1, 0, gamma_s=gs, **setting))
    assert at_zero == pytest.approx(float(theory.student_error(0.1, tiny, gamma_s=gs, **setting)), rel=small)
    teacher = float(theory.teacher_error(0.1, **setting))
    # the student without penalty copies its teacher, or is the minimum-norm fit of it
    expected = teacher if gs <= 1 else teacher + (1 - 1 / gs) * (1 - teacher)
    assert at_zero == pytest.approx(expected)
    aligned = theory.weighted_student_error(0.1, 0, gamma_s=gs, zeta=0.0, g=0.0, **setting)
    assert float(aligned) == pytest.approx(expected)


def test_teacher_is_best_at_sigma2_gamma():
    for gt, s2 in ((0.5, 1.0), (2.0, 0.5), (0.9, 2.0)):
        best = float(theory.optimal_teacher_penalty(gamma_t=gt, sigma2=s2))
        around = theory.teacher_error(best * np.array([0.99, 1.0, 1.01]), gamma_t=gt, sigma2=s2)
        assert around.argmin() == 1
        assert around[1] == pytest.approx(float(best * mp.m1(best, gt)))


@pytest.mark.parametrize(("gt", "gs", "s2"), SETTINGS)
def test_best_student_and_winning_interval(gt, gs, s2):
    setting = dict(gamma_t=gt, gamma_s=gs, sigma2=s2)
    for lam_t in (0.02 * gt * s2, 0.4 * gt * s2, gt * s2):
        grid = np.logspace(-6, 6, 4001)
        errors = theory.student_error(lam_t, grid, **setting)
        teacher = float(theory.teacher_error(lam_t, gamma_t=gt, sigma2=s2))
        best = float(theory.best_student_penalty(lam_t, **setting))
        if np.isfinite(best):
            assert float(theory.student_error(lam_t, best, **setting)) <= errors.min() * (1 + 1e-12)
        low, high = (float(end) for end in theory.winning_penalties(lam_t, **setting))
        clear = np.abs(errors / teacher - 1) > 1e-9
        assert (((grid > low) & (grid < high)) == (errors < teacher))[clear].all()
        critical = float(theory.critical_gamma_s(lam_t, gamma_t=gt, sigma2=s2))
        assert (high > low) == (gs < critical)
        assert (high > low) == (lam_t < float(theory.critical_lam_t(**setting)))


def test_level_sets_of_h1():
    levels = np.linspace(-0.99, -0.01, 50)
    for gamma in (0.2, 0.5, 0.9, 1.0, 1.1, 2.0, 5.0):
        found = theory.h1_solutions(levels, gamma)
        for column in found.T:
            there = np.isfinite(column)
            np.testing.assert_allclose(theory.h1(column[there], gamma), levels[there], rtol=1e-9)
        if gamma < 1:
            assert np.isfinite(found[:, 1]).all() and np.isnan(found[:, 0]).all()
        if gamma > 1:
            both = np.isfinite(found).all(1)
            np.testing.assert_array_equal(both, levels >= (np.sqrt(1 - 1 / gamma) - 1) / 2)
            assert np.isnan(found[~both]).all()
            np.testing.assert_allclose(found[both].prod(1), (gamma - 1) ** 2, rtol=1e-9)


def test_phase_transitions_of_the_fact_sheet():
    rows = {(0.8, 1.0): [0.2528, 0.2072, 0.1757, 0.1411], (2.0, 1.0): [0.7021, 0.5757, 0.4846, 0.3807]}
    for (gt, s2), expected in rows.items():
        found = theory.critical_lam_t(gamma_t=gt, gamma_s=[1.2, 1.5, 2.0, 4.0], sigma2=s2)
        np.testing.assert_allclose(found, expected, atol=6e-5)
    assert float(theory.critical_lam_t(gamma_t=0.5, gamma_s=1.2, sigma2=0.5)) == 0
    assert np.isinf(theory.critical_gamma_s(0.05, gamma_t=2.0, sigma2=1.0))
    assert theory.critical_gamma_s([0.4, 0.5, 0.6], gamma_t=0.5, sigma2=1.0).tolist() == [1.0, 0.0, 0.0]


def test_spike_numbers_of_the_fact_sheet():
    setting = dict(gamma_t=0.5, sigma2=0.5, g=0.0)
    lam = np.logspace(-4, 3, 2001)
    for gs, expected in (
        (0.5, [0.2807, 0.2799, 0.2750, 0.2495, 0.2018]),
        (2.0, [0.6219, 0.5663, 0.4717, 0.3300, 0.2278]),
    ):
        for zeta, least in zip((0.2, 0.4, 0.6, 0.8, 0.9), expected, strict=True):
            errors = theory.weighted_student_error(0.25, lam, gamma_s=gs, zeta=zeta, **setting)
            assert errors.min() == pytest.approx(least, abs=1.1e-4)
    plateau = theory.weighted_student_error(0.25, 1e9, gamma_s=0.5, zeta=0.8, **setting)
    o = 1 - 0.25 * mp.m1(0.25, 0.5)
    assert float(plateau) == pytest.approx(float(1 - 0.64 + 0.64 * (1 - o) ** 2), rel=1e-6)


@pytest.mark.parametrize("lam_t", [0.05, 0.25, 0.4])
def test_slope_is_the_derivative(lam_t):
    setting = dict(gamma_t=0.5, gamma_s=0.6, sigma2=0.5, zeta=np.array([0.0, 0.3, 0.8]), g=0.2)
    teacher = theory.teacher_error(lam_t, gamma_t=0.5, sigma2=0.5)
    change = theory.weighted_student_error(lam_t, 1e-7, **setting) - teacher
    np.testing.assert_allclose(theory.aligned_slope(lam_t, **setting), change / 1e-7, rtol=1e-4, atol=1e-5)


def test_critical_alignment():
    found = theory.critical_alignment(gamma_t=[0.5, 2.0], gamma_s=[[1.1], [2.0], [4.0]], sigma2=[1.0, 0.5])
    np.testing.assert_allclose(found, [[0.734, 0.637], [0.802, 0.716], [0.824, 0.744]], atol=6e-4)
    assert float(theory.critical_alignment(0.02, gamma_t=0.5, gamma_s=1.2, sigma2=1.0)) == 0  # plain ridge wins already
    over = float(theory.critical_alignment(0.3, gamma_t=0.5, gamma_s=0.5, sigma2=0.5))
    slopes = theory.aligned_slope(0.3, gamma_t=0.5, gamma_s=0.5, sigma2=0.5, zeta=[0.99 * over, 1.01 * over], g=0.0)
    assert 0 < over < 1 and slopes[0] > 0 > slopes[1]


def _penalties(d, rng):
    A, B = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    beta = B @ (np.logspace(-1.5, 1, d) ** -0.5 * rng.standard_normal(d))
    return (A * np.logspace(-1, 1, d)) @ A.T, (B * np.logspace(-1.5, 1, d)) @ B.T, beta / np.linalg.norm(beta)


def test_two_stage_reduces_to_ridge_and_to_the_spike():
    rng = np.random.default_rng(0)
    d, u = 60, np.linalg.qr(rng.standard_normal((60, 1)))[0][:, 0]
    lam_t, lam_s = np.array([[0.0], [0.05], [2.0]]), np.array([0.0, 0.3, 4.0])
    for gt, gs in ((0.5, 0.6), (0.5, 2.0), (2.0, 0.6), (1.7, 1.3)):
        plain = theory.two_stage_error(
            lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=0.7, Gamma_t=np.eye(d), Gamma_s=np.eye(d), beta=u
        )
        expected = theory.student_error(lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=0.7)
        np.testing.assert_allclose(plain.student, expected, rtol=1e-10)
        np.testing.assert_allclose(plain.teacher[:, 0], theory.teacher_error(lam_t[:, 0], gamma_t=gt, sigma2=0.7))
        size = 600
        spiked, target = np.ones(size), np.zeros(size)
        spiked[0], target[:2] = 0.1, (0.8, 0.6)
        general = theory.two_stage_error(
            0.1, 0.3, gamma_t=gt, gamma_s=gs, sigma2=0.7, Gamma_t=np.eye(size), Gamma_s=np.diag(spiked), beta=target
        )
        spike = theory.weighted_student_error(0.1, 0.3, gamma_t=gt, gamma_s=gs, sigma2=0.7, zeta=0.8, g=0.1)
        # the limit leaves out the spike's share 1/d of the traces
        assert float(general.student) == pytest.approx(float(spike), rel=3 / size)


@pytest.mark.parametrize(
    ("gt", "gs", "s2", "lam_t", "lam_s"), [(0.5, 0.5, 0.5, 0.2, 0.3), (0.5, 2, 0.5, 0.2, 0.3), (2, 2, 1, 0.1, 1.0)]
)
def test_two_stage_against_drawn_data(gt, gs, s2, lam_t, lam_s):
    """Penalties that do not commute; 60 designs of d = 100."""
    rng, d, errors = np.random.default_rng(5), 100, []
    Gamma_t, Gamma_s, beta = _penalties(d, rng)
    n_t, n_s = round(d / gt), round(d / gs)
    for _ in range(60):
        X, Z = rng.standard_normal((n_t, d)), rng.standard_normal((n_s, d))
        y = X @ beta + np.sqrt(s2) * rng.standard_normal(n_t)
        teacher = np.linalg.solve(X.T @ X / n_t + lam_t * Gamma_t, X.T @ y / n_t)
        student = np.linalg.solve(Z.T @ Z / n_s + lam_s * Gamma_s, Z.T @ (Z @ teacher) / n_s)
        errors.append([((w - beta) ** 2).sum() for w in (teacher, student)])
    mean, se = np.mean(errors, 0), np.std(errors, 0, ddof=1) / np.sqrt(60)
    found = theory.two_stage_error(
        lam_t, lam_s, gamma_t=gt, gamma_s=gs, sigma2=s2, Gamma_t=Gamma_t, Gamma_s=Gamma_s, beta=beta
    )
    expected = np.array([found.teacher, found.student])
    assert np.all(np.abs(mean - expected) < 4.5 * se + 2 / d * expected)


def test_two_stage_with_an_unpenalised_space():
    """Directions without penalty are fitted by least squares; without any penalty left it is least squares."""
    d = 20
    beta = np.ones(d) / np.sqrt(d)
    free = np.diag(np.r_[np.zeros(5), np.ones(d - 5)])
    options = dict(gamma_t=0.5, gamma_s=0.5, sigma2=1.0, beta=beta)
    without = theory.two_stage_error(3.0, 0.0, Gamma_t=np.zeros((d, d)), Gamma_s=free, **options)
    assert float(without.teacher) == pytest.approx(float(theory.teacher_error(0.0, gamma_t=0.5, sigma2=1.0)))
    assert float(without.student) == pytest.approx(float(without.teacher))
    # a heavy penalty leaves least squares on 5 free directions of 40 rows; the rest of the target acts as noise
    heavy = theory.two_stage_error(1e9, 0.0, Gamma_t=free, Gamma_s=np.eye(d), **options)
    assert float(heavy.teacher) == pytest.approx(0.75 + 1.75 * 0.125 / 0.875)


def test_alignment_and_rates():
    assert float(theory.step_alignment(100, 50, mu1=0.0, second_moment=1.0)) == 0
    setting = dict(sigma2=0.7, overlap=2.0, norm_w=1.5, norm_s=0.4)
    alpha_w, alpha_s = theory.ridge_penalties(100, 3000, **setting)
    best = theory.ridge_terms(100, 3000, alpha_w=alpha_w, alpha_s=alpha_s, **setting)
    assert float(best) == pytest.approx(float(theory.ridge_bound(100, 3000, **setting)), rel=1e-12)
    for a, b in ((1.1, 1.0), (0.9, 1.0), (1.0, 1.1), (1.0, 0.9)):
        assert theory.ridge_terms(100, 3000, alpha_w=a * alpha_w, alpha_s=b * alpha_s, **setting) > best
    printed = theory.ridge_penalties(100, 3000, **setting, form="printed")
    np.testing.assert_allclose(np.cbrt(printed), (alpha_w, alpha_s))
    far = [theory.ridge_replacement(100, N, alpha_w=0.1, alpha_s=0.1, traces=9.0, **setting) for N in (1e6, 1e9)]
    assert far[1] == pytest.approx(far[0], rel=1e-4)  # it does not vanish
    a, b = (float(x) for x in theory.replacement_penalties(100, 3000, traces=9.0, **setting))
    least = theory.ridge_replacement(100, 3000, alpha_w=a, alpha_s=b, traces=9.0, **setting)
    for x, y in ((1.1, 1.0), (0.9, 1.0), (1.0, 1.1), (1.0, 0.9)):
        assert theory.ridge_replacement(100, 3000, alpha_w=x * a, alpha_s=y * b, traces=9.0, **setting) > least


PLAIN = dict(gamma_t=0.5, gamma_s=0.5, sigma2=1.0)
SPIKE = dict(zeta=0.5, g=0.5)
EYE = np.eye(3)
TWO = dict(Gamma_t=EYE, Gamma_s=EYE, beta=np.ones(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.teacher_error(-1, gamma_t=1, sigma2=1), "lam_t = -1 is not allowed"),
        (lambda: theory.teacher_error(1, gamma_t=0, sigma2=1), "gamma_t = 0 is not allowed"),
        (lambda: theory.teacher_error(1, gamma_t=1, sigma2=-0.1), "sigma2 = -0.1 is not allowed"),
        (lambda: theory.student_error(1, [1, -2], **PLAIN), "lam_s = -2 is not allowed"),
        (lambda: theory.student_error(1, 1, gamma_t=1, gamma_s=-1, sigma2=1), "gamma_s = -1 is not allowed"),
        (lambda: theory.student_wins(np.nan, 1, **PLAIN), "lam_t = nan is not allowed"),
        (lambda: theory.weighted_student_error(1, 1, **PLAIN, zeta=1.01, g=0), "zeta = 1.01 .* -1 <= zeta <= 1"),
        (lambda: theory.weighted_student_error(1, 1, **PLAIN, zeta=0, g=-0.1), "g = -0.1 .* 0 <= g <= 1"),
        (lambda: theory.weighted_student_error(1, 1, **PLAIN, zeta=0, g=2), "g = 2 is not allowed"),
        (lambda: theory.weighted_student_error(1, -1, **PLAIN, **SPIKE), "lam_s = -1 is not allowed"),
        (lambda: theory.aligned_slope(1, gamma_t=1, gamma_s=1, sigma2=1, **SPIKE), "gamma_s = 1 is not allowed"),
        (lambda: theory.critical_alignment(gamma_t=1, gamma_s=1, sigma2=1, g=1), "g = 1 is not allowed"),
        (lambda: theory.h1(1, 0), "gamma_s = 0 is not allowed"),
        (lambda: theory.h1_solutions(0.1, 2), "c = 0.1 is not allowed"),
        (lambda: theory.required_slack(0), "gamma_s = 0 is not allowed"),
        (lambda: theory.step_alignment(0, 1, mu1=1, second_moment=1), "n = 0 is not allowed"),
        (lambda: theory.ridge_bound(1, 0, sigma2=1, overlap=1, norm_w=1, norm_s=1), "N = 0 is not allowed"),
        (lambda: theory.two_stage_error(1, 1, **PLAIN, **TWO | {"Gamma_t": -EYE}), "Gamma_t = .* eigenvalue -1"),
        (
            lambda: theory.two_stage_error(1, 1, **PLAIN, **TWO | {"Gamma_s": np.triu(np.ones((3, 3)))}),
            "Gamma_s = a matrix that differs from its transpose by 1",
        ),
        (lambda: theory.two_stage_error(1, 1, **PLAIN, **TWO | {"Gamma_s": np.eye(2)}), "Gamma_s = an array of shape"),
        (
            lambda: theory.two_stage_error(1, 1, **PLAIN, **TWO | {"Gamma_s": EYE * np.nan}),
            "Gamma_s = an array with nan",
        ),
        (lambda: theory.two_stage_error(1, 1, **PLAIN, **TWO | {"beta": np.ones((3, 1))}), "beta = an array of shape"),
        (
            lambda: theory.two_stage_error(
                1, 1, gamma_t=0.5, gamma_s=1.5, sigma2=1.0, **TWO | {"Gamma_s": np.diag([1.0, 0, 0])}
            ),
            "Gamma_s = a matrix with 2 unpenalised directions .* d/gamma = 2",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_weighted_student_that_shrinks_nothing_copies_a_teacher_of_infinite_error():
    edge = dict(gamma_t=1.0, gamma_s=1.0, sigma2=1.0, zeta=0.3, g=0.2)
    assert (
        theory.weighted_student_error(0.0, 0.0, **edge)
        == np.inf
        == theory.student_error(0.0, 0.0, gamma_t=1.0, gamma_s=1.0, sigma2=1.0)
    )
