"""A data set with known groups and several backbones, as the group-imbalance chapters use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_utils import datasets
from w2s_utils._arrays import FloatArray
from w2s_utils.datasets import Dataset
from w2s_utils.datasets.drawing import counts

IntArray = npt.NDArray[np.int64]
Pair = tuple[str, str]  # teacher and student
SCENES = ("tops", "wear", "shoe", "nine")
# heads of nine classes take ten times as long: a model from each third of the list
FEW = {"nine": ("lite0_block4", "squeezenet_64px", "efficientnet_lite2")}


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Labels, groups and features of one data set.

    Attributes
    ----------
    name : str
    data : Dataset
    labels : ndarray of int64, shape (m,)
    minority : ndarray of bool, shape (m,)
    features : mapping of str to ndarray, shape (m, d)
        By backbone, weak to strong as listed; centred on the pool, mean square 1 there.
    test : ndarray of int64
        Test rows, as many majority as minority rows of every class.
    groups : ndarray of int64, shape (len(test),)
        2 class + minority: the groups over which accuracies are averaged.
    """

    name: str
    data: Dataset
    labels: IntArray
    minority: npt.NDArray[np.bool_]
    features: Mapping[str, FloatArray]
    test: IntArray
    groups: IntArray

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1

    @property
    def truth(self) -> IntArray:
        """Labels of the test rows."""
        return self.labels[self.test]

    @property
    def all_groups(self) -> IntArray:
        """Groups of all rows, numbered as ``groups``."""
        return 2 * self.labels + self.minority

    def overlap(self, size: float, eta: float) -> float:
        """What a sample of a size and minority fraction repeats of the pool: f/(1-f), mean over its images.

        Parameters
        ----------
        size : float
            Images drawn; effective number where they weigh differently.
        eta : float

        Returns
        -------
        float
            f is the share of its group's pool images that is drawn; inf where all are.
        """
        there = np.bincount(self.all_groups[self.data.pool_rows], minlength=2 * self.classes)
        drawn = size * np.ravel(counts(10_000, eta, self.classes)) / 1e4
        share = drawn / there
        with np.errstate(divide="ignore"):
            repeated = np.where(share < 1, share / (1 - np.minimum(share, 1)), np.inf)
        return float(np.average(repeated, weights=drawn))


def common_images(benches: Sequence[Benchmark]) -> FloatArray:
    """Upper bounds of correlations between means over the images of several data sets, from what they share.

    Scenes are composed: the same garment may be in two of them, on other backgrounds. Sums of as many terms, a share
    of which is common, correlate by at most that share.

    Parameters
    ----------
    benches : sequence of Benchmark

    Returns
    -------
    ndarray, shape (k, k)
        Common garments, or images, over the geometric mean of the numbers, in the pool or in the test rows, whichever
        is larger; 1 on the diagonal.

    Examples
    --------
    >>> tops = load("scenes_tops", models=["lite0_block4"])
    >>> common_images([tops, tops]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    parts = []
    for bench in benches:
        # an id of a scene names the garment first: "train 12 on 0 57"
        ids = np.array([str(name).split(" on ")[0] for name in bench.data.ids])
        parts.append([set(ids[rows].tolist()) for rows in (bench.data.pool_rows, bench.test)])
    found = np.eye(len(parts))
    for i, one in enumerate(parts):
        for j, other in enumerate(parts[:i]):
            shared = [len(a & b) / np.sqrt(len(a) * len(b)) for a, b in zip(one, other, strict=True)]
            found[i, j] = found[j, i] = max(shared)
    return found


def full_names(scenes: str) -> dict[str, str]:
    """Data sets by the short names that a chapter's parameter lists.

    Raises
    ------
    ValueError
        If a name is empty or comes twice.

    Examples
    --------
    >>> full_names("tops,waterbirds")
    {'tops': 'scenes_tops', 'waterbirds': 'waterbirds'}
    """
    given = [name.strip() for name in scenes.split(",")]
    if not all(given) or len(set(given)) < len(given):
        raise ValueError(f"scenes = {scenes!r} is not allowed: names of data sets, each once, between commas")
    return {name: f"scenes_{name}" if name in SCENES else name for name in given}


def models_of(name: str, models: str = "") -> tuple[str, ...]:
    """Backbones that a chapter runs on a data set: those of `FEW`, or on a reader's data those that are named.

    Examples
    --------
    >>> models_of("nine"), models_of("waterbirds", "squeezenet, efficientnet_lite2")
    (('lite0_block4', 'squeezenet_64px', 'efficientnet_lite2'), ('squeezenet', 'efficientnet_lite2'))
    """
    if name in SCENES or not models:
        return FEW.get(name, ())
    return tuple(model.strip() for model in models.split(","))


def load(name: str, *, data_dir: str | None = None, models: Sequence[str] = ()) -> Benchmark:
    """Load a data set with groups and its features.

    Parameters
    ----------
    name : str
        ``scenes_tops``, ... or a reader's ``waterbirds``, ...
    data_dir : str, optional
        Folder of a reader's data.
    models : sequence of str
        Backbones, weak to strong; all if left out.

    Returns
    -------
    Benchmark

    Raises
    ------
    ValueError
        As `datasets.load` and `datasets.features`, and if a test group has no image.

    Examples
    --------
    >>> tops = load("scenes_tops", models=["lite0_block4", "squeezenet"])
    >>> tops.classes, len(tops.test), np.bincount(tops.groups).tolist()
    (2, 2000, [500, 500, 500, 500])
    """
    data = datasets.load(name, data_dir=data_dir or None)
    source = name if data.images is None else data
    features = {}
    for model in models or datasets.backbones_of(name):
        found = datasets.features(source, model, data_dir=data_dir or None)
        values = found.values.astype(np.float64)
        values -= values[data.pool_rows].mean(0)
        features[model] = values / np.sqrt(np.mean(values[data.pool_rows] ** 2))
    labels = data.targets["label"].astype(np.int64)
    minority = datasets.minority_rows(data)
    test = data.test_rows
    groups = 2 * labels[test] + minority[test]
    counts = np.bincount(groups, minlength=2 * (int(labels.max()) + 1))
    if not counts.all():
        raise ValueError(f"data set {name!r}: {int((counts == 0).sum())} of {counts.size} test groups have no image")
    return Benchmark(name, data, labels, minority, features, test, groups)
