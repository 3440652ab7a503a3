"""Heads for K classes by cross-entropy or generalized cross-entropy. Imports numpy and scipy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes._solve import solve
from w2s_utils.probes.columns import TOLERANCE, fit_columns, separate, stacked
from w2s_utils.probes.heads import Head
from w2s_utils.probes.labels import checked_classes


def generalized_cross_entropy(logits: npt.ArrayLike, labels: npt.ArrayLike, q: float) -> tuple[FloatArray, FloatArray]:
    r"""Loss :math:`(1 - p_y^q)/q` of every row, and its gradient :math:`p_y^q\,(p - e_y)` in the logits.

    Parameters
    ----------
    logits : array_like, shape (m, K)
    labels : array_like of int, shape (m,)
        Classes 0 to K - 1.
    q : float
        In (0, 1]. Cross-entropy is the limit 0; 1 is the probability of being wrong.

    Returns
    -------
    loss : ndarray, shape (m,)
    gradient : ndarray, shape (m, K)

    Raises
    ------
    ValueError
        If q is outside (0, 1], or a label is no class.

    References
    ----------
    .. [1] zhang2018, generalized cross-entropy.

    Examples
    --------
    >>> loss, gradient = generalized_cross_entropy([[0.0, 0.0]], [0], q=1.0)
    >>> loss.tolist(), gradient.tolist()
    ([0.5], [[-0.25, 0.25]])
    """
    _check_q(q)
    Z = finite_array("logits", logits, (2,))
    y = checked_classes("labels", labels, Z.shape[1])
    same_rows(logits=Z, labels=y)
    logp = log_softmax(Z, axis=1)
    own = np.take_along_axis(logp, y[:, None], 1)
    return -np.expm1(q * own[:, 0]) / q, np.exp(q * own) * (np.exp(logp) - np.eye(Z.shape[1])[y])


def fit_multinomial(
    features: npt.ArrayLike,
    targets: npt.ArrayLike,
    penalty: float,
    *,
    classes: int | None = None,
    start: Head | None = None,
    tolerance: float = TOLERANCE,
) -> Head:
    r"""Minimise the mean cross-entropy plus :math:`\frac\lambda2\lVert W\rVert_F^2`; intercepts are free.

    Parameters
    ----------
    features : array_like, shape (n, d)
    targets : array_like, shape (n,) or (n, K)
        Classes 0 to K - 1, or probabilities of the K classes: hard or soft labels.
    penalty : float
        Positive. scikit-learn's ``LogisticRegression`` calls ``1 / (n * penalty)`` C.
    classes : int, optional
        K, where hard labels may lack a class; otherwise the largest label plus one.
    start : Head, optional
        Of the same K, e.g. of a neighbouring sample. The minimum does not depend on it, the time does.
    tolerance : float
        Largest entry of the gradient at the end, for features of mean square 1.

    Returns
    -------
    Head
        With two classes one logit, coefficients (d,); otherwise coefficients (d, K).

    Raises
    ------
    ValueError
        If rows do not match, labels are no classes, rows of probabilities do not sum to 1, or the penalty is not
        positive.

    References
    ----------
    .. [1] liu2026, experiments on benchmarks: only the classification head is trained.

    Examples
    --------
    >>> head = fit_multinomial([[-2.0], [0.0], [2.0]], [0, 1, 2], 0.01)
    >>> head.predict([[-2.0], [0.1], [1.9]]).argmax(1).tolist()
    [0, 1, 2]
    """
    X, Y = finite_array("features", features, (2,)), finite_array("targets", targets, (1, 2))
    same_rows(features=X, targets=Y)
    if Y.ndim == 1:
        y = checked_classes("targets", Y, classes)
        soft = np.eye(max(classes or 0, int(y.max()) + 1, 2))[y]
    else:
        soft = Y
        if Y.min() < 0 or np.abs(Y.sum(1) - 1).max() > 1e-6:
            raise ValueError("targets = rows of probabilities that do not sum to 1 are not allowed")
    if not penalty > 0:
        raise ValueError(f"penalty = {penalty:g} is not allowed: above 0")
    begin = None if start is None else [start]
    return fit_classes(X, soft.T[None], penalty, start=begin, tolerance=tolerance)[0]


def fit_gce(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    penalty: float,
    q: float,
    *,
    classes: int | None = None,
    start: Head | None = None,
    tolerance: float = TOLERANCE,
) -> Head:
    r"""Minimise the mean generalized cross-entropy plus :math:`\frac\lambda2\lVert W\rVert_F^2`, by L-BFGS.

    Parameters
    ----------
    features : array_like, shape (n, d)
    labels : array_like of int, shape (n,)
        Classes 0 to K - 1, e.g. pseudo-labels.
    penalty : float
        Positive.
    q : float
        In (0, 1]; near 0 it is cross-entropy.
    classes, start, tolerance
        As in `fit_multinomial`. This loss is not convex, so a start picks the basin.

    Returns
    -------
    Head
        As `fit_multinomial`.

    Raises
    ------
    ValueError
        As `fit_multinomial`, and if q is outside (0, 1].

    References
    ----------
    .. [1] zhang2018, generalized cross-entropy; liu2026, Enhanced-W2S.

    Examples
    --------
    >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1]
    >>> exact, near = fit_multinomial(X, y, 0.1), fit_gce(X, y, 0.1, 1e-7)
    >>> bool(abs(exact.coefficients - near.coefficients).max() < 1e-5)
    True
    """
    _check_q(q)
    X = finite_array("features", features, (2,))
    y = checked_classes("labels", labels, classes)
    same_rows(features=X, labels=y)
    if not penalty > 0:
        raise ValueError(f"penalty = {penalty:g} is not allowed: above 0")
    K = max(classes or 0, int(y.max()) + 1, 2)
    begin = None if start is None else [start]
    return fit_classes(X, np.eye(K)[y].T[None], penalty, q=q, start=begin, tolerance=tolerance)[0]


def fit_classes(
    features: FloatArray,
    targets: FloatArray,
    penalty: npt.ArrayLike,
    *,
    q: npt.ArrayLike = 0.0,
    weights: FloatArray | None = None,
    start: Sequence[Head] | None = None,
    tolerance: float = TOLERANCE,
) -> list[Head]:
    """Heads for many sets of labels of K classes on the same rows; arguments are taken as they are.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    targets : ndarray, shape (k, K, n)
        Probabilities of the classes; 0 or 1 where q > 0.
    penalty, q : float or array_like of shape (k,)
    weights : ndarray, shape (n, k), optional
    start : sequence of Head, length k, optional
    tolerance : float
        As in `fit_columns`, which fits two classes.

    Returns
    -------
    list of Head, length k

    Examples
    --------
    >>> heads = fit_classes(np.eye(3), np.eye(3)[None], 0.01)
    >>> heads[0].predict(np.eye(3)).argmax(1).tolist()
    [0, 1, 2]
    """
    k, K, _ = targets.shape
    if K == 2:
        first, labels = None if start is None else stacked(start), targets[:, 1].T
        return separate(fit_columns(features, labels, penalty, q=q, weights=weights, start=first, tolerance=tolerance))
    share = None if weights is None else (weights / weights.sum(0)).T
    begin = None if start is None else np.stack([np.vstack([head.coefficients, head.intercept]).T for head in start])
    lam, powers = (np.broadcast_to(np.asarray(value, float), (k,)) for value in (penalty, q))
    found = solve(features, targets, lam, powers, share, begin, tolerance)
    return [Head(head[:, :-1].T, head[:, -1]) for head in found]


def _check_q(q: float) -> None:
    if not 0 < q <= 1:
        raise ValueError(f"q = {q} is outside (0, 1]")
