"""The general formula against raw data: correlated features, three distributions, both sides of interpolation."""

import numpy as np
import pytest

from w2s_utils.regression import fit_ridge
from w2s_utils.theory.deterministic_equivalent import Moments, weak_to_strong

D_W, D_S, D_Z, SIGMA = 80, 60, 120, 0.5
DRAWS = 30


class World:
    """Latent z with its own mean and variances per distribution; features are two overlapping maps of it."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.B_w = rng.standard_normal((D_W, D_Z)) * np.arange(1, D_W + 1)[:, None] ** -0.5 / np.sqrt(D_Z)
        self.B_s = rng.standard_normal((D_S, D_Z)) * np.arange(1, D_S + 1)[:, None] ** -0.7 / np.sqrt(D_Z)
        self.B_s[:20] = (self.B_s[:20] + self.B_w[:20]) / 2
        self.beta = self.B_w[:10].sum(0) + 0.6 * rng.standard_normal(D_Z) / np.sqrt(D_Z)
        self.scale = {"L": np.ones(D_Z)} | {k: np.exp(0.3 * rng.standard_normal(D_Z)) for k in "UT"}
        self.mean = {"L": np.zeros(D_Z)} | {k: 0.1 * rng.standard_normal(D_Z) for k in "UT"}

    def moments(self, kind):
        Z = np.diag(self.scale[kind] ** 2) + np.outer(self.mean[kind], self.mean[kind])
        B_w, B_s, beta = self.B_w, self.B_s, self.beta
        target = beta @ Z @ beta + SIGMA**2
        return Moments(B_w @ Z @ B_w.T, B_s @ Z @ B_s.T, B_s @ Z @ B_w.T, B_w @ Z @ beta, B_s @ Z @ beta, target)

    def draw(self, kind, rows, law, rng):
        z = rng.standard_normal((rows, D_Z)) if law == "gaussian" else rng.choice([-1.0, 1.0], (rows, D_Z))
        z = z * self.scale[kind] + self.mean[kind]
        return z @ self.B_w.T, z @ self.B_s.T, z @ self.beta + SIGMA * rng.standard_normal(rows)

    def simulated(self, kinds, n, N, lam_w, lam_s, law, rng):
        test = self.moments(kinds[2])

        def error(S, c, b):
            return test.target - 2 * c[:, 0] @ b + b @ S @ b

        rows = []
        for _ in range(DRAWS):
            (a, b, y), (c, d, u) = self.draw(kinds[0], n, law, rng), self.draw(kinds[1], N, law, rng)
            teacher = fit_ridge(a, y, lam_w)
            strong = [fit_ridge(d, c @ teacher, lam_s), fit_ridge(b, y, lam_s)]
            strong.append(fit_ridge(np.concatenate([b, d]), np.concatenate([y, u]), lam_s))
            errors = [error(test.strong, test.strong_target, model) for model in strong]
            rows.append([error(test.weak, test.weak_target, teacher), *errors])
        return np.mean(rows, 0), np.std(rows, 0, ddof=1) / np.sqrt(DRAWS)


CELLS = [  # n, N, teacher's and student's penalty: every combination of sides, without and with penalty
    (200, 400, 0.0, 0.0),
    (200, 400, 1e-2, 1e-2),
    (40, 400, 0.0, 0.0),
    (200, 25, 1e-3, 0.0),
    (30, 25, 1e-2, 1e-3),
]


@pytest.mark.parametrize("kinds, law", [("LLL", "gaussian"), ("LUT", "signs")])
@pytest.mark.parametrize("cell", CELLS)
def test_agrees_with_raw_data(kinds, law, cell):
    world, rng = World(), np.random.default_rng([7, *map(ord, kinds + law), CELLS.index(cell)])
    n, N, lam_w, lam_s = cell
    parts = {kind: world.moments(kind) for kind in set(kinds)}
    labeled, unlabeled, test = (parts[kind] for kind in kinds)
    found = weak_to_strong(
        n, N, labeled=labeled, unlabeled=unlabeled, test=test, teacher_penalty=lam_w, student_penalty=lam_s
    ).risks
    mean, se = world.simulated(kinds, n, N, lam_w, lam_s, law, rng)
    predicted = np.array([found.teacher, found.student, found.baseline, found.ceiling])
    # finite-size allowance: 1/(rows away from interpolation) of each fit without penalty, 2/d of a penalised one
    near = [abs(n - D_W), min(abs(n - D_W), abs(N - D_S)), abs(n - D_S), abs(n + N - D_S)]
    allowed = np.array([3 / gap if lam_s == 0 else 2 / D_S for gap in near]) * mean + 4.5 * se
    assert np.all(np.abs(predicted - mean) < allowed), (predicted, mean, se)
    assert np.all(4.5 * se < 0.5 * mean)


def test_averaged_moments_would_miss_the_pooled_ceiling():
    """Kinds of very different size: one effective weight for both is off, one each is not."""
    rng = np.random.default_rng(8)
    d = 60
    beta = rng.standard_normal(d) / np.sqrt(d)
    scales = np.where(np.arange(d) < d // 2, 3.0, 0.1), np.where(np.arange(d) < d // 2, 0.1, 0.3)
    first, second = (
        Moments(np.diag(s**2), np.diag(s**2), np.diag(s**2), s**2 * beta, s**2 * beta, np.sum((s * beta) ** 2) + 1)
        for s in scales
    )
    n, N = 35, 85
    found = weak_to_strong(n, N, labeled=first, unlabeled=second, test=second).risks.ceiling
    pooled = Moments.mixture([(n / (n + N), first), (N / (n + N), second)])
    averaged = weak_to_strong(n + N, N, labeled=pooled, test=second).risks.baseline
    errors = []
    for _ in range(300):
        X = np.concatenate([rng.standard_normal((rows, d)) * s for rows, s in zip((n, N), scales, strict=True)])
        b = fit_ridge(X, X @ beta + rng.standard_normal(n + N))
        errors.append(1 + np.sum((scales[1] * (b - beta)) ** 2))
    mean, se = np.mean(errors), np.std(errors) / np.sqrt(300)
    assert abs(found - mean) < 4 * se + 3 / (n + N - d) * (mean - 1)
    assert abs(averaged - mean) > 10 * se


def test_parts_add_up_to_a_direct_computation():
    """The total from full matrices, none of the eigenbases; the terms, and shift from three problems."""
    world = World(1)
    labeled, unlabeled, test = (world.moments(kind) for kind in "LUT")
    n, N, lam_w, lam_s = 150, 100, 0.02, 0.01
    found = weak_to_strong(
        n, N, labeled=labeled, unlabeled=unlabeled, test=test, teacher_penalty=lam_w, student_penalty=lam_s, noise=0.25
    )
    total = found.noise + found.inherited + found.reduced + found.bias + found.shift
    assert total == pytest.approx(found.risks.student, rel=1e-12)

    def shrunk(S, rows, lam):
        kappa = lam
        for _ in range(4000):
            kappa = lam + kappa / rows * np.trace(np.linalg.solve(S + kappa * np.eye(len(S)), S))
        return np.linalg.inv(S + kappa * np.eye(len(S)))

    R = shrunk(labeled.weak, n, lam_w)
    b = R @ labeled.weak_target[:, 0]
    misfit = labeled.target - 2 * b @ labeled.weak_target[:, 0] + b @ labeled.weak @ b
    tau2 = misfit / (1 - np.trace(labeled.weak @ R @ labeled.weak @ R) / n)
    V = tau2 / n * R @ labeled.weak @ R
    D, A, S = shrunk(unlabeled.strong, N, lam_s), unlabeled.cross, unlabeled.strong
    spread = np.trace(S @ D @ test.strong @ D) / (N - np.trace(S @ D @ S @ D))
    second = np.outer(b, b) + V
    missed = np.trace(second @ (unlabeled.weak - 2 * A.T @ D @ A + A.T @ D @ S @ D @ A))
    mean = D @ A @ b
    direct = test.target - 2 * mean @ test.strong_target[:, 0]
    direct += np.trace(test.strong @ D @ A @ second @ A.T @ D) + spread * missed
    assert found.risks.student == pytest.approx(direct, rel=1e-7)
    still = weak_to_strong(n, N, labeled=test, teacher_penalty=lam_w, student_penalty=lam_s, noise=0.25)
    assert found.inherited == pytest.approx(still.inherited, rel=1e-12)
    assert found.bias == pytest.approx(still.bias, rel=1e-12)
    assert found.shift == pytest.approx(found.risks.student - still.risks.student, rel=1e-9)
    assert still.shift == 0
