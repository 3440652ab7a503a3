"""Heads for K classes by cross-entropy or generalized cross-entropy. Imports numpy and scipy only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes.columns import TOLERANCE, fit_columns, separate, stacked
from w2s_utils.probes.heads import Head
from w2s_utils.probes.labels import checked_classes

Loss = Callable[[FloatArray], tuple[float, FloatArray]]


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
        Largest entry of the gradient at the end, for features of mean square 1; in coordinates of about unit curvature
        for more than two classes.

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
    weight = soft.sum(1)
    if soft.shape[1] == 2:
        begin = None if start is None else stacked([start])
        return separate(fit_columns(X, soft[:, 1:], penalty, start=begin, tolerance=tolerance))[0]

    def loss(Z: FloatArray) -> tuple[float, FloatArray]:
        Z = Z - Z.max(1, keepdims=True)
        p = np.exp(Z)
        total = p.sum(1, keepdims=True)
        p /= total
        p -= soft
        p /= len(X)
        return float(weight @ np.log(total[:, 0]) - np.vdot(soft, Z)) / len(X), p

    return _minimise(X, soft.shape[1], penalty, loss, start, tolerance)


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
    if K == 2:
        begin = None if start is None else stacked([start])
        return separate(fit_columns(X, y[:, None], penalty, q=q, start=begin, tolerance=tolerance))[0]

    def loss(Z: FloatArray) -> tuple[float, FloatArray]:
        each, slope = generalized_cross_entropy(Z, y, q)
        return float(each.mean()), slope / len(X)

    return _minimise(X, K, penalty, loss, start, tolerance)


def _check_q(q: float) -> None:
    if not 0 < q <= 1:
        raise ValueError(f"q = {q} is outside (0, 1]")


def _minimise(X: FloatArray, K: int, penalty: float, loss: Loss, start: Head | None, tolerance: float) -> Head:
    scale = max(float(np.sqrt(np.mean(X**2))), np.finfo(float).tiny)
    extended = np.column_stack([X / scale, np.ones(len(X))])
    ridge = np.full((extended.shape[1], 1), penalty / scale**2)
    ridge[-1] = 0.0
    # coordinates in which the curvature at equal probabilities is about one
    curvature = (1 / K) * (1 - 1 / K) * extended.T @ extended / len(X) + np.diag(ridge[:, 0])
    curvature[-1, -1] += 1e-12
    upper = cholesky(curvature)
    whitened, pull = solve_triangular(upper, extended.T, trans="T").T, solve_triangular(upper, np.eye(len(upper)))
    whitened, shrink = np.ascontiguousarray(whitened), pull.T @ (ridge * pull)

    def evaluate(flat: FloatArray) -> tuple[float, FloatArray]:
        V = flat.reshape(-1, K)
        value, slope = loss(whitened @ V)
        shrunk = shrink @ V
        return value + float(np.vdot(V, shrunk)) / 2, (whitened.T @ slope + shrunk).ravel()

    begin = np.zeros((extended.shape[1], K))
    if start is not None:
        begin[:-1], begin[-1] = start.coefficients * scale, start.intercept
    options = {"maxiter": 2000, "maxfun": 4000, "gtol": tolerance, "ftol": 1e-15, "maxcor": 12}
    found = minimize(evaluate, (upper @ begin).ravel(), jac=True, method="L-BFGS-B", options=options).x
    W = pull @ found.reshape(-1, K)
    return Head(W[:-1] / scale, W[-1])
