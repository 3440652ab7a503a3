"""Compares two tables of figure data: the tolerance of every test and of ``w2s verify`` is here, once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

FAMILY_ALPHA = 1e-4


@dataclass(frozen=True)
class Difference:
    """One compared cell.

    Attributes
    ----------
    row : dict
        Values of the key columns.
    column : str
        Name of the column, ``"(row)"`` when the reference has no such row.
    new, reference : object
    deviation, limit : float
        Relative deviation, or |z| when `kind` is ``"z"``; the cell disagrees when it is above the limit.
    kind : str
        ``"relative"``, ``"z"``, ``"text"`` or ``"missing"``.
    """

    row: dict[str, Any]
    column: str
    new: Any
    reference: Any
    deviation: float
    limit: float
    kind: str

    @property
    def agrees(self) -> bool:
        return self.deviation <= self.limit

    def share(self) -> float:
        """How much of its limit the deviation uses up."""
        return self.deviation / self.limit if self.limit else self.deviation

    def __str__(self) -> str:
        where = ", ".join(f"{name} = {value}" for name, value in self.row.items())
        if self.kind == "missing":
            return f"{where}: not in the reference"
        measure = {"z": "z", "relative": "relative deviation"}.get(self.kind, "text differs")
        found = f"{where}: {self.column} = {self.new}, reference {self.reference}"
        return f"{found} ({measure} {self.deviation:.2g}, limit {self.limit:.2g})"


def compare_tables(
    new: pd.DataFrame, reference: pd.DataFrame, keys: Sequence[str], *, rtol: float = 1e-7
) -> list[Difference]:
    """Cells of a new table that disagree with the reference; an empty list when all agree.

    Parameters
    ----------
    new, reference : DataFrame
        Every row of `new` must be in `reference`, which may have more.
    keys : sequence of str
        Columns that name a row.
    rtol : float
        Tolerance of deterministic columns, relative.

    Returns
    -------
    list of Difference

    Notes
    -----
    A column ``x`` with a sibling ``x_se`` is Monte-Carlo: its z is compared with the quantile at a
    family-wise level of 1e-4 over all such cells. A column ``designs`` (draws behind the standard errors of
    the row, which differ between presets) is not compared, and makes that quantile Student's. All other columns
    are deterministic.

    Examples
    --------
    >>> reference = pd.DataFrame({"n": [1, 2], "risk": [0.5, 0.25]})
    >>> compare_tables(reference.head(1), reference, ["n"])
    []
    >>> print(compare_tables(pd.DataFrame({"n": [2], "risk": [0.26]}), reference, ["n"])[0])
    n = 2: risk = 0.26, reference 0.25 (relative deviation 0.038, limit 1e-07)
    """
    return [item for item in deviations(new, reference, keys, rtol=rtol) if not item.agrees]


def deviations(
    new: pd.DataFrame, reference: pd.DataFrame, keys: Sequence[str], *, rtol: float = 1e-7
) -> list[Difference]:
    """Every compared cell, agreeing or not; see `compare_tables`."""
    absent = [name for name in keys if name not in new or name not in reference]
    if absent or set(new.columns) != set(reference.columns):
        odd = sorted({*absent, *(set(new.columns) ^ set(reference.columns))})
        raise ValueError(f"tables cannot be compared: columns {', '.join(odd)} are not in both")
    known = {_key(row, keys): row for row in reference.to_dict("records")}
    if len(known) < len(reference):
        raise ValueError(f"tables cannot be compared: {', '.join(keys)} do not name a reference row")
    rows = [(row, known.get(_key(row, keys))) for row in new.to_dict("records")]
    random = [name for name in new.columns if f"{name}_se" in new.columns]
    helpers = {f"{name}_se" for name in random} | {"designs"}
    count = len(random) * len(rows)
    found = []
    for row, other in rows:
        where = {name: row[name] for name in keys}
        if other is None:
            found.append(Difference(where, "(row)", None, None, math.inf, 0.0, "missing"))
            continue
        for name in new.columns:
            if name in keys or name in helpers:
                continue
            if name in random:
                deviation, limit, kind = _z(row, other, name, count)
            else:
                scale = _scale(reference[name])
                deviation, limit, kind = _relative(row[name], other[name], scale, rtol)
            found.append(Difference(where, name, row[name], other[name], deviation, limit, kind))
    return found


def _key(row: dict[Any, Any], keys: Sequence[str]) -> tuple[Any, ...]:
    # keys that are computed may differ in the last digits between machines; ten are enough to tell rows apart
    return tuple(f"{row[name]:.10g}" if isinstance(row[name], (int, float)) else row[name] for name in keys)


def _scale(column: pd.Series) -> float:
    if not pd.api.types.is_numeric_dtype(column):
        return 0.0
    finite = np.abs(column.to_numpy(dtype=float))
    return float(np.max(finite[np.isfinite(finite)], initial=0.0))


def _relative(new: Any, reference: Any, scale: float, rtol: float) -> tuple[float, float, str]:
    if isinstance(new, (int, float)) and isinstance(reference, (int, float)):
        if new == reference or (math.isnan(new) and math.isnan(reference)):
            return 0.0, rtol, "relative"
        # rounding leaves nothing to divide by where the exact value is zero
        size = max(abs(new), abs(reference), 1e-6 * scale)
        deviation = abs(new - reference) / size if math.isfinite(size) else math.inf
        return (math.inf if math.isnan(deviation) else deviation), rtol, "relative"
    same = new == reference or (pd.isna(new) and pd.isna(reference))
    return (0.0 if same else math.inf), 0.0, "text"


def _z(row: dict[Any, Any], other: dict[Any, Any], name: str, count: int) -> tuple[float, float, str]:
    new, reference = float(row[name]), float(other[name])
    squares = [float(table[f"{name}_se"]) ** 2 for table in (row, other)]
    total = sum(squares)
    if not total > 0:
        return _relative(new, reference, 0.0, 1e-7)
    tail = FAMILY_ALPHA / (2 * count)
    limit = float(-ndtri(tail))
    if "designs" in row:
        freedoms = [float(table["designs"]) - 1 for table in (row, other)]
        freedom = total**2 / sum(s**2 / df for s, df in zip(squares, freedoms, strict=True))
        limit = float(-stdtrit(freedom, tail))
    deviation = abs(new - reference) / math.sqrt(total)
    return (math.inf if math.isnan(deviation) else deviation), limit, "z"
