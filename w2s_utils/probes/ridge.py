"""Ridge heads: one factorisation of a sample serves every penalty, every target and leave-one-out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, svd

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes.heads import Head
from w2s_utils.regression import GRAM_RATIO


@dataclass(frozen=True)
class Design:
    """A factorised sample of features: ``features - mean = sqrt(n) left diag(singular) right'``.

    Parameters
    ----------
    mean : ndarray, shape (d,)
        Zero without an intercept.
    left, singular, right : ndarray, shapes (n, r), (r,), (d, r)
        Singular vectors and values, null directions left out.
    intercept : bool
    """

    mean: FloatArray
    left: FloatArray
    singular: FloatArray
    right: FloatArray
    intercept: bool


def design(features: npt.ArrayLike, *, intercept: bool = True, rank: int | None = None) -> Design:
    """Factorise the features of a sample.

    Parameters
    ----------
    features : array_like, shape (n, d)
    intercept : bool, default True
        Centre by the sample's mean, so that fits have a free constant.
    rank : int, optional
        Keep at most this many directions, the largest ones.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        If a feature is not finite, nothing varies, or ``rank`` is below 1.

    Examples
    --------
    >>> design([[0.0, 1.0], [2.0, 1.0]]).right[:, 0].tolist()
    [1.0, 0.0]
    """
    X = finite_array("features", features, (2,))
    if rank is not None and rank < 1:
        raise ValueError(f"rank = {rank} is not allowed: at least 1")
    mean = X.mean(0) if intercept else np.zeros(X.shape[1])
    scaled = (X - mean) / np.sqrt(len(X))
    left, singular, right = _gram_route(scaled) or _svd_route(scaled)
    if not singular.size:
        raise ValueError("features do not vary: a head needs at least one direction")
    kept = slice(None) if rank is None else np.argsort(singular)[::-1][:rank]
    left, singular, right = left[:, kept], singular[kept], right[:, kept]
    flip = np.where(right[np.abs(right).argmax(0), np.arange(singular.size)] < 0, -1.0, 1.0)
    return Design(mean, left * flip, singular, right * flip, intercept)


def _gram_route(X: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    n, d = X.shape
    if n <= d:
        return None
    values, vectors = eigh(X.T @ X, overwrite_a=True, check_finite=False, driver="evd")
    if not values[0] > GRAM_RATIO * values[-1]:
        return None
    singular = np.sqrt(values)
    return X @ (vectors / singular), singular, vectors


def _svd_route(X: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    left, singular, right = svd(X, full_matrices=False, check_finite=False)
    kept = singular > max(X.shape) * np.finfo(float).eps * max(singular[0], np.finfo(float).tiny)
    return left[:, kept], singular[kept], right[kept].T


def fit(sample: Design, targets: npt.ArrayLike, penalty: npt.ArrayLike = 0.0) -> Head:
    r"""Minimise :math:`\frac1n\lVert y - a - Xb\rVert^2 + \lambda\lVert b\rVert^2` on a factorised sample.

    Parameters
    ----------
    sample : Design
    targets : array_like, shape (n,) or (n, c)
    penalty : float or array_like of shape (c,), default 0.0
        Non-negative, one for all targets or one each; 0 is the least-squares fit of minimum norm. scikit-learn's
        ``Ridge`` calls ``n * penalty`` alpha.

    Returns
    -------
    Head

    Raises
    ------
    ValueError
        If rows do not match, a target is not finite or a penalty is negative.

    References
    ----------
    .. [1] dong2025, ridge and ridgeless heads on frozen features.

    Examples
    --------
    >>> head = fit(design([[0.0], [1.0], [2.0]]), [1.0, 3.0, 5.0])
    >>> head.coefficients.round(6).tolist(), round(float(head.intercept), 6)
    ([2.0], 1.0)
    """
    y = finite_array("targets", targets, (1, 2))
    same_rows(features=sample.left, targets=y)
    lam = finite_array("penalty", penalty, (0, 1))
    if lam.min() < 0:
        raise ValueError(f"penalty = {lam.min():g} is negative; it must be 0 or more")
    columns = y.reshape(len(y), -1)
    centre = columns.mean(0) if sample.intercept else np.zeros(columns.shape[1])
    projected = sample.left.T @ (columns - centre) / np.sqrt(len(y))
    strength = sample.singular[:, None] + lam / sample.singular[:, None]
    coefficients = sample.right @ (projected / strength)
    shape = y.shape[1:]
    return Head(coefficients.reshape(-1, *shape), (centre - sample.mean @ coefficients).reshape(shape))


def leave_one_out(sample: Design, targets: npt.ArrayLike, penalties: npt.ArrayLike) -> FloatArray:
    """Mean squared leave-one-out error of every penalty, from the factorisation alone.

    Parameters
    ----------
    sample : Design
    targets : array_like, shape (n,) or (n, c)
    penalties : array_like, shape (L,)
        Positive, as in `fit`. The same penalty per row is kept when a row is left out.

    Returns
    -------
    ndarray, shape (L,) or (L, c)

    Raises
    ------
    ValueError
        If rows do not match, or a penalty is not positive.

    Notes
    -----
    The residual of a left-out row is its residual over one minus its leverage, the identity behind scikit-learn's
    ``RidgeCV``, with which tests compare.

    Examples
    --------
    >>> sample = design([[0.0], [1.0], [2.0], [3.0]])
    >>> errors = leave_one_out(sample, [0.0, 1.0, 2.0, 3.0], [1e-9, 1.0])
    >>> bool(errors[0] < 1e-12 < errors[1])
    True
    """
    y = finite_array("targets", targets, (1, 2))
    same_rows(features=sample.left, targets=y)
    lam = finite_array("penalties", penalties, (1,))
    if lam.min() <= 0:
        raise ValueError(f"penalties = {lam.min():g} is not allowed: above 0")
    columns = y.reshape(len(y), -1)
    if sample.intercept:
        columns = columns - columns.mean(0)
    shares = sample.singular[:, None] ** 2 / (sample.singular[:, None] ** 2 + lam)  # (r, L)
    leverage = sample.left**2 @ shares + (1 / len(y) if sample.intercept else 0.0)
    projected = sample.left.T @ columns
    errors = []
    for at in range(lam.size):
        residual = columns - sample.left @ (shares[:, at, None] * projected)
        errors.append(((residual / (1 - leverage[:, at, None])) ** 2).mean(0))
    return np.array(errors).reshape(lam.size, *y.shape[1:])
