"""Two tasks on scikit-learn's 1,797 scanned digits, on disjoint rows: one to pre-train on, one to fine-tune on.

Imports numpy and scikit-learn. The digits ship with scikit-learn (UCI, Optical Recognition of Handwritten Digits).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

Array = NDArray[np.float64]
TASKS = ("at_least_five", "odd", "unseen")


@lru_cache(maxsize=1)
def _digits() -> tuple[Array, NDArray[np.int64]]:
    loaded = load_digits()
    return loaded.data.astype(float), loaded.target.astype(np.int64)


def checksum() -> str:
    """SHA-256 of the 1,797 by 64 pixel values, 0 to 16, and the labels, each a byte.

    Examples
    --------
    >>> len(checksum())
    64
    """
    pixels, labels = _digits()
    return hashlib.sha256(pixels.astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to pre-train on, to fine-tune on and to test on; no image is in two of them.

    Parameters
    ----------
    pre_X, pre_Y : ndarray, shapes (n_pre, 64) and (n_pre, classes)
        Images and centred indicators of the digit.
    X, y : ndarray, shapes (n, 64) and (n,)
        Images and labels +1 or -1 of the second task.
    test_X, test_y : ndarray
        The same for all rows that are left.
    """

    pre_X: Array
    pre_Y: Array
    X: Array
    y: Array
    test_X: Array
    test_y: Array


def split(task: str, rng: np.random.Generator, *, n: int, n_pre: int) -> Split:
    """Divide the digits at random, for one pair of tasks.

    Parameters
    ----------
    task : {"at_least_five", "odd", "unseen"}
        The second task. Pre-training is recognising all ten digits for the first two. For ``unseen`` it is telling
        0 to 4 apart, and fine-tuning is telling odd from even among 5 to 9.
    rng : Generator
    n, n_pre : int
        Rows to fine-tune and to pre-train on; at least 200 rows must be left to test on.

    Returns
    -------
    Split
        Pixels centred by the mean of the pre-training rows and divided by one number, their root mean square.

    Raises
    ------
    ValueError
        For another task, or too many rows.

    Examples
    --------
    >>> parts = split("odd", np.random.default_rng(0), n=100, n_pre=600)
    >>> parts.pre_Y.shape, parts.X.shape, len(parts.test_y)
    ((600, 10), (100, 64), 1097)
    """
    if task not in TASKS:
        raise ValueError(f"task = {task!r} is not allowed: one of {', '.join(TASKS)}")
    pixels, labels = _digits()
    order = rng.permutation(len(labels))
    if task == "unseen":
        first, second, classes = order[labels[order] < 5], order[labels[order] >= 5], 5
    else:
        first, second, classes = order[:n_pre], order[n_pre:], 10
    for name, value, most in (("n_pre", n_pre, min(len(first), 1200)), ("n", n, len(second) - 200)):
        if not 10 <= value <= most:
            raise ValueError(f"{name} = {value} is not allowed: 10 <= {name} <= {most} for task {task!r}")
    pre, train, test = first[:n_pre], second[:n], second[n:]
    centre = pixels[pre].mean(0)
    images = (pixels - centre) / np.sqrt(np.mean((pixels[pre] - centre) ** 2))
    signs = np.where(labels >= 5 if task == "at_least_five" else labels % 2 == 1, 1.0, -1.0)
    indicators = np.eye(classes)[labels[pre]] - 1 / classes
    return Split(images[pre], indicators, images[train], signs[train], images[test], signs[test])
