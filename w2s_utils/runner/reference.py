"""The committed results: ``refresh`` is the only writer; `verify` compares with them."""

from __future__ import annotations

import base64
import copy
import io
import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from w2s_utils.provenance import blob_hash
from w2s_utils.runner import cache, chapters, execute, scorecard

PNG_LIMIT = 80_000  # bytes: what a notebook on a code host may carry per figure
VOLATILE = ("papermill", "execution", "ExecuteTime", "collapsed", "scrolled")


class RefreshError(RuntimeError):
    """Reference results cannot be written or compared; the message is one line for each problem."""


def refresh(root: Path, names: list[str], *, workers: int | None = None, echo: Callable[[str], None] = print) -> None:
    """Run chapters at both presets and write figures, notebooks, ``codecheck.yml`` and ``environment.yml``.

    Raises
    ------
    RefreshError
        When a chapter fails or a verdict is not the committed one; nothing is written then.
    """
    selected = chapters.select(root, names)
    results = {}
    for preset in ("paper", "fast"):  # fast last: it is what _build/figures shows afterwards
        jobs = [execute.Job(chapter, chapter.values(preset), preset) for chapter in selected]
        results[preset] = execute.run(root, jobs, workers=workers, echo=echo)
        problems = [f"{r.job.chapter.name}: {r.error}" for r in results[preset] if r.status == "failed"]
        problems += [line for result in results[preset] for line in result.unexpected]
        if problems:
            raise RefreshError("nothing was written:\n" + "\n".join(problems))
    notebooks = {}
    for result in results["fast"]:
        chapter = result.job.chapter
        executed = json.loads((result.folder / chapter.path.name).read_text(encoding="utf-8"))
        notebooks[chapter.path] = dump(normalise(chapter.notebook, executed, str(root)))
    for path, text in notebooks.items():
        cache.write_text(path, text)
        echo(f"wrote {path.relative_to(root)}")
    for result in results["paper"]:
        _keep_figures(root, result)
        echo(f"wrote the figures of {result.job.chapter.name}")
    cache.write_text(root / "codecheck.yml", scorecard.codecheck(root))
    echo("wrote codecheck.yml")
    from w2s_utils.runner import project_files

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    cache.write_text(root / "environment.yml", project_files.environment_yml(project))
    echo("wrote environment.yml")


def normalise(committed: dict[str, Any], executed: dict[str, Any], root: str = "") -> dict[str, Any]:
    """The committed notebook with the outputs of an execution, and nothing that depends on when or where.

    Parameters
    ----------
    committed, executed : dict
        Notebooks; cells are matched by id, and no source changes.
    root : str
        Path that must not occur in an output.
    """
    made = {cell.get("id"): cell for cell in executed["cells"]}
    notebook = copy.deepcopy(committed)
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **({"w2s": committed["metadata"]["w2s"]} if "w2s" in committed["metadata"] else {}),
    }
    count = 0
    for cell in notebook["cells"]:
        cell["source"] = chapters.source(cell)
        for name in VOLATILE:
            cell["metadata"].pop(name, None)
        if cell["cell_type"] != "code":
            continue
        run = made.get(cell.get("id"))
        if run is None or chapters.source(run) != cell["source"]:
            raise RefreshError(f"cell {cell.get('id')} was not executed as committed")
        if run["execution_count"] is not None:
            count += 1
        cell["execution_count"] = None if run["execution_count"] is None else count
        cell["outputs"] = [_output(output, count) for output in run["outputs"]]
        if root and root in json.dumps(cell["outputs"]):
            raise RefreshError(f"an output of cell {cell.get('id')} contains the path of this checkout")
    return notebook


def dump(notebook: dict[str, Any]) -> str:
    """Stable text of a notebook: sorted keys, sources and texts as lists of lines, a newline at the end."""
    import nbformat

    return nbformat.writes(nbformat.from_dict(notebook)).rstrip("\n") + "\n"


def small_png(data: bytes, limit: int = PNG_LIMIT) -> bytes:
    """A PNG of at most `limit` bytes: fewer colours first, then fewer pixels."""
    if len(data) <= limit:
        return data
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    for scale in (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2):
        size = (round(picture.width * scale), round(picture.height * scale))
        smaller = picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        for colours in (256, 64):
            buffer = io.BytesIO()
            smaller.quantize(colours, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
            if buffer.tell() <= limit:
                return buffer.getvalue()
    raise RefreshError(f"a picture of {len(data)} bytes cannot be brought below {limit}")


def _keep_figures(root: Path, result: execute.Result) -> None:
    made = {path.name: path for path in (result.folder / "figures").iterdir() if path.is_dir()}
    for passport in scorecard.passports(root / "figures"):
        if passport["chapter"] == result.job.chapter.name and passport["id"] not in made:
            shutil.rmtree(root / "figures" / passport["id"])
    notebook = blob_hash(result.job.chapter.path)
    for name, path in made.items():
        cache.copy(path, root / "figures" / name)
        # the run read the same sources, but the committed notebook has its outputs since a moment ago
        target = root / "figures" / name / "figure.json"
        passport = {**json.loads(target.read_text(encoding="utf-8")), "notebook": notebook}
        cache.write_text(target, json.dumps(passport, indent=1, ensure_ascii=False) + "\n")


def _output(output: dict[str, Any], count: int) -> dict[str, Any]:
    kept = copy.deepcopy(output)
    if "execution_count" in kept:
        kept["execution_count"] = count
    for kind, data in kept.get("data", {}).items():
        if kind == "image/png":
            text = data if isinstance(data, str) else "".join(data)
            kept["data"][kind] = base64.b64encode(small_png(base64.b64decode(text))).decode()
    return kept
