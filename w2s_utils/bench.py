"""A study with its data at hand: what a data chapter calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils import comparison_data, datasets
from w2s_utils.datasets import Dataset, Features
from w2s_utils.probes import Split
from w2s_utils.studies import STUDIES, Study

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bench:
    """A study with its data at hand.

    Parameters
    ----------
    name : str
        Of the data set.
    study : Study
    data : Dataset
    models : mapping of str to Features
        Backbones, weak to strong.
    rows : ndarray of int
        Rows on which the target is defined.
    targets : ndarray, shape (rows,)
        Embedded regression targets are in units of their standard deviation, about their mean.
    seed : int
    """

    name: str
    study: Study
    data: Dataset
    models: Mapping[str, Features]
    rows: npt.NDArray[np.int64]
    targets: FloatArray
    seed: int

    @property
    def embedded(self) -> bool:
        """True for data that come with the book."""
        return self.data.images is None and self.data.texts is None

    @property
    def teachers(self) -> list[str]:
        """Backbones of the teachers in the main figures, weak to strong."""
        others = [name for name in self.models if name != self.study.student]
        return list(self.study.teachers) or others

    @property
    def test_share(self) -> float:
        """Share of the rows that a split tests on."""
        return self.study.test / len(self.rows)

    @property
    def files(self) -> list[dict[str, str]]:
        """Name and SHA-256 of the data set and of each backbone's features, as a passport lists them."""
        parts = [(self.name, self.data.checksum)]
        parts += [(f"{self.name}/{backbone}", features.checksum) for backbone, features in self.models.items()]
        return [{"name": name, "sha256": checksum} for name, checksum in parts]

    def head_features(self, backbone: str, role: str = "weak") -> FloatArray:
        """Features of a backbone as heads use them, on the rows of the study."""
        d = self.study.d_w if role == "weak" else self.study.d_s
        values = self.models[backbone].values[self.rows]
        return np.asarray(values[:, :d] if d else values, float)

    def splits(self, count: int) -> list[int] | list[Split]:
        """Numbers of the splits (drawn from all rows), or the fixed division's splits of a reader's data."""
        if self.embedded:
            return list(range(count))
        place = {int(row): at for at, row in enumerate(self.rows)}
        at = np.vectorize(place.__getitem__)
        study, drawn = self.study, []
        most = max(max(study.unlabeled), study.N)
        for index in range(count):
            one = self.data.split(study.labeled, most, seed=self.seed + index, target=study.target)
            drawn.append(Split(at(one.labelled), at(one.unlabelled), at(one.test), index))
        return drawn

    def sweep(
        self,
        points: Sequence[tuple[int, int]],
        *,
        splits: int,
        weak: Sequence[str] | None = None,
        strong: Sequence[str] | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """`comparison_data.sweep_table` of this study: teachers ``weak`` and students ``strong`` at some points."""
        study = self.study
        return comparison_data.sweep_table(
            study.kind,
            {name: self.head_features(name) for name in (weak or self.teachers)},
            {name: self.head_features(name, "strong") for name in (strong or [study.student])},
            self.targets,
            points,
            splits=self.splits(splits),
            labeled=study.labeled,
            test=study.test,
            name=self.name,
            seed=self.seed,
            label=self.name,
            **{**study.options, **options},
        )


def bench(name: str, *, data_dir: str | None = None, seed: int = 0, **changes: Any) -> Bench:
    """Load a data set and the features of its study.

    Parameters
    ----------
    name : str
        A data set of `STUDIES`.
    data_dir : str, optional
        Folder of a reader's data, for the papers' data sets.
    seed : int
        Of splits and label noise.
    **changes
        Fields of `Study` to replace, e.g. ``d_w=64``.

    Returns
    -------
    Bench

    Raises
    ------
    ValueError
        For an unknown data set or backbone, and as `datasets.load` and `datasets.features`.

    Examples
    --------
    >>> bench("imagenet")
    Traceback (most recent call last):
    ...
    ValueError: data set 'imagenet' has no study; known: blue_marble, utkface, ...
    """
    if name not in STUDIES:
        raise ValueError(f"data set {name!r} has no study; known: {', '.join(STUDIES)}")
    study = replace(STUDIES[name], **changes)
    data = datasets.load(name, data_dir=data_dir or None)
    known = datasets.backbones_of(name)
    for role, chosen in (("student", [study.student]), ("teacher", study.teachers)):
        for backbone in chosen:
            if backbone not in known:
                raise ValueError(f"{role} = {backbone!r} is no backbone of {name}; known: {', '.join(known)}")
    wanted = [*study.teachers, study.student] if study.teachers else known
    models = {
        backbone: datasets.features(
            data if data.images is not None or data.texts is not None else name, backbone, data_dir=data_dir or None
        )
        for backbone in wanted
    }
    rows = np.sort(np.concatenate([data.rows(part, target=study.target) for part in ("pool", "test")]))
    targets = data.targets[study.target][rows]
    if study.kind == "regression" and data.images is None:
        targets = (targets - targets.mean()) / targets.std()
    return Bench(name, study, data, models, rows, targets, seed)
