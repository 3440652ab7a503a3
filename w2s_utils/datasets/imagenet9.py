"""ImageNet-9 as a reader has it: the folders of the backgrounds challenge. Imports numpy and pillow."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from w2s_utils.datasets.catalogue import CATALOGUE
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import data_folder, expected
from w2s_utils.datasets.grouped import Listed, assemble, images_below

OWN, OTHER = "mixed_same", "mixed_rand"
_BELOW = ("", "bg_challenge", "test", "bg_challenge/test")
_SOURCE = re.compile(r"n\d{8}_\d+")
TEST_SHARE = 0.5
SPLIT_SEED = 42


def load(*, data_dir: str | os.PathLike[str] | None = None, shown: bool = True) -> Dataset:
    """Nine classes of ImageNet, cut out and pasted on a background of their own class or of a random one.

    Parameters
    ----------
    data_dir : path, optional
        Folder with ``mixed_same`` and ``mixed_rand``, each of which holds ``val/<class>/`` and, in the training
        release, ``train/<class>/``; ``W2S_DATA`` if left out.
    shown : bool, default True

    Returns
    -------
    Dataset
        Background k for class k's own (``mixed_same``), the number of classes for a random class's
        (``mixed_rand``), groups ``2 * label + 1`` on the latter. With ``train`` in both folders it is the pool and
        ``val`` is for testing; without, half of the foreground photographs of ``val``, drawn with seed 42, are.

    Notes
    -----
    Both variations hold the same foregrounds. A foreground is told by the first ImageNet number in the file name
    (else by the name), and never on both sides of a division that is made here. A random class may be the
    foreground's own.

    Raises
    ------
    ValueError
        If a folder is missing, or the two variations hold other classes.
    """
    entry = CATALOGUE["imagenet9"]
    above = data_folder(entry, data_dir)
    folder = next(
        (above / name for name in _BELOW if all((above / name / kind).is_dir() for kind in (OWN, OTHER))), None
    )
    if folder is None:
        raise ValueError(f"{above} holds no folders {OWN} and {OTHER}; {expected(entry)}")
    trained = all((folder / kind / "train").is_dir() for kind in (OWN, OTHER))
    parts = ("train", "val") if trained else ("val",)
    places = [folder / kind / part for kind in (OWN, OTHER) for part in parts]
    absent = [place for place in places if not place.is_dir()]
    if absent:
        raise ValueError(f"{absent[0]} is not a folder; {expected(entry)}")
    classes = [sorted(each.name for each in place.iterdir() if each.is_dir()) for place in places]
    for place, found in zip(places, classes, strict=True):
        if found != classes[0]:
            differ = sorted(set(found) ^ set(classes[0]))
            raise ValueError(f"{place} and {places[0]} differ in {len(differ)} classes: {', '.join(differ[:3])}")
    names = classes[0]
    listed = [
        Listed(path, number, number if place.parent.name == OWN else len(names), place.name == "val")
        for place in places
        for number, name in enumerate(names)
        for path in images_below(place / name)
    ]
    listed = listed if trained else _divided(listed)
    return assemble(
        entry,
        folder,
        listed,
        aligned=np.arange(len(names)),
        # folders are called 00_dog, 02_wheeled vehicle, ...
        class_names=[re.sub(r"^\d+_", "", name) for name in names],
        background_names=[*names, "another"],
        settings="train and val" if trained else f"val {TEST_SHARE} {SPLIT_SEED}",
        shown=shown,
    )


def foreground(path: Path) -> str:
    """What a file's foreground was cut from.

    Examples
    --------
    >>> foreground(Path("fg_n02085936_2032_bg_n03792782_14107.JPEG"))
    'n02085936_2032'
    """
    found = _SOURCE.search(path.name)
    return found[0] if found else path.stem


def _divided(listed: list[Listed]) -> list[Listed]:
    sources = sorted({foreground(row.path) for row in listed})
    order = np.random.default_rng(SPLIT_SEED).permutation(len(sources))
    tested = {sources[k] for k in order[: round(TEST_SHARE * len(sources))]}
    return [Listed(row.path, row.label, row.background, foreground(row.path) in tested) for row in listed]
