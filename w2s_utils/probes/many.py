"""Heads for many sets of labels on the same rows, for any number of classes. Imports numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from w2s_utils._arrays import FloatArray
from w2s_utils.probes.columns import TOLERANCE, fit_columns, separate, stacked
from w2s_utils.probes.heads import Head
from w2s_utils.probes.labels import IntArray
from w2s_utils.probes.multiclass import fit_gce, fit_multinomial


def fit_many(
    features: FloatArray,
    labels: IntArray,
    penalty: npt.ArrayLike,
    classes: int,
    *,
    q: npt.ArrayLike = 0.0,
    rows: Sequence[IntArray] | None = None,
    start: Sequence[Head] | None = None,
    tolerance: float = TOLERANCE,
) -> list[Head]:
    """One head for each column of labels, by cross-entropy (q = 0) or generalized cross-entropy.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    labels : ndarray of int, shape (n, k)
        Classes 0 to K - 1; a column may lack some.
    penalty : float or array_like of shape (k,)
        Positive.
    classes : int
        K. Two classes are fitted together, more one by one.
    q : float or array_like of shape (k,)
        In [0, 1].
    rows : sequence of ndarray, length k, optional
        Rows that each column is fitted on; all if left out.
    start : sequence of Head, length k, optional
    tolerance : float
        As in `fit_multinomial`; ten times as much for more than two classes, in other coordinates.

    Returns
    -------
    list of Head, length k

    Raises
    ------
    ValueError
        As `fit_columns` and `fit_multinomial`.

    Examples
    --------
    >>> X = np.array([[-1.0], [0.5], [1.0]])
    >>> heads = fit_many(X, np.array([[0, 1], [1, 1], [1, 0]]), 0.1, 2)
    >>> classify_many(heads, X).tolist()
    [[0, 1, 1], [1, 1, 0]]
    """
    k = labels.shape[1]
    powers = np.broadcast_to(np.asarray(q, float), (k,))
    if classes == 2:
        weights = None
        if rows is not None:
            weights = np.zeros(labels.shape)
            for at, chosen in enumerate(rows):
                weights[chosen, at] = 1.0
        first = None if start is None else stacked(start)
        found = fit_columns(features, labels, penalty, q=powers, weights=weights, start=first, tolerance=tolerance)
        return separate(found)
    loose = 10 * tolerance
    heads, lam = [], np.broadcast_to(np.asarray(penalty, float), (k,))
    for at in range(k):
        chosen = np.arange(len(labels)) if rows is None else rows[at]
        X, y, begin = features[chosen], labels[chosen, at], None if start is None else start[at]
        if powers[at] > 0:
            heads.append(
                fit_gce(X, y, float(lam[at]), float(powers[at]), classes=classes, start=begin, tolerance=loose)
            )
        else:
            heads.append(fit_multinomial(X, y, float(lam[at]), classes=classes, start=begin, tolerance=loose))
    return heads


def classify_many(heads: Sequence[Head], features: FloatArray) -> npt.NDArray[np.int8]:
    """Likeliest classes, shape (k, m), by each of k heads; arguments as in `fit_many`."""
    if heads[0].coefficients.ndim == 1:
        return (stacked(heads).predict(features) > 0).T.astype(np.int8)
    return np.stack([head.predict(features).argmax(1).astype(np.int8) for head in heads])
