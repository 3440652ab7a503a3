"""Pages that are made, never written: scorecard, gallery, API reference, lists on the landing page."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from w2s_utils.runner import gallery, landing, links, measured, performance, scorecard
from w2s_utils.runner.chapters import Chapter

# rooms that are about running the book, not about its subject
HIDDEN = ("cli", "environment", "runner", "__main__")
CLASSES = {
    "holds": "holds",
    "holds with a correction": "corrected",
    "fails": "fails",
    "inconclusive": "inconclusive",
    "not tested": "untested",
}


def write(root: Path, staged: Path, chapters: list[Chapter], urls: Mapping[str, str]) -> None:
    """Write every generated page into a staged book, and what its figures link to."""
    names = {chapter.name for chapter in chapters}
    found = [p for p in scorecard.passports(root / "_build" / "figures") if p["chapter"] in names]
    links.write(staged / "_generated" / "links.json", found, chapters, urls)
    made = {
        "pages/scorecard.md": scorecard_page(found, chapters, scorecard.untested(root)),
        "pages/gallery.md": gallery.gallery_page(root, found, chapters),
        "pages/receipts.md": gallery.receipts_page(root, found, chapters),
        **api_pages(root),
        **{f"_generated/{name}.md": text for name, text in performance.tables(root).items()},
        "_generated/findings.md": landing.findings(found, chapters),
        "_generated/tiles.md": tiles(found, scorecard.untested(root)),
        "_generated/chapters.md": chapter_table(found, chapters),
        "_generated/scaling.md": measured.scaling(root),
        "_generated/faults.md": measured.faults(root),
        "_generated/false_alarms.md": measured.false_alarms(root),
        "_generated/mutants.md": measured.mutants(root),
    }
    for name, text in made.items():
        path = staged / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def number(value: Any) -> str:
    """A passport's value with three significant digits, or a dash.

    Examples
    --------
    >>> number(0.000393271), number(12), number(None), number("decreasing")
    ('3.93e-04', '12', '–', 'decreasing')
    """
    if isinstance(value, bool) or isinstance(value, str):
        return str(value).replace("|", "\\|")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        small_or_large = value != 0 and not 1e-3 <= abs(value) < 1e5
        return f"{value:.2e}" if small_or_large else f"{value:.3g}"
    if isinstance(value, list) and value:
        return ", ".join(number(item) for item in value[:3]) + (" …" if len(value) > 3 else "")
    return "–"


def scorecard_page(passports: list[dict[str, Any]], chapters: list[Chapter], untested: list[dict[str, str]]) -> str:
    """The page with every claim, by chapter."""
    lines = [
        "# Scorecard",
        "",
        "Every claim this book tests, with what came out of the run that built this page. A claim can fail,",
        "and a failing claim is shown failing. Expected and observed are those of the point that deviates most.",
        "How a verdict is reached: [](checks.md).",
        "",
        tiles(passports, untested),
    ]
    for chapter in chapters:
        own = [p for p in passports if p["chapter"] == chapter.name]
        if not own:
            continue
        seconds = max(p.get("seconds") or 0 for p in own)
        presets = ", ".join(sorted({p["preset"] for p in own}))
        lines += [
            f"## {chapter.title}",
            "",
            f"[To the chapter](../{chapter.document}.ipynb) · preset {presets} · {seconds:.1f} s",
            "",
            "```{tabularcolumns} \\X{14}{100}\\X{52}{100}\\X{12}{100}\\X{11}{100}\\X{11}{100}",
            "```",
            "",
            ":::{table}",
            ":class: w2s-claims",
            "",
            "| Verdict | Claim | Kind | Expected | Observed |",
            "|:--|:--|:--|--:|--:|",
        ]
        lines += [_row(claim, passport) for passport in own for claim in passport["claims"]]
        lines += [":::", ""]
    if untested:
        lines += ["## Not tested", ""]
        lines += [f"- {_cell(row['statement'])} <small>`{row['id']}`</small>" for row in untested]
    return "\n".join(lines) + "\n"


def tiles(passports: list[dict[str, Any]], untested: list[dict[str, str]]) -> str:
    """One tile per verdict with its count."""
    verdicts = [claim["verdict"] for passport in passports for claim in passport["claims"]]
    counts = scorecard.count_verdicts([*verdicts, *(row["verdict"] for row in untested)])
    items = ""
    for name, style in CLASSES.items():
        count = counts.get(name, 0)
        kind = f"w2s-{style}" if count else "w2s-none"
        words = scorecard.worded(count, name).removeprefix(f"{count} ")
        items += f'<li class="w2s-tile {kind}"><strong>{count}</strong><span>{words}</span></li>'
    label = "Number of claims by verdict"
    in_print = ", ".join(scorecard.worded(n, name) for name, n in counts.items())
    return (
        f'```{{raw}} html\n<ul class="w2s-tiles" aria-label="{label}">{items}</ul>\n```\n\n'
        f"```{{only}} latex\n{label}: {in_print}.\n```\n"
    )


def chapter_table(passports: list[dict[str, Any]], chapters: list[Chapter]) -> str:
    """The chapters with their verdict counts, for the landing page."""
    lines = ["| Chapter | Reproduces | Verdicts |", "|:--|:--|:--|"]
    for chapter in chapters:
        own = [claim["verdict"] for p in passports if p["chapter"] == chapter.name for claim in p["claims"]]
        counts = scorecard.count_verdicts(own)
        badges = " ".join(f"{{w2s-verdict}}`{n} {verdict}`" for verdict, n in counts.items())
        lines.append(f"| [](/{chapter.document}.ipynb) | {chapter.settings.get('item', '')} | {badges} |")
    return "\n".join(lines) + "\n"


def api_pages(root: Path) -> dict[str, str]:
    """Reference of the public modules, from their docstrings: a page for each room, small modules on the first."""
    package = root / "w2s_utils"
    package = package if package.is_dir() else Path(__file__).resolve().parents[1]
    rooms: dict[str, list[str]] = {}
    for name in public_modules(package):
        # comparison_rates is in the room of comparison
        rooms.setdefault(name.split(".")[1].split("_")[0], []).append(name)
    single = {room for room, names in rooms.items() if len(names) == 1 and not (package / room).is_dir()}
    lines = [
        "# API reference",
        "",
        "The library behind the chapters, from its docstrings. The test suite runs every example.",
        "",
    ]
    lines += [f"- [{room}](api/{room}.md): " + ", ".join(_short(rooms[room])) for room in rooms if room not in single]
    made = {"pages/api.md": "\n".join([*lines, "", *_documented(sum((rooms[room] for room in single), []))])}
    for room in rooms.keys() - single:
        made[f"pages/api/{room}.md"] = "\n".join([f"# {room}", "", *_documented(rooms[room])])
    return dict(sorted(made.items()))


def _short(names: list[str]) -> list[str]:
    return [f"`{name.partition('.')[2]}`" for name in names]


def _documented(names: list[str]) -> list[str]:
    parts = [[f"## {n}", "", "```{eval-rst}", f".. automodule:: {n}", "   :members:", "```", ""] for n in sorted(names)]
    return sum(parts, [])


def public_modules(package: Path) -> list[str]:
    """Dotted names of the modules to document; a package with ``__all__`` stands for its modules."""
    found: list[str] = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        name = ".".join((package.name, *parts))
        if not parts or parts[0] in HIDDEN or any(part.startswith("_") for part in parts):
            continue
        if not name.startswith(tuple(f"{other}." for other in found)) and _is_public(path):
            found.append(name)
    return found


def _is_public(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    if path.stem == "__init__":
        return any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in body)
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_" for node in body)


def _row(claim: dict[str, Any], passport: dict[str, Any]) -> str:
    statement = _cell(claim.get("statement") or claim["id"])
    on = claim.get("on")
    detail = f"`{claim['id']}` · {{numref}}`fig-{passport['id']}`" + (f" · {_cell(str(on))}" if on else "")
    cells = [
        f"{{w2s-verdict}}`{claim['verdict']}`",
        f"{statement}<br><small>{detail}</small>",
        claim.get("kind") or "–",
        number(claim.get("expected")),
        number(claim.get("observed")),
    ]
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
