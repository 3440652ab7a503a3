"""Tables of the page on performance, from the kept record of ``make bench`` and the passports of the figures."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

from w2s_utils.runner import scorecard
from w2s_utils.runner.performance_plot import plot

COMMAND = "python -m benchmarks --keep"
_LESS = "times less"
_BUSY = 2.5  # two cores for diagnose, and what is left of its load when the next part starts
_TIED = "\N{NO-BREAK SPACE}"

Row = dict[str, Any]


def tables(root: Path) -> dict[str, str]:
    """Every generated part of the page, by the name of its file under ``_generated``.

    Parameters
    ----------
    root : Path
        Checkout with ``benchmarks/record.json``, written by ``python -m benchmarks --keep``.

    Returns
    -------
    dict of str to str
        Markdown; without a record one line that says how to make it.
    """
    path = root / "benchmarks" / "record.json"
    names = ("performance_summary", "performance_limits", "performance_memory", "performance_growth")
    chapters = {"performance_chapters": chapter_times(root)}
    if not path.is_file():
        return {names[0]: f"Not measured yet: `{COMMAND}`.\n"} | dict.fromkeys(names[1:], "") | chapters
    record = json.loads(path.read_text(encoding="utf-8"))
    made = (summary(record), limits(record), memory(record), growth(record, root))
    return dict(zip(names, made, strict=True)) | chapters


def summary(record: Row) -> str:
    """Machine, how many targets are met, and the two tables of targets: against a competitor, and absolute."""
    rows, machine = record["rows"], record["machine"]
    missed = [row for row in rows if not row["met"]]
    load = max(part["load"] for part in record["parts"])
    lines = [
        f"Measured on {machine['cpu']}, {machine['cores']} cores, one used; Python {machine['python']}, numpy "
        f"{machine['numpy']}, {', '.join(machine['blas'])}; load at most {load:.1f}. "
        f"{len(rows) - len(missed)} of {len(rows)} targets are met."
        + (" Other programs ran: times on the clock, those of `w2s diagnose`, are too long." if load > _BUSY else "")
        + (" **Missed**: " + "; ".join(row["claim"] for row in missed) + "." if missed else ""),
        "",
        plot([row for row in rows if row["measure"] == _LESS]),
        "",
        *_print(36, 16, 26, 11, 11),
        "| Work | Package | Competitor | Times faster | Target |",
        "|:--|--:|--:|--:|--:|",
    ]
    for row in rows:
        if row["measure"] == _LESS:
            ours, other = row["sides"][:2]
            cells = [_claim(row), _per(ours), f"{other['name']}: {_per(other)}", number(row["value"]), _target(row)]
            lines.append(_line(cells))
    lines += ["", "| Without a competitor | Measured | Target |", "|:--|--:|--:|"]
    for row in rows:
        if row["measure"] != _LESS:
            unit = "" if row["measure"] == "ratio" else f" {row['measure']}"
            busy = row["details"].get("processor_seconds")
            beside = "" if busy is None else f" ({number(busy)} s of processor time)"
            lines.append(_line([_claim(row), f"{number(row['value'])}{unit}{beside}", _target(row)]))
    return "\n".join(lines) + "\n"


def limits(record: Row) -> str:
    """What each work of the package needs at least, and how far from it the package is."""
    rates = record["rates"]
    lines = [
        f"This machine, one core: {rates['flops'] / 1e9:.0f} billion operations a second in double precision, "
        f"{rates['single'] / 1e9:.0f} in single, {rates['bytes'] / 1e9:.1f} GB copied, "
        f"{rates['draws'] / 1e6:.0f} million normal random numbers.",
        "",
        *_print(26, 14, 16, 8, 11, 12, 13),
        "| Work | Operations | Random numbers | MB | Limit | Measured | Times the limit |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    seen = set()
    for side in (row["sides"][0] for row in record["rows"] if row["sides"]):
        if side["limit"] is None or side["name"] in seen:
            continue
        seen.add(side["name"])
        needs = side["needs"]
        cells = [f"{side['name']}, a {side['unit']}", _scaled(needs["flops"] + needs["single"])]
        cells += [_scaled(needs["draws"]), number(needs["bytes"] / 1e6), _time(side["limit"]), _time(side["seconds"])]
        lines.append(_line([*cells, number(side["seconds"] / side["limit"])]))
    return "\n".join(lines) + "\n"


def memory(record: Row) -> str:
    """Peak memory of each side, and what of it the imports are."""
    imports = {part["name"]: part["imports_mb"] for part in record["parts"]}
    lines, seen = ["| Process | Imports, MB | Peak, MB |", "|:--|--:|--:|"], set()
    for base, side in ((imports[row["part"]], side) for row in record["rows"] for side in row["sides"]):
        name = f"{side['name']}, {side['unit']}"
        if side["peak_mb"] is not None and base is not None and name not in seen:
            seen.add(name)
            lines.append(_line([name, f"{base:,.0f}", f"{side['peak_mb']:,.0f}"]))
    return "\n".join(lines) + "\n"


def growth(record: Row, root: Path) -> str:
    """Fitted exponents, and what a second worker brings."""
    lines = [
        *_print(28, 12, 10, 10, 24, 16),
        "| Work | Grows | From | To | Beside | Exponent |",
        "|:--|:--|--:|--:|:--|--:|",
    ]
    for curve in record["growth"]:
        cells = [curve["side"], f"`{curve['variable']}`", f"{curve['sizes'][0]:,}", f"{curve['sizes'][-1]:,}"]
        cells += [curve["fixed"], f"{curve['exponent']:.2f}{_TIED}±{_TIED}{curve['se']:.2f}"]
        lines.append(_line(cells))
    path = root / "benchmarks" / "sweeping.json"
    if path.is_file():
        measured = json.loads(path.read_text(encoding="utf-8"))["measured"]
        rates = {(row["scheduler"], row["workers"]): row["points_per_second"] for row in measured}
        for kind, name in (("processes", "Processes"), ("local", "A Dask cluster on one machine")):
            if {(kind, 1), (kind, 2)} <= rates.keys():
                ratio = rates[kind, 2] / rates[kind, 1]
                text = f"two workers do {ratio:.2f} times the work of one, exponent {math.log2(ratio):.2f}"
                lines += ["", f"{name}: {text} ([](scaling.md))."]
    return "\n".join(lines) + "\n"


def chapter_times(root: Path) -> str:
    """Seconds of chapters against their limits, from the passports of the references and of this build.

    Parameters
    ----------
    root : Path
        Checkout with ``benchmarks/chapter_limits.csv``.

    Returns
    -------
    str
        Markdown; groups that neither ran at the preset of are left out.
    """
    path, taken = root / "benchmarks" / "chapter_limits.csv", dict[tuple[str, str], float]()
    for folder in (root / "_build" / "figures", root / "figures"):
        latest: dict[tuple[str, str], float] = {}
        for passport in scorecard.passports(folder):
            key = passport["chapter"], passport["preset"]
            latest[key] = max(latest.get(key, 0.0), passport.get("seconds") or 0.0)
        taken |= latest
    lines = [
        *_print(44, 10, 18, 14, 14),
        "| Chapters | Preset | Each, s | Two at a time, s | Limit, s |",
        "|:--|:--|--:|--:|--:|",
    ]
    if not path.is_file():
        return ""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            names = row["chapters"].split()
            times = [taken.get((name, row["preset"])) for name in names]
            known = [value for value in times if value is not None]
            if len(known) < len(times):
                continue
            each = ", ".join(f"{value:.0f}" for value in known)
            total, limit = two_at_a_time(known), float(row["seconds"])
            verdict = "" if total <= limit else " **missed**"
            shown = ", ".join(f"`{name}`" for name in names)
            lines.append(_line([shown, row["preset"], each, f"{total:.0f}", f"{limit:g}{verdict}"]))
    return "\n".join(lines) + "\n" if lines[-1][:3] != "|:-" else "No passports at these presets yet.\n"


def two_at_a_time(seconds: list[float]) -> float:
    """When the last of some works ends on two cores, the longest started first.

    Examples
    --------
    >>> two_at_a_time([3.0, 1.0, 5.0])
    5.0
    """
    cores = [0.0, 0.0]
    for value in sorted(seconds, reverse=True):
        cores[cores.index(min(cores))] += value
    return max(cores)


def number(value: float) -> str:
    """Three significant digits without a power of ten.

    Examples
    --------
    >>> number(148968.2), number(33.79), number(0.0468), number(0.0000123)
    ('149,000', '33.8', '0.0468', '< 0.001')
    """
    if abs(value) < 1e-3:
        return "0" if value == 0 else "< 0.001"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def _scaled(count: float) -> str:
    for scale, name in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if count >= scale:
            return f"{number(count / scale)} {name}"
    return number(count) if count else "–"


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{number(seconds)}{_TIED}s"
    scale, unit = (1e3, "ms") if seconds >= 1e-4 else (1e6, "µs")
    return f"{number(scale * seconds)}{_TIED}{unit}"


def _per(side: Row) -> str:
    return f"{_time(side['seconds'])} a {side['unit']}"


def _target(row: Row) -> str:
    sign, missed = ("≥" if row["at_least"] else "≤"), ("" if row["met"] else " **missed**")
    return f"{sign}{_TIED}{row['target']:,g}{missed}"


def _claim(row: Row) -> str:
    claim: str = row["claim"]
    return claim if claim.startswith("w2s") else claim[0].upper() + claim[1:]


def _print(*widths: int) -> list[str]:
    """Widths of a table's columns in the PDF, in hundredths of the page."""
    return ["```{tabularcolumns} " + "".join(f"\\X{{{width}}}{{100}}" for width in widths), "```", ""]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
