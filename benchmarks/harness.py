"""Timing in alternation, and the rows of the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.rates import Needs

ROOT = Path(__file__).resolve().parents[1]
# name of a side's work -> peak MB of a process that does it, or None when not measured
Memory = Callable[[str], float | None]


@dataclass(frozen=True)
class Side:
    """One way of doing a row's work.

    Parameters
    ----------
    name : str
        What it is, as printed.
    seconds : float
        CPU seconds per `unit`.
    unit : str
        What was timed.
    peak_mb : float or None
        Peak memory of a process that does it.
    needs : Needs or None
        What one unit needs at least.
    """

    name: str
    seconds: float
    unit: str
    peak_mb: float | None = None
    needs: Needs | None = None


@dataclass(frozen=True)
class Row:
    """One claim about speed.

    Parameters
    ----------
    id, claim : str
        Key and sentence.
    value, target : float
        What was measured, and what it must be.
    at_least : bool
        Whether the target is a lower (True) or an upper limit.
    sides : sequence of Side
        What was compared, the package first; where `measure` is ``times less`` its competitor second.
    measure : str
        What the value is: ``times less`` time than the competitor (for simulations, to the same standard error),
        ``ratio``, or a unit.
    details : mapping
        Whatever the value was computed from.
    """

    id: str
    claim: str
    value: float
    target: float
    at_least: bool
    sides: Sequence[Side]
    details: Mapping[str, Any]
    measure: str = "times less"

    @property
    def met(self) -> bool:
        """Whether the measured ratio meets the target; NaN never does."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def record(self, rates: Mapping[str, float]) -> dict[str, Any]:
        """The row for the JSON file, with the shortest time that each side's needs allow at these rates."""
        limits = [None if side.needs is None else side.needs.seconds(rates) for side in self.sides]
        content = asdict(self) | {"met": self.met}
        for side, limit in zip(content["sides"], limits, strict=True):
            side["limit"] = limit
        return content


def alternate(works: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """CPU seconds of each work, `repeats` times in turn, so that a disturbance hits every side alike."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    return seconds


def table(rows: Sequence[Row], rates: Mapping[str, float]) -> str:
    """The rows as aligned text, one line a side under each claim."""
    lines = []
    for row in rows:
        sign, verdict = (">=" if row.at_least else "<="), ("met" if row.met else "MISSED")
        lines.append(f"{row.claim}\n    {row.value:,.4g} (target {sign} {row.target:,.4g}): {verdict}")
        for side in row.sides:
            memory = "" if side.peak_mb is None else f"{side.peak_mb:8.0f} MB"
            limit = "" if side.needs is None else f", limit {1e3 * side.needs.seconds(rates):.2g} ms"
            lines.append(f"    {side.name:<44}{1e3 * side.seconds:12.3f} ms per {side.unit:<16}{memory}{limit}")
        lines += [f"    {line}" for line in row.details.get("lines", [])]
    return "\n".join(lines)
