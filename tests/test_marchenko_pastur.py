"""Resolvent functionals: against eigenvalues of drawn matrices, against each other, at their limits."""

import numpy as np
import pytest

from w2s_utils.theory import marchenko_pastur as mp

GAMMAS = [0.05, 0.5, 0.99, 1.0, 1.01, 2.0, 20.0]
LAMS = np.logspace(-8, 8, 33)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("lam", [0.05, 0.5, 3.0])
def test_traces_of_drawn_matrices(gamma, lam):
    d = 400
    n = round(d / gamma)
    X = np.random.default_rng(d).standard_normal((n, d))
    resolvent = 1 / (np.linalg.eigvalsh(X.T @ X / n) + lam)
    for power, function in ((1, mp.m1), (2, mp.m2), (3, mp.m3)):
        # fluctuations of linear statistics are of order 1/d, about 30 times larger near the hard edge
        assert np.mean(resolvent**power) == pytest.approx(float(function(lam, gamma)), rel=(5 if lam == 3 else 40) / d)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_definitions(gamma):
    kappa, m1 = mp.kappa(LAMS, gamma), mp.m1(LAMS, gamma)
    np.testing.assert_allclose(kappa * (1 + kappa), (LAMS * (1 + kappa) + gamma * kappa), rtol=1e-12)
    np.testing.assert_allclose(LAMS * m1, kappa / (1 + kappa), rtol=1e-12)
    # derivatives by central differences in log lam
    lams = LAMS[LAMS > 1e-4]
    up, down = lams * np.exp(1e-4), lams * np.exp(-1e-4)
    for order, low, high in ((1, mp.m1, mp.m2), (2, mp.m2, mp.m3)):
        slope = (low(down, gamma) - low(up, gamma)) / (up - down) / order
        np.testing.assert_allclose(high(lams, gamma), slope, rtol=1e-5)


def test_textbook_form_of_m1():
    lam, gamma = np.meshgrid(np.logspace(-2, 2, 9), [0.3, 0.9, 1.5, 4.0])
    s = np.sqrt((lam + 1 + gamma) ** 2 - 4 * gamma)
    np.testing.assert_allclose(mp.m1(lam, gamma), (s - (1 - gamma + lam)) / (2 * gamma * lam), rtol=1e-9)


def test_limits_without_penalty():
    np.testing.assert_allclose(mp.m1(0, [0.25, 0.5]), [1 / 0.75, 2.0])
    np.testing.assert_allclose(mp.m2(0, [0.25, 0.5]), [0.75**-3, 8.0])
    np.testing.assert_allclose(mp.m3(0, [0.25, 0.5]), [1.25 * 0.75**-5, 48.0])
    assert np.isinf([f(0, gamma) for f in (mp.m1, mp.m2, mp.m3) for gamma in (1.0, 2.0)]).all()
    assert np.isinf(mp.m3(1e-200, 2.0))
    np.testing.assert_allclose(mp.kappa(0, GAMMAS), np.maximum(np.array(GAMMAS) - 1, 0))


@pytest.mark.parametrize("function", [mp.kappa, mp.m1, mp.m2, mp.m3])
@pytest.mark.parametrize(
    ("lam", "gamma", "name"),
    [(-1e-9, 1, "lam = -1e-09"), (np.nan, 1, "lam = nan"), (1, 0, "gamma = 0"), (1, -2, "gamma")],
)
def test_bad_input_is_named(function, lam, gamma, name):
    with pytest.raises(ValueError, match=f"^{name}.*is not allowed: .*$"):
        function(lam, gamma)
