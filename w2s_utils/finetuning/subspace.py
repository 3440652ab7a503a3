"""The smallest subspace that does nearly as well as all parameters. Imports numpy only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def dimension_reaching(dims: ArrayLike, accuracies: ArrayLike, target: float) -> float:
    r"""Smallest subspace dimension at which accuracy reaches a target, between the tried ones on a log scale.

    With a target of 90 % of the accuracy of fine-tuning all parameters, this is :math:`d_{90}`.

    Parameters
    ----------
    dims : array_like, shape (k,)
        Dimensions tried, increasing; the last one is usually the number of parameters.
    accuracies : array_like, shape (k,)
        In [0, 1].
    target : float
        Accuracy to be reached.

    Returns
    -------
    float
        Where the line through neighbouring points, in log d, first meets the target; the first dimension if it is
        reached there already, nan if it never is.

    Raises
    ------
    ValueError
        If the dimensions do not increase, or the shapes differ.

    References
    ----------
    .. [1] Li et al., Measuring the intrinsic dimension of objective landscapes, ICLR 2018: the 90 % convention.

    Examples
    --------
    >>> round(dimension_reaching([4, 16, 64], [0.5, 0.8, 0.9], 0.65), 6)
    8.0
    """
    d, reached = np.asarray(dims, float), np.asarray(accuracies, float)
    if d.ndim != 1 or d.shape != reached.shape or d.size == 0 or d[0] <= 0 or np.any(np.diff(d) <= 0):
        raise ValueError(f"dims = {d.tolist()} is not allowed: positive, increasing, one for each accuracy")
    if not np.any(reached >= target):
        return float("nan")
    at = int(np.argmax(reached >= target))
    if at == 0:
        return float(d[0])
    share = (target - reached[at - 1]) / (reached[at] - reached[at - 1])
    return float(d[at - 1] * (d[at] / d[at - 1]) ** share)


def _log2_needed(dims: ArrayLike, curve: Array, goal: Array, share: float, rows: NDArray[np.bool_]) -> float:
    reached = dimension_reaching(dims, curve[rows].mean(0), share * goal[rows, -1].mean())
    # a model that never reaches the target needs all parameters at least
    return float(np.log2(np.nan_to_num(reached, nan=np.max(dims))))


def _jackknife(effect: Callable[[NDArray[np.bool_]], float], count: int) -> tuple[float, float]:
    left_out = np.array([effect(np.arange(count) != k) for k in range(count)])
    spread = np.mean((left_out - left_out.mean()) ** 2)
    return effect(np.ones(count, bool)), float(np.sqrt((count - 1) * spread))


def dimension_needed(
    dims: ArrayLike, curves: ArrayLike, *, share: float = 0.9, reference: ArrayLike | None = None
) -> tuple[float, float]:
    """Logarithm to base 2 of the dimension at which the mean curve reaches a target; and its standard error.

    Parameters
    ----------
    dims : array_like, shape (k,)
        As in `dimension_reaching`.
    curves : array_like, shape (replicates, k)
        Accuracies, replicate by replicate; the last column is fine-tuning all parameters.
    share : float
        Of the full accuracy that is to be reached.
    reference : array_like, shape (replicates, k), optional
        Model whose full accuracy sets the target; the model's own by default.

    Returns
    -------
    log2_dimension, se : float
        That of the last dimension where the target is never reached; jackknife over replicates.

    Raises
    ------
    ValueError
        With fewer than three replicates.

    Examples
    --------
    >>> dimension_needed([4, 8, 16], np.full((3, 3), [0.5, 0.81, 0.9]))
    (3.0, 0.0)
    """
    curve = np.asarray(curves, float)
    goal = curve if reference is None else np.asarray(reference, float)
    if len(curve) < 3 or goal.shape != curve.shape:
        raise ValueError(f"curves = {curve.shape} is not allowed: at least three replicates, as many as the reference")
    return _jackknife(lambda rows: _log2_needed(dims, curve, goal, share, rows), len(curve))


def dimension_ratio(
    dims: ArrayLike, first: ArrayLike, second: ArrayLike, *, share: float = 0.9, reference: ArrayLike | None = None
) -> tuple[float, float]:
    """How many times, in powers of 2, the first model needs the second one's dimension; and its standard error.

    Parameters
    ----------
    dims : array_like, shape (k,)
        As in `dimension_reaching`.
    first, second : array_like, shape (replicates, k)
        Accuracies, replicate by replicate; the last column is fine-tuning all parameters.
    share : float
        Of the full accuracy that is to be reached.
    reference : array_like, shape (replicates, k), optional
        Model whose full accuracy sets the target of both; each model's own by default.

    Returns
    -------
    log2_ratio, se : float
        Of the dimensions at which the mean curves reach the target; jackknife over replicates.

    Raises
    ------
    ValueError
        With fewer than three replicates.

    Examples
    --------
    >>> low, high = np.full((3, 3), [0.5, 0.6, 0.9]), np.full((3, 3), [0.6, 0.9, 0.9])
    >>> effect, se = dimension_ratio([4, 8, 16], low, high)
    >>> round(effect, 3), se
    (1.0, 0.0)
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    goals = (a, b) if reference is None else (np.asarray(reference, float),) * 2
    if len(a) < 3 or a.shape != b.shape:
        raise ValueError(f"first = {a.shape} is not allowed: at least three replicates, as many as of the second")

    def effect(rows: NDArray[np.bool_]) -> float:
        needed = [_log2_needed(dims, curve, goal, share, rows) for curve, goal in zip((a, b), goals, strict=True)]
        return needed[0] - needed[1]

    return _jackknife(effect, len(a))
