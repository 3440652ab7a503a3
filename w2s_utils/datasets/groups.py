"""Groups, the minority fraction eta, and samples with the eta asked for. Imports numpy only.

Every class has one background that is its own (`Dataset.aligned`): the one it comes with most often in the
published data. An image on it belongs to the majority, any other to the minority, and eta is the share of the
minority, here and everywhere in the book. Groups are (class, background) when there are two backgrounds, and
(class, own background or another) when there are more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from w2s_utils.datasets.dataset import Dataset, Split
from w2s_utils.datasets.drawing import class_numbers, draw_rows

BoolArray = npt.NDArray[np.bool_]


def minority_rows(dataset: Dataset) -> BoolArray:
    """Which rows have another background than their class's own, shape (m,).

    Raises
    ------
    ValueError
        If the data set has no backgrounds.

    Examples
    --------
    >>> from w2s_utils import datasets
    >>> tops = datasets.load("scenes_tops")
    >>> int(minority_rows(tops)[tops.pool_rows].sum()), int(minority_rows(tops)[tops.test_rows].sum())
    (1700, 1000)
    """
    if dataset.aligned is None:
        raise ValueError(f"dataset = {dataset.name!r} has no backgrounds; groups need one that has, as scenes_tops")
    labels = class_numbers(dataset.targets["label"])
    minority: BoolArray = dataset.targets["background"] != dataset.aligned[labels]
    return minority


def minority_fraction(dataset: Dataset, rows: npt.ArrayLike | None = None) -> float:
    """The share eta of rows whose background is not their class's own.

    Parameters
    ----------
    dataset : Dataset
    rows : array_like of int, optional
        Row numbers; the pool if left out, which gives the eta_o of a reader's data.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If there are no rows, or the data set has no backgrounds.

    Examples
    --------
    >>> from w2s_utils import datasets
    >>> tops = datasets.load("scenes_tops")
    >>> round(minority_fraction(tops), 3), minority_fraction(tops, tops.test_rows)
    (0.347, 0.5)
    """
    chosen = dataset.pool_rows if rows is None else np.asarray(rows, dtype=np.int64)
    if len(chosen) == 0:
        raise ValueError("rows = [] holds no row; the minority fraction of nothing is not defined")
    return float(minority_rows(dataset)[chosen].mean())


def resample_groups(
    dataset: Dataset,
    n: int,
    N: int,
    *,
    eta_l: float,
    eta_u: float,
    eta_t: float = 0.5,
    test: int | None = None,
    seed: int,
) -> Split:
    """Disjoint labelled, unlabelled and test rows with the minority fractions asked for, balanced over classes.

    Parameters
    ----------
    dataset : Dataset
        One with backgrounds. Labelled and unlabelled rows come from its pool, test rows from its test rows.
    n, N : int
        Numbers of labelled and unlabelled rows, at least 1.
    eta_l, eta_u, eta_t : float
        Minority fractions of labelled, unlabelled and test rows, in [0, 1]. Counts are rounded to the nearest.
    test : int, optional
        Number of test rows; as many as there can be with that `eta_t` if left out.
    seed : int
        For one seed the labelled rows do not depend on N and eta_u, nor the unlabelled ones on n and eta_l, and
        smaller n or N, or a smaller minority count, take subsets group by group.

    Returns
    -------
    Split
        ``labelled`` (n,), ``unlabelled`` (N,), ``test``.

    Raises
    ------
    ValueError
        If an argument is out of range, or groups hold too few images: the message says which, and how many are
        missing.

    References
    ----------
    .. [1] liu2026, experiments on benchmarks: eta_l, eta_u and eta_t are varied by resampling.

    Examples
    --------
    >>> from w2s_utils import datasets
    >>> tops = datasets.load("scenes_tops")
    >>> drawn = resample_groups(tops, 100, 1000, eta_l=0.1, eta_u=0.5, seed=0)
    >>> len(drawn.labelled), minority_fraction(tops, drawn.labelled), minority_fraction(tops, drawn.test)
    (100, 0.1, 0.5)
    """
    minority = minority_rows(dataset)
    labels = class_numbers(dataset.targets["label"])
    return draw_rows(
        labels,
        minority,
        n,
        N,
        eta_l=eta_l,
        eta_u=eta_u,
        eta_t=eta_t,
        test=test,
        seed=seed,
        pool_rows=dataset.pool_rows,
        test_rows=dataset.test_rows,
        class_names=dataset.class_names,
    )
