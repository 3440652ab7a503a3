"""What a ridge teacher hands on: its overlap with the target and its squared norm.

References
----------
.. [1] moniri2025, Proposition 3 (its right-hand side was not available; this form is the book's).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.marchenko_pastur import solve

Array = NDArray[np.float64]


class Teacher(NamedTuple):
    """``error``; ``overlap`` with the target; ``norm2``; ``spread = norm2 - overlap^2``; ``slack`` (see `teacher`)."""

    error: Array
    overlap: Array
    norm2: Array
    spread: Array
    slack: Array


def teacher(lam_t: ArrayLike, gamma_t: ArrayLike, sigma2: ArrayLike) -> Teacher:
    """Limits of a ridge teacher's error and overlaps.

    Parameters
    ----------
    lam_t : array_like
        Penalty, at least 0.
    gamma_t : array_like
        Dimension over labelled points, above 0.
    sigma2 : array_like
        Variance of the label noise over the squared norm of the target, at least 0.

    Returns
    -------
    Teacher
        ``slack`` is ``2 (1 - overlap/norm2)``, positive exactly when the teacher is under-regularised.

    Raises
    ------
    ValueError
        Outside these ranges.

    Notes
    -----
    With ``at = solve(lam_t, gamma_t)`` the error is ``(kappa^2 + sigma2 gamma)/((1 + kappa) s)``, the overlap
    ``1/(1 + kappa)``, and ``norm2 - overlap = (sigma2 gamma - lam)/((1 + kappa) s)``: its sign says on which side
    of the optimum ``lam = sigma2 gamma`` the teacher lies. At ``gamma = 1``, ``lam = 0`` label noise makes the
    error infinite.

    Examples
    --------
    >>> at = teacher(0.05, 0.5, 1.0)
    >>> round(float(at.error), 4), round(float(at.slack), 4)
    (0.7338, 0.8299)
    """
    non_negative(lam_t=lam_t, sigma2=sigma2)
    positive(gamma_t=gamma_t)
    lam, gamma, noise = np.broadcast_arrays(*(np.asarray(v, float) for v in (lam_t, gamma_t, sigma2)))
    at = solve(lam, gamma)
    edge = at.s == 0  # the one point where the limit is not continuous: gamma = 1 without penalty
    s = np.where(edge, 1.0, at.s)
    error = np.where(edge, np.where(noise > 0, np.inf, 0.0), (at.kappa**2 + noise * gamma) * at.shrink / s)
    excess = np.where(edge, error, (noise * gamma - lam) * at.shrink / s)  # norm2 - overlap
    spread = gamma * (noise + error) * at.shrink**2
    norm2 = spread + at.shrink**2
    with np.errstate(invalid="ignore"):
        slack = np.where(np.isinf(excess), 2.0, 2 * excess / norm2)
    return Teacher(error, at.shrink, norm2, spread, slack)
