"""What a run depends on, and what it left behind.

A result is a folder ``{<chapter>.ipynb, figures/<id>/..., entry.json}``. Its entry holds the key of all that
the run read and the sha256 of every file it wrote, so that an edited source and a damaged result are both a
miss. Default runs live in ``_build/cache/<preset>/<chapter>`` (and are copied to where readers look), runs with
``-p`` in ``_build/runs/<chapter>-<hash>``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from w2s_utils.runner.chapters import Chapter, source

ENTRY = "entry.json"


class FolderError(RuntimeError):
    """Results cannot be put where they belong; the message is one line."""


def tree_hash(root: Path) -> str:
    """sha256 of what every chapter shares: package modules, embedded data, lock file and Python version."""
    package = root / "w2s_utils"
    package = package if package.is_dir() else Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(platform.python_version().encode())
    for base, files in (
        (package.parent, package.rglob("*.py")),
        (root, (root / "data").rglob("*")),
        (root, root.glob("requirements.lock")),
    ):
        for path in sorted(p for p in files if p.is_file()):
            digest.update(f"\n{path.relative_to(base).as_posix()} {file_hash(path)}".encode())
    return digest.hexdigest()


def key(chapter: Chapter, parameters: Mapping[str, Any], preset: str, shared: str) -> str:
    """Key of one run: the chapter's sources (outputs do not count), its preset, and `tree_hash`."""
    cells = [[c["cell_type"], source(c), c.get("metadata", {}).get("tags", [])] for c in chapter.notebook["cells"]]
    content = [cells, chapter.settings, dict(parameters), preset, shared]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def slot(root: Path, chapter: Chapter, parameters: Mapping[str, Any], preset: str, custom: bool) -> Path:
    """Folder of the result of a run."""
    if not custom:
        return root / "_build" / "cache" / preset / chapter.name
    text = json.dumps([preset, dict(parameters)], sort_keys=True)
    return root / "_build" / "runs" / f"{chapter.name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def load(folder: Path, wanted: str | None = None) -> dict[str, Any] | None:
    """The entry of a complete result, or None when it is missing, damaged or made with another key."""
    try:
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        if wanted is not None and entry["key"] != wanted:
            return None
        whole = all(file_hash(folder / name) == digest for name, digest in entry["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return entry if whole else None


def store(folder: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a finished result by its entry; the files it lists are those in the folder."""
    files = {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ENTRY
    }
    complete = {**entry, "files": files}
    write_text(folder / ENTRY, json.dumps(complete, indent=1) + "\n")
    return complete


def require_writable(folders: Iterable[Path]) -> None:
    """Refuse folders that cannot be made or written, before time is spent on what should go there."""
    for folder in folders:
        found = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
        if not found.is_dir():
            raise FolderError(f"the folder {folder} cannot be written: {found} is not a folder; move it away")
        if not os.access(found, os.W_OK | os.X_OK):
            raise FolderError(f"the folder {folder} cannot be written: no permission in {found}; make it writable")


def replace(new: Path, target: Path) -> None:
    """Put a finished folder in the place of another one; the old one stays whole until the last moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def copy(folder: Path, target: Path) -> None:
    """Like `replace` with a copy of a folder; nothing happens when the target holds the same files."""
    if _same(folder, target):
        return
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, new)
    replace(new, target)


def write_text(path: Path, text: str) -> None:
    """Write a file under another name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def file_hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _same(left: Path, right: Path) -> bool:
    def listing(folder: Path) -> dict[str, str]:
        return {p.relative_to(folder).as_posix(): file_hash(p) for p in folder.rglob("*") if p.is_file()}

    return right.is_dir() and listing(left) == listing(right)
