"""Teacher and student with any two quadratic penalties, by a deterministic equivalent.

References
----------
.. [1] moniri2025, section on generalized ridge, Theorem 8 (not available; the form is this book's).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from w2s_utils.metrics import Risks
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.intrinsic_dimension.settings import fail

Array = NDArray[np.float64]


def _spectrum(name: str, matrix: ArrayLike, size: int, gamma: float) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of a penalty, checked."""
    array = np.asarray(matrix, float)
    shape = f"a symmetric positive semidefinite matrix of shape ({size}, {size})"
    if array.shape != (size, size):
        fail(name, f"an array of shape {array.shape}", shape)
    if not np.isfinite(array).all():
        fail(name, "an array with nan or inf", shape)
    scale = float(np.abs(array).max())
    lopsided = float(np.abs(array - array.T).max())
    if lopsided > 1e-10 * scale:
        fail(name, f"a matrix that differs from its transpose by {lopsided:.3g}", shape)
    values, vectors = np.linalg.eigh(array)
    if values[0] < -1e-10 * max(scale, np.finfo(float).tiny):
        fail(name, f"a matrix with eigenvalue {values[0]:.3g}", shape)
    values = np.where(values > 1e-12 * scale * size, values, 0.0)
    free, rows = int((values == 0).sum()), size / gamma
    if free >= rows:
        fail(name, f"a matrix with {free} unpenalised directions", f"fewer of them than examples, d/gamma = {rows:g}")
    return values, vectors


def _effective(lam: float, gamma: float, values: Array) -> float:
    """Positive root of ``kappa = lam + gamma kappa mean 1/(1 + kappa g)``; 0 without penalty where ``gamma <= 1``."""
    if lam == 0 and gamma <= 1:
        return 0.0

    def residual(log_kappa: float) -> float:
        k = np.exp(log_kappa)
        return float(1 - gamma * np.mean(1 / (1 + k * values)) - lam / k)

    high = 1.0
    while residual(high) < 0:
        high += 5.0
    low = high - 1.0
    while residual(low) > 0:
        low -= 5.0
    return float(np.exp(brentq(residual, low, high, xtol=1e-14, rtol=1e-14)))


def two_stage_error(
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    *,
    gamma_t: float,
    gamma_s: float,
    sigma2: float,
    Gamma_t: ArrayLike,
    Gamma_s: ArrayLike,
    beta: ArrayLike,
) -> Risks:
    """Excess errors of teacher and student with penalties ``lam b' Gamma b``.

    Parameters
    ----------
    lam_t, lam_s : array_like
        Penalty levels, at least 0; they broadcast.
    gamma_t, gamma_s : float
        Dimension over labelled and over pseudo-labelled points, above 0.
    sigma2 : float
        Variance of the label noise, at least 0.
    Gamma_t, Gamma_s : array_like, shape (d, d)
        Symmetric positive semidefinite, commuting or not; fewer unpenalised directions than examples.
    beta : array_like, shape (d,)
        Target, of any norm.

    Returns
    -------
    Risks
        ``teacher`` and ``student``.

    Raises
    ------
    ValueError
        Outside these ranges, naming the argument.

    Notes
    -----
    A stage with penalty ``Gamma`` acts like shrinkage by ``D = (I + kappa Gamma)^-1`` of its target plus white noise of
    variance ``gamma`` times its own prediction error [1]_. For inputs of covariance ``C``, pass ``C^(1/2) beta`` and
    ``C^(-1/2) Gamma C^(-1/2)``.

    Examples
    --------
    >>> eye = np.eye(4)
    >>> errors = two_stage_error(0.05, 0.2, gamma_t=0.5, gamma_s=0.5, sigma2=1.0, Gamma_t=eye, Gamma_s=eye,
    ...                          beta=[1.0, 0.0, 0.0, 0.0])
    >>> round(float(errors.teacher), 4), round(float(errors.student), 4)
    (0.7338, 0.5476)
    """
    non_negative(lam_t=lam_t, lam_s=lam_s, sigma2=sigma2)
    positive(gamma_t=gamma_t, gamma_s=gamma_s)
    target = np.asarray(beta, float)
    if target.ndim != 1 or not np.isfinite(target).all() or target.size == 0:
        fail("beta", f"an array of shape {target.shape}", "a finite vector")
    g_t, V_t = _spectrum("Gamma_t", Gamma_t, target.size, gamma_t)
    g_s, V_s = _spectrum("Gamma_s", Gamma_s, target.size, gamma_s)
    turn = V_s.T @ V_t  # from the teacher's eigenbasis to the student's
    weights = turn**2 / target.size
    beta_t, beta_s = V_t.T @ target, V_s.T @ target

    def point(first: float, second: float) -> tuple[float, float]:
        D_t, D_s = (1 / (1 + _effective(*a) * a[2]) for a in ((first, gamma_t, g_t), (second, gamma_s, g_s)))
        with np.errstate(divide="ignore", invalid="ignore"):
            squared = gamma_t * np.mean(D_t**2)
            teacher = (np.sum(((1 - D_t) * beta_t) ** 2) + sigma2 * squared) / (1 - squared)
            noise = gamma_t * (sigma2 + teacher)
            passed_on = turn @ (D_t * beta_t)
            lost = np.sum(((1 - D_s) * passed_on) ** 2) + noise * ((1 - D_s) ** 2 @ weights @ D_t**2)
            own = gamma_s * np.mean(D_s**2)
            fluctuation = own * lost / (1 - own) if lost > 0 else 0.0
            student = np.sum((beta_s - D_s * passed_on) ** 2) + noise * (D_s**2 @ weights @ D_t**2) + fluctuation
        return float(teacher), float(student)

    errors = np.vectorize(point, otypes=[float, float])(lam_t, lam_s)
    return Risks(teacher=errors[0], student=errors[1])
