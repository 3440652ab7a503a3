"""A reader's folder: found or refused with what it should hold, image files checked and read when indexed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from w2s_utils._progress import printable, progress
from w2s_utils.datasets.catalogue import Entry
from w2s_utils.sources import cache_folder

_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


class ImageFiles(Sequence[npt.NDArray[np.uint8]]):
    """Images of a list of files, each read when it is indexed, as (rows, columns, 3) in uint8; a slice reads none.

    Parameters
    ----------
    paths : sequence of Path

    Raises
    ------
    ValueError
        By indexing, if a file has gone or is no whole image any more; the message names it.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return ImageFiles(self._paths[number])
        path = self._paths[number]
        try:
            with Image.open(path) as image:
                return np.asarray(image.convert("RGB"))
        except FileNotFoundError:
            raise ValueError(f"{path} is not there") from None
        except _UNREADABLE as error:
            why = getattr(error, "strerror", None) or _reason(error)
            raise ValueError(f"{path} cannot be read: {why}") from None


def data_folder(entry: Entry, data_dir: str | os.PathLike[str] | None) -> Path:
    """The folder a reader named, by argument or by the variable ``W2S_DATA``.

    Raises
    ------
    ValueError
        If none is named or it is not a folder.
    """
    given = data_dir or os.environ.get("W2S_DATA")
    if not given:
        raise ValueError(f"{entry.name} needs data_dir (-p data_dir PATH) or W2S_DATA; {expected(entry)}")
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise ValueError(f"data_dir = {folder} is not a folder; {expected(entry)}")
    return folder


def expected(entry: Entry) -> str:
    """What a folder should hold, where to get it, and what runs without it."""
    return (
        f"expected for {entry.name}: {entry.layout}; get it from {entry.source}; the embedded data sets run without it"
    )


def sound_images(
    entry: Entry, folder: Path, paths: Sequence[Path], mode: str, *, shown: bool
) -> tuple[list[Path], tuple[str, ...], str]:
    """Leave out files that are no whole image of the wanted mode; say how many and which.

    Parameters
    ----------
    entry : Entry
    folder : Path
    paths : sequence of Path
        Files in `folder`.
    mode : {"RGB", "L", "any"}
        Pillow's mode: three channels or one; "any" takes every image.
    shown : bool
        Say progress on stderr.

    Returns
    -------
    sound : list of Path
    skipped : tuple of str
        Name and reason.
    checksum : str
        SHA-256 of names and contents of the sound files.

    Notes
    -----
    The answer is kept in the cache folder under the names, sizes and times of change of all files.
    """
    listing = hashlib.sha256(mode.encode())
    for path in paths:
        status = path.stat()
        listing.update(f"\n{path} {status.st_size} {status.st_mtime_ns}".encode())
    kept = cache_folder() / "checked" / f"{entry.name}-{listing.hexdigest()[:20]}.json"
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        bad, checksum = dict(known["skipped"]), str(known["checksum"])
    except (OSError, ValueError, KeyError, TypeError):
        bad, checksum = _check(entry, folder, paths, mode, shown)
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}.new")
        new.write_text(json.dumps({"skipped": bad, "checksum": checksum}), encoding="utf-8")
        new.replace(kept)
    names = {path: path.relative_to(folder).as_posix() for path in paths}
    skipped = tuple(f"{name} ({why})" for name, why in bad.items())
    if skipped:
        plural = "file" if len(skipped) == 1 else "files"
        listed = printable(", ".join(skipped))
        print(f"{entry.name}: {len(skipped)} corrupt {plural} skipped: {listed}", file=sys.stderr)
    sound = [path for path in paths if names[path] not in bad]
    if not sound:
        raise ValueError(f"{folder} holds no readable image; {expected(entry)}")
    return sound, skipped, checksum


def _check(entry: Entry, folder: Path, paths: Sequence[Path], mode: str, shown: bool) -> tuple[dict[str, str], str]:
    bad = {}
    total = hashlib.sha256()
    for path in progress(paths, len(paths), f"{entry.name}: checking images", shown=shown):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        reason = _flaw(content, mode)
        if reason:
            bad[name] = reason
        else:
            total.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return bad, total.hexdigest()


def _flaw(content: bytes, mode: str) -> str:
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            channels = len(image.getbands())
            wanted = {"RGB": 3, "L": 1, "any": channels}[mode]
            return "" if channels == wanted else f"{channels} channels, not {wanted}"
    except _UNREADABLE as error:
        return _reason(error)


def _reason(error: BaseException) -> str:
    return "truncated" if "truncated" in str(error) else "not an image"


def whole_numbers(
    entry: Entry, values: Sequence[int], names: Sequence[str], allowed: range, label: str
) -> npt.NDArray[np.float64]:
    """Labels as float64.

    Raises
    ------
    ValueError
        If one is outside the range; the file or line is named.

    Examples
    --------
    >>> from w2s_utils.datasets.catalogue import CATALOGUE
    >>> whole_numbers(CATALOGUE["utkface"], [30, 200], ["a", "b"], range(117), "age")
    Traceback (most recent call last):
        ...
    ValueError: utkface: age = 200 of b is outside [0, 116]
    """
    for value, name in zip(values, names, strict=True):
        if value not in allowed:
            raise ValueError(f"{entry.name}: {label} = {value} of {name} is outside [{allowed[0]}, {allowed[-1]}]")
    return np.array(values, dtype=np.float64)
