"""Logistic heads on hard or soft labels, by Newton steps that keep a factorised Hessian while it serves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes.heads import Head

TOLERANCE = 1e-9  # largest entry of the gradient of the mean loss, features of unit size
STEPS = 200
KEEP = 0.6  # a Hessian is kept while each step shrinks the gradient by this: a new one costs six steps


def fit_logistic(
    features: npt.ArrayLike, targets: npt.ArrayLike, penalty: npt.ArrayLike, *, start: Head | None = None
) -> Head:
    r"""Minimise the mean log loss plus :math:`\frac\lambda2\lVert b\rVert^2`; the intercept is free.

    Parameters
    ----------
    features : array_like, shape (n, d)
    targets : array_like, shape (n,) or (n, c)
        Probabilities of class 1 in [0, 1]: 0 and 1 for hard labels, a teacher's predictions for soft ones.
    penalty : float or array_like of shape (c,)
        Positive (separable classes have no fit without one). scikit-learn's ``LogisticRegression`` calls
        ``1 / (n * penalty)`` C.
    start : Head, optional
        Where to start, e.g. the head of a neighbouring sample.

    Returns
    -------
    Head

    Raises
    ------
    ValueError
        If rows do not match, a target lies outside [0, 1], or a penalty is not positive.

    References
    ----------
    .. [1] dong2025, ColoredMNIST experiment: linear heads with bias, the student on soft labels.

    Examples
    --------
    >>> head = fit_logistic([[-1.0], [1.0], [-2.0], [2.0]], [0, 1, 0, 1], 0.1)
    >>> bool(head.coefficients[0] > 1), round(float(head.intercept), 9)
    (True, 0.0)
    """
    X = finite_array("features", features, (2,))
    y = finite_array("targets", targets, (1, 2))
    same_rows(features=X, targets=y)
    if y.min() < 0 or y.max() > 1:
        raise ValueError(f"targets = {y[(y < 0) | (y > 1)][0]:g} is outside [0, 1]")
    lam = np.broadcast_to(finite_array("penalty", penalty, (0, 1)), y.shape[1:] or (1,))
    if lam.min() <= 0:
        raise ValueError(f"penalty = {lam.min():g} is not allowed: above 0")
    scale = max(float(np.sqrt(np.mean(X**2))), np.finfo(float).tiny)
    extended = np.column_stack([X / scale, np.ones(len(X))])
    columns = y.reshape(len(y), -1)
    begin = np.zeros((extended.shape[1], columns.shape[1]))
    if start is not None:
        begin[:-1] = np.reshape(start.coefficients, (X.shape[1], -1)) * scale
        begin[-1] = np.ravel(start.intercept)
    found, factor = np.empty_like(begin), None
    for at in range(columns.shape[1]):
        # without a start of its own, a column starts where the last one ended; both keep its Hessian while it serves
        first = found[:, at - 1] if at and start is None else begin[:, at]
        found[:, at], factor = _newton(extended, columns[:, at], lam[at] / scale**2, first, factor)
    return Head((found[:-1] / scale).reshape(-1, *y.shape[1:]), found[-1].reshape(y.shape[1:]))


def _newton(X: FloatArray, y: FloatArray, penalty: float, b: FloatArray, factor: Any) -> tuple[FloatArray, Any]:
    n, ridge = len(y), np.full(X.shape[1], penalty)
    ridge[-1] = 0.0

    def state(b: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        z = X @ b
        p = expit(z)
        loss = float(np.mean(np.logaddexp(0, z) - y * z) + ridge @ b**2 / 2)
        return loss, p, X.T @ (p - y) / n + ridge * b

    loss, p, gradient = state(b)
    before = np.inf
    for _ in range(STEPS):
        size = np.abs(gradient).max()
        if size <= TOLERANCE:
            return b, factor
        fresh = factor is None or size > KEEP * before
        if fresh:
            hessian = X.T @ (X * (p * (1 - p))[:, None]) / n
            hessian[np.diag_indices_from(hessian)] += ridge + 1e-12
            factor = cho_factor(hessian, overwrite_a=True, check_finite=False)
        step, length = cho_solve(factor, gradient, check_finite=False), 1.0
        new = state(b - step)
        # a kept Hessian that overshoots is replaced; a fresh one is the direction of descent, halved until it descends
        while not new[0] <= loss + 1e-13 * abs(loss) and fresh and length > 1e-9:
            length /= 2
            new = state(b - length * step)
        if not new[0] <= loss + 1e-13 * abs(loss):
            if fresh:
                return b, factor  # rounding: no descent is left
            before = 0.0
            continue
        before, b = size, b - length * step
        loss, p, gradient = new
    raise RuntimeError(f"logistic head: no convergence in {STEPS} steps; use a larger penalty than {penalty:.3g}")


def cross_validate(
    features: npt.ArrayLike, targets: npt.ArrayLike, penalties: npt.ArrayLike, *, folds: int = 3
) -> FloatArray:
    """Mean held-out log loss of every penalty.

    Parameters
    ----------
    features : array_like, shape (n, d)
    targets : array_like, shape (n,)
        As in `fit_logistic`.
    penalties : array_like, shape (L,)
        Positive.
    folds : int, default 3
        Row i is held out in fold ``i % folds``: rows must come in random order.

    Returns
    -------
    ndarray, shape (L,)

    Raises
    ------
    ValueError
        As `fit_logistic`, or with fewer rows than folds.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 3))
    >>> loss = cross_validate(X, X[:, 0] > 0, [1e-3, 10.0])
    >>> bool(loss[0] < loss[1])
    True
    """
    X = finite_array("features", features, (2,))
    y = finite_array("targets", targets, (1,))
    same_rows(features=X, targets=y)
    lam = finite_array("penalties", penalties, (1,))
    if lam.min() <= 0:
        raise ValueError(f"penalties = {lam.min():g} is not allowed: above 0")
    if not 2 <= folds <= len(y):
        raise ValueError(f"folds = {folds} is not allowed: from 2 to the {len(y)} rows")
    fold, loss = np.arange(len(y)) % folds, np.zeros((folds, lam.size))
    for at in range(folds):
        train, held, head = fold != at, fold == at, None
        for index in np.argsort(lam)[::-1]:  # from strong to weak: each fit starts where the last one ended
            head = fit_logistic(X[train], y[train], lam[index], start=head)
            z = head.predict(X[held])
            loss[at, index] = np.mean(np.logaddexp(0, z) - y[held] * z)
    return loss.mean(0)
