"""Tables of the book made from measurements that are committed: throughput, faults, false alarms, mutants."""

from __future__ import annotations

import csv
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
        before = _counted(row["finished"], row["unit"]) if row["finished"] else "–"
        lost = _counted(row["lost"], row["unit"])
        lines.append(f"| {row['fault']} | {row['how']} | {row['injected']} | {before} | {lost} |")
    return "\n".join(lines) + "\n"


def _counted(count: int, units: str) -> str:
    return f"{count} {units.removesuffix('s') if count == 1 else units}"


def false_alarms(root: Path) -> str:
    """How often true claims failed over fresh seeds, and how often their p value was below 1 %.

    Parameters
    ----------
    root : Path
        Checkout with ``benchmarks/fresh_seeds.csv``, written by ``python -m tests.fresh_seeds``.

    Returns
    -------
    str
        Markdown; a comparison without a p value of its own (below_1_percent = -1) has a dash.
    """
    rows = _rows(root, "fresh_seeds.csv")
    if not rows:
        return "Not measured yet: `python -m tests.fresh_seeds`.\n"
    alarms, tried = (sum(int(row[name]) for row in rows) for name in ("false_alarms", "seeds"))
    tested = [row for row in rows if int(row["below_1_percent"]) >= 0]
    below, of = (sum(int(row[name]) for row in tested) for name in ("below_1_percent", "seeds"))
    lines = [
        f"{_counted(alarms, 'false alarms')} in {tried:,} claims, {tried / 1e4:.1f} at the stated rate "
        f"({len(rows)} comparisons, {rows[0]['seeds']} seeds each); "
        f"p below 1 % in {below} of {of:,} ({below / of:.1%}).\n",
        "| comparison | seeds | false alarms | p below 1 % |",
        "|:--|--:|--:|--:|",
    ]
    for row in rows:
        share = "–" if row not in tested else row["below_1_percent"]
        lines.append(f"| {row['comparison']} | {row['seeds']} | {row['false_alarms']} | {share} |")
    return "\n".join(lines) + "\n"


def mutants(root: Path) -> str:
    """How many small changes of the code the tests noticed, and which they did not.

    Parameters
    ----------
    root : Path
        Checkout with ``benchmarks/mutants.csv``, written by ``python -m tests.mutation``.

    Returns
    -------
    str
        Markdown.
    """
    rows = _rows(root, "mutants.csv")
    if not rows:
        return "Not measured yet: `python -m tests.mutation`.\n"
    left = [row for row in rows if row["outcome"] != "killed"]
    lines = [f"{len(rows) - len(left)} of {len(rows)} mutants killed ({1 - len(left) / len(rows):.0%}).\n"]
    if left:
        lines += ["| survivor | change | why it does no harm |", "|:--|:--|:--|"]
    for row in left:
        change = row["change"].replace("|", "\\|").replace("`", "'")
        lines.append(f"| `{row['module']}` | `{change}` | {row['why'] or 'a test is missing'} |")
    return "\n".join(lines) + "\n"


def _rows(root: Path, name: str) -> list[dict[str, str]]:
    path = root / "benchmarks" / name
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _read(root: Path, name: str) -> Any:
    path = root / "benchmarks" / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
