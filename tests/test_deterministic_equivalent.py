"""The general formula against the book's special cases, which were tested against simulation on their own."""

import numpy as np
import pytest

from w2s_utils.theory import intrinsic_dimension as dimension
from w2s_utils.theory import regularization
from w2s_utils.theory import spurious_correlation as spurious
from w2s_utils.theory.deterministic_equivalent import Moments, Stage, effective_penalty, weak_to_strong


def supports(d_w, d_s, d_sw, total, sigma2, rng):
    """Axis-aligned features as in dong2025, target spread over all coordinates, rotated at random."""
    strong, weak = np.arange(d_s), np.arange(d_s - d_sw, d_s - d_sw + d_w)
    scale_w, scale_s = rng.uniform(0.5, 2, d_w), rng.uniform(0.5, 2, d_s)
    beta = rng.standard_normal(total) / np.sqrt(total)
    cross = np.equal.outer(strong, weak) * np.outer(scale_s, scale_w)
    turn_w, turn_s = (np.linalg.qr(rng.standard_normal((d, d)))[0] for d in (d_w, d_s))
    rho = {"rho_w": np.sum(np.delete(beta, weak) ** 2), "rho_s": np.sum(np.delete(beta, strong) ** 2)}
    rho["p"] = np.sum(beta[np.setdiff1d(weak, strong)] ** 2)
    pair = Moments(
        weak=turn_w @ np.diag(scale_w**2) @ turn_w.T,
        strong=turn_s @ np.diag(scale_s**2) @ turn_s.T,
        cross=turn_s @ cross @ turn_w.T,
        weak_target=turn_w @ (scale_w * beta[weak]),
        strong_target=turn_s @ (scale_s * beta[strong]),
        target=beta @ beta + sigma2,
    )
    return pair, rho


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_no_penalty_is_dong2025_with_one_row_more(noise):
    """The equivalent has n - d where the exact finite risk has n - d - 1: nothing else differs."""
    pair, rho = supports(40, 30, 10, 80, noise, np.random.default_rng(0))
    common = dict(d_w=40, d_s=30, d_sw=10, sigma2=noise, **rho)
    n, N = np.array([60, 200, 2000]), np.array([50, 300, 900])
    found = weak_to_strong(n, N, labeled=pair, noise=noise)
    exact = dimension.excess_risks(n + 1, N + 1, **common)
    for name in ("teacher", "student", "baseline"):
        np.testing.assert_allclose(getattr(found.risks, name) - noise, getattr(exact, name), rtol=1e-9)
    ceiling = dimension.excess_risks(n + 1, N, **common).ceiling
    np.testing.assert_allclose(found.risks.ceiling - noise, ceiling, rtol=1e-9)


def test_variance_theorem_and_its_two_parts():
    pair, _ = supports(40, 30, 10, 65, 1.0, np.random.default_rng(1))
    plain = Moments(pair.weak, pair.strong, pair.cross, np.zeros(40), np.zeros(30), 1.0)
    n, N = 400, 3000
    found = weak_to_strong(n, N, labeled=plain, noise=1.0)
    exact = dimension.student_variance(n, N, d_w=40, d_s=30, d_sw=10, sigma2=1.0, evaluate="population")
    excess = found.risks.student - 1
    # the stated allowance: one row in n - d_w and one in N - d_s
    assert abs(excess / exact - 1) < 1 / (n - 40) + 1 / (N - 30)
    assert found.inherited == pytest.approx(10 / (n - 40), rel=1e-9)
    assert found.reduced == pytest.approx(30 * 30 / ((n - 40) * (N - 30)), rel=1e-9)
    assert found.bias == pytest.approx(0, abs=1e-12)


def test_small_penalties_tend_to_none():
    pair, _ = supports(40, 30, 10, 80, 0.2, np.random.default_rng(2))
    for n, N in [(200, 300), (25, 20), (200, 20), (25, 300)]:
        zero = weak_to_strong(n, N, labeled=pair)
        small = weak_to_strong(n, N, labeled=pair, teacher_penalty=1e-9, student_penalty=1e-9)
        for name in ("teacher", "student", "baseline", "ceiling"):
            assert getattr(small.risks, name) == pytest.approx(getattr(zero.risks, name), rel=1e-5)


@pytest.mark.parametrize("gamma_t, gamma_s", [(0.5, 0.5), (0.5, 2.0), (2.0, 0.5), (3.0, 1.5)])
def test_isotropic_features_are_moniri2025(gamma_t, gamma_s):
    d, sigma2 = 60, 0.7
    beta = np.zeros(d)
    beta[:2] = 0.6, 0.8
    pair = Moments(np.eye(d), np.eye(d), np.eye(d), beta, beta, 1 + sigma2)
    lam_t, lam_s = np.array([[0.0], [0.05], [0.5]]), np.array([0.0, 0.2, 1.0])
    found = weak_to_strong(
        d / gamma_t, d / gamma_s, labeled=pair, teacher_penalty=lam_t, student_penalty=lam_s, noise=sigma2
    )
    setting = dict(gamma_t=gamma_t, sigma2=sigma2)
    teacher = np.broadcast_to(regularization.teacher_error(lam_t, **setting), (3, 3))
    np.testing.assert_allclose(found.risks.teacher - sigma2, teacher, rtol=1e-9)
    student = regularization.student_error(lam_t, lam_s, gamma_s=gamma_s, **setting)
    np.testing.assert_allclose(found.risks.student - sigma2, student, rtol=1e-8)


def test_two_penalties_that_do_not_commute_are_two_features():
    """A penalty Gamma on x is the plain penalty on Gamma^(-1/2) x; both stages differ, cross moments are full."""
    rng = np.random.default_rng(3)
    d, sigma2 = 24, 0.5
    Gamma_t, Gamma_s = (np.diag(rng.uniform(0.3, 2, d)) for _ in range(2))
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    Gamma_s = turn @ Gamma_s @ turn.T
    beta = rng.standard_normal(d) / np.sqrt(d)
    maps = []
    for Gamma in (Gamma_t, Gamma_s):
        values, vectors = np.linalg.eigh(Gamma)
        maps.append(vectors / np.sqrt(values) @ vectors.T)
    T, S = maps
    pair = Moments(T @ T, S @ S, S @ T, T @ beta, S @ beta, beta @ beta + sigma2)
    for gamma_t, gamma_s in [(0.5, 0.5), (1.6, 2.5)]:
        found = weak_to_strong(
            d / gamma_t, d / gamma_s, labeled=pair, teacher_penalty=0.1, student_penalty=0.3, noise=sigma2
        )
        expected = regularization.two_stage_error(
            0.1, 0.3, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, Gamma_t=Gamma_t, Gamma_s=Gamma_s, beta=beta
        )
        assert found.risks.teacher - sigma2 == pytest.approx(float(expected.teacher), rel=1e-9)
        assert found.risks.student - sigma2 == pytest.approx(float(expected.student), rel=1e-9)


def kron(mean_shift, eta, mu_T, mu_S, Xi, d_z):
    """Second moments of z (x) [1; T'xi], z (x) [1; S'xi] under a shifted mean, pure noise as target."""
    p, q = len(mu_T), len(mu_S)
    first = np.concatenate([[1.0], eta * mu_T])
    second = np.concatenate([[1.0], eta * mu_S])
    C_w, C_s, C_sw = np.outer(first, first), np.outer(second, second), np.outer(second, first)
    C_w[1:, 1:] += np.eye(p)
    C_s[1:, 1:] += np.eye(q)
    C_sw[1:, 1:] += Xi.T
    weak, strong, cross = (np.kron(np.eye(d_z), C) for C in (C_w, C_s, C_sw))
    return Moments(weak, strong, cross, np.zeros(len(weak)), np.zeros(len(strong)), mean_shift)


def test_mean_shift_is_liu2026_with_each_ratio_over_its_spare_rows():
    """Leading order at gamma/(1 - p gamma): two moments cannot see that z (x) w has rows of different length."""
    mu_T, mu_S = np.array([2.0, 0.5]), np.array([0.7])
    Xi = np.array([[0.5], [0.1]])
    d_z, p_T, p_S = 6, 3, 2
    etas = dict(eta_l=0.1, eta_u=0.3, eta_t=0.5)
    parts = {name: kron(1.0, eta, mu_T, mu_S, Xi, d_z) for name, eta in etas.items()}
    for gamma, nu in [(0.1, 0.05), (1e-4, 1e-5)]:
        found = weak_to_strong(
            d_z / gamma, d_z / nu, labeled=parts["eta_l"], unlabeled=parts["eta_u"], test=parts["eta_t"], noise=1.0
        )
        spare = dict(gamma=gamma / (1 - p_T * gamma), order="leading")
        teacher = spurious.teacher_risk(0.1, 0.5, mu_T=mu_T, **spare)
        pair = dict(mu_T=mu_T, mu_S=mu_S, Xi=Xi)
        student = spurious.student_risk(**etas, **pair, nu=nu / (1 - p_S * nu), **spare)
        assert found.risks.teacher - 1 == pytest.approx(float(teacher), rel=1e-7)
        assert found.risks.student - 1 == pytest.approx(float(student), rel=1e-7)
        assert found.shift > 0
    # so the leading order is the limit, and the exact proportional limit is not reached at gamma = 0.1
    leading = spurious.student_risk(**etas, **pair, gamma=gamma, nu=nu, order="leading")
    assert found.risks.student - 1 == pytest.approx(float(leading), rel=1e-3)
    found = weak_to_strong(d_z / 0.1, d_z / 0.05, labeled=parts["eta_l"], test=parts["eta_t"])
    exact = spurious.teacher_risk(0.1, 0.5, mu_T=mu_T, gamma=0.1)
    assert 0.75 < (found.risks.teacher - 1) / float(exact) < 0.95


def test_effective_penalty_solves_its_equation():
    values = np.geomspace(1e-6, 3, 50)
    for rows, lam in [(10, 0.0), (10, 0.1), (80, 0.1), (80, 1e-8), (49.9, 0.0)]:
        kappa = effective_penalty(values, rows, lam)
        assert kappa == pytest.approx(lam + kappa / rows * np.sum(values / (values + kappa)), rel=1e-9)
    assert effective_penalty(values, 50, 0.0) == 0
    assert Stage.of(values, 50).keep == 0


def test_interpolation_threshold_is_infinite_and_only_there():
    pair, _ = supports(40, 30, 10, 80, 0.2, np.random.default_rng(5))
    found = weak_to_strong([40, 41, 39], 300, labeled=pair)
    assert np.isinf(found.risks.teacher).tolist() == [True, False, False]
    assert np.isinf(found.risks.student).tolist() == [True, False, False]
    assert np.isinf(weak_to_strong(100, 30, labeled=pair).risks.student)


def test_collinear_features_change_nothing():
    """Doubled columns are a null direction, and a penalty counts a feature that comes twice half."""
    pair, _ = supports(20, 15, 5, 40, 0.2, np.random.default_rng(6))

    def doubled(matrix, sides):
        for axis in sides:
            matrix = np.concatenate([matrix, matrix], axis)
        return matrix

    twice = Moments(
        doubled(pair.weak, (0, 1)),
        doubled(pair.strong, (0, 1)),
        doubled(pair.cross, (0, 1)),
        doubled(pair.weak_target, (0,)),
        doubled(pair.strong_target, (0,)),
        pair.target,
    )
    for lam in (0.0, 0.1):
        one = weak_to_strong(60, 12, labeled=pair, teacher_penalty=lam, student_penalty=lam)
        two = weak_to_strong(60, 12, labeled=twice, teacher_penalty=2 * lam, student_penalty=2 * lam)
        assert two.risks.student == pytest.approx(one.risks.student, rel=1e-7)
        assert two.risks.ceiling == pytest.approx(one.risks.ceiling, rel=1e-7)
