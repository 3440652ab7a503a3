"""The ``raw`` ridge engine: draw inputs and labels, solve each penalised least-squares problem, measure.

Nothing here is shared with the theory or the other engines. Calls only ``numpy.linalg.solve``, ``inv`` and ``lstsq``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_PORTION = 30_000  # numbers in the inputs of the designs that are worked on at once


def _turned(matrices: Array) -> Array:
    """Transposes of stacked matrices."""
    return matrices.swapaxes(-1, -2)


def _outer(a: Array, b: Array) -> Array:
    """Outer products of stacked vectors."""
    return a[..., :, None] * b[..., None, :]


def _fits(X: Array, labels: Array, penalties: Array, matrix: Array) -> list[Array]:
    """Minimisers of ``(1/n)|labels - X b|^2 + penalty b' matrix b``, a column each; minimum norm without penalty.

    Designs may be stacked on the first axis.
    """
    rows = X.shape[-2]
    gram = _turned(X) @ X / rows
    right = gram if labels is X else _turned(X) @ labels / rows
    return [
        np.asarray(np.linalg.solve(gram + penalty * matrix, right), float) if penalty > 0 else _minimum_norm(X, labels)
        for penalty in penalties
    ]


def _minimum_norm(X: Array, labels: Array) -> Array:
    if X.ndim > 2:
        return np.stack([_minimum_norm(*pair) for pair in zip(X, labels, strict=True)])
    return np.asarray(np.linalg.lstsq(X, labels, rcond=None)[0], float)


def draw(
    rng: np.random.Generator,
    d: int,
    n_t: int,
    n_s: int,
    sigma2: float,
    lam_t: Array,
    lam_s: Array,
    zeta: float,
    g: float,
    draws: int,
) -> tuple[Array, Array]:
    """One design: errors of the teacher, shape (T,), and of the student, shape (T, S).

    Averaged over ``draws`` targets, each with its own label noise, that share the inputs and the spared direction.
    """
    u = rng.standard_normal(d)
    u /= np.linalg.norm(u)
    v = rng.standard_normal((d, draws))
    v -= np.outer(u, u @ v)
    # a target uniform on the sphere, or one with the given cosine to u
    beta = zeta * u[:, None] + np.sqrt(1 - zeta**2) * v / np.linalg.norm(v, axis=0)
    if g == 1:
        beta = rng.standard_normal((d, draws))
        beta /= np.linalg.norm(beta, axis=0)
    X = rng.standard_normal((n_t, d))
    y = X @ beta + np.sqrt(sigma2) * rng.standard_normal((n_t, draws))
    Z = rng.standard_normal((n_s, d))
    plain, spiked = np.eye(d), np.eye(d) + (g - 1) * np.outer(u, u)
    teachers = np.hstack(_fits(X, y, lam_t, plain))

    def error(fit: Array) -> Array:
        return ((fit.reshape(d, -1, draws) - beta[:, None]) ** 2).sum(0).mean(-1)

    students = [error(fit) for fit in _fits(Z, Z @ teachers, lam_s, spiked)]
    return error(teachers), np.stack(students, axis=1)


def _moments(gram: Array, X: Array, penalty: float, sigma2: float, uniform: float) -> tuple[Array, Array]:
    """Fits as maps of the target's coordinates, and the second moments of the fits; both (designs, d, d).

    The target's coordinates are independent with variance ``uniform``, the labels' noise has variance ``sigma2``.
    """
    _, rows, d = X.shape
    if penalty > 0:
        inverse = np.asarray(np.linalg.inv(gram + penalty * np.eye(d)), float)
        answer = np.eye(d) - penalty * inverse  # (gram + penalty)^-1 gram
        noisy = inverse - penalty * (inverse @ _turned(inverse))  # answer inverse
        return answer, uniform * (answer - penalty * noisy) + sigma2 / rows * noisy
    of_labels = _minimum_norm(X, np.broadcast_to(np.eye(rows), (len(X), rows, rows)))
    answer = of_labels @ X
    return answer, uniform * answer @ _turned(answer) + sigma2 * of_labels @ _turned(of_labels)


def expected(
    rngs: Sequence[np.random.Generator],
    d: int,
    n_t: int,
    n_s: int,
    sigma2: float,
    lam_t: Array,
    lam_s: Array,
    zeta: float,
    g: float,
) -> tuple[Array, Array]:
    """As `draw` for a design a generator, with the expectation over targets and label noise given inputs and direction.

    Errors of the teachers, shape (designs, T), and of the students, (designs, T, S). Both fits are linear in the
    labels: they are made once for every coordinate of the target and every label's noise.
    """
    together = max(1, _PORTION // ((n_t + n_s) * d))
    parts = [
        _expected(rngs[at : at + together], d, n_t, n_s, sigma2, lam_t, lam_s, zeta, g)
        for at in range(0, len(rngs), together)
    ]
    teacher, student = (np.concatenate(part) for part in zip(*parts, strict=True))
    return teacher, student


def _expected(
    rngs: Sequence[np.random.Generator],
    d: int,
    n_t: int,
    n_s: int,
    sigma2: float,
    lam_t: Array,
    lam_s: Array,
    zeta: float,
    g: float,
) -> tuple[Array, Array]:
    u, X, Z = (np.empty((len(rngs), *shape)) for shape in ((d,), (n_t, d), (n_s, d)))
    for at, rng in enumerate(rngs):
        for into in (u[at], X[at], Z[at]):
            rng.standard_normal(out=into)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    # second moments of the target given u: uniform on the sphere, or on the part of it with the given cosine to u
    uniform = 1 / d if g == 1 else (1 - zeta**2) / (d - 1)
    aligned = 0.0 if g == 1 else zeta**2 - uniform  # beside uniform, along u
    students: list[Array]
    small = n_s < d and g == 1 and bool(lam_s.all())
    if small:  # the students are Z'W, where W solves a system of the size of their sample
        kernel = Z @ _turned(Z)
        students = [np.linalg.solve(kernel + n_s * penalty * np.eye(n_s), Z) for penalty in lam_s]
        squares = [kernel] * lam_s.size
    else:
        students = _fits(Z, Z, lam_s, np.eye(d) + (g - 1) * _outer(u, u))
        squares = [_turned(S) @ S for S in students]
    gram = _turned(X) @ X / n_t
    teacher, student = np.empty((len(rngs), lam_t.size)), np.empty((len(rngs), lam_t.size, lam_s.size))
    for row, penalty in enumerate(lam_t):
        answer, second = _moments(gram, X, penalty, sigma2, uniform)
        along = (answer @ u[:, :, None])[:, :, 0]
        second += aligned * _outer(along, along)
        crossed = uniform * _turned(answer) + aligned * _outer(u, along)
        teacher[:, row] = np.trace(second - 2 * crossed, axis1=1, axis2=2) + 1
        crossed = Z @ crossed if small else crossed
        for column, (S, square) in enumerate(zip(students, squares, strict=True)):
            spread = S @ second @ _turned(S) if small else second
            student[:, row, column] = (square * spread).sum((1, 2)) - 2 * (S * crossed).sum((1, 2)) + 1
    return teacher, student
