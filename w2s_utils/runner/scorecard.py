"""Reads passports and committed verdicts: what was claimed, what came out, and what was not expected.

Standard library only; the pages made from this are in `pages`, the statistics behind a verdict in `claims`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

VERDICTS = ("holds", "holds with a correction", "fails", "inconclusive", "not tested")


def passports(figures: Path) -> list[dict[str, Any]]:
    """All ``<id>/figure.json`` of a figures folder, by id; a folder without one is no figure.

    Raises
    ------
    ValueError
        When a passport is not JSON, or its id is not the name of its folder.
    """
    found = []
    for path in sorted(figures.glob("[!.]*/figure.json")):
        try:
            passport = json.loads(path.read_text(encoding="utf-8"))
            named = passport["id"] == path.parent.name
        except (ValueError, KeyError, TypeError):
            named = False
        if not named:
            raise ValueError(f"{path} is not a passport with the id {path.parent.name}")
        found.append(passport)
    return found


def committed(root: Path) -> dict[str, dict[str, str]]:
    """Rows of ``data/claims.csv`` by claim id; empty when there is no such file."""
    table = root / "data" / "claims.csv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as handle:
        return {row["id"]: row for row in csv.DictReader(handle)}


def unexpected(root: Path, chapter: str, figures: Path) -> list[str]:
    """One line for every verdict of a chapter that is not the committed one, or that is missing.

    Parameters
    ----------
    root : Path
        Checkout with ``data/claims.csv``.
    chapter : str
        Name of the chapter.
    figures : Path
        Folder with the figures of its run; passports of other chapters there are ignored.
    """
    expected = committed(root)
    lines, seen = [], set()
    for passport in passports(figures):
        for claim in passport["claims"] if passport["chapter"] == chapter else []:
            seen.add(claim["id"])
            row = expected.get(claim["id"])
            if claim["verdict"] not in VERDICTS:
                problem = f"verdict {claim['verdict']!r} is none of {', '.join(VERDICTS)}"
            elif row is None:
                problem = "is not in data/claims.csv"
            elif row["verdict"] != claim["verdict"]:
                problem = f"expected {row['verdict']!r}, observed {claim['verdict']!r}"
            else:
                continue
            lines.append(f"{chapter}: claim {claim['id']}: {problem} (figure {passport['id']})")
    for name, row in expected.items():
        if row.get("chapter") == chapter and name not in seen and row["verdict"] != "not tested":
            lines.append(f"{chapter}: claim {name}: expected {row['verdict']!r}, but no figure has it")
    return lines


def count_verdicts(verdicts: Iterable[str]) -> dict[str, int]:
    """How often each verdict occurs, in the order of `VERDICTS`, without zeros.

    Examples
    --------
    >>> count_verdicts(["fails", "holds", "holds"])
    {'holds': 2, 'fails': 1}
    """
    listed = list(verdicts)
    return {name: listed.count(name) for name in VERDICTS if name in listed}


def worded(count: int, verdict: str) -> str:
    """A count of verdicts as a clause.

    Examples
    --------
    >>> worded(1, "fails"), worded(3, "holds with a correction"), worded(2, "inconclusive")
    ('1 fails', '3 hold with a correction', '2 inconclusive')
    """
    plural = {"holds": "hold", "holds with a correction": "hold with a correction", "fails": "fail"}
    return f"{count} {verdict if count == 1 else plural.get(verdict, verdict)}"


def untested(root: Path) -> list[dict[str, str]]:
    """Committed claims whose verdict is "not tested"."""
    return [row for row in committed(root).values() if row["verdict"] == "not tested"]


def codecheck(root: Path) -> str:
    """Text of ``codecheck.yml``: the reference figures as a CODECHECK 1.0 manifest."""
    import yaml

    files = []
    for passport in passports(root / "figures"):
        counts = count_verdicts(claim["verdict"] for claim in passport["claims"])
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
        comment = f"{passport['title']} (chapter {passport['chapter']}, preset {passport['preset']}): {verdicts}"
        files.append({"file": f"figures/{passport['id']}/light.svg", "comment": comment})
        files.append({"file": f"figures/{passport['id']}/data.csv", "comment": f"data of {passport['id']}"})
    content: dict[str, Any] = {"version": "https://codecheck.org.uk/spec/config/1.0/", **_paper(root)}
    text = yaml.safe_dump({**content, "manifest": files}, sort_keys=False, allow_unicode=True, width=110)
    note = (
        "# Written by `w2s refresh`. Nobody has checked this work yet: `codechecker` and `report` are theirs to add.\n"
    )
    return "---\n" + note + text


def _paper(root: Path) -> dict[str, Any]:
    """The work that is checked, and the papers it reproduces, from ``CITATION.cff``."""
    import yaml

    source = root / "CITATION.cff"
    citation = yaml.safe_load(source.read_text(encoding="utf-8")) if source.is_file() else {}

    def entry(work: dict[str, Any]) -> dict[str, Any]:
        people = [{"name": _name(person)} for person in work.get("authors", [])]
        url = work.get("url") or (f"https://doi.org/{work['doi']}" if "doi" in work else "")
        return {"title": work.get("title", ""), "authors": people, **({"reference": url} if url else {})}

    return {"paper": entry(citation), "reproduces": [entry(work) for work in citation.get("references", [])]}


def _name(person: dict[str, str]) -> str:
    parts = (person.get(part, "") for part in ("given-names", "name-particle", "family-names"))
    return person.get("name") or " ".join(filter(None, parts))
