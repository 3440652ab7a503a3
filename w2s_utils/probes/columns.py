"""Many two-class heads on the same features at once: cross-entropy or generalized cross-entropy, by L-BFGS.

Teachers, labelled samples and settings that share unlabelled rows share matrix products; each column has its own
labels, rows, loss and line search. Imports numpy and scipy only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes.heads import Head

TOLERANCE = 1e-7  # largest entry of the gradient of the mean loss, features of unit size
STEPS = 500
MEMORY = 8

Objective = Callable[[FloatArray, npt.NDArray[np.int64]], tuple[FloatArray, FloatArray]]


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
        share = W / W.sum(0)
    scale = max(float(np.sqrt(np.mean(X**2))), np.finfo(float).tiny)
    extended = np.column_stack([X / scale, np.ones(len(X))])
    ridge = np.repeat((lam / scale**2)[None], extended.shape[1], 0)
    ridge[-1] = 0.0
    begin = np.zeros((extended.shape[1], k))
    if start is not None:
        begin[:-1] = start.coefficients * scale
        begin[-1] = start.intercept
    found = _lbfgs(
        _objective(extended, T, share, powers, ridge),
        begin,
        _preconditioner(extended, share, lam, scale, begin),
        tolerance,
    )
    return Head(found[:-1] / scale, found[-1])


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


def _objective(X: FloatArray, T: FloatArray, share: FloatArray | None, q: FloatArray, ridge: FloatArray) -> Objective:
    plain = not q.any()
    side = 2.0 * T - 1.0

    def evaluate(B: FloatArray, at: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        Z = X @ B
        if plain:
            t, small = T[:, at], np.exp(-np.abs(Z))
            loss = np.maximum(Z, 0) + np.log(1 + small) - t * Z
            slope = np.where(Z >= 0, 1.0, small) / (1 + small) - t
        else:
            s, power = side[:, at], q[at]
            M = s * Z
            small = np.exp(-np.abs(M))
            logp = np.minimum(M, 0) - np.log(1 + small)
            fallen = np.expm1(power * logp)  # p^q - 1
            loss = np.where(power > 0, -fallen / np.where(power > 0, power, 1.0), -logp)
            slope = -s * (1 + fallen) * np.where(M >= 0, small, 1.0) / (1 + small)
        w = 1 / len(X) if share is None else share[:, at]
        total = (loss * w).sum(0) + (ridge[:, at] * B**2).sum(0) / 2
        return total, X.T @ (slope * w) + ridge[:, at] * B

    return evaluate


def _preconditioner(
    X: FloatArray, share: FloatArray | None, lam: FloatArray, scale: float, begin: FloatArray
) -> Callable[[FloatArray], FloatArray]:
    p = expit(X @ begin.mean(1))
    rows = np.full(len(X), 1 / len(X)) if share is None else share.mean(1)
    hessian = X.T @ (X * (rows * np.maximum(p * (1 - p), 0.02))[:, None])
    hessian[np.diag_indices_from(hessian)] += float(np.exp(np.log(lam).mean())) / scale**2
    hessian[-1, -1] += 1e-12 - float(np.exp(np.log(lam).mean())) / scale**2
    inverse = cho_solve(cho_factor(hessian, check_finite=False), np.eye(len(hessian)), check_finite=False)
    return lambda G: inverse @ G


def _lbfgs(
    evaluate: Objective, B: FloatArray, precondition: Callable[[FloatArray], FloatArray], tolerance: float
) -> FloatArray:
    """Limited-memory BFGS on all columns; finished columns leave."""
    done = B.copy()
    at = np.arange(B.shape[1])
    f, g = evaluate(B, at)
    memory: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    size = np.ones(len(at))
    for _ in range(STEPS):
        open_ = np.abs(g).max(0) > tolerance
        if not open_.all():
            done[:, at] = B
            at, B, f, g, size = at[open_], B[:, open_], f[open_], g[:, open_], size[open_]
            memory = [(s[:, open_], y[:, open_], r[open_]) for s, y, r in memory]
            if not at.size:
                return done
        direction = -_two_loops(g, memory, precondition, size)
        downhill = _dots(g, direction)
        B_new, f_new, g_new = _line_search(evaluate, B, f, direction, downhill, at)
        s, y = B_new - B, g_new - g
        sy = _dots(s, y)
        useful = sy > 1e-12 * _dots(y, y)
        memory.append((s, y, np.where(useful, 1 / np.where(useful, sy, 1.0), 0.0)))
        memory = memory[-MEMORY:]
        reached = _dots(y, precondition(y))
        size = np.where(useful, sy / np.where(useful, reached, 1.0), size)
        stuck = f_new >= f - 1e-15 * np.abs(f)
        B, f, g = B_new, f_new, g_new
        # rounding leaves nothing to gain: the column is as good as it gets
        g = np.where(stuck & (np.abs(g).max(0) < 1e3 * tolerance), 0.0, g)
    done[:, at] = B
    return done


def _dots(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->j", a, b))


def _two_loops(
    g: FloatArray,
    memory: list[tuple[FloatArray, FloatArray, FloatArray]],
    precondition: Callable[[FloatArray], FloatArray],
    size: FloatArray,
) -> FloatArray:
    v, steps = g.copy(), []
    for s, y, r in reversed(memory):
        a = r * _dots(s, v)
        v -= a * y
        steps.append(a)
    v = size * precondition(v)
    for (s, y, r), a in zip(memory, reversed(steps), strict=True):
        v += s * (a - r * _dots(y, v))
    return v


def _line_search(
    evaluate: Objective, B: FloatArray, f: FloatArray, direction: FloatArray, downhill: FloatArray,
    at: npt.NDArray[np.int64],
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    B_new = B + direction
    f_new, g_new = evaluate(B_new, at)
    step = 1.0
    for _ in range(40):
        high = np.flatnonzero(~(f_new <= f + 1e-4 * step * downhill + 1e-15 * np.abs(f)))
        if not high.size:
            break
        step /= 2
        B_new[:, high] = B[:, high] + step * direction[:, high]
        f_new[high], g_new[:, high] = evaluate(B_new[:, high], at[high])
    return B_new, f_new, g_new
