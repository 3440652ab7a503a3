"""Gradient features of a network, kept as their factors. Imports numpy only.

In the weights of one layer the gradient of one row is an outer product: what enters the layer times how the output
answers. Products with it, and the kernel of the rows, therefore never need the features written out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gradients:
    r"""Gradient features :math:`\phi(x) = \nabla_\theta f(x\mid\theta)` of some rows, in factors.

    Parameters
    ----------
    output : ndarray, shape (m,)
        :math:`f(x\mid\theta)`.
    inputs, signals : tuple of ndarray, shapes (m, a) and (m, b)
        Of each layer from a to b units: what enters it, and the gradient of the output in what it adds up.

    References
    ----------
    .. [1] dong2025, talk of May 2025: fine-tuning as linear probing on gradient features.

    Examples
    --------
    >>> one = np.ones((2, 1))
    >>> Gradients(np.zeros(2), (one, 3 * one), (5 * one, one)).dense()[0].tolist()
    [5.0, 5.0, 3.0, 1.0]
    """

    output: Array
    inputs: tuple[Array, ...]
    signals: tuple[Array, ...]

    def _parts(self, stacked: Array) -> list[tuple[Array, Array]]:
        """Weights and biases of each layer in ``stacked``, shape (D,) or (D, d)."""
        parts, at = [], 0
        for h, s in zip(self.inputs, self.signals, strict=True):
            a, b = h.shape[1], s.shape[1]
            weights = stacked[at : at + a * b].reshape(a, b, *stacked.shape[1:])
            parts.append((weights, stacked[at + a * b : at + (a + 1) * b]))
            at += (a + 1) * b
        return parts

    def dense(self) -> Array:
        """The features written out, shape (m, D)."""
        parts = []
        for h, s in zip(self.inputs, self.signals, strict=True):
            parts += [(h[:, :, None] * s[:, None, :]).reshape(len(h), -1), s]
        return np.concatenate(parts, axis=1)

    def kernel(self) -> Array:
        """Inner products of the rows' features, shape (m, m)."""
        total = np.zeros((len(self.output),) * 2)
        for h, s in zip(self.inputs, self.signals, strict=True):
            total += (h @ h.T + 1) * (s @ s.T)
        return total

    def times(self, change: Array) -> Array:
        """Features times a change of the parameters: shape (m,) from (D,)."""
        total = np.zeros(len(self.output))
        for h, s, (weights, biases) in zip(self.inputs, self.signals, self._parts(change), strict=True):
            total += ((h @ weights + biases) * s).sum(1)
        return total

    def combined(self, shares: Array) -> Array:
        """Sum of the rows' features, each times its share: shape (D,) from (m,)."""
        parts = []
        for h, s in zip(self.inputs, self.signals, strict=True):
            weighted = shares[:, None] * s
            parts += [(h.T @ weighted).ravel(), weighted.sum(0)]
        return np.concatenate(parts)

    def within(self, frame: Array, lead: Array | None = None) -> Array:
        """Features times the columns of a frame: shape (m, d) from (D, d); ``lead`` as made by `lead_product`."""
        total = np.zeros((len(self.output), frame.shape[1]))
        for k, (h, s, (weights, biases)) in enumerate(zip(self.inputs, self.signals, self._parts(frame), strict=True)):
            ahead = lead if k == 0 and lead is not None else np.tensordot(h, weights, 1)
            total += (s[:, None, :] @ ahead)[:, 0] + s @ biases
        return total


def lead_product(X: Array, frame: Array, units: int) -> Array:
    """Rows times the first layer's weights in each column of a frame: the same wherever training stands.

    Parameters
    ----------
    X : ndarray, shape (m, inputs)
    frame : ndarray, shape (D, d)
    units : int
        Of the first hidden layer.

    Returns
    -------
    ndarray, shape (m, units, d)

    Examples
    --------
    >>> lead_product(np.ones((3, 2)), np.ones((11, 5)), 2).shape
    (3, 2, 5)
    """
    a, d = X.shape[1], frame.shape[1]
    return np.tensordot(X, frame[: a * units].reshape(a, units, d), 1)
