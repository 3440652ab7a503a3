r"""Resolvent functionals of a large isotropic sample covariance, in closed form.

``S`` is the covariance of ``n`` standard normal rows in ``d`` dimensions, ``gamma = d/n`` stays fixed while both grow.
Everything follows from ``kappa``, the positive root of ``kappa = lam + gamma kappa/(1 + kappa)``: a ridge fit with
penalty ``lam`` on random data acts, on average, like one with penalty ``kappa`` on the population. Forms are chosen so
that nothing cancels and ``lam = 0`` is the limit. Must not import ``simulate``.

References
----------
.. [1] moniri2025: On the Mechanisms of Weak-to-Strong Generalization, Definition 2 (its text was not available).
.. [2] marchenko1967: distribution of eigenvalues of sample covariance matrices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive

Array = NDArray[np.float64]


class Solution(NamedTuple):
    """``kappa``; ``s`` (the discriminant, ``s = kappa + ratio``); ``ratio = lam/kappa``; ``shrink = 1/(1 + kappa)``."""

    kappa: Array
    s: Array
    ratio: Array
    shrink: Array


def solve(lam: ArrayLike, gamma: ArrayLike) -> Solution:
    """All parts of the solution at once, for the formulas of this book.

    Parameters
    ----------
    lam : array_like
        Penalty, at least 0.
    gamma : array_like
        Dimension over sample size, above 0.

    Returns
    -------
    Solution
        Arrays of the broadcast shape.

    Raises
    ------
    ValueError
        If ``lam < 0`` or ``gamma <= 0``, or a value is not finite.

    Examples
    --------
    >>> at = solve(0.0, 2.0)
    >>> float(at.kappa), float(at.s), float(at.ratio), float(at.shrink)
    (1.0, 1.0, 0.0, 0.5)
    """
    non_negative(lam=lam)
    positive(gamma=gamma)
    lam, gamma = np.broadcast_arrays(np.asarray(lam, float), np.asarray(gamma, float))
    u = lam + gamma - 1
    s = np.sqrt(u**2 + 4 * lam)
    # kappa and -ratio are the roots of x^2 - u x - lam: take the one without cancellation, the other by division
    larger = (s + np.abs(u)) / 2
    smaller = np.divide(lam, larger, out=np.zeros_like(s), where=larger > 0)
    kappa, ratio = np.where(u >= 0, larger, smaller), np.where(u >= 0, smaller, larger)
    return Solution(kappa, s, ratio, 1 / (1 + kappa))


def kappa(lam: ArrayLike, gamma: ArrayLike) -> FloatOrArray:
    """Effective penalty, the positive root of ``kappa = lam + gamma kappa/(1 + kappa)``.

    Parameters
    ----------
    lam, gamma : array_like
        Penalty (at least 0) and dimension over sample size (above 0).

    Returns
    -------
    float or ndarray
        At least ``lam``; at ``lam = 0`` it is ``max(gamma - 1, 0)``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> float(kappa(0.0, 1.5)), round(float(kappa(0.5, 0.5)), 6)
    (0.5, 0.707107)
    """
    return solve(lam, gamma).kappa


def m1(lam: ArrayLike, gamma: ArrayLike) -> FloatOrArray:
    """Limit of ``tr (S + lam)^-1 / d``.

    Parameters
    ----------
    lam, gamma : array_like
        Penalty (at least 0) and dimension over sample size (above 0).

    Returns
    -------
    float or ndarray
        inf at ``lam = 0`` where ``gamma >= 1``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> float(m1(0.0, 0.5)), round(float(m1(1.0, 1.0)), 6)
    (2.0, 0.618034)
    """
    at = solve(lam, gamma)
    return _over(at.shrink, at.ratio)


def m2(lam: ArrayLike, gamma: ArrayLike) -> FloatOrArray:
    """Limit of ``tr (S + lam)^-2 / d``, minus the derivative of `m1` in ``lam``.

    Parameters
    ----------
    lam, gamma : array_like
        Penalty (at least 0) and dimension over sample size (above 0).

    Returns
    -------
    float or ndarray
        inf at ``lam = 0`` where ``gamma >= 1``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> float(m2(0.0, 0.5)), round(float(m2(1.0, 1.0)), 6)
    (8.0, 0.447214)
    """
    at = solve(lam, gamma)
    return _over(at.shrink, at.ratio**2 * at.s)


def m3(lam: ArrayLike, gamma: ArrayLike) -> FloatOrArray:
    """Limit of ``tr (S + lam)^-3 / d``, minus half the derivative of `m2` in ``lam``.

    Parameters
    ----------
    lam, gamma : array_like
        Penalty (at least 0) and dimension over sample size (above 0).

    Returns
    -------
    float or ndarray
        inf at ``lam = 0`` where ``gamma >= 1``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> float(m3(0.0, 0.5)), round(float(m3(1.0, 1.0)), 6)
    (48.0, 0.357771)
    """
    at = solve(lam, gamma)
    # shrink/(ratio^2 s^2) (1/ratio + (1 - ratio)/s), on one denominator
    return _over(at.shrink * (at.s + at.ratio * (1 - at.ratio)), at.ratio**3 * at.s**3)


def _over(numerator: Array, denominator: Array) -> Array:
    """Quotient of non-negative numbers; inf, without a warning, where the denominator vanishes in the limit."""
    with np.errstate(over="ignore"):
        return np.divide(numerator, denominator, out=np.full(np.shape(denominator), np.inf), where=denominator > 0)
