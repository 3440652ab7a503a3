"""Heads for many sets of labels on the same rows, for any number of classes. Imports numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from w2s_utils._arrays import FloatArray
from w2s_utils.probes.columns import TOLERANCE, stacked
from w2s_utils.probes.heads import Head
from w2s_utils.probes.labels import IntArray
from w2s_utils.probes.multiclass import fit_classes


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
        K.
    q : float or array_like of shape (k,)
        In [0, 1].
    rows : sequence of ndarray, length k, optional
        Rows that each column is fitted on; all if left out.
    start : sequence of Head, length k, optional
    tolerance : float
        As in `fit_columns`.

    Returns
    -------
    list of Head, length k

    Raises
    ------
    ValueError
        As `fit_columns`.

    Examples
    --------
    >>> X = np.array([[-1.0], [0.5], [1.0]])
    >>> heads = fit_many(X, np.array([[0, 1], [1, 1], [1, 0]]), 0.1, 2)
    >>> classify_many(heads, X).tolist()
    [[0, 1, 1], [1, 1, 0]]
    """
    weights = None
    if rows is not None:
        weights = np.zeros(labels.shape)
        for at, chosen in enumerate(rows):
            weights[chosen, at] = 1.0
    targets = np.equal.outer(labels.T, np.arange(classes)).swapaxes(1, 2).astype(float)
    return fit_classes(features, targets, penalty, q=q, weights=weights, start=start, tolerance=tolerance)


def classify_many(heads: Sequence[Head], features: FloatArray) -> npt.NDArray[np.int8]:
    """Likeliest classes, shape (k, m), by each of k heads; arguments as in `fit_many`."""
    if heads[0].coefficients.ndim == 1:
        return (stacked(heads).predict(features) > 0).T.astype(np.int8)
    return np.stack([head.predict(features).argmax(1).astype(np.int8) for head in heads])
