"""Argument checks of the ridge engines, and means over designs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.simulate._pair import refuse

Array = NDArray[np.float64]


def estimate(values: ArrayLike) -> tuple[Array, Array]:
    """Mean over designs (the first axis) and its standard error.

    Parameters
    ----------
    values : array_like, shape (trials, ...)
        At least two designs.

    Returns
    -------
    mean, se : ndarray

    Raises
    ------
    ValueError
        If there are fewer than two designs.

    Examples
    --------
    >>> [float(x) for x in estimate([1.0, 3.0])]
    [2.0, 1.0]
    """
    array = np.asarray(values, float)
    if array.ndim == 0 or len(array) < 2:
        refuse("values", f"an array of shape {array.shape}", "at least two designs")
    return array.mean(0), array.std(0, ddof=1) / np.sqrt(len(array))


def penalties(name: str, values: ArrayLike) -> Array:
    array = np.atleast_1d(np.asarray(values, float))
    bad = ~((array >= 0) & np.isfinite(array))
    if array.ndim != 1 or array.size == 0:
        refuse(name, f"an array of shape {array.shape}", "a number or a list of numbers")
    if bad.any():
        refuse(name, f"{array[bad][0]:g}", "finite and at least 0")
    return array


def number(name: str, value: float, low: float, high: float) -> float:
    if not (low <= value <= high and np.isfinite(value)):
        limits = f"finite and at least {low:g}" if high == np.inf else f"{low:g} <= {name} <= {high:g}"
        refuse(name, value, limits)
    return float(value)
