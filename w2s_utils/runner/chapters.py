"""Finds the chapters of a checkout: the notebooks under ``chapters/``, in the order of ``_toc.yml``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from w2s_utils.runner import parameters


class ChapterError(ValueError):
    """A chapter is unknown or cannot be read; the message is one line."""


@dataclass(frozen=True)
class Chapter:
    """One notebook of the book.

    Attributes
    ----------
    path : Path
        The committed notebook, ``<root>/chapters/<part>/<name>.ipynb``.
    """

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def part(self) -> str:
        return self.path.parent.name

    @property
    def document(self) -> str:
        """Name of the page in the book, without suffix."""
        return f"chapters/{self.part}/{self.name}"

    @cached_property
    def notebook(self) -> dict[str, Any]:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ChapterError(f"{self.name}: cannot read the notebook: {error}") from None

    @property
    def settings(self) -> dict[str, Any]:
        """The notebook's ``w2s`` metadata: ``paper`` (preset), ``title``, ``item`` (what it reproduces)."""
        return self.notebook.get("metadata", {}).get("w2s", {})

    @property
    def title(self) -> str:
        if "title" in self.settings:
            return self.settings["title"]
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "markdown":
                for line in source(cell).splitlines():
                    if line.startswith("# "):
                        return line[2:].strip()
        return self.name.replace("_", " ").capitalize()

    @cached_property
    def parameters(self) -> dict[str, parameters.Parameter]:
        """What the parameters cell declares; empty when there is no such cell."""
        cells = [c for c in self.notebook["cells"] if "parameters" in c.get("metadata", {}).get("tags", [])]
        if len(cells) > 1:
            raise ChapterError(f"{self.name}: more than one cell is tagged parameters")
        try:
            return parameters.parse(source(cells[0])) if cells else {}
        except parameters.ParameterError as error:
            raise ChapterError(f"{self.name}: {error}") from None

    def values(self, preset: str = "fast", given: list[tuple[str, str]] | None = None) -> dict[str, Any]:
        """Every parameter of a run at a preset with the reader's ``-p`` pairs on top."""
        changed = self.settings.get("paper", {}) if preset == "paper" else {}
        try:
            return parameters.resolve(self.parameters, changed, given or [])
        except parameters.ParameterError as error:
            raise parameters.ParameterError(f"{self.name}: {error}") from None


def source(cell: dict[str, Any]) -> str:
    """Source of a cell as one string (a notebook may store a list of lines).

    Examples
    --------
    >>> source({"source": ["a = 1\\n", "b = 2"]})
    'a = 1\\nb = 2'
    """
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def discover(root: Path) -> list[Chapter]:
    """Chapters of a checkout: those of the table of contents in its order, then any other notebook.

    Raises
    ------
    ChapterError
        When two notebooks share a name, which is how the command line calls them.
    """
    listed = [root / f"{document}.ipynb" for document in _listed(root)]
    others = sorted(p for p in (root / "chapters").glob("*/*.ipynb") if p not in listed)
    found = [Chapter(path) for path in listed + others if path.is_file()]
    names = [chapter.name for chapter in found]
    for name in names:
        if names.count(name) > 1:
            raise ChapterError(f"two chapters are called {name}")
    return found


def missing(root: Path) -> list[str]:
    """Chapters that the table of contents lists but that do not exist."""
    return [document for document in _listed(root) if not (root / f"{document}.ipynb").is_file()]


def select(root: Path, names: list[str]) -> list[Chapter]:
    """Chapters by name, all of them when no name is given.

    Raises
    ------
    ChapterError
        For a name that no chapter has; the message lists those there are.
    """
    chapters = {chapter.name: chapter for chapter in discover(root)}
    for name in names:
        if name not in chapters:
            hint = parameters.closest(name, chapters)
            raise ChapterError(f"unknown chapter {name}{hint}; known: {', '.join(chapters) or 'none'}")
    return [chapters[name] for name in dict.fromkeys(names or chapters)]


def captions(root: Path) -> dict[str, str]:
    """Caption of the part that each document of the table of contents is in."""
    return {
        entry.get("file", "").removesuffix(".ipynb"): part.get("caption", "")
        for part in _parts(root)
        for entry in part.get("chapters", [])
    }


def _listed(root: Path) -> list[str]:
    files = [entry.get("file", "") for part in _parts(root) for entry in part.get("chapters", [])]
    return [name.removesuffix(".ipynb") for name in files if name.startswith("chapters/")]


def _parts(root: Path) -> list[dict[str, Any]]:
    import yaml

    toc = root / "_toc.yml"
    if not toc.is_file():
        return []
    content = yaml.safe_load(toc.read_text(encoding="utf-8")) or {}
    return content.get("parts", [content])
