"""Linear heads for many sets of labels on the same rows: the losses and how they are minimised.

Imports numpy and scipy only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, softmax

from w2s_utils._arrays import FloatArray
from w2s_utils.probes._lbfgs import Array, Objective, minimise

SINGLE = 7e-7  # gradients that single precision still reaches
COARSE = 1e-2  # gradients after which a start from zero is worth a new Hessian


def solve(
    features: FloatArray,
    targets: FloatArray,
    penalty: FloatArray,
    q: FloatArray,
    share: FloatArray | None,
    start: FloatArray | None,
    tolerance: float,
) -> FloatArray:
    """Minimisers for k sets of labels: in single precision first, to the tolerance in double.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    targets : ndarray, shape (k, K, n)
        Probabilities of K classes; or of class 1 of two, and K is 1.
    penalty, q : ndarray, shape (k,)
    share : ndarray, shape (k, n), optional
        Weights of rows, of sum 1; alike if left out.
    start : ndarray, shape (k, K, d + 1), optional
        Coefficients and intercepts, as what is returned.
    tolerance : float

    Returns
    -------
    ndarray, shape (k, K, d + 1)
    """
    scale = max(float(np.sqrt(np.mean(features**2))), np.finfo(float).tiny)
    units = np.append(np.full(features.shape[1], scale), 1.0)
    X = np.column_stack([features / scale, np.ones(len(features))])
    k, K, _ = targets.shape
    ridge = np.outer(penalty / scale**2, np.append(np.ones(features.shape[1]), 0.0))[:, None]
    B = np.zeros((k, K, X.shape[1])) if start is None else start * units
    lam = float(np.exp(np.log(penalty).mean())) / scale**2
    goals = [SINGLE] if start is not None else [COARSE, SINGLE]
    for precision, goal in [*((np.float32, max(goal, tolerance)) for goal in goals), (np.float64, tolerance)]:
        if precision is np.float32:
            inverse = _inverse_hessian(X, share, lam, B)
        weights = None if share is None else share.astype(precision)
        data, labels, powers, shrink = (part.astype(precision) for part in (X, targets, q, ridge))
        evaluate = _objective(data, labels, powers, shrink, weights)
        step = _stepper(inverse.astype(precision))
        B = minimise(evaluate, B.astype(precision).reshape(k, -1), step, goal).reshape(B.shape)
    return B / units


def _objective(X: Array, T: Array, q: Array, ridge: Array, share: Array | None) -> Objective:
    plain, wide, across = not q.any(), T.shape[1] > 1, np.ascontiguousarray(X.T)

    def evaluate(flat: Array, at: npt.NDArray[np.int64]) -> tuple[Array, Array]:
        every = len(at) == len(T)
        B, t = flat.reshape(len(at), T.shape[1], -1), T if every else T[at]
        Z = (B.reshape(-1, len(across)) @ across).reshape(t.shape)
        if wide:
            Z -= Z.max(1, keepdims=True)
            P = np.exp(Z)
            total = P.sum(1, keepdims=True)
            own = (t * Z).sum(1) - np.log(total[:, 0])  # log-likelihood of the labels
            P /= total
        else:
            small = np.exp(-np.abs(Z))
            own = (t * Z - np.maximum(Z, 0) - np.log(1 + small))[:, 0]
            P = np.where(Z >= 0, 1, small) / (1 + small)
        P -= t
        loss = -own
        if not plain:
            power = (q if every else q[at])[:, None]
            fallen = np.expm1(power * own)  # p^q - 1
            loss = np.where(power > 0, -fallen / np.where(power > 0, power, 1), loss)
            P *= (1 + fallen)[:, None]
        weight = None if share is None else share if every else share[at]
        mean = loss.mean(1) if weight is None else np.einsum("ij,ij->i", loss, weight)
        P *= 1 / len(X) if weight is None else weight[:, None]
        shrunk = (ridge if every else ridge[at]) * B
        gradient = (P.reshape(-1, len(X)) @ X).reshape(B.shape) + shrunk
        return mean + np.einsum("ijk,ijk->i", shrunk, B) / 2, gradient.reshape(flat.shape)

    return evaluate


def _stepper(inverse: Array) -> Callable[[Array], Array]:
    return lambda G: np.asarray((G.reshape(-1, len(inverse)) @ inverse).reshape(G.shape))


def _inverse_hessian(X: FloatArray, share: FloatArray | None, lam: float, B: FloatArray) -> FloatArray:
    """Inverse Hessian of cross-entropy at some heads, their mean for all sets of labels and classes."""
    Z = (B.reshape(-1, X.shape[1]) @ X.T).reshape(*B.shape[:2], -1)
    p = expit(Z) if Z.shape[1] == 1 else softmax(Z, axis=1)
    spread = np.maximum((p * (1 - p)).mean(1), 0.02)
    rows = spread.mean(0) / len(X) if share is None else (spread * share).mean(0)
    hessian = X.T @ (X * rows[:, None])
    hessian[np.diag_indices_from(hessian)] += np.append(np.full(X.shape[1] - 1, lam), 1e-12)
    return np.asarray(cho_solve(cho_factor(hessian, check_finite=False), np.eye(len(hessian)), check_finite=False))
