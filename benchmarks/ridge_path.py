"""A path of ridge penalties, `fit_ridge` against a loop over scikit-learn's ``Ridge``."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from benchmarks import needs
from benchmarks.harness import Memory, Row, Side, alternate
from benchmarks.powers import Sides, curves
from w2s_utils.regression import fit_ridge

SIZES: dict[str, dict[str, Any]] = {
    "full": {"n": 4000, "d": 400, "L": 50, "repeats": 5, "growth": (1000, 100, 10), "doublings": 4},
    "tiny": {"n": 80, "d": 8, "L": 5, "repeats": 2, "growth": (40, 4, 2), "doublings": 3},
}


def works(size: str) -> dict[str, Callable[[], Any]]:
    """The two sides, on the same data and penalties."""
    return sides(*(SIZES[size][key] for key in ("n", "d", "L")))


def sides(n: int, d: int, L: int) -> dict[str, Callable[[], Any]]:
    """The two sides at any size."""
    rng = np.random.default_rng(0)
    features, targets = rng.standard_normal((n, d)), rng.standard_normal(n)
    penalties = np.logspace(-4, 2, L)

    def loop() -> np.ndarray:
        # scikit-learn penalises the sum of squares, not the mean
        fits = (Ridge(alpha=n * p, fit_intercept=False).fit(features, targets) for p in penalties)
        return np.array([fit.coef_ for fit in fits])

    return {"fit_ridge": lambda: fit_ridge(features, targets, penalties), "scikit-learn Ridge loop": loop}


def growth(size: str) -> list[dict[str, Any]]:
    """Both sides as rows, features or penalties double."""
    n, d, L = SIZES[size]["growth"]
    factors = [2**at for at in range(SIZES[size]["doublings"])]

    def pair(shape: Callable[[int], tuple[int, int, int]]) -> Sides:
        return {name: lambda value, name=name: sides(*shape(value))[name] for name in works(size)}  # type: ignore[misc]

    return [
        *curves("n", f"d = {2 * d}, {5 * L} penalties", [n * f for f in factors], pair(lambda n: (n, 2 * d, 5 * L))),
        *curves("d", f"n = {4 * n}, {L} penalties", [d * f for f in factors], pair(lambda d: (4 * n, d, L))),
        *curves("penalties", f"n = {2 * n}, d = {d}", [L * f for f in factors], pair(lambda L: (2 * n, d, L))),
    ]


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure the row."""
    compared = works(size)
    n, d, L, repeats = (SIZES[size][key] for key in ("n", "d", "L", "repeats"))
    first = [work() for work in compared.values()]  # warms up, and the answers must agree
    difference = float(np.abs(first[0] - first[1]).max())
    seconds = {name: median(times) for name, times in alternate(compared, repeats).items()}
    return [
        Row(
            id="ridge-path",
            claim=f"{L} ridge penalties, n = {n}, d = {d}, against a loop over scikit-learn's Ridge",
            value=seconds["scikit-learn Ridge loop"] / seconds["fit_ridge"],
            target=20.0,
            at_least=True,
            sides=[
                Side(name, seconds[name], "path", memory(name), least)
                for name, least in zip(compared, (needs.ridge_path(n, d, L), None), strict=True)
            ],
            details={"largest_difference": difference, "lines": [f"largest difference {difference:.1e}"]},
        )
    ]
