"""The list of claims in ``data/claims.csv``, and what a tested claim looks like."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from w2s_utils.environment import ROOT

KINDS = ("exact", "asymptotic", "bound", "trend", "number")
VERDICTS = ("holds", "holds with a correction", "fails", "inconclusive", "not tested")


@dataclass(frozen=True)
class Claim:
    """One row of ``data/claims.csv``: a sentence, its source, its kind, the verdict expected and the chapter."""

    id: str
    statement: str
    source: str
    kind: str
    verdict: str
    chapter: str = ""


@dataclass(frozen=True)
class Finding:
    """A tested claim, as it stands in a figure's passport; numbers are those of the worst of its points."""

    id: str
    statement: str
    kind: str
    expected: float | None
    observed: float | None
    se: float | None
    z: float | None
    detects: float | None
    verdict: str
    on: str
    needs: str = ""

    def to_dict(self) -> dict[str, object]:
        """The passport's entry."""
        return asdict(self)


@lru_cache(maxsize=4)
def expected(path: Path = ROOT / "data" / "claims.csv") -> dict[str, Claim]:
    """Read the list of claims.

    Parameters
    ----------
    path : Path
        A CSV file with columns id, statement, source, kind, verdict, and optionally chapter.

    Returns
    -------
    dict of str to Claim

    Raises
    ------
    ValueError
        If an id appears twice, or a kind or verdict is not one of `KINDS` and `VERDICTS`.

    Examples
    --------
    >>> expected()["dong2025/student-variance"].kind
    'exact'
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = [Claim(**row) for row in csv.DictReader(file)]
    for row in rows:
        if row.kind not in KINDS or row.verdict not in VERDICTS:
            raise ValueError(f"{path.name}: {row.id}: kind {row.kind!r} or verdict {row.verdict!r} is not known")
    table = {row.id: row for row in rows}
    if len(table) < len(rows):
        twice = next(row.id for row in rows if sum(other.id == row.id for other in rows) > 1)
        raise ValueError(f"{path.name}: {twice} is listed twice")
    return table


def listed(id: str, kind: str) -> Claim:
    claim = expected().get(id)
    if claim is None:
        raise ValueError(f"claim = {id!r} is not listed in data/claims.csv")
    if claim.kind != kind:
        raise ValueError(f"claim {id!r} is listed as {claim.kind}, not as {kind}")
    return claim
