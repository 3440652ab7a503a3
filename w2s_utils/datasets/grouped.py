"""Benchmarks with groups as a reader has them: what every loader of them does with its list of images.

A loader makes `Listed` rows out of files and names; `assemble` checks them and makes the `Dataset`. Imports numpy and
pillow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2s_utils.datasets.catalogue import Entry
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import ImageFiles, expected, sound_images

IntArray = npt.NDArray[np.int64]
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Listed:
    """An image with numbers of class and background, and whether it is for testing."""

    path: Path
    label: int
    background: int
    test: bool


def images_below(folder: Path) -> list[Path]:
    """Image files in a folder and below it, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def own_backgrounds(
    labels: npt.ArrayLike, backgrounds: npt.ArrayLike, class_names: Sequence[str], background_names: Sequence[str]
) -> IntArray:
    """The background that each class comes with most often, shape (K,).

    Raises
    ------
    ValueError
        If two come first for a class.

    Examples
    --------
    >>> own_backgrounds([0, 0, 0, 1], [1, 1, 0, 0], ["cow", "camel"], ["sand", "grass"]).tolist()
    [1, 0]
    """
    given, behind = np.asarray(labels), np.asarray(backgrounds)
    found = []
    for number, name in enumerate(class_names):
        often = np.bincount(behind[given == number], minlength=len(background_names))
        first = np.flatnonzero(often == often.max())
        if len(first) > 1:
            tied = ", ".join(background_names[k] for k in first[:3])
            raise ValueError(
                f"class {name} comes equally often ({often.max()} images) with {tied}; "
                f"say which is its own by aligned={{{name!r}: ...}}"
            )
        found.append(int(first[0]))
    return np.array(found, dtype=np.int64)


def named_backgrounds(
    aligned: Mapping[str, str], class_names: Sequence[str], background_names: Sequence[str]
) -> IntArray:
    """Numbers of the backgrounds a reader gave for every class.

    Raises
    ------
    ValueError
        If a class is missing or a name unknown.
    """
    if set(aligned) != set(class_names):
        raise ValueError(f"aligned = {dict(aligned)} must have the keys {', '.join(class_names)}")
    unknown = [name for name in aligned.values() if name not in background_names]
    if unknown:
        raise ValueError(f"aligned names the background {unknown[0]!r}; there are {', '.join(background_names)}")
    return np.array([background_names.index(aligned[name]) for name in class_names], dtype=np.int64)


def assemble(
    entry: Entry,
    folder: Path,
    listed: Sequence[Listed],
    *,
    aligned: IntArray,
    class_names: Sequence[str],
    background_names: Sequence[str],
    settings: str,
    shown: bool,
) -> Dataset:
    """Data set of the listed images that can be read.

    Parameters
    ----------
    entry : Entry
    folder : Path
        Above all images.
    listed : sequence of Listed
    aligned : ndarray of int, shape (K,)
        Background that is each class's own.
    class_names, background_names : sequence of str
    settings : str
        Enters the checksum together with files, classes and backgrounds.
    shown : bool
        Say progress on stderr.

    Raises
    ------
    ValueError
        If no image is listed, or a group has no image to draw from or to test on.
    """
    if not listed:
        raise ValueError(f"{folder} holds no image of that layout; {expected(entry)}")
    rows = {row.path: row for row in listed}
    sound, skipped, content = sound_images(entry, folder, list(rows), "any", shown=shown)
    kept = [rows[path] for path in sound]
    labels, backgrounds = (np.array([getattr(row, key) for row in kept]) for key in ("label", "background"))
    tests = np.array([row.test for row in kept])
    minority = backgrounds != aligned[labels]
    two = len(background_names) == 2
    second = backgrounds if two else minority
    ends = [f"on {name}" for name in background_names] if two else ["on its background", "on another background"]
    group_names = tuple(f"{name} {end}" for name in class_names for end in ends)
    groups = (2 * labels + second).astype(np.int64)
    for part, chosen in (("pool", ~tests), ("test", tests)):
        held = np.bincount(groups[chosen], minlength=len(group_names))
        if 0 in held:
            empty = [name for name, count in zip(group_names, held, strict=True) if count == 0]
            raise ValueError(
                f"{entry.name}: {len(empty)} of {len(held)} groups have no {part} image, among them {empty[0]}; "
                f"images of each: {', '.join(map(str, held))}"
            )
    named = f"{content} {settings} {labels.tolist()} {backgrounds.tolist()} {tests.tolist()}"
    return Dataset(
        name=entry.name,
        targets={"label": labels.astype(np.float64), "background": backgrounds.astype(np.float64)},
        default_target=entry.default_target,
        pool_rows=np.flatnonzero(~tests).astype(np.int64),
        test_rows=np.flatnonzero(tests).astype(np.int64),
        ids=np.array([path.relative_to(folder).as_posix() for path in sound]),
        checksum=hashlib.sha256(named.encode()).hexdigest(),
        licence=entry.licence,
        citation=entry.citation,
        source=entry.source,
        groups=groups,
        group_names=group_names,
        images=ImageFiles(sound),
        skipped=skipped,
        aligned=aligned,
        class_names=tuple(class_names),
    )
