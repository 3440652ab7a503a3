"""The ``raw`` ridge engine: draw inputs and labels, solve each penalised least-squares problem, measure.

Nothing here is shared with the theory or the other engines. Calls only ``numpy.linalg.solve`` and ``lstsq``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _fits(X: Array, labels: Array, penalties: Array, matrix: Array) -> list[Array]:
    """Minimisers of ``(1/n)|labels - X b|^2 + penalty b' matrix b``, a column each; minimum norm without penalty."""
    gram, right = X.T @ X / len(X), X.T @ labels / len(X)
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
