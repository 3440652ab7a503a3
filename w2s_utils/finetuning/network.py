"""A small tanh network as a function of one vector of parameters: output, loss, gradient features.

Imports numpy and `gradients` only. The derivatives are written out; tests compare them with finite differences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from w2s_utils.finetuning.gradients import Gradients

Array = NDArray[np.float64]


def fast_tanh(z: Array) -> Array:
    """Hyperbolic tangent to an absolute error of rounding, by the exponential, in half of numpy's time.

    Examples
    --------
    >>> fast_tanh(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    with np.errstate(over="ignore"):
        out = np.exp(2 * z)
    out += 1
    np.divide(-2, out, out=out)
    out += 1
    return out


@dataclass(frozen=True)
class Network:
    """Fully connected layers, tanh between them, linear output.

    Parameters
    ----------
    sizes : tuple of int
        Inputs, units of each hidden layer, outputs: at least three whole numbers, all positive.

    Raises
    ------
    ValueError
        If there is no hidden layer, or a size is not positive.

    Examples
    --------
    >>> net = Network((4, 3, 1))
    >>> net.parameters, net.predict(np.zeros(net.parameters), np.ones((5, 4))).shape
    (19, (5, 1))
    """

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.sizes) < 3 or min(self.sizes) < 1:
            raise ValueError(f"sizes = {self.sizes} is not allowed: inputs, hidden layers and outputs, all positive")

    @property
    def parameters(self) -> int:
        """Number D of weights and biases."""
        return sum((a + 1) * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))

    @property
    def body(self) -> int:
        """Number of parameters below the last layer; they come first."""
        return self.parameters - (self.sizes[-2] + 1) * self.sizes[-1]

    def initial(self, rng: np.random.Generator) -> Array:
        """Draw parameters: weights of variance one over the fan-in, biases 0.

        Examples
        --------
        >>> Network((4, 3, 1)).initial(np.random.default_rng(0)).shape
        (19,)
        """
        parts = []
        for a, b in zip(self.sizes, self.sizes[1:], strict=False):
            parts += [rng.standard_normal(a * b) / np.sqrt(a), np.zeros(b)]
        return np.concatenate(parts)

    def _layers(self, theta: Array) -> list[tuple[Array, Array]]:
        layers, at = [], 0
        for a, b in zip(self.sizes, self.sizes[1:], strict=False):
            layers.append((theta[at : at + a * b].reshape(a, b), theta[at + a * b : at + (a + 1) * b]))
            at += (a + 1) * b
        return layers

    def _hidden(self, layers: list[tuple[Array, Array]], X: Array) -> list[Array]:
        hidden = [X]
        for weights, biases in layers[:-1]:
            hidden.append(fast_tanh(hidden[-1] @ weights + biases))
        return hidden

    def predict(self, theta: Array, X: Array) -> Array:
        """Output, shape (m, outputs), of rows ``X``, shape (m, inputs).

        Examples
        --------
        >>> Network((1, 1, 1)).predict(np.array([1.0, 0.0, 2.0, 0.5]), np.zeros((1, 1))).tolist()
        [[0.5]]
        """
        layers = self._layers(theta)
        return self._hidden(layers, X)[-1] @ layers[-1][0] + layers[-1][1]

    def loss(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """Squared error summed over outputs, averaged over rows, and its gradient, shape (D,).

        Examples
        --------
        >>> value, gradient = Network((1, 1, 1)).loss(np.zeros(4), np.zeros((2, 1)), np.ones((2, 1)))
        >>> value, gradient.tolist()
        (1.0, [0.0, 0.0, 0.0, -2.0])
        """
        layers = self._layers(theta)
        hidden = self._hidden(layers, X)
        residual = hidden[-1] @ layers[-1][0] + layers[-1][1] - Y
        signal, parts = 2 * residual / len(X), []
        for k in range(len(layers) - 1, -1, -1):
            parts += [signal.sum(0), (hidden[k].T @ signal).ravel()]
            if k:
                signal = (signal @ layers[k][0].T) * (1 - hidden[k] ** 2)
        return float((residual**2).sum() / len(X)), np.concatenate(parts[::-1])

    def gradients(self, theta: Array, X: Array) -> Gradients:
        """Output and its gradient in the parameters, row by row, in factors.

        Parameters
        ----------
        theta : ndarray, shape (D,)
        X : ndarray, shape (m, inputs)

        Returns
        -------
        Gradients

        Raises
        ------
        ValueError
            If the network has more than one output.

        Examples
        --------
        >>> found = Network((1, 1, 1)).gradients(np.array([0.0, 0.0, 2.0, 0.5]), np.ones((1, 1)))
        >>> found.output.tolist(), found.dense().tolist()
        ([0.5], [[2.0, 2.0, 0.0, 1.0]])
        """
        if self.sizes[-1] != 1:
            raise ValueError(f"sizes = {self.sizes} is not allowed here: gradient features need one output")
        layers = self._layers(theta)
        hidden = self._hidden(layers, X)
        signals = [np.ones((len(X), 1))]
        for (weights, _), inputs in zip(layers[:0:-1], hidden[:0:-1], strict=True):
            signals.append((signals[-1] @ weights.T) * (1 - inputs**2))
        output = (hidden[-1] @ layers[-1][0] + layers[-1][1])[:, 0]
        return Gradients(output, tuple(hidden), tuple(signals[::-1]))

    def with_new_head(self, theta: Array, rng: np.random.Generator) -> tuple[Network, Array]:
        """The same body with a fresh last layer of one output: where fine-tuning starts.

        Examples
        --------
        >>> net, theta = Network((4, 3, 10)).with_new_head(np.zeros(55), np.random.default_rng(0))
        >>> net.sizes, theta.shape
        ((4, 3, 1), (19,))
        """
        width = self.sizes[-2]
        head = np.append(rng.standard_normal(width) / np.sqrt(width), 0.0)
        return Network((*self.sizes[:-1], 1)), np.concatenate([theta[: self.body], head])
