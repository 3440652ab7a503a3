"""`extract`: frozen features of many inputs, in batches that survive a kill."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils._progress import progress
from w2s_utils.backbones.images import checked
from w2s_utils.backbones.portions import Batch, Workers, encoded, portion, tasks
from w2s_utils.backbones.table import Backbone
from w2s_utils.backbones.table import backbone as row_of
from w2s_utils.sources import cache_folder

FloatArray = npt.NDArray[np.float32]


def extract(
    backbone: str | Backbone,
    inputs: Sequence[Any],
    *,
    checksum: str | None = None,
    fit_on: Sequence[str] | None = None,
    batch: int = 32,
    shown: bool = True,
    cache: Path | None = None,
    workers: Workers | None = None,
) -> FloatArray:
    """Features of images or texts by a frozen backbone, computed once and kept.

    Every batch is a file in the cache folder (``W2S_CACHE``, else the platform's), written whole or not at all,
    so that a killed run goes on where it stopped. The key is made of the backbone's weights and preprocessing
    and of `checksum`.

    Parameters
    ----------
    backbone : str or Backbone
        A row of `w2s_utils.backbones.BACKBONES`, or its name.
    inputs : sequence of m images (rows, columns, 3) in uint8, or of m texts
        Read one batch at a time.
    checksum : str, optional
        Identifies the inputs; computed from their content, which is then read twice, if left out.
    fit_on : sequence of str, optional
        Texts that a backbone with a vocabulary learns it from.
    batch : int, default 32
    shown : bool, default True
        Say progress and elapsed time on stderr.
    cache : Path, optional
        Another cache folder.
    workers : object, optional
        Who computes the batches, see `portions.Workers`; here, one after the other, if left out. The features are
        the same.

    Returns
    -------
    ndarray of float32, shape (m, width)

    Raises
    ------
    ValueError
        If there are no inputs, `batch` is below 1, an image is malformed, weights are missing, a feature is not
        finite, the cache holds another width than the backbone gives, or a backbone that learns its words is asked
        for with `workers`.

    Examples
    --------
    >>> import tempfile
    >>> digits = [np.zeros((28, 28, 3), np.uint8)] * 2
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     extract("pixels", digits, cache=Path(folder)).shape
    (2, 588)
    """
    row = row_of(backbone) if isinstance(backbone, str) else backbone
    if len(inputs) == 0 or batch < 1:
        raise ValueError(f"inputs = {len(inputs)} and batch = {batch} must both be at least 1")
    if workers is not None and fit_on is not None:
        raise ValueError(f"{row.name} learns its words from all texts: not by several workers")
    key = _digest([row.identity(), checksum or content_checksum(inputs), content_checksum(fit_on or ())])
    folder = (cache or cache_folder()) / "features" / f"{row.name}-{key[:20]}"
    whole = folder / "features.npy"
    done = _load(whole)
    if done is None:
        parts = _batches(row, inputs, fit_on, batch, folder, shown, workers)
        done = np.concatenate(parts)
        _save(whole, done)
        for path in folder.glob("rows-*.npy"):
            path.unlink(missing_ok=True)  # another run of the same may have been faster
    return _fitting(done, row, folder, len(inputs))


def content_checksum(inputs: Sequence[Any]) -> str:
    """SHA-256 of images or texts, one after the other.

    Examples
    --------
    >>> content_checksum(["a", "b"]) == content_checksum(["ab"])
    False
    """
    return _digest([each if isinstance(each, str) else _image_sum(checked(each, k)) for k, each in enumerate(inputs)])


def _batches(
    row: Backbone,
    inputs: Sequence[Any],
    fit_on: Sequence[str] | None,
    batch: int,
    folder: Path,
    shown: bool,
    workers: Workers | None,
) -> list[FloatArray]:
    parts: dict[int, FloatArray] = {}

    def path(start: int) -> Path:
        return folder / f"rows-{start:07}-{min(start + batch, len(inputs)):07}.npy"

    def finished() -> Iterator[int]:
        missing: list[int] = []
        for start in range(0, len(inputs), batch):
            stop = min(start + batch, len(inputs))
            part = _load(path(start))
            if part is None:
                missing.append(start)
                continue
            parts[start] = _fitting(part, row, folder, stop - start)
            yield start
        for start, part in _computed(row, inputs, missing, batch, fit_on, workers):
            parts[start] = _fitting(part, row, folder, min(start + batch, len(inputs)) - start)
            _save(path(start), part)
            yield start

    total = -(-len(inputs) // batch)
    for _ in progress(finished(), total, f"{row.name}, batches of {batch}", shown=shown):
        pass
    return [parts[start] for start in sorted(parts)]


def _computed(
    row: Backbone,
    inputs: Sequence[Any],
    missing: Sequence[int],
    batch: int,
    fit_on: Sequence[str] | None,
    workers: Workers | None,
) -> Iterator[tuple[int, FloatArray]]:
    """Batches as they are finished: here one after the other, or by workers in any order."""

    def batches(low: int, high: int) -> list[Batch]:
        return [(start, inputs[start : start + batch]) for start in missing[low:high]]

    if not missing:
        return
    if workers is None:
        encode = row.load(fit_on)
        for at, start in enumerate(missing):
            yield start, encoded(row, encode, *batches(at, at + 1))
        return
    pace = {"seconds": float("inf")}
    for made in workers.run(tasks(row, batches, len(missing), pace, workers.workers), portion):
        yield from made.parts.items()
        if made.error:
            raise ValueError(made.error)
        pace["seconds"] = made.seconds / len(made.parts)


def _fitting(part: FloatArray, row: Backbone, folder: Path, rows: int) -> FloatArray:
    if part.shape != (rows, row.width):
        raise ValueError(
            f"{folder} holds features of shape {part.shape}, {row.name} gives {(rows, row.width)}; delete that folder"
        )
    return part


def _load(path: Path) -> FloatArray | None:
    """Content of a batch, or None when it is not there or damaged."""
    try:
        part: FloatArray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return part if part.dtype == np.float32 and part.ndim == 2 else None


def _save(path: Path, part: FloatArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as handle:
            np.save(handle, part, allow_pickle=False)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _image_sum(image: npt.NDArray[np.uint8]) -> str:
    return f"{image.shape}{hashlib.sha256(image.tobytes()).hexdigest()}"


def _digest(parts: Sequence[str]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)}:{part}".encode())
    return total.hexdigest()
