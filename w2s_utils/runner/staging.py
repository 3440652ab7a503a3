"""Stages the book: executed chapters, pages, configuration and what was made from the passports.

The staged tree ``_build/book`` is all that Jupyter Book sees; the checkout itself is never built in place.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from w2s_utils.claims import VERDICTS
from w2s_utils.runner import chapters, pages, symbols
from w2s_utils.runner.chapters import Chapter

# CommonMark takes such a line for text, without a warning
_BROKEN_FENCE = re.compile(r"^\s*`{3,}\{[^`\n]*`.*$", re.MULTILINE)
_VERDICT_CELL = re.compile(rf"\| ({'|'.join(sorted(VERDICTS, key=len, reverse=True))}) \|")
COPIED = ("_ext", "_static", "_vendor", "pages", "intro.md", "references.bib")


class BookError(RuntimeError):
    """The book could not be built; the message holds the warnings and errors of the build."""


def stage(root: Path, staged: Path) -> None:
    """Write everything Jupyter Book needs into a folder of its own."""
    absent = chapters.missing(root)
    if absent:
        raise BookError(f"_toc.yml lists chapters that do not exist: {', '.join(absent)}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, staged / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (root / name).is_file():
            shutil.copy2(root / name, staged / name)
    (staged / "_config.yml").write_text(_configuration(root), encoding="utf-8")
    extra = staged / "_extra"
    extra.mkdir()
    for name in ("codecheck.yml", "CITATION.cff"):
        if (root / name).is_file():
            shutil.copy2(root / name, extra / name)
    notation = staged / "pages" / "notation.md"
    known = symbols.listed(notation.read_text(encoding="utf-8"))
    notation.write_text(symbols.anchored(notation.read_text(encoding="utf-8")), encoding="utf-8")
    found = chapters.discover(root)
    for chapter in found:
        executed = root / "_build" / "executed" / chapter.part / f"{chapter.name}.ipynb"
        if not executed.is_file():
            raise BookError(f"chapter {chapter.name} has not been executed: run `w2s run {chapter.name}`")
        content = json.loads(executed.read_text(encoding="utf-8"))
        _write(extra / f"{chapter.document}.ipynb", _cleaned(content))
        _write(staged / f"{chapter.document}.ipynb", staged_notebook(content, chapter, known))
    for path in sorted((root / "_build" / "figures").glob("[!.]*/figure.json")):
        shutil.copytree(path.parent, extra / "figures" / path.parent.name)
    pages.write(root, staged, found, project_urls(root))
    (staged / "_toc.yml").write_text(_contents(root, staged), encoding="utf-8")


def staged_notebook(content: dict[str, Any], chapter: Chapter, known: Sequence[symbols.Symbol] = ()) -> dict[str, Any]:
    """Executed notebook as the book shows it: figures become numbered ones, the title gets its badges and symbols."""
    notebook = _cleaned(content)
    prose = "\n\n".join(chapters.source(c) for c in notebook["cells"] if c["cell_type"] == "markdown")
    own = symbols.line(symbols.used(known, prose, chapter.part, chapter.name), "../" * chapter.document.count("/"))
    cells: list[dict[str, Any]] = []
    titled = False
    for cell in notebook["cells"]:
        cells.append(cell)
        if cell["cell_type"] == "markdown" and (broken := _BROKEN_FENCE.search(chapters.source(cell))):
            line = broken[0].strip()
            raise BookError(f"{chapter.name}: a directive whose title has backticks needs a ::: fence: {line}")
        if cell["cell_type"] == "markdown" and not titled and chapters.source(cell).startswith("# "):
            titled = True
            title, _, rest = chapters.source(cell).partition("\n")
            item = chapter.settings.get("item", "")
            cell["source"] = f"{title}\n\n```{{w2s-badges}} {item}\n```\n\n{rest.strip()}\n\n{own}"
        if cell["cell_type"] != "code":
            continue
        if "injected-parameters" in cell["metadata"].get("tags", []):
            text = chapters.source(cell)
            cell["source"] = text.replace("# Parameters", "# what this preset changes", 1)
        if len(cells) > 1 and _folded(cell) and _folded(cells[-2]) and not cells[-2]["outputs"]:
            # one fold on the page for code that the notebook keeps in short cells
            cell["source"] = f"{chapters.source(cells[-2])}\n\n{chapters.source(cell)}"
            del cells[-2]
        kept = []
        for number, output in enumerate(cell["outputs"]):
            name = figure_of(output)
            if name is None:
                kept.append(_with_badges(output))
                continue
            text = f"```{{w2s-figure}} {name}\n```"
            cells.append(_markdown(f"{cell.get('id', 'cell')}-{number}", text))
        cell["outputs"] = kept
        if _parameters_end(notebook["cells"], cell):
            cells.append(_markdown("w2s-rerun", f"```{{w2s-rerun}} {chapter.name}\n```"))
    notebook["cells"] = cells
    return notebook


def _parameters_end(cells: list[dict[str, Any]], cell: dict[str, Any]) -> bool:
    """True for the last cell that sets parameters: the cell tagged so, or what a preset changes after it."""
    marks = ("parameters", "injected-parameters")
    setting = [c for c in cells if set(marks) & set(c["metadata"].get("tags", []))]
    return bool(setting) and setting[-1] is cell


def _folded(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and "hide-input" in cell["metadata"].get("tags", [])


def _with_badges(output: dict[str, Any]) -> dict[str, Any]:
    """Verdicts in the cells of a Markdown table, as coloured badges."""
    text = output.get("data", {}).get("text/markdown")
    if text is not None:
        output["data"]["text/markdown"] = _VERDICT_CELL.sub(r"| {w2s-verdict}`\1` |", "".join(text))
    return output


def figure_of(output: dict[str, Any]) -> str | None:
    """Id of the figure that an output shows, None for any other output.

    Examples
    --------
    >>> figure_of({"output_type": "display_data", "metadata": {"w2s": {"figure": "pgr-opr"}}})
    'pgr-opr'
    """
    metadata = output.get("metadata", {})
    return (metadata.get("w2s") or metadata.get("image/png", {}).get("w2s") or {}).get("figure")


def project_urls(root: Path) -> dict[str, str]:
    """Addresses of ``[project.urls]`` in lower case; empty while the project has none."""
    source = root / "pyproject.toml"
    if not source.is_file():
        return {}
    urls = tomllib.loads(source.read_text(encoding="utf-8")).get("project", {}).get("urls", {})
    return {name.lower(): url for name, url in urls.items() if url}


def _configuration(root: Path) -> str:
    import yaml

    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    urls = project_urls(root)
    if "repository" in urls:
        config["repository"] = {"url": urls["repository"].rstrip("/").removesuffix(".git"), "branch": "main"}
        for button in ("use_repository_button", "use_issues_button", "use_edit_page_button"):
            config["html"][button] = True
        config["launch_buttons"] = {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }
    if "pages" in urls:
        config["html"]["baseurl"] = urls["pages"]
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def _contents(root: Path, staged: Path) -> str:
    """The table of contents, with the pages of the API reference under its first one."""
    import yaml

    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    rooms = [{"file": f"pages/api/{path.stem}"} for path in sorted((staged / "pages" / "api").glob("*.md"))]
    for part in toc["parts"]:
        for entry in part["chapters"]:
            if entry["file"] == "pages/api" and rooms:
                entry["sections"] = rooms
    return yaml.safe_dump(toc, sort_keys=False, allow_unicode=True)


def _cleaned(content: dict[str, Any]) -> dict[str, Any]:
    """Copy of an executed notebook without papermill's paths and times."""
    notebook = copy.deepcopy(content)
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        for name in ("papermill", "execution"):
            cell["metadata"].pop(name, None)
    return notebook


def _markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name[:64], "metadata": {}, "source": text}


def _write(path: Path, notebook: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
