"""Limited-memory BFGS on many small problems at once: each has its own line search, finished ones leave.

Imports numpy only.

References
----------
.. [1] Byrd, Nocedal and Schnabel, Representations of quasi-Newton matrices, 1994: the compact form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Objective = Callable[[Array, npt.NDArray[np.int64]], tuple[Array, Array]]

STEPS = 500
MEMORY = 8
PATIENCE = 6  # steps without a smaller gradient


def minimise(evaluate: Objective, begin: Array, precondition: Callable[[Array], Array], tolerance: float) -> Array:
    """Minimisers of k functions of D variables, in the precision of the start.

    Parameters
    ----------
    evaluate : callable
        From points, shape (j, D), and the numbers of their problems, shape (j,), to values (j,) and gradients (j, D).
    begin : ndarray, shape (k, D)
    precondition : callable
        From gradients to steps: about the inverse of all Hessians.
    tolerance : float
        Largest entry of a gradient at the end; a thousand times as much where rounding leaves nothing to gain.

    Returns
    -------
    ndarray, shape (k, D)

    Examples
    --------
    >>> goal = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> minimise(lambda B, at: (((B - goal[at]) ** 2).sum(1), 2 * (B - goal[at])), 0 * goal, lambda G: G, 1e-9).round(6)
    array([[1., 2.],
           [3., 4.]])
    """
    B, done, at = begin.copy(), begin.copy(), np.arange(len(begin))
    slack = 4 * float(np.finfo(begin.dtype).eps)
    f, g = evaluate(B, at)
    straight = precondition(g)
    best, idle = np.full(len(at), np.inf), np.zeros(len(at))
    memory = _empty(begin)
    for _ in range(STEPS):
        steepest = np.abs(g).max(1)
        idle = np.where(steepest < best, 0, idle + 1)
        best = np.minimum(best, steepest)
        # rounding leaves nothing to gain: the problem is as good as it gets
        open_ = (steepest > tolerance) & ((idle < PATIENCE) | (steepest > 1e3 * tolerance))
        if not open_.all():
            done[at] = B
            at, B, f, g, straight, best, idle = (part[open_] for part in (at, B, f, g, straight, best, idle))
            memory = Memory(*(part[open_] for part in memory))
            if not at.size:
                return done
        direction = _direction(g, straight, memory)
        old = B, g, straight
        B, f, g = _line_search(evaluate, B, f, direction, _dots(g, direction), at, slack)
        straight = precondition(g)
        _remember(memory, *(new - before for new, before in zip((B, g, straight), old, strict=True)))
    done[at] = B
    return done


def _dots(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", a, b))


class Memory(NamedTuple):
    """Steps s and changes y of the gradient, oldest first, for the inverse Hessian in compact form.

    Attributes
    ----------
    pairs : ndarray, shape (k, 2 m, D)
        m steps s, then m preconditioned changes P y.
    inverse : ndarray, shape (k, m, m)
        Of the upper triangle of s_i y_j.
    middle : ndarray, shape (k, m, m)
        y_i P y_j.
    size : ndarray, shape (k, 1)
        Of P, from the last pair.
    """

    pairs: Array
    inverse: Array
    middle: Array
    size: Array


def _empty(begin: Array) -> Memory:
    k, D = begin.shape
    square = np.zeros((k, MEMORY, MEMORY), begin.dtype)
    return Memory(np.zeros((k, 2 * MEMORY, D), begin.dtype), square, square.copy(), np.ones((k, 1), begin.dtype))


def _direction(g: Array, straight: Array, memory: Memory) -> Array:
    """Minus the approximate inverse Hessian times the gradient; a pair that is empty adds nothing."""
    pairs, inverse, middle, size = memory
    m = inverse.shape[1]
    seen = pairs @ g[:, :, None]
    u = inverse @ seen[:, :m]
    # the diagonal of s y is that of the inverse upside down
    own = np.diagonal(inverse, axis1=1, axis2=2)[:, :, None]
    own = np.divide(1, own, out=np.zeros_like(own), where=own != 0)
    t = inverse.swapaxes(1, 2) @ (own * u + size[:, :, None] * (middle @ u - seen[:, m:]))
    weights = np.concatenate([t, -size[:, :, None] * u], 1)
    return -(size * straight + (weights.swapaxes(1, 2) @ pairs)[:, 0])


def _remember(memory: Memory, s: Array, y: Array, reached: Array) -> None:
    pairs, inverse, middle, size = memory
    m = inverse.shape[1]
    sy = _dots(s, y)
    useful = sy > 1e-12 * _dots(y, y)
    for part in (pairs[:, :m], pairs[:, m:]):
        part[:, :-1] = part[:, 1:]
    for part in (inverse, middle):
        part[:, :-1, :-1] = part[:, 1:, 1:]
        part[:, -1] = part[:, :, -1] = 0
    pairs[:, m - 1], pairs[:, -1] = np.where(useful[:, None], s, 0), np.where(useful[:, None], reached, 0)
    seen = pairs @ y[:, :, None]
    middle[:, -1] = middle[:, :, -1] = seen[:, m:, 0]
    share = np.where(useful, 1 / np.where(useful, sy, 1), 0)
    inverse[:, :-1, -1:] = -(inverse[:, :-1, :-1] @ seen[:, : m - 1]) * share[:, None, None]
    inverse[:, -1, -1] = share
    size[useful, 0] = (sy / np.where(useful, seen[:, -1, 0], 1))[useful]


def _line_search(
    evaluate: Objective, B: Array, f: Array, direction: Array, downhill: Array, at: npt.NDArray[np.int64], slack: float
) -> tuple[Array, Array, Array]:
    B_new = B + direction
    f_new, g_new = evaluate(B_new, at)
    step = 1.0
    for _ in range(40):
        high = np.flatnonzero(~(f_new <= f + 1e-4 * step * downhill + slack * np.abs(f)))
        if not high.size:
            break
        step /= 2
        B_new[high] = B[high] + step * direction[high]
        f_new[high], g_new[high] = evaluate(B_new[high], at[high])
    return B_new, f_new, g_new
