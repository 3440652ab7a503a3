r"""Accuracies over groups, and errors that include draws of labelled, unlabelled and test images.

Notes
-----
Draws from one pool overlap. A statistic that is, to first order, a weighted sum over a drawn share f of the pool has
variance :math:`s^2` from draw to draw, and the mean of J draws has :math:`s^2(1/J + f/(1-f))` over fresh pools: what
repeats among draws is the pool itself. It is the form of Nadeau and Bengio. Labelled and unlabelled draws take
different shares; two disjoint labelled samples on the same unlabelled rows tell their variances apart, as what they
have in common is the unlabelled draw's. A covariance of a dozen twins is noisy, often negative: at least `LEAST` of the
variance is taken to be the unlabelled draw's, which repeats more of the pool. Without that bound, tests at a level of
1e-4 rejected up to nine times as often in simulations of fresh pools; with it at most about twice as often. Test images
add the variance of the statistic's influence function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_utils._arrays import FloatArray

METRICS = ("average", "worst")
LEAST = 0.5  # share of the variance of draws taken to come from unlabelled images, at least


@dataclass(frozen=True, eq=False)
class Measured:
    """A statistic over J draws; sums, differences and means of it by `combine`.

    Attributes
    ----------
    draws : ndarray, shape (J,)
        One value a seed.
    twins : ndarray, shape (J, 2)
        The same with either of two disjoint labelled samples.
    influence : ndarray, shape (T,)
        Of every test image on the mean.
    """

    draws: FloatArray
    twins: FloatArray
    influence: FloatArray

    @property
    def mean(self) -> float:
        """Mean over draws."""
        return float(self.draws.mean())


@dataclass(frozen=True)
class PooledEstimate:
    """Mean, standard error and degrees of freedom; the parts of the squared error by source."""

    mean: float
    se: float
    df: float
    labelled: float
    unlabelled: float
    test: float


def combine(parts: Sequence[Measured], weights: npt.ArrayLike | None = None) -> Measured:
    """Weighted sum of statistics of the same draws and test images; their mean if no weights are given.

    Examples
    --------
    >>> one = Measured(np.array([1.0, 3.0]), np.ones((2, 2)), np.zeros(4))
    >>> combine([one, one], [1, -1]).mean, combine([one, one]).mean
    (0.0, 2.0)
    """
    w = np.full(len(parts), 1 / len(parts)) if weights is None else np.asarray(weights, float)
    fields = (sum(a * getattr(part, name) for a, part in zip(w, parts, strict=True)) for name in _FIELDS)
    return Measured(*fields)


_FIELDS = ("draws", "twins", "influence")


def estimate(measured: Measured, overlap: tuple[float, float]) -> PooledEstimate:
    """Mean with a standard error over fresh pools and fresh test images.

    Parameters
    ----------
    measured : Measured
        Of at least two draws.
    overlap : tuple of float
        f/(1-f) for the shares f of the pool that a labelled and an unlabelled draw take, at least 0.

    Returns
    -------
    PooledEstimate
        Degrees of freedom after Satterthwaite: J - 1 for what is estimated from draws, unlimited for test images.

    Raises
    ------
    ValueError
        With fewer than two draws, or an overlap that is negative or infinite.

    Examples
    --------
    >>> twins = np.random.default_rng(0).standard_normal((50, 2))
    >>> found = estimate(Measured(twins.mean(1), twins, np.zeros(10)), (0.0, 1.0))
    >>> round(found.df), 0.05 < found.se < 1
    (49, True)
    """
    x, J = measured.draws, len(measured.draws)
    if J < 2:
        raise ValueError(f"draws = {J} is not allowed: at least 2")
    if not all(0 <= ratio < np.inf for ratio in overlap):
        raise ValueError(f"overlap = {overlap} is not allowed: draws that take less than all of the pool")
    total = float(x.var(ddof=1))
    unlabelled = min(max(float(np.cov(measured.twins.T)[0, 1]), LEAST * total), total)
    parts = [part * (1 / J + ratio) for part, ratio in zip((total - unlabelled, unlabelled), overlap, strict=True)]
    T = len(measured.influence)
    test = float((measured.influence**2).sum()) * T / max(T - 1, 1)
    squared = sum(parts) + test
    df = (J - 1) * (squared / sum(parts)) ** 2 if sum(parts) > 0 else 1e6
    return PooledEstimate(measured.mean, float(np.sqrt(squared)), float(min(df, 1e6)), parts[0], parts[1], test)


def over_scenes(estimates: Sequence[PooledEstimate], correlation: npt.ArrayLike) -> PooledEstimate:
    """Mean over scenes, whose errors correlate.

    Parameters
    ----------
    estimates : sequence of PooledEstimate, length k
    correlation : array_like, shape (k, k)
        E.g. from `data.common_images`.

    Returns
    -------
    PooledEstimate
        Parts of the squared error by source are means over scenes.

    Raises
    ------
    ValueError
        If the shape does not fit.

    Examples
    --------
    >>> one = PooledEstimate(2.0, 0.5, 9, 0.2, 0.0, 0.05)
    >>> [over_scenes([one, one], [[1, r], [r, 1]]).se.__round__(3) for r in (0, 1)]
    [0.354, 0.5]
    """
    C, k = np.asarray(correlation, float), len(estimates)
    if C.shape != (k, k):
        raise ValueError(f"correlation has shape {C.shape}; {k} estimates need {(k, k)}")
    se = np.array([one.se for one in estimates])
    rows = se * (C @ se) / k**2  # sum to the squared error
    spread = float((rows**2 / [one.df for one in estimates]).sum())
    squared = float(rows.sum())
    mean, labelled, unlabelled, test = (
        float(np.mean([getattr(one, name) for one in estimates])) for name in ("mean", "labelled", "unlabelled", "test")
    )
    df = min(squared**2 / spread, 1e6) if spread else 1e6
    return PooledEstimate(mean, float(np.sqrt(squared)), float(df), labelled, unlabelled, test)


def group_accuracies(hits: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64]) -> FloatArray:
    """Accuracy in every group, shape (..., G), of hits of shape (..., T).

    Examples
    --------
    >>> group_accuracies(np.array([[True, False, True]]), np.array([0, 0, 1])).tolist()
    [[0.5, 1.0]]
    """
    inside = np.equal.outer(groups, np.arange(int(groups.max()) + 1))
    return np.asarray(hits @ (inside / inside.sum(0)))


def score(cells: FloatArray, metric: str) -> FloatArray:
    """Mean over groups, or the worst group, of accuracies of shape (..., G).

    Examples
    --------
    >>> score(np.array([0.5, 1.0]), "average").tolist(), score(np.array([0.5, 1.0]), "worst").tolist()
    (0.75, 0.5)
    """
    if metric not in METRICS:
        raise ValueError(f"metric = {metric!r} is unknown; it must be average or worst")
    return cells.mean(-1) if metric == "average" else cells.min(-1)


def influence(
    hits: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64], metric: str, weights: FloatArray
) -> FloatArray:
    """Influence of each test image on the weighted sum of scores of several heads.

    Parameters
    ----------
    hits : ndarray of bool, shape (r, T)
    groups : ndarray of int, shape (T,)
    metric : {"average", "worst"}
        A worst group is taken as given: near ties its choice is not part of the error.
    weights : ndarray, shape (r,)

    Returns
    -------
    ndarray, shape (T,)
        Its squares sum to the sampling variance.

    Examples
    --------
    >>> hits = np.array([[True, False, True, True]])
    >>> influence(hits, np.array([0, 0, 1, 1]), "worst", np.ones(1)).tolist()
    [0.25, -0.25, 0.0, 0.0]
    """
    cells = group_accuracies(hits, groups)
    G = cells.shape[-1]
    share = weights[:, None] * (np.full(cells.shape, 1 / G) if metric == "average" else np.eye(G)[cells.argmin(-1)])
    sums = (share.T @ hits)[groups, np.arange(len(groups))]
    return np.asarray((sums - (share * cells).sum(0)[groups]) / np.bincount(groups)[groups])
