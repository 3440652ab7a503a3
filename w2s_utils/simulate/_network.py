"""Two-layer ReLU networks of the multi-index model: Hermite links, one gradient step, ridge heads, an adapter.

Everything is drawn data and plain linear algebra. Must not import ``theory``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Predictor = Callable[[Array], Array]


def he2(z: Array) -> Array:
    """Normalised second Hermite polynomial."""
    return (z**2 - 1) / np.sqrt(2)


def he3(z: Array) -> Array:
    """Normalised third Hermite polynomial."""
    return (z**3 - 3 * z) / np.sqrt(6)


def easy_link(z: Array) -> Array:
    """``(z + He_2(z))/sqrt 2``: information exponent 1, first Hermite coefficient ``1/sqrt 2``, variance 1."""
    return (z + he2(z)) / np.sqrt(2)


HARD_LINKS = {"he2": he2, "he3": he3}


def sphere_rows(rng: np.random.Generator, rows: int, d: int) -> Array:
    """First-layer weights: rows uniform on the unit sphere."""
    weights = rng.standard_normal((rows, d))
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)


def gradient_step(rng: np.random.Generator, weights: Array, X: Array, y: Array, rate: float) -> Array:
    """Change of the first layer after one full-batch step on the squared loss, from output 0 and signs as heads."""
    width = len(weights)
    heads = rng.choice([-1.0, 1.0], width) / np.sqrt(width)
    active = (X @ weights.T > 0) * y[:, None]
    return rate * np.sqrt(width) * heads[:, None] * (active.T @ X) / len(X)


def main_direction(step: Array) -> Array:
    """Unit vector in which a step moves most: its top right singular vector."""
    return np.linalg.eigh(step.T @ step)[1][:, -1]


def _ridge(features: Array, targets: Array, penalty: float) -> Array:
    gram = features.T @ features / len(targets)
    right = features.T @ targets / len(targets)
    return np.asarray(np.linalg.solve(gram + penalty * np.eye(len(gram)), right), float)


def head(weights: Array, biases: Array, X: Array, y: Array, penalty: float) -> Predictor:
    """Ridge-fit the second layer on ``(X, y)``, with an intercept."""

    def features(inputs: Array) -> Array:
        return np.hstack([np.maximum(inputs @ weights.T + biases, 0), np.ones((len(inputs), 1))])

    coefficients = _ridge(features(X), y, penalty)
    return lambda inputs: features(inputs) @ coefficients


def adapter(rng: np.random.Generator, direction: Array, X: Array, y: Array, units: int = 50) -> Predictor:
    """Ridge-fit a function of one direction, by random ReLU units of one variable."""
    slopes, biases = rng.standard_normal((2, units))

    def features(inputs: Array) -> Array:
        units_out = np.maximum(np.outer(inputs @ direction, slopes) + biases, 0)
        return np.hstack([units_out, np.ones((len(inputs), 1))])

    coefficients = _ridge(features(X), y, 1e-4)
    return lambda inputs: features(inputs) @ coefficients
