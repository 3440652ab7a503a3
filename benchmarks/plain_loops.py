"""What one would write without this package: draw data, fit four models by least squares, measure them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.linear_model import LinearRegression

Fit = Callable[[np.ndarray, np.ndarray], np.ndarray]


def fit_lstsq(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Least squares by numpy's SVD driver, as the authors do."""
    return np.linalg.lstsq(features, targets, rcond=1e-6)[0]


def fit_cholesky(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Least squares by the normal equations."""
    return cho_solve(cho_factor(features.T @ features), features.T @ targets)


def fit_sklearn(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Least squares by scikit-learn."""
    return LinearRegression(fit_intercept=False).fit(features, targets).coef_


LOOPS: dict[str, Fit] = {
    "numpy lstsq": fit_lstsq,
    "Cholesky on the Gram matrix": fit_cholesky,
    "scikit-learn LinearRegression": fit_sklearn,
}


def plain_trial(
    fit: Fit, rng: np.random.Generator, n: int, N: int, *, d_w: int, d_s: int, d_sw: int, sigma2: float
) -> np.ndarray:
    """Population excess risks of teacher, student, baseline, ceiling: one trial of the authors' generator."""
    total = d_w + d_s
    target = rng.choice([-1.0, 1.0], total) / np.sqrt(d_w * d_s * np.arange(1, total + 1))
    weak, strong = slice(d_s - d_sw, d_s - d_sw + d_w), slice(0, d_s)
    Z, X = rng.standard_normal((n, total)), rng.standard_normal((N, total))
    y = Z @ target + np.sqrt(sigma2) * rng.standard_normal(n)
    y_new = X @ target + np.sqrt(sigma2) * rng.standard_normal(N)
    teacher = fit(Z[:, weak], y)
    student = fit(X[:, strong], X[:, weak] @ teacher)
    baseline = fit(Z[:, strong], y)
    ceiling = fit(np.vstack([Z[:, strong], X[:, strong]]), np.r_[y, y_new])

    def risk(columns: slice, coefficients: np.ndarray) -> float:
        error = -target
        error[columns] += coefficients
        return float(error @ error)

    return np.array([risk(weak, teacher), *(risk(strong, model) for model in (student, baseline, ceiling))])
