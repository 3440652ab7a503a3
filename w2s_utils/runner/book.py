"""Builds the book: runs Jupyter Book on the staged tree, from clean and with warnings as errors.

The finished ``_build/html`` is put in place in one step, so a failed build never leaves half a book.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from w2s_utils.runner import cache, staging


def build(root: Path) -> tuple[Path, bool]:
    """Build the book from the executed chapters and the figures under ``_build``.

    Parameters
    ----------
    root : Path
        Checkout.

    Returns
    -------
    index : Path
        The landing page.
    fresh : bool
        False when nothing changed since the last build.

    Raises
    ------
    staging.BookError
        When a page is missing or Jupyter Book reports a warning.
    """
    staged, html = root / "_build" / "book", root / "_build" / "html"
    staging.stage(root, staged)
    state = {"staged": _digest(staged, root)}
    record = root / "_build" / "html.json"
    if _read(record) == {**state, "html": _listing(html)}:
        return html / "index.html", False
    record.unlink(missing_ok=True)
    made = root / "_build" / "html.new"
    shutil.rmtree(made, ignore_errors=True)
    jupyter_book(staged, made, root / "_build" / "book.log", "-n", "-W", "--keep-going")
    new = made / "_build" / "html"
    _complete(staged, new)
    cache.replace(new, html)
    shutil.rmtree(made, ignore_errors=True)
    cache.write_text(record, json.dumps({**state, "html": _listing(html)}))
    return html / "index.html", True


def jupyter_book(staged: Path, made: Path, log: Path, *options: str) -> None:
    """Run Jupyter Book on a staged tree; a failure is a `staging.BookError` with what it complained about."""
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", str(staged), "--path-output", str(made)]
    paths = [
        str(staged.parents[1]),
        str(Path(__file__).resolve().parents[2]),
        os.environ.get("PYTHONPATH", ""),
    ]
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "NO_COLOR": "1",
    }
    with log.open("wb") as handle:
        process = subprocess.Popen(
            [*command, *options],
            cwd=staged,
            env=variables,
            stdout=handle,
            stderr=subprocess.STDOUT,
        )
        try:
            status = process.wait()
        finally:
            process.kill()
    if status:
        lines = re.sub(r"\x1b\[[\d;]*m", "", log.read_text(encoding="utf-8", errors="replace")).splitlines()
        told = [line for line in lines if any(word in line for word in ("WARNING", "ERROR", "Error:"))]
        shown = "\n".join(line.replace(f"{staged}/", "") for line in (told or lines[-5:])[:20])
        raise staging.BookError(f"jupyter-book ended with status {status} (whole log: _build/{log.name})\n{shown}")


def _complete(staged: Path, html: Path) -> None:
    # Jupyter Book writes a page that forwards to the landing page; a copy works without the detour
    shutil.copy2(html / "intro.html", html / "index.html")
    # the theme's download button should hand out the executed notebook, not the staged one
    for notebook in (staged / "_extra").glob("chapters/*/*.ipynb"):
        target = html / "_sources" / notebook.relative_to(staged / "_extra")
        if target.is_file():
            shutil.copy2(notebook, target)


def _digest(staged: Path, root: Path) -> str:
    digest = hashlib.sha256(cache.tree_hash(root).encode())
    for path in sorted(p for p in staged.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(staged).as_posix()} {cache.file_hash(path)}\n".encode())
    return digest.hexdigest()


def _listing(html: Path) -> dict[str, int]:
    return {p.relative_to(html).as_posix(): p.stat().st_size for p in sorted(html.rglob("*")) if p.is_file()}


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
