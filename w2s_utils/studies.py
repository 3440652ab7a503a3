"""What the data chapters run on each data set: target, models, directions, sample sizes, label noise.

Embedded sets take the papers' sample sizes, shrunk with the number of rows where there are too few. Which of them a
trend compares was chosen on trial splits of the same rows, and so were margins; the chapters say which. Splits test on
4 % of the rows: the fewer, the less splits overlap in what they test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Study:
    """Settings of one chapter on one data set.

    Parameters
    ----------
    target : str
        What is predicted.
    kind : {"regression", "classification"}
    student : str
        Backbone of the student in the main figures.
    n, N : int
        Fixed size of the other scan.
    labels, unlabeled : tuple of int
        Scans over n (at N) and over N (at n).
    n_ends, N_ends : tuple of int
        Sizes whose comparison is the trend, chosen on trial splits; clear of the models' interpolation thresholds.
    noise_n : int
        Labelled points at which levels of noise are compared, at N.
    noise_more : tuple of int
        Further ones that enter the test of noise.
    labeled, test : int
        Rows that every split keeps for labelled samples, and for testing.
    noise : tuple of float
        Levels of label noise: standard deviations in units of that of the targets, or shares of flips.
    d_w, d_s : int
        Leading principal directions used; 0 for all features, as they are.
    teachers : tuple of str
        Backbones of the teachers in the main figures; empty: all others.
    options : mapping
        Of the sweep.
    """

    target: str
    kind: str
    student: str
    n: int
    N: int
    labels: tuple[int, ...]
    unlabeled: tuple[int, ...]
    n_ends: tuple[int, int]
    N_ends: tuple[int, int]
    noise_n: int
    labeled: int
    test: int
    noise: tuple[float, ...]
    d_w: int = 0
    d_s: int = 0
    teachers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    noise_more: tuple[int, ...] = ()

    def scan(self, stride: int = 1) -> list[tuple[int, int]]:
        """Sizes (n, N) of both scans; a stride thins them, but keeps what trends compare.

        Parameters
        ----------
        stride : int
            Every stride-th size, at least 1.

        Returns
        -------
        list of (n, N)
        """
        labels = {*self.labels[::stride], *self.n_ends, self.n, self.noise_n, *self.noise_more}
        unlabeled = {*self.unlabeled[::stride], *self.N_ends, self.N}
        points = [(n, self.N) for n in sorted(labels)] + [(self.n, N) for N in sorted(unlabeled)]
        return list(dict.fromkeys(points))


def _grid(first: int, last: int, count: int, *more: int) -> tuple[int, ...]:
    return tuple(sorted({*np.linspace(first, last, count, dtype=int).tolist(), *more}))


RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")

# UTKFace has 23,708 rows, Blue Marble 1,688: sizes and widths shrink alike (ResNet18's 512 to 36, CLIP's 768 to 55)
_PATCHES = Study(
    "elevation", "regression", "efficientnet_lite2", 114, 712, (61, 66, 75, 84, 97, 114, 142, 178, 214),
    (71, 135, 199, 262, 326, 453, 580, 712, 897, 1089, 1282), (75, 214), (135, 1282), 142, 214, 68,
    (0.0, 0.25, 0.5, 1.0), 36, 55,
)  # fmt: skip
# ColoredMNIST has 70,000 rows, the embedded digits 5,000; directions are not shrunk: a student of 27 is too weak
_DIGITS = Study(
    "label", "classification", "efficientnet_lite2", 143, 2857, (71, 143, 214, 357, 571, 929),
    (179, 357, 714, 1429, 2857), (143, 929), (357, 2857), 143, 929, 200, (0.0, 0.1, 0.2, 0.3), 128, 128,
    options={"metric": "brier", "penalty": 1e-3}, noise_more=(357,),
)  # fmt: skip
# SST-2's sizes, as far as 10,072 sentences reach
_SENTENCES = Study(
    "sentiment", "classification", "minilm", 2500, 5000, (500, 1000, 1500, 2000, 2500, 3000),
    (500, 1000, 2000, 3000, 4000, 5000, 6000), (500, 3000), (500, 6000), 2500, 3000, 400, (0.0, 0.1, 0.2, 0.3),
    128, 128, options={"metric": "error", "penalty": 1e-3},
)  # fmt: skip
STUDIES = {
    "blue_marble": _PATCHES,
    "utkface": Study(
        "age", "regression", "clip_b32", 1600, 10000, _grid(800, 2000, 20), _grid(1000, 18000, 20), (1052, 2000),
        (1894, 18000), 2000, 2000, 3708, (0.0, 5.0, 10.0, 20.0), teachers=RESNETS,
        options={"intercept": False, "rank": 778},
    ),
    "colored_mnist": _DIGITS,
    "colored_mnist_full": replace(
        _DIGITS, student="dinov2_s14", n=5000, N=40000, labels=_grid(600, 13000, 6), unlabeled=_grid(1500, 40000, 6),
        n_ends=(600, 13000), N_ends=(1500, 40000), noise_n=5000, labeled=13000, test=7000,
        teachers=RESNETS, noise_more=(),
    ),
    "movie_snippets": _SENTENCES,
    "sst2": replace(
        _SENTENCES, target="label", n=2500, N=10000, labels=(1000, 2000, 3000, 4000), unlabeled=(4000, 7000, 10000),
        n_ends=(1000, 4000), N_ends=(4000, 10000), labeled=4000, test=4349,
    ),
}  # fmt: skip
