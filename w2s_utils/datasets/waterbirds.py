"""Waterbirds as a reader has it: images listed in ``metadata.csv``. Imports numpy and pillow."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from w2s_utils.datasets.catalogue import CATALOGUE
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import data_folder, expected
from w2s_utils.datasets.grouped import Listed, assemble

_COLUMNS = {"y": ("0", "1"), "place": ("0", "1"), "split": ("0", "1", "2")}
_BELOW = ("", "waterbird_complete95_forest2water2", "waterbirds")


def load(*, data_dir: str | os.PathLike[str] | None = None, validation: bool = False, shown: bool = True) -> Dataset:
    """Land and water birds on land and water: 4,795 training, 1,199 validation, 5,794 test images.

    Parameters
    ----------
    data_dir : path, optional
        Folder with ``metadata.csv`` (columns img_filename, y, place, split), or the one above it; ``W2S_DATA`` if
        left out.
    validation : bool, default False
        Add the validation images, half of which are on the other background, to the pool.
    shown : bool, default True

    Returns
    -------
    Dataset
        Label 1 for water birds, background 1 for water, groups ``2 * label + background``.

    Raises
    ------
    ValueError
        If the table is missing, lacks a column, holds another value than 0, 1 (split: 0, 1, 2), lists a file twice
        or one that is not there.
    """
    entry = CATALOGUE["waterbirds"]
    above = data_folder(entry, data_dir)
    folder = next((above / name for name in _BELOW if (above / name / "metadata.csv").is_file()), None)
    if folder is None:
        raise ValueError(f"{above} holds no metadata.csv; {expected(entry)}")
    rows = _rows(folder / "metadata.csv")
    absent = [row["img_filename"] for row in rows if not (folder / row["img_filename"]).is_file()]
    if absent:
        raise ValueError(
            f"{folder}: {len(absent)} of {len(rows)} files of metadata.csv are missing: {', '.join(absent[:3])}"
        )
    listed = [
        Listed(folder / row["img_filename"], int(row["y"]), int(row["place"]), row["split"] == "2")
        for row in rows
        if validation or row["split"] != "1"
    ]
    return assemble(
        entry,
        folder,
        listed,
        aligned=np.arange(2),
        class_names=("land bird", "water bird"),
        background_names=("land", "water"),
        settings=f"validation {validation}",
        shown=shown,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text file in UTF-8; take it from the published archive") from None
    if not rows:
        raise ValueError(f"{path} holds no row")
    lacking = [name for name in ("img_filename", *_COLUMNS) if name not in rows[0]]
    if lacking:
        raise ValueError(f"{path} lacks the column {lacking[0]}; it has {', '.join(rows[0])}")
    for name, allowed in _COLUMNS.items():
        wrong = [row for row in rows if row[name] not in allowed]
        if wrong:
            first = ", ".join(f"{row[name]} of {row['img_filename']}" for row in wrong[:3])
            raise ValueError(
                f"{path}: {len(wrong)} of {len(rows)} rows have a {name} other than {', '.join(allowed)}: {first}"
            )
    names = [row["img_filename"] for row in rows]
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(f"{path}: {len(names) - len(set(names))} of {len(names)} files are listed twice: {twice}")
    return rows
