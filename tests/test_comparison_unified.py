"""The settings of the chapter on one formula, recomputed with numpy and scikit-learn alone."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from w2s_utils import comparison_unified as one
from w2s_utils.simulate.group_imbalance import GroupModel
from w2s_utils.simulate.linear_pair import LinearPair, simulate


def test_raw_data_are_what_scikit_learn_fits():
    """Errors on many fresh rows, from numpy draws and scikit-learn's estimators, with and without penalties."""
    pair = one.overlapping(12, 10, 4, sigma2=0.8, lost=0.3)
    n, N, rng = 40, 60, np.random.default_rng(1)
    fresh = rng.standard_normal((20000, 18))
    for lam in (0.0, 0.2):
        errors = []
        for _ in range(300):
            z, u = rng.standard_normal((n, 18)), rng.standard_normal((N, 18))
            y = z @ pair.beta + np.sqrt(0.8) * rng.standard_normal(n)
            heads = [
                Ridge(alpha=lam * k, fit_intercept=False) if lam else LinearRegression(fit_intercept=False)
                for k in (n, N)
            ]
            teacher = heads[0].fit(z @ pair.weak.T, y)
            student = heads[1].fit(u @ pair.strong.T, teacher.predict(u @ pair.weak.T))
            said = teacher.predict(fresh @ pair.weak.T), student.predict(fresh @ pair.strong.T)
            errors.append([np.mean((one - fresh @ pair.beta) ** 2) for one in said])
        drawn = simulate(pair, n, N, teacher_penalty=lam, student_penalty=lam, trials=300, seed=0)
        difference = np.mean(errors, 0) - drawn.mean(0)
        se = np.hypot(np.std(errors, 0), drawn.std(0)) / np.sqrt(300)
        assert np.all(np.abs(difference) < 4 * se + 0.02 * drawn.mean(0))


def test_map_without_penalties_is_a_straight_line():
    """d_w = d_s = d, n - d and N - d spare rows: the gain in closed form, by hand."""
    d, n, N, sigma2 = 20, 50, 120, 0.7
    gains = one.gain_map([4, 15], [0.0, 0.2], d=d, n=n, N=N, sigma2=sigma2, best=False)
    for i, j in np.ndindex(2, 2):
        lost, shared = (0.0, 0.2)[i], (4, 15)[j]
        teacher = sigma2 * d / (n - d)
        spread = d / (N - d)
        student = sigma2 * (shared + (d - shared) * spread) / (n - d) + lost * (1 + spread)
        assert gains[i, j] == pytest.approx((teacher - student) / teacher, rel=1e-9)


def test_best_penalties_are_not_worse():
    pair = one.overlapping(20, 20, 8, sigma2=1.0, lost=0.1)
    bare, tuned = one.formula(pair, 40, 200).risks, one.formula(pair, 40, 200, **one.tuned(pair, 40, 200)).risks
    assert tuned.teacher < bare.teacher and tuned.student < bare.student


def test_shifted_moments_are_those_of_drawn_features():
    model = GroupModel.from_norms(p_T=3, p_S=2, mu_T2=4.0, mu_S2=0.5, Xi2=0.25)
    moments = one.shifted(0.3, mu_T=model.mu_T, mu_S=model.mu_S, Xi=model.Xi, d_z=2)
    rng = np.random.default_rng(0)
    m = 400_000
    # T'xi and S'xi: unit variances, cross covariance Xi, means eta mu
    joint = np.block([[np.eye(2), model.Xi], [model.Xi.T, np.eye(1)]])
    xi = rng.standard_normal((m, 3)) @ np.linalg.cholesky(joint).T + 0.3 * np.r_[model.mu_T, model.mu_S]
    z = rng.standard_normal((m, 2))
    weak, strong = (
        np.einsum("ni,nj->nij", z, np.column_stack([np.ones(m), part])).reshape(m, -1)
        for part in (xi[:, :2], xi[:, 2:])
    )
    np.testing.assert_allclose(moments.weak, weak.T @ weak / m, atol=0.03)
    np.testing.assert_allclose(moments.strong, strong.T @ strong / m, atol=0.03)
    np.testing.assert_allclose(moments.cross, strong.T @ weak / m, atol=0.03)


def test_raw_table_has_formula_and_draws_that_agree():
    point = dict(setting="s", size=20, pair=one.spared(20, sigma2=0.5), n=60, N=60, trials=400, teacher_penalty=0.2)
    row = one.raw_table([point], seed=0).iloc[0]
    assert abs(row.student - row.student_formula) < 4 * row.student_se + 2 / 20 * row.student
    assert row.gain == pytest.approx(row.teacher - row.student)
    assert row.gain_formula == pytest.approx(row.teacher_formula - row.student_formula)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: one.overlapping(3, 3, 0, sigma2=1.0), "d_sw = 0 is not allowed"),
        (lambda: one.overlapping(3, 3, 3, sigma2=1.0, lost=0.1), "lost = 0.1 is not allowed"),
        (lambda: LinearPair(np.eye(2), np.eye(3), np.ones(3), 1.0), "weak"),
        (lambda: LinearPair(np.eye(3), np.eye(3), np.ones(3), -1.0), "sigma2"),
        (lambda: simulate(one.spared(2, sigma2=1.0), 0, 5), "n"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
