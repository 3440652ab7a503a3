"""The ``raw`` engine: draw features and labels as the authors do, fit by least squares, measure the coefficients.

Nothing here is shared with the theory or with the other engine. Calls only ``numpy.linalg.lstsq`` and ``solve``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from w2s_utils.simulate._pair import GaussianPair

Array = NDArray[np.float64]


def _latent(rng: np.random.Generator, law: str, shape: tuple[int, ...]) -> Array:
    if law == "rademacher":
        return np.asarray(rng.integers(0, 2, shape) * 2 - 1, float)
    if law == "uniform":
        return rng.uniform(-np.sqrt(3), np.sqrt(3), shape)
    if law == "t5":
        return rng.standard_t(5, shape) * np.sqrt(3 / 5)
    return rng.standard_normal(shape)


def _features(pair: GaussianPair, latents: Array) -> tuple[Array, Array]:
    """Weak and strong features of the rows of ``latents``."""
    shared, keep = min(pair.d_w, pair.d_s), pair.cosines < 1
    strong = np.zeros((len(latents), pair.d_s))
    strong[:, :shared] = latents[:, :shared] * pair.cosines[:shared]
    strong[:, keep] += latents[:, pair.d_w :] * np.sqrt(1 - pair.cosines[keep] ** 2)
    return latents[:, : pair.d_w], strong


def _fit(features: Array, targets: Array) -> Array:
    """Least-squares coefficients; the normal equations lose no digits that matter unless nearly square."""
    rows, columns = features.shape
    if rows < 1.2 * columns:
        return np.asarray(np.linalg.lstsq(features, targets, rcond=1e-6)[0], float)
    return np.asarray(np.linalg.solve(features.T @ features, features.T @ targets), float)


def _fit_and_covariance(features: Array, targets: Array) -> tuple[Array, Array]:
    """Least-squares coefficients and their covariance under label noise of variance 1."""
    columns = features.shape[1]
    solved = np.linalg.solve(features.T @ features, np.hstack([np.eye(columns), features.T @ targets]))
    return np.asarray(solved[:, columns:], float), np.asarray(solved[:, :columns], float)


class _Truth:
    """The target of one trial and the excess risk of coefficients, by Parseval over the latent coordinates."""

    def __init__(self, pair: GaussianPair, rng: np.random.Generator):
        keep = pair.cosines < 1
        target = np.r_[pair.target_weak, pair.target_residual[keep], pair.target_outside]
        if pair.random_signs:
            target = target * rng.choice([-1.0, 1.0], target.size)
        self.pair, seen = pair, pair.d_w + int(keep.sum())
        self.seen, self.outside = target[:seen], target[seen:]

    def risk(self, coefficients: Array, *, strong: bool) -> Array:
        vector = np.zeros((self.seen.size, coefficients.shape[1]))
        if strong:
            shared, keep = min(self.pair.d_w, self.pair.d_s), self.pair.cosines < 1
            vector[:shared] = self.pair.cosines[:shared, None] * coefficients[:shared]
            vector[self.pair.d_w :] = np.sqrt(1 - self.pair.cosines[keep, None] ** 2) * coefficients[keep]
        else:
            vector[: self.pair.d_w] = coefficients
        return ((vector - self.seen[:, None]) ** 2).sum(0) + self.outside @ self.outside

    def labels(self, rng: np.random.Generator, law: str, latents: Array, draws: int) -> Array:
        """Noise-free labels; the coordinates outside both supports are drawn anew for each noise draw."""
        clean = np.repeat((latents @ self.seen)[:, None], draws, axis=1)
        if self.outside.size:
            for k in range(draws):
                clean[:, k] += _latent(rng, law, (len(latents), self.outside.size)) @ self.outside
        return clean


def draw(
    pair: GaussianPair, n: int, N: int, rng: np.random.Generator, noise_draws: int, latent: str
) -> tuple[Array, Array]:
    """Draw risks and on-sample variances of one design, each of shape (noise_draws, 4)."""
    truth, K = _Truth(pair, rng), noise_draws
    Z, X = (_latent(rng, latent, (rows, truth.seen.size)) for rows in (n, N))
    (Z_w, Z_s), (X_w, X_s) = _features(pair, Z), _features(pair, X)
    z, z_new = (np.sqrt(pair.sigma2) * rng.standard_normal((rows, K)) for rows in (n, N))
    y, y_new = truth.labels(rng, latent, Z, K) + z, truth.labels(rng, latent, X, K) + z_new
    # the fits are linear in the labels: the second half of the columns is the effect of the noise alone
    teacher = _fit(Z_w, np.hstack([y, z]))
    student = _fit(X_s, X_w @ teacher)
    baseline = _fit(Z_s, np.hstack([y, z])) if n > pair.d_s + 1 else np.full((pair.d_s, 2 * K), np.nan)
    both = np.vstack([Z_s, X_s])
    ceiling = _fit(both, np.vstack([np.hstack([y, z]), np.hstack([y_new, z_new])]))
    fits = ((teacher, Z_w, False), (student, X_s, True), (baseline, Z_s, True), (ceiling, both, True))
    risks = [truth.risk(fit[:, :K], strong=strong) for fit, _, strong in fits]
    variances = [((inputs @ fit[:, K:]) ** 2).mean(0) for fit, inputs, _ in fits]
    return np.stack(risks, axis=1), np.stack(variances, axis=1)


def average(pair: GaussianPair, n: int, N: int, rng: np.random.Generator, latent: str) -> tuple[Array, Array]:
    """Risks and on-sample variances averaged over the label noise only, given all features; shape (1, 4) each."""
    truth, noise = _Truth(pair, rng), pair.sigma2
    Z, X = (_latent(rng, latent, (rows, truth.seen.size)) for rows in (n, N))
    (Z_w, Z_s), (X_w, X_s) = _features(pair, Z), _features(pair, X)
    y, y_new = truth.labels(rng, latent, Z, 1), truth.labels(rng, latent, X, 1)
    both = np.vstack([Z_s, X_s])
    teacher, cov_w = _fit_and_covariance(Z_w, y)
    passed_on = _fit(X_s, np.hstack([X_w @ teacher, X_w]))  # the student's map from teacher to student coefficients
    student, transfer = passed_on[:, :1], passed_on[:, 1:]
    cov_s = transfer @ cov_w @ transfer.T
    baseline, cov_b = np.full((pair.d_s, 1), np.nan), np.full((pair.d_s, pair.d_s), np.nan)
    if n > pair.d_s + 1:
        baseline, cov_b = _fit_and_covariance(Z_s, y)
    ceiling, cov_c = _fit_and_covariance(both, np.vstack([y, y_new]))
    fits = ((teacher, cov_w, False), (student, cov_s, True), (baseline, cov_b, True), (ceiling, cov_c, True))
    risks = [truth.risk(fit, strong=strong)[0] + noise * np.trace(cov) for fit, cov, strong in fits]
    covariances = ((Z_w, cov_w, n), (X_s, cov_s, N), (Z_s, cov_b, n), (both, cov_c, n + N))
    variances = [noise * np.sum((inputs @ cov) * inputs) / rows for inputs, cov, rows in covariances]
    return np.array([risks]), np.array([variances])
