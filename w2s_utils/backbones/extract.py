"""`extract`: frozen features of many inputs, in batches that survive a kill."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils._progress import progress
from w2s_utils.backbones.images import checked
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

    Returns
    -------
    ndarray of float32, shape (m, width)

    Raises
    ------
    ValueError
        If there are no inputs, `batch` is below 1, an image is malformed, weights are missing, a feature is not
        finite, or the cache holds another width than the backbone gives.

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
    key = _digest([row.identity(), checksum or content_checksum(inputs), content_checksum(fit_on or ())])
    folder = (cache or cache_folder()) / "features" / f"{row.name}-{key[:20]}"
    whole = folder / "features.npy"
    done = _load(whole)
    if done is None:
        parts = _batches(row, inputs, fit_on, batch, folder, shown)
        done = np.concatenate(parts)
        _save(whole, done)
        for path in folder.glob("rows-*.npy"):
            path.unlink()
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
    row: Backbone, inputs: Sequence[Any], fit_on: Sequence[str] | None, batch: int, folder: Path, shown: bool
) -> list[FloatArray]:
    encode = None
    parts = []
    starts = range(0, len(inputs), batch)
    for start in progress(starts, len(starts), f"{row.name}, batches of {batch}", shown=shown):
        stop = min(start + batch, len(inputs))
        path = folder / f"rows-{start:07}-{stop:07}.npy"
        part = _load(path)
        if part is None:
            encode = encode or row.load(fit_on)
            given = [inputs[k] for k in range(start, stop)]
            if row.kind == "image":
                given = [checked(image, start + k) for k, image in enumerate(given)]
            part = np.asarray(encode(given), dtype=np.float32)
            if not np.isfinite(part).all():
                bad = start + int(np.flatnonzero(~np.isfinite(part).all(1))[0])
                raise ValueError(f"{row.name} gives a feature that is not finite for input {bad}")
            _save(path, part)
        parts.append(_fitting(part, row, folder, stop - start))
    return parts


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
