"""What a figure on a page leads to: its stable address, the command that makes it again, a report of a discrepancy.

Standard library only. `write` puts all of it into one file that the Sphinx extension reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from w2s_utils.runner.chapters import Chapter
from w2s_utils.runner.parameters import Parameter, shown, text_of

MACHINE = ("preset", "versions", "lock", "blas", "cpu", "package_tree", "notebook")


def paper(chapter: Chapter) -> str:
    """Key of the paper a chapter reproduces: the first word of its item, ``book`` for what is ours."""
    words = str(chapter.settings.get("item", "")).split()
    return words[0] if words and re.fullmatch(r"[a-z]+\d{4}", words[0]) else "book"


def anchor(chapter: Chapter, figure: str) -> str:
    """Stable name of a figure, ``fig/<paper>/<item>``: a place in its chapter and in the gallery.

    Parameters
    ----------
    chapter : Chapter
    figure : str
        Id of the figure, which never changes.
    """
    return f"fig/{paper(chapter)}/{figure}"


def command(chapter: str, parameters: Mapping[str, Any]) -> str:
    """The line that runs a chapter with these parameters.

    Examples
    --------
    >>> command("ridge_rate", {"n": 100, "sizes": [1, 2]})
    'w2s run ridge_rate -p n 100 -p sizes 1,2'
    """
    return " ".join(["w2s run", chapter, *(f"-p {name} {shown(value)}" for name, value in parameters.items())])


def report(passport: Mapping[str, Any], place: str) -> str:
    """Text of a report about a figure, with what its passport says of the run.

    Parameters
    ----------
    passport : mapping
    place : str
        Stable name of the figure.
    """
    lines = [f"Figure: {place} (chapter {passport['chapter']})", "", "What differs, and what was expected:", "", ""]
    lines += ["Run:", f"    {command(passport['chapter'], passport['parameters'])}", "", "Passport of the figure:"]
    for name in MACHINE:
        value = passport.get(name, "")
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        lines.append(f"    {name}: {text}")
    lines += ["", "Verdicts shown:"]
    lines += [f"    {claim['id']}: {claim['verdict']}" for claim in passport["claims"]] or ["    none"]
    return "\n".join(lines) + "\n"


def report_url(repository: str, passport: Mapping[str, Any], place: str) -> str:
    """Address of a new issue with that text, in a repository on a code host.

    Examples
    --------
    >>> given = {"id": "x", "chapter": "c", "parameters": {}, "claims": []}
    >>> report_url("https://code.example/book.git", given, "fig/book/x").split("&")[0]
    'https://code.example/book/issues/new?title=Discrepancy%20in%20fig%2Fbook%2Fx'
    """
    base = repository.rstrip("/").removesuffix(".git")
    return f"{base}/issues/new?title={quote(f'Discrepancy in {place}', safe='')}&body={quote(report(passport, place))}"


def write(
    path: Path, passports: Sequence[Mapping[str, Any]], chapters: Sequence[Chapter], urls: Mapping[str, str]
) -> None:
    """Write the file for the extension: by figure its address and report, by chapter its rerun line and parameters."""
    by_name = {chapter.name: chapter for chapter in chapters}
    figures, reruns = {}, {}
    for passport in passports:
        chapter = by_name[passport["chapter"]]
        place = anchor(chapter, passport["id"])
        figures[passport["id"]] = {
            "anchor": place,
            "document": chapter.document,
            "part": chapter.part,
            "report": report(passport, place),
            "report_url": report_url(urls["repository"], passport, place) if "repository" in urls else "",
        }
    used = {passport["chapter"]: passport["parameters"] for passport in passports}
    for chapter in chapters:
        values = used.get(chapter.name) or chapter.values()
        reruns[chapter.name] = {
            "command": f".venv/bin/{command(chapter.name, values)}",
            "parameters": [_field(parameter, values.get(name)) for name, parameter in chapter.parameters.items()],
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"figures": figures, "chapters": reruns}, indent=1, sort_keys=True), encoding="utf-8")


def _field(parameter: Parameter, value: Any) -> dict[str, Any]:
    """What a form needs to know of a parameter."""
    value = parameter.default if value is None else value
    return {
        "name": parameter.name,
        "type": parameter.type,
        "value": text_of(value),
        "low": parameter.low,
        "high": parameter.high,
        "choices": None if parameter.is_list or parameter.choices is None else list(parameter.choices),
        "allowed": parameter.allowed,
        "help": parameter.help,
    }
