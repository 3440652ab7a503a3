"""Tables of the book made from measurements that are committed: throughput of sweeps, faults injected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_WORKERS = (1, 2, 4, 8, 16, 32, 64)
_KINDS = {"processes": "processes of joblib", "local": "Dask cluster on this machine"}


def scaling(root: Path) -> str:
    """Measured throughput of a sweep on 1 and 2 workers, and the curve predicted from it.

    Parameters
    ----------
    root : Path
        Checkout with ``benchmarks/sweeping.json``.

    Returns
    -------
    str
        Markdown.
    """
    content = _read(root, "sweeping.json")
    if content is None:
        return "Not measured yet: `python -m benchmarks.sweeping`.\n"
    machine, lines = content["machine"], []
    lines.append(f"Measured on {machine['cpu']}, {machine['cores']} cores, load {machine['load']:.1f} at the end.\n")
    lines += [
        "| workers | points | tasks | seconds in a task | busy | points per second |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for row in content["measured"]:
        cells = [f"{row['workers']}, {_KINDS[row['scheduler']]}", row["points"], row["tasks"]]
        cells += [f"{row['task_seconds']:.2f}", f"{row['busy']:.0%}", f"{row['points_per_second']:.2f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    for kind, name in _KINDS.items():
        rates = {row["workers"]: row for row in content["measured"] if row["scheduler"] == kind}
        if {1, 2} <= set(rates):
            lines += ["", *_predicted(name, rates[1], rates[2])]
    return "\n".join(lines) + "\n"


def _predicted(name: str, one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    """Amdahl's law with the serial share that two workers show: what they lack to twice the throughput of one."""
    ratio = two["points_per_second"] / one["points_per_second"]
    serial = min(max(2 / ratio - 1, 0.0), 1.0)
    head = f"{name[0].upper()}{name[1:]}: two workers do {ratio:.2f} times the work of one, a serial share of "
    lines = [f"{head}{serial:.1%}. Predicted points per second, and of the ideal:", ""]
    lines += ["| workers | predicted | of the ideal |", "|--:|--:|--:|"]
    for count in _WORKERS:
        speed = 1 / (serial + (1 - serial) / count)
        lines.append(f"| {count} | {speed * one['points_per_second']:.1f} | {speed / count:.0%} |")
    return lines


def faults(root: Path) -> str:
    """Faults that were injected, how often, and what was lost.

    Parameters
    ----------
    root : Path
        Checkout with ``benchmarks/faults.json``, written by ``tests/test_faults.py``.

    Returns
    -------
    str
        Markdown.
    """
    content = _read(root, "faults.json")
    if content is None:
        return "Not recorded yet.\n"
    lines = ["| fault | how | injected | finished before | lost |", "|:--|:--|--:|--:|--:|"]
    for row in content["faults"]:
        before = f"{row['finished']} {row['unit']}" if row["finished"] else "–"
        lost = f"{row['lost']} {row['unit']}"
        lines.append(f"| {row['fault']} | {row['how']} | {row['injected']} | {before} | {lost} |")
    return "\n".join(lines) + "\n"


def _read(root: Path, name: str) -> Any:
    path = root / "benchmarks" / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
