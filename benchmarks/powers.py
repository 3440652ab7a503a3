"""How times grow: the exponent of a power law, fitted to medians over a range of sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from benchmarks.harness import alternate

Sides = Mapping[str, Callable[[int], Callable[[], Any]]]


def fit(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Slope of log seconds on log sizes by least squares, and its standard error from the residuals.

    The error says how far from a power law the times are, be it noise or curvature.

    Examples
    --------
    >>> fit([1, 2, 4], [3, 12, 48])[0]
    2.0
    """
    x, y = np.log(sizes), np.log(seconds)
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    left = y - y.mean() - slope * x
    return round(slope, 6), float(np.sqrt(left @ left / max(len(x) - 2, 1) / (x @ x)))


def curves(variable: str, fixed: str, sizes: Sequence[int], sides: Sides, repeats: int = 3) -> list[dict[str, Any]]:
    """Time every side at every size, all in turn, the package first.

    Parameters
    ----------
    variable, fixed : str
        What grows, and what does not.
    sizes : sequence of int
        At least three.
    sides : mapping of str to callable
        Name to a function that prepares the work of one size.
    repeats : int

    Returns
    -------
    list of dict
        Of each side ``variable``, ``fixed``, ``side``, ``sizes``, ``seconds``, ``exponent``, ``se``.
    """
    works = {(name, size): make(size) for name, make in sides.items() for size in sizes}
    for work in works.values():
        work()
    named = {f"{name} {size}": work for (name, size), work in works.items()}
    times = dict(zip(works, alternate(named, repeats).values(), strict=True))
    made = []
    for name in sides:
        seconds = [max(median(times[name, size]), 1e-9) for size in sizes]
        exponent, se = fit(sizes, seconds)
        about = {"variable": variable, "fixed": fixed, "side": name, "sizes": list(sizes), "seconds": seconds}
        made.append({**about, "exponent": exponent, "se": se})
    return made
