"""The ``raw`` ridge engine: draw inputs and labels, solve each penalised least-squares problem, measure.

Nothing here is shared with the theory or the other engines. Calls only ``numpy.linalg.solve``, ``inv`` and ``lstsq``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _fits(X: Array, labels: Array, penalties: Array, matrix: Array) -> list[Array]:
    """Minimisers of ``(1/n)|labels - X b|^2 + penalty b' matrix b``, a column each; minimum norm without penalty."""
    gram = X.T @ X / len(X)
    right = gram if labels is X else X.T @ labels / len(X)
    return [
        np.asarray(np.linalg.solve(gram + penalty * matrix, right), float)
        if penalty > 0
        else np.asarray(np.linalg.lstsq(X, labels, rcond=None)[0], float)
        for penalty in penalties
    ]


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
    """Fit as a map of the target's coordinates, and the second moments of the fit; both (d, d).

    The target's coordinates are independent with variance ``uniform``, the labels' noise has variance ``sigma2``.
    """
    rows, d = X.shape
    if penalty > 0:
        inverse = np.linalg.inv(gram + penalty * np.eye(d))
        answer = np.eye(d) - penalty * inverse  # (gram + penalty)^-1 gram
        noisy = inverse - penalty * (inverse @ inverse.T)  # answer inverse
        return answer, uniform * (answer - penalty * noisy) + sigma2 / rows * noisy
    of_labels = np.linalg.lstsq(X, np.eye(rows), rcond=None)[0]
    answer = of_labels @ X
    return answer, uniform * answer @ answer.T + sigma2 * of_labels @ of_labels.T


def expected(
    rng: np.random.Generator,
    d: int,
    n_t: int,
    n_s: int,
    sigma2: float,
    lam_t: Array,
    lam_s: Array,
    zeta: float,
    g: float,
) -> tuple[Array, Array]:
    """As `draw`, with the expectation over targets and label noise given the drawn inputs and direction.

    Both fits are linear in the labels: they are made once for every coordinate of the target and every label's noise.
    """
    u = rng.standard_normal(d)
    u /= np.linalg.norm(u)
    X, Z = rng.standard_normal((n_t, d)), rng.standard_normal((n_s, d))
    # second moments of the target given u: uniform on the sphere, or on the part of it with the given cosine to u
    uniform = 1 / d if g == 1 else (1 - zeta**2) / (d - 1)
    aligned = 0.0 if g == 1 else zeta**2 - uniform  # beside uniform, along u
    students = _fits(Z, Z, lam_s, np.eye(d) + (g - 1) * np.outer(u, u))
    squares = [S.T @ S for S in students]
    gram = X.T @ X / n_t
    teacher, student = np.empty(lam_t.size), np.empty((lam_t.size, lam_s.size))
    for row, penalty in enumerate(lam_t):
        answer, second = _moments(gram, X, penalty, sigma2, uniform)
        along = answer @ u
        second += aligned * np.outer(along, along)
        crossed = uniform * answer.T + aligned * np.outer(u, along)
        teacher[row] = np.trace(second) - 2 * np.trace(crossed) + 1
        cross = [(S * crossed).sum() for S in students]
        student[row] = [(square * second).sum() - 2 * part + 1 for square, part in zip(squares, cross, strict=True)]
    return teacher, student
