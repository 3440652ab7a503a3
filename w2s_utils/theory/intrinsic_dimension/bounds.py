"""Lower bounds of PGR and OPR, and the labelled sample sizes at which bounds and exact ratios peak.

References
----------
.. [1] dong2025: Discrepancies are Virtue, read from talks and the authors' code; theorem numbers are unknown.
.. [2] anderson2003: expectation of the inverse of a Wishart matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory.intrinsic_dimension.risks import excess_risks
from w2s_utils.theory.intrinsic_dimension.settings import (
    Array,
    check_setting,
    choose,
    effective_overlap,
    fail,
    first_bad,
    floats,
)


def pgr_lower_bound(
    n: ArrayLike,
    N: ArrayLike,
    *,
    d_w: ArrayLike,
    d_s: ArrayLike,
    d_sw: ArrayLike,
    sigma2: ArrayLike,
    rho: ArrayLike,
    evaluate: str = "unlabeled",
) -> FloatOrArray:
    """Lower bound of the performance gap recovered, as coded by the authors of dong2025.

    ``1 - n/(n - d_w - 1) D_N/d_w - n/d_w rho/sigma2`` with ``rho = rho_w + rho_s`` [1]_.

    Parameters
    ----------
    n, N, d_w, d_s, d_sw, sigma2 : array_like
        As in `excess_risks`; ``sigma2 > 0``.
    rho : array_like
        Sum of the two approximation errors.
    evaluate : {"unlabeled", "population"}
        The authors' form, or this book's correction for risks on fresh points: ``N - d_s - 1`` in ``D_N``, and
        ``rho`` times the larger of ``1 + D_N/(n - d_w - 1)`` and ``(N - 1)/(N - d_s - 1)``. The correction is for
        supports aligned with the axes, where ``p <= rho_s``; partial angles can cross it.

    Returns
    -------
    float or ndarray
        At most 1. Only values of 0 and more say something, and only where the teacher is worse than the ceiling:
        the first step of the proof divides by the teacher's risk, which needs a student no worse than it.

    Raises
    ------
    ValueError
        As `excess_risks`.

    Examples
    --------
    >>> setting = dict(d_w=100, d_s=80, d_sw=10, sigma2=1.0, rho=0.1)
    >>> [round(float(pgr_lower_bound(n, 4000, **setting)), 3) for n in (110, 200, 600)]
    [-0.552, 0.562, 0.258]
    """
    return 1 - _inverse_bound(n, N, d_w, d_s, d_sw, sigma2, rho, evaluate) / np.asarray(d_w, float)


def opr_lower_bound(
    n: ArrayLike,
    N: ArrayLike,
    *,
    d_w: ArrayLike,
    d_s: ArrayLike,
    d_sw: ArrayLike,
    sigma2: ArrayLike,
    rho: ArrayLike,
    evaluate: str = "unlabeled",
) -> FloatOrArray:
    """Lower bound of the outperforming ratio, as coded by the authors of dong2025 [1]_.

    Parameters
    ----------
    n, N, d_w, d_s, d_sw, sigma2, rho, evaluate
        As in `pgr_lower_bound`.

    Returns
    -------
    float or ndarray
        ``d_s / (n/(n - d_w - 1) D_N + n rho/sigma2)``, positive.

    Raises
    ------
    ValueError
        As `excess_risks`.

    Examples
    --------
    >>> setting = dict(d_w=100, d_s=80, d_sw=10, sigma2=1.0, rho=0.1)
    >>> round(float(opr_lower_bound(220, 500, **setting)), 3)
    1.192
    """
    return np.asarray(d_s, float) / _inverse_bound(n, N, d_w, d_s, d_sw, sigma2, rho, evaluate)


def _inverse_bound(
    n: ArrayLike,
    N: ArrayLike,
    d_w: ArrayLike,
    d_s: ArrayLike,
    d_sw: ArrayLike,
    sigma2: ArrayLike,
    rho: ArrayLike,
    evaluate: str,
) -> Array:
    choose("evaluate", evaluate, "unlabeled", "population")
    check_setting(n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate=evaluate, sigma2=sigma2, rho=rho)
    _check_noise(sigma2)
    overlap = effective_overlap(N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate=evaluate)
    n, N, d_w, d_s, sigma2, rho = floats(n, N, d_w, d_s, sigma2, rho)
    bias = n * rho / sigma2
    if evaluate == "population":
        bias = bias * np.maximum(1 + overlap / (n - d_w - 1), 1 + d_s / (N - d_s - 1))
    return n / (n - d_w - 1) * overlap + bias


def _check_noise(sigma2: ArrayLike) -> None:
    (values,) = floats(sigma2)
    if not np.all(values > 0):
        fail("sigma2", first_bad(values, ~(values > 0)), "sigma2 > 0 (the bounds divide by it)")


def optimal_n(
    N: ArrayLike, *, d_w: ArrayLike, d_s: ArrayLike, d_sw: ArrayLike, sigma2: ArrayLike, rho: ArrayLike
) -> FloatOrArray:
    """Labelled sample size at which both lower bounds of dong2025 peak.

    Parameters
    ----------
    N, d_w, d_s, d_sw, sigma2, rho : array_like
        As in `pgr_lower_bound`.

    Returns
    -------
    float or ndarray
        ``d_w + 1 + sqrt((d_w + 1) D_N sigma2/rho)``; inf for ``rho = 0``, where the bounds only rise with n.

    Raises
    ------
    ValueError
        As `excess_risks`.

    Examples
    --------
    >>> round(float(optimal_n(1600, d_w=100, d_s=80, d_sw=10, sigma2=1.0, rho=0.1)), 1)
    222.0
    """
    check_setting(None, N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate="unlabeled", sigma2=sigma2, rho=rho)
    _check_noise(sigma2)
    overlap = effective_overlap(N, d_w=d_w, d_s=d_s, d_sw=d_sw)
    d_w, sigma2, rho = floats(d_w, sigma2, rho)
    scale = np.where(rho > 0, sigma2 / np.where(rho > 0, rho, 1.0), np.inf)
    return d_w + 1 + np.sqrt((d_w + 1) * overlap * scale)


def optimal_n_exact(
    N: ArrayLike,
    *,
    d_w: ArrayLike,
    d_s: ArrayLike,
    d_sw: ArrayLike,
    sigma2: ArrayLike,
    rho_w: ArrayLike = 0.0,
    rho_s: ArrayLike = 0.0,
    rho_sw: ArrayLike | None = None,
    p: ArrayLike = 0.0,
    of: str = "pgr",
    n_range: tuple[int, int] = (400, 4000),
) -> tuple[int, bool] | tuple[NDArray[np.int_], NDArray[np.bool_]]:
    """Labelled sample size at which the exact PGR or OPR (ratio of expected risks) peaks.

    Parameters
    ----------
    N, d_w, d_s, d_sw, sigma2, rho_w, rho_s, rho_sw, p : array_like
        As in `excess_risks`.
    of : {"pgr", "opr"}
        The ratio to maximise.
    n_range : tuple of int
        Integers searched, ends included; the lower end above ``max(d_w, d_s) + 1``.

    Returns
    -------
    n : int or ndarray
        The best integer of the range.
    at_edge : bool or ndarray
        True where the best is an end of the range, that is, where there is no peak inside it.

    Raises
    ------
    ValueError
        Outside the ranges above.

    Examples
    --------
    >>> optimal_n_exact(4000, d_w=200, d_s=100, d_sw=90, sigma2=1e-2, rho_w=1.64e-4, rho_s=5.48e-5, p=3.7e-5)
    (896, False)
    """
    choose("of", of, "pgr", "opr")
    low, high = n_range
    grid = np.arange(int(low), int(high) + 1)
    widest = np.max(np.maximum(*floats(d_w, d_s)))
    if grid.size == 0 or not low > widest + 1:
        fail("n_range", n_range, f"max(d_w, d_s) + 1 = {widest + 1:g} < low <= high")
    given = {"N": N, "d_w": d_w, "d_s": d_s, "d_sw": d_sw, "sigma2": sigma2, "rho_w": rho_w, "rho_s": rho_s, "p": p}
    if rho_sw is not None:
        given["rho_sw"] = rho_sw
    risks = excess_risks(grid, **{name: np.asarray(value, float)[..., None] for name, value in given.items()})
    best = np.argmax(getattr(risks, of), axis=-1)
    edge = (best == 0) | (best == grid.size - 1)
    if np.ndim(best) == 0:
        return int(grid[best]), bool(edge)
    return grid[best], edge
