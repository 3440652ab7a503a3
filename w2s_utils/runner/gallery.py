"""Two generated pages about all figures: the gallery, and the matrix of receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from w2s_utils.runner import receipts
from w2s_utils.runner.chapters import Chapter, captions


def gallery_page(root: Path, passports: Sequence[Mapping[str, Any]], chapters: Sequence[Chapter]) -> str:
    """All figures by part of the book, each with its files, its verdicts and its stable address."""
    lines = [
        "# Figure gallery",
        "",
        f"The {len(passports)} figures of this book. Each picture leads to the figure in its chapter. Under it are the",
        "verdicts it rests on, the plotted numbers, vector and pixel graphics, and the passport: parameters, versions,",
        "machine.",
        "",
        "The address of a figure does not change: `#fig/<paper>/<figure>` leads to it, both on the page of its chapter",
        "and on this one. The line under a picture shows it.",
        "",
    ]
    for caption, own in _by_part(root, chapters):
        names = [p["id"] for chapter in own for p in passports if p["chapter"] == chapter.name]
        if names:
            lines += [f"## {caption}", "", "```{w2s-gallery}", *names, "```", ""]
    return "\n".join(lines)


def receipts_page(root: Path, passports: Sequence[Mapping[str, Any]], chapters: Sequence[Chapter]) -> str:
    """Which machine has recomputed which figure, and whether it came out the same."""
    kept = receipts.kept(root)
    lines = [
        "# Receipts",
        "",
        "A receipt says that somebody ran `w2s verify` on a machine: every figure recomputed with a fresh seed and",
        "compared with the committed one, exact numbers to a relative 1e-7, simulated ones by their standard errors.",
        "To add yours, run `w2s verify --keep` and commit the file it writes into `receipts/`.",
        "",
    ]
    if not kept:
        return "\n".join([*lines, "No receipt has been kept yet.", ""])
    ids = [passport["id"] for passport in passports]
    old = sum(receipts.status(root, receipt, name) == "earlier" for receipt in kept for name in ids)
    if old:
        lines += [
            f"{old} entries below read *earlier*: the machine confirmed numbers that have since been replaced by",
            "`w2s refresh`. They are neither for nor against the figures as they are now.",
            "",
        ]
    lines += ["## Machines", "", "| | Processor | Cores | System | Linear algebra | Python, numpy, scipy | Agree |"]
    lines.append("|:--|:--|--:|:--|:--|:--|--:|")
    for letter, receipt in zip(_letters(len(kept)), kept, strict=True):
        versions = ", ".join(receipt["versions"].get(name, "–") for name in ("python", "numpy", "scipy"))
        agree = sum(receipts.status(root, receipt, name) == "agrees" for name in ids)
        cells = (letter, receipt["cpu"], str(receipt["cores"]), receipt["system"], receipt["blas"], versions)
        lines.append(f"| {' | '.join(_cell(text) for text in cells)} | {agree} of {len(ids)} |")
    lines += ["", "## Figures and machines", "", ":::{table}", ":class: w2s-receipts", ""]
    lines.append("| Figure | " + " | ".join(f"Machine {letter}" for letter in _letters(len(kept))) + " |")
    lines.append("|:--|" + ":--|" * len(kept))
    for _, own in _by_part(root, chapters):
        for chapter in own:
            for passport in (p for p in passports if p["chapter"] == chapter.name):
                marks = " | ".join(_mark(root, receipt, passport["id"]) for receipt in kept)
                lines.append(f"| {{numref}}`fig-{passport['id']}` {_cell(passport['title'])} | {marks} |")
    lines += [
        ":::",
        "",
        "agrees: no number is off by more than its limit; differs: at least one is; earlier: compared with reference",
        "numbers that have been replaced since; not run: not part of that receipt. After the date: cells compared, and",
        "how many claims of the figure came out with the verdict of the scorecard.",
        "",
    ]
    return "\n".join(lines)


def _mark(root: Path, receipt: Mapping[str, Any], figure: str) -> str:
    state = receipts.status(root, receipt, figure)
    text = f"{{w2s-receipt}}`{state}`"
    if state == "none":
        return text
    entry = receipt["figures"][figure]
    claims = f"claims {entry['expected']} of {entry['claims']}" if entry["claims"] else "no claims"
    return f"{text} <small>{entry['date']}, {entry['cells']} cells, {claims}</small>"


def _by_part(root: Path, chapters: Sequence[Chapter]) -> list[tuple[str, list[Chapter]]]:
    named = captions(root)
    parts: dict[str, list[Chapter]] = {}
    for chapter in chapters:
        caption = named.get(chapter.document) or chapter.part.replace("_", " ").capitalize()
        parts.setdefault(caption, []).append(chapter)
    return list(parts.items())


def _letters(count: int) -> list[str]:
    """Names of machines: A to Z, then A1, B1 and on."""
    return [chr(65 + k % 26) + (str(k // 26) if k >= 26 else "") for k in range(count)]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
