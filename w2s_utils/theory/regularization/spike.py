"""A student whose penalty spares one direction, ``I + (g - 1) u u'``, aligned with the target to the degree ``zeta``.

References
----------
.. [1] moniri2025, Theorem 8 and Figures 2 and 3 (penalty and definition of zeta are not available: here
   ``zeta = <u, beta>/|beta|``, the book's choice).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive, within
from w2s_utils.theory.intrinsic_dimension.settings import fail, first_bad
from w2s_utils.theory.marchenko_pastur import solve
from w2s_utils.theory.regularization.teacher import teacher

Array = NDArray[np.float64]


def _parts(lam_t, lam_s, gamma_t, gamma_s, sigma2, g) -> tuple[Array, Array]:
    """The error is affine in ``zeta^2``: its value at 0 and its slope (never positive)."""
    first, at = teacher(lam_t, gamma_t, sigma2), solve(lam_s, gamma_s)
    g = np.asarray(g, float)
    o, D, D_u = first.overlap, at.shrink, 1 / (1 + g * at.kappa)
    # gamma D^2/(1 - gamma D^2), where 1 - gamma D^2 = s D
    swap = np.divide(np.asarray(gamma_s, float) * D, at.s, out=np.zeros(at.s.shape), where=at.kappa > 0)
    # a student that shrinks nothing keeps none of it, however long the teacher (infinite at lam_t = 0, gamma_t = 1)
    shrunk, norm2 = np.broadcast_arrays(np.where(at.kappa > 0, swap * (1 - D) ** 2, 0.0), first.norm2)
    kept = np.multiply(shrunk, norm2, out=np.zeros(shrunk.shape), where=shrunk > 0)
    plain = (1 - o * D) ** 2 + first.spread * D**2 + kept
    # (1 - o D_u)^2 - (1 - o D)^2 and (1 - D_u)^2 - (1 - D)^2, as products
    gap = D_u - D
    slope = -gap * o * (2 - o * (D + D_u)) - swap * o**2 * gap * (2 - D - D_u)
    return plain, slope


def weighted_student_error(
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    *,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    zeta: ArrayLike,
    g: ArrayLike,
) -> FloatOrArray:
    """Excess error of a student with the spiked penalty ``lam_s (I + (g - 1) u u')``; the teacher's is plain ridge.

    Parameters
    ----------
    lam_t, lam_s : array_like
        Penalties, at least 0.
    gamma_t, gamma_s : array_like
        Dimension over labelled and over pseudo-labelled points, above 0.
    sigma2 : array_like
        Variance of the label noise at ``|beta| = 1``, at least 0.
    zeta : array_like
        Cosine between ``u`` and the target, in [-1, 1].
    g : array_like
        Penalty left along ``u``, in [0, 1]; 1 is plain ridge.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        Outside these ranges.

    Notes
    -----
    With ``D = 1/(1 + kappa)``, ``D_u = 1/(1 + g kappa)``, ``S = q - o^2``:
    ``Q = (o^2 [(1 - zeta^2)(1 - D)^2 + zeta^2 (1 - D_u)^2] + S (1 - D)^2)/(1 - gamma_s D^2)`` and
    ``E_s = (1 - zeta^2)(1 - o D)^2 + zeta^2 (1 - o D_u)^2 + S D^2 + gamma_s Q D^2``.

    Examples
    --------
    >>> setting = dict(gamma_t=0.5, sigma2=0.5, zeta=0.8)
    >>> weighted_student_error(0.25, [0.1, 0.5, 2.0, 10.0], gamma_s=0.5, g=0.1, **setting).round(4).tolist()
    [0.2604, 0.2729, 0.3611, 0.5884]
    >>> weighted_student_error(0.25, [0.1, 0.5, 2.0, 10.0], gamma_s=2.0, g=0.1, **setting).round(4).tolist()
    [0.3709, 0.3792, 0.4339, 0.6152]
    """
    non_negative(lam_t=lam_t, lam_s=lam_s, sigma2=sigma2)
    positive(gamma_t=gamma_t, gamma_s=gamma_s)
    within(-1, 1, zeta=zeta)
    within(0, 1, g=g)
    plain, slope = _parts(lam_t, lam_s, gamma_t, gamma_s, sigma2, g)
    return plain + np.asarray(zeta, float) ** 2 * slope


def aligned_slope(
    lam_t: ArrayLike,
    *,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    zeta: ArrayLike,
    g: ArrayLike,
) -> FloatOrArray:
    """Derivative of `weighted_student_error` in ``lam_s`` at 0, for an under-parameterised student.

    Parameters
    ----------
    lam_t, gamma_t, gamma_s, sigma2, zeta, g : array_like
        As in `weighted_student_error`, with ``gamma_s < 1``.

    Returns
    -------
    float or ndarray
        ``-2/(1 - gamma_s) [(q - o) + o (1 - o)(1 - g) zeta^2]``: at the
        optimal teacher negative for every ``zeta != 0``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> setting = dict(gamma_t=0.5, gamma_s=0.5, sigma2=0.5, g=0.0)
    >>> aligned_slope(0.25, zeta=[0.3, 0.8], **setting).round(4).tolist()
    [-0.0727, -0.517]
    """
    positive(gamma_t=gamma_t, gamma_s=gamma_s)
    within(-1, 1, zeta=zeta)
    within(0, 1, g=g)
    gamma = np.asarray(gamma_s, float)
    if np.any(bad := ~(gamma < 1)):
        fail("gamma_s", first_bad(gamma, bad), "gamma_s < 1 (the slope is that of an under-parameterised student)")
    first = teacher(lam_t, gamma_t, sigma2)
    kept = first.overlap * (1 - first.overlap) * (1 - np.asarray(g, float)) * np.asarray(zeta, float) ** 2
    return -2 / (1 - gamma) * (first.norm2 - first.overlap + kept)


def critical_alignment(
    lam_t: ArrayLike | None = None,
    *,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    g: ArrayLike = 0.0,
) -> FloatOrArray:
    """Smallest ``|zeta|`` beyond which some student penalty beats the teacher.

    Parameters
    ----------
    lam_t : array_like, optional
        Teacher penalty; by default the optimal one.
    gamma_t, gamma_s, sigma2, g : array_like
        As in `weighted_student_error`, with ``g < 1``.

    Returns
    -------
    float or ndarray
        0 when any alignment is enough (always so for ``gamma_s < 1`` at the optimal teacher), inf when none is.

    Raises
    ------
    ValueError
        Outside these ranges, and for ``g = 1``.

    Notes
    -----
    The error is affine in ``zeta^2``; the threshold of each ``lam_s`` is minimised over a grid from 1e-8 to 1e8,
    refined three times.

    Examples
    --------
    >>> critical_alignment(gamma_t=0.5, gamma_s=[0.5, 1.1, 2.0, 4.0], sigma2=0.5).round(3).tolist()
    [0.0, 0.795, 0.852, 0.87]
    """
    non_negative(sigma2=sigma2, **({} if lam_t is None else {"lam_t": lam_t}))
    positive(gamma_t=gamma_t, gamma_s=gamma_s)
    within(0, 1, g=g)
    if np.any(np.asarray(g) == 1):
        fail("g", 1, "0 <= g < 1 (with g = 1 the penalty is plain ridge)")

    def smallest(penalty: float, ratio: float, own: float, noise: float, left: float) -> float:
        target, low, high, best = float(teacher(penalty, ratio, noise).error), -8.0, 8.0, np.inf
        for _ in range(4):
            grid = np.logspace(low, high, 401)
            plain, slope = _parts(penalty, grid, ratio, own, noise, left)
            needed = np.divide(plain - target, -slope, out=np.full(grid.shape, np.inf), where=slope < 0)
            at, step = int(np.argmin(needed)), (high - low) / 400
            best = min(best, float(needed[at]))
            low, high = np.log10(grid[at]) - step, np.log10(grid[at]) + step
        if own < 1 and float(aligned_slope(penalty, gamma_t=ratio, gamma_s=own, sigma2=noise, zeta=1e-6, g=left)) < 0:
            return 0.0
        return float(np.sqrt(max(best, 0.0))) if best <= 1 else np.inf

    penalty = np.asarray(sigma2, float) * np.asarray(gamma_t, float) if lam_t is None else lam_t
    return np.vectorize(smallest, otypes=[float])(penalty, gamma_t, gamma_s, sigma2, g)
