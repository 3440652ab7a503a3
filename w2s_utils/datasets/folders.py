"""BG-COCO, and any data set a reader lays out as ``split/class/background/``. Imports numpy and pillow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from w2s_utils.datasets.catalogue import CATALOGUE
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import data_folder, expected
from w2s_utils.datasets.grouped import Listed, assemble, images_below, named_backgrounds, own_backgrounds

_VALIDATION = ("val", "valid", "validation")


def load(
    name: str = "folders",
    *,
    data_dir: str | os.PathLike[str] | None = None,
    aligned: Mapping[str, str] | None = None,
    validation: bool = False,
    shown: bool = True,
) -> Dataset:
    """Images in ``train/<class>/<background>/`` and ``test/<class>/<background>/``.

    Parameters
    ----------
    name : {"folders", "bg_coco"}
        They differ in what is said about them.
    data_dir : path, optional
        ``W2S_DATA`` if left out.
    aligned : mapping of str to str, optional
        The background that is each class's own, by folder names; the one it comes with most often in ``train`` if
        left out.
    validation : bool, default False
        Add the images of ``val``, ``valid`` or ``validation`` to the pool.
    shown : bool, default True

    Returns
    -------
    Dataset
        Classes and backgrounds are numbered in the order of their names.

    Raises
    ------
    ValueError
        If a folder is missing, images lie outside a background's folder, train and test hold other classes, there
        are fewer than two classes or backgrounds, or a class's own background cannot be told.
    """
    entry = CATALOGUE[name]
    folder = data_folder(entry, data_dir)
    places = {part: folder / part for part in ("train", "test")}
    absent = [part for part, place in places.items() if not place.is_dir()]
    if absent:
        raise ValueError(f"{folder} holds no folder {absent[0]}; {expected(entry)}")
    if validation:
        places["val"] = next((folder / part for part in _VALIDATION if (folder / part).is_dir()), folder / "val")
        if not places["val"].is_dir():
            raise ValueError(f"{folder} holds no folder {', '.join(_VALIDATION)}; call it with validation=False")
    found = {part: _parts(place) for part, place in places.items()}
    classes = sorted({row[1] for row in found["train"]})
    for part, rows in found.items():
        differ = sorted(set(classes) ^ {row[1] for row in rows})
        if differ:
            raise ValueError(
                f"{places[part]} and {places['train']} differ in {len(differ)} classes: {', '.join(differ[:3])}"
            )
    backgrounds = sorted({row[2] for rows in found.values() for row in rows})
    if min(len(classes), len(backgrounds)) < 2:
        raise ValueError(f"{folder}: {len(classes)} classes and {len(backgrounds)} backgrounds; at least 2 of each")
    listed = [
        Listed(path, classes.index(kind), backgrounds.index(behind), part == "test")
        for part, rows in found.items()
        for path, kind, behind in rows
    ]
    if aligned is None:
        trained = [(classes.index(kind), backgrounds.index(behind)) for _, kind, behind in found["train"]]
        kinds, behinds = zip(*trained, strict=True)
        own = own_backgrounds(kinds, behinds, classes, backgrounds)
    else:
        own = named_backgrounds(aligned, classes, backgrounds)
    return assemble(
        entry,
        folder,
        listed,
        aligned=own,
        class_names=classes,
        background_names=backgrounds,
        settings=f"validation {validation} {own.tolist()}",
        shown=shown,
    )


def _parts(place: Path) -> list[tuple[Path, str, str]]:
    paths = images_below(place)
    if not paths:
        raise ValueError(f"{place} holds no image; <class>/<background>/ with .jpg, .jpeg or .png files is expected")
    stray = [path for path in paths if len(path.relative_to(place).parts) != 3]
    if stray:
        first = ", ".join(path.relative_to(place).as_posix() for path in stray[:3])
        raise ValueError(f"{place}: {len(stray)} of {len(paths)} images are not in <class>/<background>/: {first}")
    return [(path, path.parent.parent.name, path.parent.name) for path in paths]
