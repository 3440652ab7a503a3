"""Phase transitions: how under-regularised a teacher must be, and how over-parameterised a student may be.

References
----------
.. [1] moniri2025, Theorem 5 and Remark 6 (not available; forms are this book's).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.regularization.teacher import teacher


def teacher_slack(lam_t: ArrayLike, *, gamma_t: ArrayLike, sigma2: ArrayLike) -> FloatOrArray:
    """``tau(lam_t) = 2 (1 - o/q)``, the room a teacher leaves to its student.

    Parameters
    ----------
    lam_t, gamma_t, sigma2 : array_like
        As in `teacher_error`.

    Returns
    -------
    float or ndarray
        Positive exactly for under-regularised teachers; 1 and more when the teacher is no better than predicting 0.

    Raises
    ------
    ValueError
        Outside their ranges.

    Examples
    --------
    >>> teacher_slack([0.05, 0.5], gamma_t=0.5, sigma2=1.0).round(4).tolist()
    [0.8299, 0.0]
    """
    return teacher(lam_t, gamma_t, sigma2).slack


def required_slack(gamma_s: ArrayLike) -> FloatOrArray:
    """Slack above which some student penalty wins: the smallest ``h``, 0 below ``gamma_s = 1``.

    Parameters
    ----------
    gamma_s : array_like
        Dimension over pseudo-labelled points, above 0.

    Returns
    -------
    float or ndarray
        ``(1 + sqrt(1 - 1/gamma_s))/2`` from 1 on: it jumps from 0 to 1/2 at ``gamma_s = 1``.

    Raises
    ------
    ValueError
        If ``gamma_s`` is not positive.

    Examples
    --------
    >>> required_slack([0.9, 1.0, 2.0]).round(4).tolist()
    [0.0, 0.5, 0.8536]
    """
    positive(gamma_s=gamma_s)
    gamma = np.asarray(gamma_s, float)
    return np.where(gamma < 1, 0.0, (1 + np.sqrt(np.maximum(1 - 1 / gamma, 0))) / 2)


def critical_gamma_s(lam_t: ArrayLike, *, gamma_t: ArrayLike, sigma2: ArrayLike) -> FloatOrArray:
    """Largest ratio ``gamma_s`` below which some student penalty beats the given teacher.

    Parameters
    ----------
    lam_t, gamma_t, sigma2 : array_like
        As in `teacher_error`.

    Returns
    -------
    float or ndarray
        With ``C = 2 tau - 1``: ``1/(1 - C^2)`` for ``0 < C < 1``; 1 for ``C <= 0``; inf for ``tau >= 1``; 0 for a
        teacher that is not under-regularised (``tau <= 0``), which no student beats.

    Raises
    ------
    ValueError
        Outside their ranges.

    Examples
    --------
    >>> round(float(critical_gamma_s(0.05, gamma_t=0.5, sigma2=1.0)), 3)
    1.771
    """
    slack = teacher(lam_t, gamma_t, sigma2).slack
    C = 2 * slack - 1
    inside = (C > 0) & (slack < 1)
    value = np.where(inside, 1 / np.where(inside, 1 - C**2, 1.0), 1.0)
    return np.where(slack <= 0, 0.0, np.where(slack >= 1, np.inf, value))


def critical_lam_t(*, gamma_t: ArrayLike, gamma_s: ArrayLike, sigma2: ArrayLike) -> FloatOrArray:
    """Teacher penalty below which some student penalty wins.

    Parameters
    ----------
    gamma_t, gamma_s, sigma2 : array_like
        As in `student_error`.

    Returns
    -------
    float or ndarray
        ``sigma2 gamma_t`` for ``gamma_s < 1``, less above; 0 where no teacher penalty leaves enough slack.

    Raises
    ------
    ValueError
        Outside their ranges.

    Notes
    -----
    Uses that ``tau`` falls strictly on ``(0, sigma2 gamma_t)``: checked numerically, not proved.

    Examples
    --------
    >>> critical_lam_t(gamma_t=0.5, gamma_s=[0.5, 1.2, 1.5, 2.0, 4.0], sigma2=1.0).round(4).tolist()
    [0.5, 0.0969, 0.0645, 0.0421, 0.0179]
    """
    non_negative(sigma2=sigma2)
    positive(gamma_t=gamma_t, gamma_s=gamma_s)

    def root(ratio: float, needed: float, noise: float) -> float:
        best = noise * ratio
        if needed == 0 or best == 0:
            return best
        if float(teacher(0.0, ratio, noise).slack) <= needed:
            return 0.0
        return float(brentq(lambda lam: float(teacher(lam, ratio, noise).slack) - needed, 0.0, best, xtol=1e-14))

    return np.vectorize(root, otypes=[float])(gamma_t, required_slack(gamma_s), sigma2)
