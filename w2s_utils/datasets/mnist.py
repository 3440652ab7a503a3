"""The papers' ColoredMNIST, made from a reader's MNIST. Imports numpy and pillow."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from w2s_utils.datasets.catalogue import CATALOGUE
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import data_folder, expected, sound_images, whole_numbers

_SETS = ("train", "t10k")
TEST_SHARE = 0.1
SPLIT_SEED = 42


class Coloured(Sequence[npt.NDArray[np.uint8]]):
    """Gray digits (m, rows, columns) as (rows, columns, 3): red where `colour` is 0, green where it is 1."""

    def __init__(self, gray: npt.NDArray[np.uint8], colour: npt.NDArray[np.int64]) -> None:
        self._gray, self._colour = gray, colour

    def __len__(self) -> int:
        return len(self._gray)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[k] for k in range(*number.indices(len(self)))]
        image = np.zeros((*self._gray.shape[1:], 3), np.uint8)
        image[..., self._colour[number]] = self._gray[number]
        return image


def load(
    *,
    data_dir: str | os.PathLike[str] | None = None,
    label_noise: float = 0.0,
    colour_correlation: float = 0.0,
    seed: int = 0,
    shown: bool = True,
) -> Dataset:
    """Digits in red or green: label 1 for digits from 5 on, flipped with a probability; colour tied to the label.

    Parameters
    ----------
    data_dir : path, optional
        Folder with MNIST's four idx files, gzipped or not, or with folders ``0`` to ``9`` of gray images of one
        size; ``W2S_DATA`` if left out.
    label_noise : float, default 0
        Probability in [0, 0.5] that a label is flipped, in pool and test alike.
    colour_correlation : float, default 0
        Correlation of colour and flipped label, in [-1, 1]: they agree with probability ``(1 + it) / 2``.
    seed : int, default 0
    shown : bool, default True

    Returns
    -------
    Dataset
        Targets label (flipped), clean_label, digit, colour; groups ``2 * label + colour``. A tenth of the rows,
        drawn with seed 42, is for testing, as 7,000 of 70,000 in the paper.

    Raises
    ------
    ValueError
        If a share is out of range, or the folder does not hold the data, or a file is damaged.
    """
    if not 0 <= label_noise <= 0.5:
        raise ValueError(f"label_noise = {label_noise} is outside [0, 0.5]")
    if not -1 <= colour_correlation <= 1:
        raise ValueError(f"colour_correlation = {colour_correlation} is outside [-1, 1]")
    entry = CATALOGUE["colored_mnist_full"]
    folder = data_folder(entry, data_dir)
    skipped: tuple[str, ...] = ()
    if all(_idx(folder, kind, part) for kind in _SETS for part in ("images-idx3", "labels-idx1")):
        gray, digit, ids, content = _from_idx(folder)
    elif any((folder / str(value)).is_dir() for value in range(10)):
        gray, digit, ids, content, skipped = _from_folders(folder, shown)
    else:
        raise ValueError(f"{folder} holds neither; {expected(entry)}")
    if len(gray) < 2:
        raise ValueError(f"{folder} holds {len(gray)} digit; {expected(entry)}")
    generator = np.random.default_rng([seed, 0xC0])
    clean = (digit >= 5).astype(np.int64)
    label = clean ^ (generator.random(len(digit)) < label_noise)
    colour = label ^ (generator.random(len(digit)) >= (1 + colour_correlation) / 2)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(digit))
    tests = max(1, round(TEST_SHARE * len(digit)))
    settings = f"{content} {label_noise!r} {colour_correlation!r} {seed}"
    named = {"label": label, "clean_label": clean, "digit": digit, "colour": colour}
    return Dataset(
        name=entry.name,
        targets={name: values.astype(np.float64) for name, values in named.items()},
        default_target=entry.default_target,
        pool_rows=np.sort(order[tests:]),
        test_rows=np.sort(order[:tests]),
        ids=ids,
        checksum=hashlib.sha256(settings.encode()).hexdigest(),
        licence=entry.licence,
        citation=entry.citation,
        source=entry.source,
        groups=2 * label + colour,
        group_names=entry.group_names,
        images=Coloured(gray, colour),
        skipped=skipped,
    )


def read_idx(path: Path, ndim: int) -> npt.NDArray[np.uint8]:
    """Content of an idx file of unsigned bytes, gzipped or not.

    Raises
    ------
    ValueError
        If it is truncated, or no idx file with that number of axes.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged ({type(error).__name__}); download it again") from None
    if content[:4] != bytes([0, 0, 8, ndim]):
        raise ValueError(f"{path} is not an idx file of bytes with {ndim} axes")
    shape = tuple(np.frombuffer(content, ">u4", ndim, 4).tolist()) if len(content) >= 4 + 4 * ndim else ()
    body = content[4 + 4 * ndim :]
    if not shape or len(body) != math.prod(shape):
        raise ValueError(f"{path} is truncated: {len(body)} bytes for the shape {shape}; download it again")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _idx(folder: Path, kind: str, part: str) -> Path | None:
    for name in (f"{kind}-{part}-ubyte", f"{kind}-{part}-ubyte.gz", f"{kind}-{part.replace('-', '.')}-ubyte"):
        if (folder / name).is_file():
            return folder / name
    return None


_Digits = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.str_], str]


def _from_idx(folder: Path) -> _Digits:
    images, labels, ids = [], [], []
    for kind in _SETS:
        picture, number = _idx(folder, kind, "images-idx3"), _idx(folder, kind, "labels-idx1")
        assert picture is not None and number is not None
        images.append(read_idx(picture, 3))
        labels.append(read_idx(number, 1))
        if len(images[-1]) != len(labels[-1]):
            raise ValueError(f"{picture} has {len(images[-1])} rows, {number} has {len(labels[-1])}")
        ids += [f"{kind} {row}" for row in range(len(labels[-1]))]
    gray, found = np.concatenate(images), np.concatenate(labels)
    digit = whole_numbers(CATALOGUE["colored_mnist_full"], found.tolist(), ids, range(10), "digit").astype(np.int64)
    return gray, digit, np.array(ids), hashlib.sha256(gray.tobytes() + found.tobytes()).hexdigest()


def _from_folders(folder: Path, shown: bool) -> tuple[*_Digits, tuple[str, ...]]:
    entry = CATALOGUE["colored_mnist_full"]
    paths = sorted(
        path for value in range(10) for path in (folder / str(value)).glob("*") if path.suffix in (".png", ".jpg")
    )
    if not paths:
        raise ValueError(f"{folder} holds no .png or .jpg in its folders 0 to 9; {expected(entry)}")
    sound, skipped, checksum = sound_images(entry, folder, paths, "L", shown=shown)
    arrays = []
    for path in sound:
        with Image.open(path) as image:
            arrays.append(np.asarray(image.convert("L")))
        if arrays[-1].shape != arrays[0].shape:
            raise ValueError(f"{path} has {arrays[-1].shape} pixels, {sound[0]} has {arrays[0].shape}")
    digit = np.array([int(path.parent.name) for path in sound])
    ids = np.array([path.relative_to(folder).as_posix() for path in sound])
    return np.stack(arrays), digit, ids, checksum, skipped
