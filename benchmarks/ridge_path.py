"""Row (c): a path of ridge penalties, `fit_ridge` against a loop over scikit-learn's ``Ridge``."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from benchmarks.harness import Memory, Row, Side, alternate
from w2s_utils.regression import fit_ridge

SIZES = {
    "full": {"n": 4000, "d": 400, "L": 50, "repeats": 5},
    "tiny": {"n": 80, "d": 8, "L": 5, "repeats": 2},
}


def works(size: str) -> dict[str, Callable[[], Any]]:
    """The two sides, on the same data and penalties."""
    n, d, L = (SIZES[size][key] for key in ("n", "d", "L"))
    rng = np.random.default_rng(0)
    features, targets = rng.standard_normal((n, d)), rng.standard_normal(n)
    penalties = np.logspace(-4, 2, L)

    def loop() -> np.ndarray:
        # scikit-learn penalises the sum of squares, not the mean
        fits = (Ridge(alpha=n * p, fit_intercept=False).fit(features, targets) for p in penalties)
        return np.array([fit.coef_ for fit in fits])

    return {"fit_ridge": lambda: fit_ridge(features, targets, penalties), "scikit-learn Ridge loop": loop}


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure row (c)."""
    sides = works(size)
    n, d, L, repeats = (SIZES[size][key] for key in ("n", "d", "L", "repeats"))
    first = [work() for work in sides.values()]  # warms up, and the answers must agree
    difference = float(np.abs(first[0] - first[1]).max())
    seconds = {name: median(times) for name, times in alternate(sides, repeats).items()}
    return [
        Row(
            id="c-ridge-path",
            claim=f"(c) {L} ridge penalties, n = {n}, d = {d}: times faster than scikit-learn",
            value=seconds["scikit-learn Ridge loop"] / seconds["fit_ridge"],
            target=20.0,
            at_least=True,
            sides=[Side(name, seconds[name], "path", memory(name)) for name in sides],
            details={"largest_difference": difference, "lines": [f"largest difference {difference:.1e}"]},
        )
    ]
