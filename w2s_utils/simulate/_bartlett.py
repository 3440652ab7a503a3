"""The ``bartlett`` engine: one design of a Gaussian pair from its sufficient statistics.

A Gaussian data matrix enters the four risks only through the triangular factor of its QR decomposition, whose
entries are independent: normal above the diagonal, chi on it (bartlett1934, anderson2003). Neither n nor N is a
matrix size here. Notation: ``T`` is the factor of the labelled rows over the union of both feature spaces (weak
directions first), ``V`` that of the unlabelled strong features.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

if TYPE_CHECKING:
    from w2s_utils.simulate._pair import GaussianPair

Array = NDArray[np.float64]


@lru_cache(maxsize=16)
def _above_diagonal(rows: int, columns: int) -> NDArray[np.bool_]:
    return np.triu(np.ones((rows, columns), bool), 1)


def triangular_factor(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Draw R of the QR decomposition of a (rows, columns) standard Gaussian matrix; shape (min, columns)."""
    height = min(rows, columns)
    factor = np.zeros((height, columns))
    above = _above_diagonal(height, columns)
    factor[above] = rng.standard_normal(height * columns - height * (height + 1) // 2)
    diagonal = np.arange(height)
    factor[diagonal, diagonal] = np.sqrt(rng.chisquare(rows - diagonal))
    return factor


def _strong_columns(pair: GaussianPair, factor: Array) -> Array:
    shared, keep = min(pair.d_w, pair.d_s), pair.cosines < 1
    strong = np.zeros((factor.shape[0], pair.d_s))
    strong[:, :shared] = factor[:, :shared] * pair.cosines[:shared]
    strong[:, keep] += factor[:, pair.d_w :] * np.sqrt(1 - pair.cosines[keep] ** 2)
    return strong


def _images(rng: np.random.Generator, size: int, f: Array, u: Array, a: Array, fu, fa, ua) -> tuple[Array, ...]:
    """Images, in ``size`` orthonormal directions, of three vectors with the given inner products (a column each)."""

    def over(top: Array, bottom: Array) -> Array:
        return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 1e-12 * np.sqrt(np.maximum(u, f)))

    first, second, third = rng.standard_normal((3, size, u.size))
    l11 = np.sqrt(f) * np.ones_like(u)
    l21, l31 = over(fu, l11), over(fa, l11)
    l22 = np.sqrt(np.maximum(u - l21**2, 0))
    l32 = over(ua - l21 * l31, l22)
    l33 = np.sqrt(np.maximum(a - l31**2 - l32**2, 0))
    return first * l11, first * l21 + second * l22, first * l31 + second * l32 + third * l33


def draw(pair: GaussianPair, n: int, N: int, rng: np.random.Generator, noise_draws: int) -> tuple[Array, Array]:
    """Draw risks and on-sample variances of one design, each of shape (noise_draws, 4).

    The signs of the target do not matter: the Gaussian law is symmetric in every latent direction.
    """
    d_w, d_s, K = pair.d_w, pair.d_s, noise_draws
    shared, keep = min(d_w, d_s), pair.cosines < 1
    cosines = np.zeros(d_w)
    cosines[:shared] = pair.cosines[:shared]
    f_w, f_r, b = pair.target_weak, pair.target_residual[keep], pair.strong_target
    outside, noise = float(pair.target_outside @ pair.target_outside), pair.sigma2
    fast = {"check_finite": False}

    def project(theta: Array) -> Array:
        """Coefficients on the strong directions of weak-space vectors, (d_w, K) -> (d_s, K)."""
        strong = np.zeros((d_s, theta.shape[1]))
        strong[:shared] = cosines[:shared, None] * theta[:shared]
        return strong

    # labelled rows: noise z and the unseen part of the target, in the column space of the union
    T = triangular_factor(rng, n, d_w + int(keep.sum()))
    z = np.sqrt(noise) * rng.standard_normal((T.shape[0], K))
    unseen = np.sqrt(outside) * rng.standard_normal(z.shape) if outside else 0.0
    surprise = (T[:d_w, d_w:] @ f_r)[:, None] + (z + unseen)[:d_w]
    solved = solve_triangular(T[:d_w, :d_w], np.hstack([surprise, z[:d_w]]), **fast)
    error, a = solved[:, :K], solved[:, K:]  # all of the teacher's error; its label-noise part
    theta = f_w[:, None] + error
    rho_w = float(f_r @ f_r) + outside
    rho_s = max(float(f_w @ f_w) + rho_w - float(b @ b), 0.0)

    S = _strong_columns(pair, T)
    gram, missed = S.T @ S, (T @ np.r_[f_w, f_r] - S @ b)[:, None]
    right, right_noise = S.T @ (missed + z + unseen), S.T @ z

    # unlabelled rows, in the column space of the strong features
    V = triangular_factor(rng, N, d_s)
    f_perp = max(rho_s - outside, 0.0)
    sines2 = 1 - cosines[:, None] ** 2
    images = _images(
        rng,
        d_s,
        np.full(K, f_perp),
        (sines2 * theta**2).sum(0),
        (sines2 * a**2).sum(0),
        theta.T @ f_w - project(theta).T @ b,
        a.T @ f_w - project(a).T @ b,
        (sines2 * theta * a).sum(0),
    )
    missed_new, taught, taught_noise = images
    student = project(theta) + solve_triangular(V, taught, **fast) - b[:, None]
    z_new = np.sqrt(noise) * rng.standard_normal((d_s, K))
    unseen_new = np.sqrt(outside) * rng.standard_normal((d_s, K)) if outside else 0.0

    def fit(matrix: Array, target: Array, target_noise: Array) -> tuple[Array, Array]:
        """Squared coefficient error, and squared norm of the fitted noise."""
        solved = cho_solve((cholesky(matrix, lower=True, **fast), True), np.hstack([target, target_noise]), **fast)
        return (solved[:, :K] ** 2).sum(0), (target_noise * solved[:, K:]).sum(0)

    nothing = np.full(K, np.nan)
    baseline, baseline_noise = fit(gram, right, right_noise) if n > d_s + 1 else (nothing, nothing)
    all_right = right + V.T @ (missed_new + z_new + unseen_new)
    ceiling, ceiling_noise = fit(gram + V.T @ V, all_right, right_noise + V.T @ z_new)
    risks = [rho_w + (error**2).sum(0), rho_s + (student**2).sum(0), rho_s + baseline, rho_s + ceiling]
    variances = [
        (z[:d_w] ** 2).sum(0) / n,
        ((V @ project(a) + taught_noise) ** 2).sum(0) / N,
        baseline_noise / n,
        ceiling_noise / (n + N),
    ]
    return np.stack(risks, axis=1), np.stack(variances, axis=1)


def average(pair: GaussianPair, n: int, N: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Mean risks and on-sample variances given the Gram matrices, each of shape (1, 4).

    Everything a model cannot see acts on it as label noise and is averaged with it. The baseline has its own
    labelled Gram matrix: only the means of the four risks are right, not their correlations.
    """
    d_w, d_s, noise = pair.d_w, pair.d_s, pair.sigma2
    shared = min(d_w, d_s)
    moments = pair.moments()
    cosines2 = np.zeros(d_w)
    cosines2[:shared] = pair.cosines[:shared] ** 2

    def inverse(factor: Array) -> Array:
        return solve_triangular(factor, np.eye(len(factor)), check_finite=False)

    root = inverse(triangular_factor(rng, n, d_w))
    V = triangular_factor(rng, N, d_s)
    spread, trace_v = (root**2).sum(1), (inverse(V) ** 2).sum()  # diagonal of the teacher's (Z'Z)^-1; tr (X'X)^-1
    q_w, q_s = noise + moments["rho_w"], noise + moments["rho_s"]
    outside_s = moments["p"] + q_w * (spread @ (1 - cosines2))
    student = moments["rho_sw"] + q_w * (spread @ cosines2) + outside_s * trace_v
    inherited = (V[:, :shared] * pair.cosines[:shared]) @ root[:shared]
    student_variance = noise * ((inherited**2).sum() + d_s * (spread @ (1 - cosines2))) / N
    S = triangular_factor(rng, n, d_s)
    baseline = moments["rho_s"] + q_s * (inverse(S) ** 2).sum() if n > d_s + 1 else np.nan
    ceiling = moments["rho_s"] + q_s * (inverse(cholesky(S.T @ S + V.T @ V, check_finite=False)) ** 2).sum()
    risks = [moments["rho_w"] + q_w * spread.sum(), student, baseline, ceiling]
    baseline_variance = noise * d_s / n if n > d_s + 1 else np.nan
    variances = [noise * d_w / n, student_variance, baseline_variance, noise * d_s / (n + N)]
    return np.array([risks]), np.array([variances])
