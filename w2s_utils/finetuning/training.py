"""Pre-training, fine-tuning in full or in a subspace, and the linearisation at the starting point.

Fine-tuning minimises ``(1/n) |y - f(X | theta)|^2 + penalty |theta - theta_0|^2``. Each step solves the problem with
``f`` linearised where it stands, a ridge regression on gradient features; the first step is the linearised fine-tuning
itself. Imports numpy and scipy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

from w2s_utils.finetuning.gradients import Gradients
from w2s_utils.finetuning.network import Network

Array = NDArray[np.float64]
MAX_STEPS = 200


def pretrain(
    net: Network, theta: Array, X: Array, Y: Array, steps: Sequence[int], *, decay: float = 1e-4
) -> list[Array]:
    """Minimise squared error plus ``decay |theta|^2`` by L-BFGS, and keep what stands after some steps.

    Parameters
    ----------
    net : Network
    theta : ndarray, shape (D,)
        Starting point.
    X, Y : ndarray, shapes (m, inputs) and (m, outputs)
    steps : sequence of int
        Numbers of steps, 0 and more, increasing.
    decay : float
        Weight decay, at least 0.

    Returns
    -------
    list of ndarray, shape (D,)
        Parameters after each number of steps; the last ones reached when training ends before.

    Raises
    ------
    ValueError
        If ``steps`` does not increase from 0 or more.

    Examples
    --------
    >>> net, rng = Network((2, 3, 1)), np.random.default_rng(0)
    >>> X = rng.standard_normal((20, 2))
    >>> first, last = pretrain(net, net.initial(rng), X, X[:, :1], [0, 30])
    >>> net.loss(last, X, X[:, :1])[0] < 0.1 * net.loss(first, X, X[:, :1])[0]
    True
    """
    if len(steps) == 0 or steps[0] < 0 or any(b <= a for a, b in zip(steps, steps[1:], strict=False)):
        raise ValueError(f"steps = {list(steps)} is not allowed: increasing whole numbers from 0 on")

    def objective(t: Array) -> tuple[float, Array]:
        value, gradient = net.loss(t, X, Y)
        return value + decay * float(t @ t), gradient + 2 * decay * t

    path = [theta.copy()]

    def keep(t: Array) -> None:
        path.append(t.copy())

    if steps[-1]:
        options = {"maxiter": int(steps[-1]), "maxcor": 10, "ftol": 0.0, "gtol": 1e-8, "maxfun": 20 * int(steps[-1])}
        minimize(objective, theta, jac=True, method="L-BFGS-B", callback=keep, options=options)
    return [path[min(k, len(path) - 1)] for k in steps]


def random_frame(rng: np.random.Generator, parameters: int, d: int) -> Array:
    """Orthonormal columns that span a uniformly random subspace; its first columns do so too.

    Parameters
    ----------
    rng : Generator
    parameters, d : int
        Shape (D, d), with 1 <= d <= D.

    Returns
    -------
    ndarray, shape (D, d)

    Raises
    ------
    ValueError
        If d is outside its range.

    Examples
    --------
    >>> P = random_frame(np.random.default_rng(0), 6, 2)
    >>> bool(np.allclose(P.T @ P, np.eye(2)))
    True
    """
    if not 1 <= d <= parameters:
        raise ValueError(f"d = {d} is not allowed: 1 <= d <= {parameters}, the number of parameters")
    columns = rng.standard_normal((parameters, d))
    for _ in range(2):  # a QR by two Cholesky factors of the Gram matrix, orthonormal to rounding
        factor = np.linalg.cholesky(columns.T @ columns)
        columns = solve_triangular(factor, columns.T, lower=True).T
    return np.ascontiguousarray(columns)


def _positive_solve(matrix: Array, added: float, right: Array) -> Array:
    """Solve a positive semidefinite system, overwritten, with ``added`` > 0 on its diagonal."""
    matrix.flat[:: len(matrix) + 1] += added
    return cho_solve(cho_factor(matrix, overwrite_a=True, check_finite=False), right, check_finite=False)


def ridge_step(features: Gradients | Array, targets: Array, penalty: float) -> Array:
    """Minimise ``(1/n) |targets - features u|^2 + penalty |u|^2``, penalty above 0, by the smaller Gram matrix.

    Examples
    --------
    >>> ridge_step(np.eye(2), np.array([3.0, 0.0]), 0.25).round(6).tolist()
    [2.0, 0.0]
    """
    added = len(targets) * penalty
    if isinstance(features, Gradients):
        return features.combined(_positive_solve(features.kernel(), added, targets))
    n, d = features.shape
    if n < d:
        return features.T @ _positive_solve(features @ features.T, added, targets)
    return _positive_solve(features.T @ features, added, features.T @ targets)


@dataclass(frozen=True, eq=False)
class FineTuned:
    """Parameters after fine-tuning, the objective there, steps taken, and whether it stopped by itself."""

    theta: Array
    objective: float
    steps: int
    converged: bool


def linearise(net: Network, theta0: Array, X: Array, y: Array, penalty: float) -> Array:
    """Fine-tune the linearisation at ``theta0``: ridge regression of ``y - f(X | theta0)`` on gradient features.

    Parameters
    ----------
    net : Network
        With one output.
    theta0 : ndarray, shape (D,)
    X, y : ndarray, shapes (n, inputs) and (n,)
    penalty : float
        Above 0.

    Returns
    -------
    ndarray, shape (D,)
        The change of parameters; predictions are ``f(x | theta0)`` plus the gradient features times it.

    Examples
    --------
    >>> net, rng = Network((2, 3, 1)), np.random.default_rng(0)
    >>> X, theta0 = rng.standard_normal((20, 2)), net.initial(rng)
    >>> linearise(net, theta0, X, X[:, 0], 1e-3).shape
    (13,)
    """
    features = net.gradients(theta0, X)
    return ridge_step(features, y - features.output, penalty)


def finetune(
    net: Network,
    theta0: Array,
    X: Array,
    y: Array,
    penalty: float,
    *,
    frame: Array | None = None,
    lead: Array | None = None,
    tolerance: float = 1e-4,
) -> FineTuned:
    r"""Fine-tune all parameters, or :math:`\theta = \theta_0 + P\theta_d` in a subspace.

    Parameters
    ----------
    net : Network
        With one output.
    theta0 : ndarray, shape (D,)
        Where training starts and what the penalty pulls to.
    X, y : ndarray, shapes (n, inputs) and (n,)
    penalty : float
        Above 0; times the squared distance from ``theta0``.
    frame : ndarray, shape (D, d), optional
        Orthonormal columns P; all parameters by default.
    lead : ndarray, shape (n, units, d), optional
        Its `lead_product` with ``X``, where it is at hand.
    tolerance : float
        Training stops when a step lowers the objective by less than this share of it.

    Returns
    -------
    FineTuned

    Raises
    ------
    ValueError
        If ``penalty`` is not positive or ``frame`` has another number of rows.

    References
    ----------
    .. [1] dong2025, talk on post-training: intrinsic dimension as the least d that is nearly optimal.

    Examples
    --------
    >>> net, rng = Network((2, 3, 1)), np.random.default_rng(0)
    >>> X, theta0 = rng.standard_normal((20, 2)), net.initial(rng)
    >>> free = finetune(net, theta0, X, X[:, 0], 1e-3)
    >>> tied = finetune(net, theta0, X, X[:, 0], 1e-3, frame=random_frame(rng, net.parameters, 2))
    >>> free.converged, free.objective < tied.objective
    (True, True)
    """
    if not penalty > 0:
        raise ValueError(f"penalty = {penalty} is not allowed: above 0")
    if frame is not None and len(frame) != len(theta0):
        raise ValueError(f"frame = an array of shape {frame.shape} is not allowed: {len(theta0)} rows")

    frame = None if frame is None else np.ascontiguousarray(frame)

    def at(u: Array) -> Array:
        return theta0 + (u if frame is None else frame @ u)

    def objective(u: Array) -> float:
        return float(np.mean((y - net.predict(at(u), X)[:, 0]) ** 2) + penalty * (u @ u))

    u = np.zeros(len(theta0) if frame is None else frame.shape[1])
    value = objective(u)
    for step in range(1, MAX_STEPS + 1):
        here = net.gradients(at(u), X)
        residual = y - here.output
        if frame is None:
            move = ridge_step(here, residual + here.times(u), penalty) - u
            ahead = here.times(move)
        else:
            features = here.within(frame, lead)
            move = ridge_step(features, residual + features @ u, penalty) - u
            ahead = features @ move
        slope = 2 * float(-ahead @ residual / len(y) + penalty * (u @ move))
        length, new = 1.0, objective(u + move)
        while new > value + 1e-4 * length * slope and length > 1e-6:
            length /= 2
            new = objective(u + length * move)
        if not new < value:
            return FineTuned(at(u), value, step, True)
        u, value, before = u + length * move, new, value
        if before - value <= tolerance * before:
            return FineTuned(at(u), value, step, True)
    return FineTuned(at(u), value, MAX_STEPS, False)
