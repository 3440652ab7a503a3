"""Which student penalties win: H_1 and its level sets in closed form.

References
----------
.. [1] moniri2025, captions of Figures 4 and 5; the normalisation of H_1 there is unknown, its level sets are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.intrinsic_dimension.settings import fail, first_bad
from w2s_utils.theory.marchenko_pastur import solve
from w2s_utils.theory.regularization.teacher import teacher

Array = NDArray[np.float64]


def h1(lam_s: ArrayLike, gamma_s: ArrayLike) -> FloatOrArray:
    """``H_1 = lam m2/m1 - 1``: the student wins exactly where ``H_1(lam_s) < c``, with ``c = tau - 1`` of its teacher.

    Parameters
    ----------
    lam_s : array_like
        Student penalty, at least 0.
    gamma_s : array_like
        Dimension over pseudo-labelled points, above 0.

    Returns
    -------
    float or ndarray
        In [-1, 0]. Below ``gamma_s = 1`` it rises from -1 to 0; above, it starts at 0, is smallest at
        ``lam_s = gamma_s - 1`` and returns to 0.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> [round(float(h1(gamma - 1, gamma)), 3) for gamma in (1.1, 1.5, 2.0, 5.0)]
    [-0.349, -0.211, -0.146, -0.053]
    """
    non_negative(lam_s=lam_s)
    positive(gamma_s=gamma_s)
    at = solve(lam_s, gamma_s)
    return -np.divide(at.ratio, at.s, out=np.full(at.s.shape, 0.5), where=at.s > 0)


def h1_solutions(c: ArrayLike, gamma_s: ArrayLike) -> Array:
    """Penalties with ``H_1(lam_s) = c``, in closed form.

    Parameters
    ----------
    c : array_like
        Level, strictly between -1 and 0.
    gamma_s : array_like
        Dimension over pseudo-labelled points, above 0.

    Returns
    -------
    ndarray, shape (..., 2)
        Lower and upper solution, nan where there is none. Below ``gamma_s = 1`` there is one (the upper); above there
        are two or none, and their product is ``(gamma_s - 1)^2``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Notes
    -----
    With ``C = 1 + 2 c`` and ``K = 2 C^2/(1 - C^2)``, ``1 - gamma_s + K -+ sqrt(K^2 + 2 K (1 - gamma_s))``.

    Examples
    --------
    >>> h1_solutions(-0.1, 2.0).round(5).tolist(), h1_solutions(-0.4, 0.5).round(5).tolist()
    ([0.20378, 4.90733], [nan, 0.8838])
    """
    positive(gamma_s=gamma_s)
    level, gamma = np.broadcast_arrays(np.asarray(c, float), np.asarray(gamma_s, float))
    bad = ~((level > -1) & (level < 0))
    if bad.any():
        fail("c", first_bad(level, bad), "-1 < c < 0")
    C = 1 + 2 * level
    K = -(C**2) / (2 * level * (1 + level))  # 2 C^2/(1 - C^2), without cancellation
    middle, product = 1 - gamma + K, (gamma - 1) ** 2
    root = np.sqrt(np.maximum(K**2 + 2 * K * (1 - gamma), 0))
    upper = middle + root
    lower = np.divide(product, upper, out=np.zeros_like(upper), where=upper > 0)
    if_under = np.where(C >= 0, upper, lower)  # one branch: the product is taken without cancellation
    two = (C > 0) & (K >= 2 * (gamma - 1))
    nothing = np.full(level.shape, np.nan)
    at_one = np.where(C > 0, upper, np.nan)
    low = np.where((gamma > 1) & two, lower, nothing)
    high = np.where(gamma < 1, if_under, np.where(gamma > 1, np.where(two, upper, nothing), at_one))
    return np.stack([low, high], axis=-1)


def winning_penalties(
    lam_t: ArrayLike, *, gamma_t: ArrayLike, gamma_s: ArrayLike, sigma2: ArrayLike
) -> tuple[Array, Array]:
    """Open interval of student penalties that beat the teacher.

    Parameters
    ----------
    lam_t, gamma_t, gamma_s, sigma2 : array_like
        As in `student_error`.

    Returns
    -------
    low, high : ndarray
        ``0, 0`` where no penalty wins, ``0, inf`` where every positive one does.

    Raises
    ------
    ValueError
        Outside their ranges.

    Examples
    --------
    >>> low, high = winning_penalties(0.05, gamma_t=0.5, gamma_s=[0.5, 1.5, 2.0], sigma2=1.0)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.128, 0.0], [4.023, 1.957, 0.0])
    """
    positive(gamma_s=gamma_s)
    slack = teacher(lam_t, gamma_t, sigma2).slack
    slack, gamma = np.broadcast_arrays(slack, np.asarray(gamma_s, float))
    some, every = (slack > 0) & (slack < 1), slack >= 1
    roots = h1_solutions(np.where(some, slack - 1, -0.5), gamma)
    low = np.where(some, np.nan_to_num(roots[..., 0]), 0.0)
    high = np.where(every, np.inf, np.where(some, np.nan_to_num(roots[..., 1]), 0.0))
    return low, high
