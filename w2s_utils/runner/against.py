"""A run beside the reference: how many of its points differ from the committed ones beyond noise."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Comparison:
    """One figure of a run against its reference.

    Attributes
    ----------
    figure : str
    points : int
        Rows of the run's data.
    shared : int
        Those whose keys the reference has too: only they are compared.
    differing : int
        Those with a cell beyond its limit.
    sentence : str
        The outcome in words.
    changed : dict
        Parameters whose value is not the reference's, with both values: (run, reference).
    """

    figure: str
    points: int
    shared: int
    differing: int
    sentence: str
    changed: dict[str, tuple[Any, Any]]


def compare(root: Path, folder: Path) -> list[Comparison]:
    """Compare every figure of a run's folder with ``figures/``; a figure without reference is left out.

    Parameters
    ----------
    root : Path
        Checkout.
    folder : Path
        Complete result of a run.
    """
    found = []
    for path in sorted((folder / "figures").glob("[!.]*/figure.json")):
        kept = root / "figures" / path.parent.name
        if (kept / "figure.json").is_file():
            found.append(_one(path.parent, kept))
    return found


def _one(new: Path, kept: Path) -> Comparison:
    import pandas as pd

    from w2s_utils.runner import compare as tables

    passport, reference = (json.loads((f / "figure.json").read_text(encoding="utf-8")) for f in (new, kept))
    table, other = (pd.read_csv(folder / "data.csv") for folder in (new, kept))
    values, theirs = passport["parameters"], reference["parameters"]
    changed = {n: (v, theirs.get(n)) for n, v in values.items() if v != theirs.get(n)}
    told = (passport["id"], len(table))
    try:
        cells = tables.deviations(table, other, reference["keys"])
        absent = {_row(cell) for cell in cells if cell.kind == "missing"}
        if absent:  # once more without them: the level is shared by the cells that are compared
            keys = [_row_of(row, reference["keys"]) not in absent for row in table.to_dict("records")]
            cells = tables.deviations(table[keys], other, reference["keys"]) if any(keys) else []
    except ValueError as error:
        return Comparison(*told, 0, 0, f"not comparable with the reference: {error}", changed)
    rows = {_row(cell) for cell in cells}
    bad = {_row(cell) for cell in cells if not cell.agrees}
    return Comparison(*told, len(rows), len(bad), _sentence(len(table), len(rows), len(bad)), changed)


def _row(cell: Any) -> str:
    return repr(cell.row)


def _row_of(row: dict[Any, Any], keys: list[str]) -> str:
    return repr({name: row[name] for name in keys})


def _sentence(points: int, shared: int, differing: int) -> str:
    """The outcome in words.

    Examples
    --------
    >>> _sentence(40, 40, 3)
    '3 of 40 points differ beyond noise'
    >>> _sentence(40, 0, 0)
    'none of its 40 points is in the reference: nothing to compare'
    """
    if not shared:
        return f"none of its {points} points is in the reference: nothing to compare"
    verb = "differs" if differing == 1 else "differ"
    outcome = f"{differing or 'none'} of {shared} points {verb if differing else 'differs'} beyond noise"
    return outcome if shared == points else f"{outcome}; the other {points - shared} are not in the reference"
