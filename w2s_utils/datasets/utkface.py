"""UTKFace as a reader has it: faces whose file names hold age, gender and race. Imports numpy, pillow, scikit-learn."""

from __future__ import annotations

import os
import re

import numpy as np
from sklearn.model_selection import train_test_split

from w2s_utils.datasets.catalogue import CATALOGUE
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.files import ImageFiles, data_folder, expected, sound_images, whole_numbers

# three files of the published set lack the race, and one of them more
_NAME = re.compile(r"(\d+)_(?:(\d)_)?(?:(\d)_)?(\d+)\.jpg\.chip\.jpg")
TEST_SHARE = 3708 / 23708
SPLIT_SEED = 42


def load(*, data_dir: str | os.PathLike[str] | None = None, shown: bool = True) -> Dataset:
    """Aligned faces with age (0 to 116), gender (0, 1) and race (0 to 4).

    Parameters
    ----------
    data_dir : path, optional
        Folder that holds ``age_gender_race_date.jpg.chip.jpg``, directly or below; ``W2S_DATA`` if left out.
    shown : bool, default True
        Say progress on stderr.

    Returns
    -------
    Dataset
        Rows in the order of the file names. The test rows are 3,708 of 23,708, or that share, drawn with the
        authors' seed; their order of files is not known, so that the rows themselves may differ from theirs.

    Raises
    ------
    ValueError
        If the folder holds no such file, or an age is outside its range.
    """
    entry = CATALOGUE["utkface"]
    folder = data_folder(entry, data_dir)
    paths = sorted(path for path in folder.rglob("*.jpg") if _NAME.fullmatch(path.name))
    if not paths:
        raise ValueError(f"{folder} holds no file of that kind; {expected(entry)}")
    sound, skipped, checksum = sound_images(entry, folder, paths, "RGB", shown=shown)
    names = [path.relative_to(folder).as_posix() for path in sound]
    if len(names) < 2:
        raise ValueError(f"{folder} holds {len(names)} readable image; {expected(entry)}")
    parts = [found.groups() for path in sound if (found := _NAME.fullmatch(path.name))]
    age = whole_numbers(entry, [int(part[0]) for part in parts], names, range(117), "age")
    others = {}
    for place, (label, allowed) in enumerate((("gender", range(2)), ("race", range(5))), start=1):
        values = np.array([float(part[place]) if part[place] else np.nan for part in parts])
        # the published set has a few names with a field missing or shifted: undefined, not wrong
        others[label] = np.where(np.isin(values, list(allowed)), values, np.nan)
    pool, test = train_test_split(np.arange(len(names)), test_size=TEST_SHARE, random_state=SPLIT_SEED)
    return Dataset(
        name=entry.name,
        targets={"age": age, **others},
        default_target=entry.default_target,
        pool_rows=np.sort(pool),
        test_rows=np.sort(test),
        ids=np.array(names),
        checksum=checksum,
        licence=entry.licence,
        citation=entry.citation,
        source=entry.source,
        images=ImageFiles(sound),
        skipped=skipped,
    )
