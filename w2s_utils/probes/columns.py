"""Many two-class heads on the same features at once: cross-entropy or generalized cross-entropy, by L-BFGS.

Teachers, labelled samples and settings that share unlabelled rows share matrix products; each column has its own
labels, rows, loss and line search. Imports numpy and scipy only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes._solve import solve
from w2s_utils.probes.heads import Head

TOLERANCE = 1e-7  # largest entry of the gradient of the mean loss, features of unit size


def fit_columns(
    features: npt.ArrayLike,
    targets: npt.ArrayLike,
    penalty: npt.ArrayLike,
    *,
    q: npt.ArrayLike = 0.0,
    weights: npt.ArrayLike | None = None,
    start: Head | None = None,
    tolerance: float = TOLERANCE,
) -> Head:
    r"""Minimise, column by column, the weighted mean loss plus :math:`\frac\lambda2\lVert b\rVert^2`.

    The loss of a row with probability p of its label is :math:`(1 - p^q)/q`, and :math:`-\log p` for q = 0.

    Parameters
    ----------
    features : array_like, shape (n, d)
    targets : array_like, shape (n, k)
        Probabilities of class 1; 0 or 1 in columns with q > 0.
    penalty : float or array_like of shape (k,)
        Positive; the intercept is free.
    q : float or array_like of shape (k,)
        In [0, 1]: 0 is cross-entropy.
    weights : array_like, shape (n, k), optional
        Not negative; 0 leaves a row out of a column. All 1 if left out.
    start : Head, optional
        With k columns. For q > 0 the loss is not convex and the start matters.
    tolerance : float
        Largest entry of the gradient at the end, for features of mean square 1.

    Returns
    -------
    Head
        Coefficients (d, k) of the logit of class 1.

    Raises
    ------
    ValueError
        If shapes do not fit or a value is outside its range.

    References
    ----------
    .. [1] zhang2018, generalized cross-entropy.

    Examples
    --------
    >>> X, t = [[-2.0], [-1.0], [1.0], [2.0]], [[0, 0], [0, 1], [1, 1], [1, 1]]
    >>> head = fit_columns(X, t, 0.1, q=[0, 0.7])
    >>> head.predict(X).shape, bool((head.coefficients > 0).all())
    ((4, 2), True)
    """
    X, T = finite_array("features", features, (2,)), finite_array("targets", targets, (2,))
    same_rows(features=X, targets=T)
    k = T.shape[1]
    if T.min() < 0 or T.max() > 1:
        raise ValueError(f"targets = {T[(T < 0) | (T > 1)][0]:g} is outside [0, 1]")
    lam = _row("penalty", penalty, k)
    if lam.min() <= 0:
        raise ValueError(f"penalty = {lam.min():g} is not allowed: above 0")
    powers = _row("q", q, k)
    if powers.min() < 0 or powers.max() > 1:
        raise ValueError(f"q = {powers[(powers < 0) | (powers > 1)][0]:g} is outside [0, 1]")
    hard = T[:, powers > 0]
    if ((hard != 0) & (hard != 1)).any():
        raise ValueError(f"targets = {hard[(hard != 0) & (hard != 1)][0]:g} with q > 0 is not allowed: 0 or 1")
    share = None
    if weights is not None:
        W = finite_array("weights", np.asarray(weights, float), (2,))
        if W.shape != T.shape or W.min() < 0 or not W.sum(0).all():
            raise ValueError(
                "weights are not allowed: of the targets' shape, not negative, some positive in each column"
            )
        share = (W / W.sum(0)).T
    begin = None if start is None else np.vstack([start.coefficients, start.intercept]).T[:, None]
    found = solve(X, T.T[:, None], lam, powers, share, begin, tolerance)[:, 0].T
    return Head(found[:-1], found[-1])


def stacked(heads: Sequence[Head]) -> Head:
    """Heads of one logit each as the columns of one head, coefficients (d, k).

    Examples
    --------
    >>> both = stacked([Head(np.array([1.0, 2.0]), np.array(3.0)), Head(np.array([4.0, 5.0]), np.array(6.0))])
    >>> both.coefficients.tolist(), both.intercept.tolist()
    ([[1.0, 4.0], [2.0, 5.0]], [3.0, 6.0])
    """
    return Head(np.stack([head.coefficients for head in heads], 1), np.array([float(head.intercept) for head in heads]))


def separate(head: Head) -> list[Head]:
    """The columns of a head one by one: what `stacked` put together."""
    return [Head(head.coefficients[:, at], head.intercept[at]) for at in range(head.coefficients.shape[1])]


def _row(name: str, value: npt.ArrayLike, k: int) -> FloatArray:
    return np.broadcast_to(finite_array(name, value, (0, 1)), (k,))
