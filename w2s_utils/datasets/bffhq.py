"""BFFHQ as a reader has it: faces whose file names hold age and gender. Imports numpy and pillow."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from w2s_utils.datasets.catalogue import CATALOGUE
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import data_folder, expected
from w2s_utils.datasets.grouped import IntArray, Listed, assemble, images_below

_NAME = re.compile(r".*_(\d+)_(\d+)\.\w+")
_TRAIN = ("align", "conflict")


def load(*, data_dir: str | os.PathLike[str] | None = None, validation: bool = False, shown: bool = True) -> Dataset:
    """Faces by age, where gender takes the place of the background.

    Parameters
    ----------
    data_dir : path, optional
        Folder with ``align`` and ``conflict``, or one above it; ``W2S_DATA`` if left out. ``test`` and ``valid``
        may be in it or beside it. Files are called ``<number>_<age>_<gender>.png``, ages and genders 0 or 1.
    validation : bool, default False
        Add the images of ``valid`` to the pool.
    shown : bool, default True

    Returns
    -------
    Dataset
        Label is age, background is gender, groups ``2 * label + background``. The gender that is an age's own is
        that of the files in ``align``.

    Raises
    ------
    ValueError
        If a folder is missing, there are several versions (0.5pct, 1pct, ...), a name holds no age and gender or
        other values than 0 and 1, or ``align`` and ``conflict`` contradict the names.
    """
    entry = CATALOGUE["bffhq"]
    above = data_folder(entry, data_dir)
    folder = _version(above)
    parts = {name: images_below(folder / name) for name in _TRAIN}
    for name in ("test", *(["valid"] if validation else [])):
        there = [place / name for place in (folder, folder.parent) if (place / name).is_dir()]
        if not there:
            raise ValueError(f"{folder} and the folder above it hold no folder {name}; {expected(entry)}")
        parts[name] = images_below(there[0])
    named = {path: _age_and_gender(path) for paths in parts.values() for path in paths}
    aligned = _own_genders(folder, parts, named)
    listed = [Listed(path, *named[path], name == "test") for name, paths in parts.items() for path in paths]
    return assemble(
        entry,
        # test images may lie beside the version's folder
        folder.parent if any(folder not in row.path.parents for row in listed) else folder,
        listed,
        aligned=aligned,
        class_names=("age 0", "age 1"),
        background_names=("gender 0", "gender 1"),
        settings=f"validation {validation}",
        shown=shown,
    )


def _version(above: Path) -> Path:
    places = [above, above / "bffhq", *sorted(above.glob("*pct")), *sorted((above / "bffhq").glob("*pct"))]
    found = [place for place in places if all((place / name).is_dir() for name in _TRAIN)]
    if not found:
        raise ValueError(f"{above} holds no folders align and conflict; {expected(CATALOGUE['bffhq'])}")
    if len(found) > 1:
        names = ", ".join(str(place) for place in found)
        raise ValueError(f"{above} holds {len(found)} versions of BFFHQ; give one of them as data_dir: {names}")
    return found[0]


def _age_and_gender(path: Path) -> tuple[int, int]:
    match = _NAME.fullmatch(path.name)
    if match is None or not set(match.groups()) <= {"0", "1"}:
        raise ValueError(f"{path} has no age and gender of 0 or 1 in its name; <number>_<age>_<gender>.png is expected")
    return int(match[1]), int(match[2])


def _own_genders(folder: Path, parts: dict[str, list[Path]], named: dict[Path, tuple[int, int]]) -> IntArray:
    own = []
    for age in (0, 1):
        genders = [named[path][1] for path in parts["align"] if named[path][0] == age]
        if not genders:
            raise ValueError(f"{folder / 'align'} holds no image of age {age}; {expected(CATALOGUE['bffhq'])}")
        own.append(int(2 * sum(genders) > len(genders)))
    if own[0] == own[1]:
        raise ValueError(f"{folder / 'align'} holds gender {own[0]} for both ages; one each is expected")
    wrong = [
        path.relative_to(folder).as_posix()
        for name in _TRAIN
        for path in parts[name]
        if (named[path][1] == own[named[path][0]]) != (name == "align")
    ]
    if wrong:
        total = sum(len(parts[name]) for name in _TRAIN)
        raise ValueError(
            f"{folder}: {len(wrong)} of {total} files contradict their folder align or conflict: {', '.join(wrong[:3])}"
        )
    return np.array(own, dtype=np.int64)
