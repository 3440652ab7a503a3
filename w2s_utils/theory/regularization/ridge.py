"""Errors of a ridge teacher and of its ridge student, and the best penalties of both.

References
----------
.. [1] moniri2025, Proposition 3 and Theorem 4 (not available; forms are this book's, checked by simulation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.intrinsic_dimension.settings import fail, first_bad
from w2s_utils.theory.marchenko_pastur import solve
from w2s_utils.theory.regularization.teacher import teacher

_LOG_RANGE = (-40.0, 40.0)


def teacher_error(lam_t: ArrayLike, *, gamma_t: ArrayLike, sigma2: ArrayLike) -> FloatOrArray:
    """Excess error of a ridge teacher, ``lam^2 m2 + sigma2 gamma (m1 - lam m2)``.

    Parameters
    ----------
    lam_t : array_like
        Penalty, at least 0; 0 is the limit, minimum norm where ``gamma_t > 1``.
    gamma_t : array_like
        Dimension over labelled points, above 0.
    sigma2 : array_like
        Variance of the label noise at ``|beta| = 1``, at least 0.

    Returns
    -------
    float or ndarray
        In units of ``|beta|^2``; 1 is the error of predicting 0.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> round(float(teacher_error(0.05, gamma_t=0.5, sigma2=1.0)), 4)
    0.7338
    >>> round(float(teacher_error(0.5, gamma_t=0.5, sigma2=1.0)), 4)
    0.4142
    """
    return teacher(lam_t, gamma_t, sigma2).error


def optimal_teacher_penalty(*, gamma_t: ArrayLike, sigma2: ArrayLike) -> FloatOrArray:
    """Penalty of the best ridge teacher, ``sigma2 gamma_t``, which is also Bayes optimal.

    Parameters
    ----------
    gamma_t, sigma2 : array_like
        As in `teacher_error`.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        Outside their ranges.

    Examples
    --------
    >>> float(optimal_teacher_penalty(gamma_t=0.5, sigma2=1.0))
    0.5
    """
    non_negative(sigma2=sigma2)
    positive(gamma_t=gamma_t)
    return np.asarray(sigma2, float) * np.asarray(gamma_t, float)


def student_error(
    lam_t: ArrayLike, lam_s: ArrayLike, *, gamma_t: ArrayLike, gamma_s: ArrayLike, sigma2: ArrayLike
) -> FloatOrArray:
    """Excess error of a ridge student of a ridge teacher.

    Parameters
    ----------
    lam_t, lam_s : array_like
        Penalties of teacher and student, at least 0.
    gamma_t, gamma_s : array_like
        Dimension over labelled and over pseudo-labelled points, above 0.
    sigma2 : array_like
        Variance of the label noise at ``|beta| = 1``, at least 0.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        Outside these ranges.

    Notes
    -----
    With ``o``, ``q`` the teacher's overlap and squared norm, ``(1 - 2 lam m1 + lam^2 m2) q - 2 (1 - lam m1) o + 1`` at
    ``lam = lam_s``, ``gamma = gamma_s``; computed as a sum of positive terms.

    Examples
    --------
    >>> setting = dict(gamma_t=0.5, sigma2=1.0)
    >>> round(float(student_error(0.05, 0.2, gamma_s=0.5, **setting)), 4)
    0.5476
    >>> round(float(student_error(0.05, 1.0, gamma_s=2.0, **setting)), 4)
    0.76
    """
    non_negative(lam_t=lam_t, lam_s=lam_s, sigma2=sigma2)
    positive(gamma_t=gamma_t, gamma_s=gamma_s)
    first, at = teacher(lam_t, gamma_t, sigma2), solve(lam_s, gamma_s)
    gamma_s = np.asarray(gamma_s, float)
    lost = np.divide(at.kappa**2 * at.shrink, at.s, out=np.zeros(at.s.shape), where=at.kappa > 0)
    with np.errstate(invalid="ignore"):
        own = np.where(lost > 0, gamma_s * first.norm2 * lost, 0.0)  # the student's own fluctuation
        return (1 - first.overlap * at.shrink) ** 2 + (first.spread + own) * at.shrink**2


def student_wins(
    lam_t: ArrayLike, lam_s: ArrayLike, *, gamma_t: ArrayLike, gamma_s: ArrayLike, sigma2: ArrayLike
) -> NDArray[np.bool_]:
    """Whether the student's error is strictly below its teacher's: ``h(lam_s) < tau(lam_t)``.

    Parameters
    ----------
    lam_t, lam_s, gamma_t, gamma_s, sigma2 : array_like
        As in `student_error`.

    Returns
    -------
    ndarray of bool

    Raises
    ------
    ValueError
        Outside their ranges.

    Notes
    -----
    ``E_s - E_t = q lam_s m1 (h - tau)`` with ``h = lam_s m2/m1`` of the student, ``tau = 2 (1 - o/q)`` of its teacher.

    Examples
    --------
    >>> student_wins(0.05, [0.05, 0.5, 5.0], gamma_t=0.5, gamma_s=1.5, sigma2=1.0).tolist()
    [False, True, False]
    """
    non_negative(lam_t=lam_t, lam_s=lam_s, sigma2=sigma2)
    positive(gamma_t=gamma_t, gamma_s=gamma_s)
    first, at = teacher(lam_t, gamma_t, sigma2), solve(lam_s, gamma_s)
    h = np.divide(at.kappa, at.s, out=np.full(at.s.shape, 0.5), where=at.s > 0)
    return (at.kappa > 0) & (h < first.slack)


def best_student_penalty(
    lam_t: ArrayLike, *, gamma_t: ArrayLike, gamma_s: ArrayLike, sigma2: ArrayLike
) -> FloatOrArray:
    """Student penalty with the smallest error: the root of ``lam (1 + kappa)/s^2 = tau/2``.

    Parameters
    ----------
    lam_t, gamma_t, gamma_s, sigma2 : array_like
        As in `student_error`.

    Returns
    -------
    float or ndarray
        0 where any penalty hurts (``tau <= 0``), inf where the student had better predict 0 (``tau >= 2``).

    Raises
    ------
    ValueError
        Outside their ranges.

    Notes
    -----
    ``dE_s/dlam = 0`` is ``lam (m2 - lam m3)/(m1 - lam m2) = tau/2``; the left side is ``lam (1 + kappa)/s^2`` and rises
    from 0 to 1. Solved by bisection in ``log lam``.

    Examples
    --------
    >>> best = best_student_penalty(0.05, gamma_t=0.5, gamma_s=[0.5, 2.0], sigma2=1.0)
    >>> student_error(0.05, best, gamma_t=0.5, gamma_s=[0.5, 2.0], sigma2=1.0).round(4).tolist()
    [0.5197, 0.7598]
    """
    return penalty_of_slack(teacher(lam_t, gamma_t, sigma2).slack, gamma_s)


def penalty_of_slack(slack: ArrayLike, gamma_s: ArrayLike) -> FloatOrArray:
    """Student penalty with the smallest error when the teacher is known by its slack ``tau`` alone.

    Parameters
    ----------
    slack : array_like
        ``tau = 2 (1 - o/q)`` of the teacher, at most 2.
    gamma_s : array_like
        As in `best_student_penalty`.

    Returns
    -------
    float or ndarray
        As `best_student_penalty`.

    Raises
    ------
    ValueError
        If ``gamma_s <= 0`` or ``slack > 2``.

    Examples
    --------
    >>> round(float(penalty_of_slack(1.0, 1.0)), 6)
    0.828427
    """
    positive(gamma_s=gamma_s)
    bad = ~(np.asarray(slack, float) <= 2)
    if bad.any():
        fail("slack", first_bad(np.asarray(slack, float), bad), "at most 2")
    half, gamma_s = np.broadcast_arrays(np.asarray(slack, float) / 2, np.asarray(gamma_s, float))
    low, high = (np.full(half.shape, end) for end in _LOG_RANGE)
    for _ in range(70):
        middle = (low + high) / 2
        lam = np.exp(middle)
        at = solve(lam, gamma_s)
        above = lam * (1 + at.kappa) / at.s**2 > half
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(half <= 0, 0.0, np.where(half >= 1, np.inf, np.exp((low + high) / 2)))
