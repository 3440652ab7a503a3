"""Random splits of one pool of examples, and what they allow to conclude."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray


@dataclass(frozen=True)
class Split:
    """Row numbers of one split; the first n labelled and the first N unlabelled rows make a smaller experiment.

    Parameters
    ----------
    labeled, unlabeled, test : ndarray of int
        Disjoint, in random order.
    index : int
        Number of the split.
    """

    labeled: npt.NDArray[np.int64]
    unlabeled: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    index: int


def draw_split(rows: int, n: int, N: int, test: int, *, index: int, seed: int, name: str = "") -> Split:
    """Draw disjoint labelled, unlabelled and test rows.

    Parameters
    ----------
    rows : int
        Examples in the data set.
    n, N, test : int
        Labelled, unlabelled and test rows wanted, each at least 1.
    index : int
        Number of the split: split 3 of a seed is the same whatever the number of splits.
    seed : int
        The chapter's seed.
    name : str
        Of the data set.

    Returns
    -------
    Split

    Raises
    ------
    ValueError
        If there are not enough rows.

    Examples
    --------
    >>> split = draw_split(10, 3, 4, 2, index=0, seed=0)
    >>> len(set(split.labeled) | set(split.unlabeled) | set(split.test))
    9
    """
    if min(n, N, test) < 1:
        raise ValueError(f"n = {n}, N = {N}, test = {test} are not allowed: each at least 1")
    if n + N + test > rows:
        raise ValueError(
            f"n + N + test = {n} + {N} + {test} = {n + N + test} exceeds the {rows} rows of {name or 'the data'}"
        )
    order = parallel.generator(parallel.seed_sequence(seed, "split", name, rows), index).permutation(rows)
    return Split(order[test : test + n], order[test + n : test + n + N], order[:test], index)


def flip_labels(labels: npt.ArrayLike, rate: float, rng: np.random.Generator) -> FloatArray:
    """Flip a share of binary labels; the rows flipped at a lower rate are among those of a higher one.

    Parameters
    ----------
    labels : array_like, shape (m,)
        0 and 1.
    rate : float
        Probability of a flip, in [0, 0.5].
    rng : Generator
        In the same state for every rate.

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    ValueError
        If a label is neither 0 nor 1, or the rate is outside its range.

    Examples
    --------
    >>> flip_labels([0, 1, 1], 0.0, np.random.default_rng(0)).tolist()
    [0.0, 1.0, 1.0]
    """
    y = np.asarray(labels, float)
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError(f"labels = {y[~np.isin(y, (0.0, 1.0))][0]:g} is not allowed: 0 or 1")
    if not 0 <= rate <= 0.5:
        raise ValueError(f"rate = {rate} is not allowed: from 0 to 0.5")
    return np.where(rng.random(y.shape) < rate, 1 - y, y)


def nadeau_bengio(values: npt.ArrayLike, test_share: float) -> tuple[float, float, int]:
    """Mean over random splits of one data set, with a standard error that admits that splits overlap.

    Parameters
    ----------
    values : array_like, shape (splits,)
        One effect a split, at least two.
    test_share : float
        Share of the rows that a split tests on, in (0, 1).

    Returns
    -------
    mean, standard error, degrees of freedom

    Raises
    ------
    ValueError
        With fewer than two splits, an effect that is not finite, or a share outside its range.

    Notes
    -----
    The variance of the mean is taken as :math:`(1/J + t/(1-t))\\,s^2` for J splits with test share t [1]_.

    References
    ----------
    .. [1] nadeau2003, Inference for the generalization error.

    Examples
    --------
    >>> mean, se, df = nadeau_bengio([1.0, 2.0, 3.0, 2.0], 0.2)
    >>> mean, round(se, 4), df
    (2.0, 0.5774, 3)
    """
    x = np.asarray(values, float)
    if not np.isfinite(x).all():
        raise ValueError("values holds nan or inf: every split must be measured")
    if x.ndim != 1 or x.size < 2:
        raise ValueError(
            f"values = an array of shape {x.shape} is not allowed: one effect for each of two splits or more"
        )
    if not 0 < test_share < 1:
        raise ValueError(f"test_share = {test_share} is not allowed: between 0 and 1")
    inflation = 1 / x.size + test_share / (1 - test_share)
    return float(x.mean()), float(np.sqrt(inflation * x.var(ddof=1))), x.size - 1
