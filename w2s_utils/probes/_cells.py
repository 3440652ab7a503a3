"""What every sweep shares: keys, checks, and the rows of its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes.splits import Split

MODELS = ("teacher", "student", "baseline", "ceiling")
KEYS = ("split", "weak", "strong", "noise", "tuned", "n", "N")

Table = list[dict[str, Any]]


def checked(weak: Mapping[str, npt.ArrayLike], strong: npt.ArrayLike, targets: npt.ArrayLike) -> tuple[Any, ...]:
    if not weak:
        raise ValueError("weak is empty: at least one teacher")
    X = {name: finite_array(f"weak {name}", value, (2,)) for name, value in weak.items()}
    S, y = finite_array("strong", strong, (2,)), finite_array("targets", targets, (1,))
    same_rows(strong=S, targets=y, **X)
    return X, S, y


def sizes_of(split: Split, points: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    for n, N in points:
        if not (1 <= n <= len(split.labeled) and 1 <= N <= len(split.unlabeled)):
            raise ValueError(
                f"n = {n}, N = {N} is not allowed: at most {len(split.labeled)} labelled and "
                f"{len(split.unlabeled)} unlabelled rows were drawn"
            )
    return sorted({n for n, _ in points}), sorted({N for _, N in points})


def rows_of(
    split: Split,
    weak: str,
    strong: str,
    noise: Sequence[float],
    tuned: bool,
    n: int,
    N: int,
    errors: Sequence[FloatArray],
) -> Table:
    keys = dict(zip(KEYS, (split.index, weak, strong, 0.0, tuned, n, N), strict=True))
    return [
        keys | {"noise": float(level)} | {model: float(part[at]) for model, part in zip(MODELS, errors, strict=True)}
        for at, level in enumerate(noise)
    ]
