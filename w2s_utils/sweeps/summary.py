"""Mean and standard error of every point of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from w2s_utils.runner import cache
from w2s_utils.sweeps.store import Store

FILE = "summary.csv"
_SHOWN = 30  # points printed
_FIRST = ("teacher", "student", "gain", "pgr", "opr", "student_under", "student_over")  # columns printed, if there


def table(store: Store) -> pd.DataFrame:
    """One row a point: what names it, ``replicates``, and for each drawn column its mean and ``_se``.

    Parameters
    ----------
    store : Store
        With its finished points.

    Returns
    -------
    DataFrame
        Columns of theory (``_exact``, ``_limit``) are the same in all replicates and have no error.
    """
    rows = []
    for number in sorted(store.finished):
        drawn = store.finished[number]
        row: dict[str, object] = {"point": number, **store.points[number]}
        row["replicates"] = row.pop("trials")
        for name in drawn.columns.difference([*row, "replicate"], sort=False):
            column = drawn[name].to_numpy(float)
            row[name] = float(column.mean())
            if np.ptp(column) > 0:
                row[f"{name}_se"] = float(column.std(ddof=1) / np.sqrt(len(column)))
        rows.append(row)
    return pd.DataFrame(rows)


def lines(store: Store, axes: Sequence[str]) -> list[str]:
    """Write the table into the sweep's folder; return what to print of it, at most 30 points."""
    made = table(store)
    cache.write_text(store.folder / FILE, made.to_csv(index=False, lineterminator="\n"))
    measured = [name.removesuffix("_se") for name in made.columns if name.endswith("_se")]
    known = [name for name in measured if f"{name}_exact" in made or f"{name}_limit" in made] or measured
    shown = [name for name in _FIRST if name in known] or known[:4]
    head = made.head(_SHOWN)
    cells: dict[str, list[str]] = {name: [f"{value}" for value in head[name]] for name in axes}
    for name in shown:
        cells[name] = [f"{m:.5g} ({s:.2g})" for m, s in zip(head[name], head[f"{name}_se"], strict=True)]
        for end in ("exact", "limit"):
            if f"{name}_{end}" in made:
                cells[end if len(shown) == 1 else f"{name} {end}"] = [f"{v:.5g}" for v in head[f"{name}_{end}"]]
    widths = {name: max(map(len, [name, *column])) for name, column in cells.items()}
    found = ["mean (standard error) of the replicates of each point"]
    found.append("  ".join(f"{name:>{width}}" for name, width in widths.items()))
    for at in range(len(head)):
        found.append("  ".join(f"{cells[name][at]:>{width}}" for name, width in widths.items()))
    if len(made) > _SHOWN:
        found.append(f"and {len(made) - _SHOWN} more in {FILE}")
    return found
