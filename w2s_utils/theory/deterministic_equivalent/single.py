"""One model fitted to true labels: the teacher, the baseline, the ceiling on rows of one distribution.

Also the small algebra in eigenbases that both stages share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils._arrays import FloatArray
from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.deterministic_equivalent.moments import Moments
from w2s_utils.theory.deterministic_equivalent.stage import Stage
from w2s_utils.theory.intrinsic_dimension.settings import choose, fail


class TrueLabels:
    """Moments of the training rows in the eigenbasis of their features, seen from the test rows."""

    def __init__(self, train: Moments, test: Moments, features: str) -> None:
        column, test_column = getattr(train, f"{features}_target"), getattr(test, f"{features}_target")
        assert column is not None and train.target is not None and test.target is not None
        self.values, self.vectors = getattr(train, f"_{features}")
        self.y2, self.test_y2 = train.target, test.target
        self.c, self.test_c = self.vectors.T @ column, self.vectors.T @ test_column
        self.seen = turned(getattr(test, features), getattr(train, features), self.values, self.vectors)

    def fit(self, stage: Stage) -> tuple[FloatArray, float, float, float]:
        """Mean coefficients, ``tau2``, test error of the mean, test variance around it."""
        mean = stage.inverse[:, None] * self.c
        tau2 = stage.noise(max(self.y2 - 2 * np.sum(mean * self.c) + square(self.values, mean), 0.0))
        error = self.test_y2 - 2 * np.sum(mean * self.test_c) + square(self.seen, mean)
        return mean, tau2, float(error), times(tau2, float(np.sum(stage.unit * diagonal(self.seen))))


def true_label_risk(
    rows: ArrayLike,
    *,
    train: Moments,
    test: Moments | None = None,
    features: str = "strong",
    penalty: ArrayLike = 0.0,
) -> FloatOrArray:
    """Test error of ridge on true labels: the teacher (``features="weak"``), baseline or ceiling (``"strong"``).

    Parameters
    ----------
    rows : array_like
        Sample size, above 0; broadcasts with the penalty.
    train, test : Moments
        Distributions of the training and (default: the same) of the test rows, both with target.
    features : {"strong", "weak"}
    penalty : array_like
        As in `w2s_utils.regression.fit_ridge`, at least 0.

    Returns
    -------
    float or ndarray
        Mean squared error, label noise included, in squared units of the target.

    Raises
    ------
    ValueError
        Outside these ranges, or without a target.

    Examples
    --------
    >>> d = 10
    >>> noise = Moments(np.eye(d), np.eye(d), np.eye(d), np.zeros(d), np.zeros(d), 1.0)
    >>> float(true_label_risk(20, train=noise))
    2.0
    """
    choose("features", features, "strong", "weak")
    positive(rows=rows)
    non_negative(penalty=penalty)
    for name, part in {"train": train, "test": test}.items():
        if part is not None and not part.labelled:
            fail(name, "moments without a target", "moments with weak_target, strong_target and target")
    model = TrueLabels(train, train if test is None else test, features)

    def one(n: float, lam: float) -> float:
        _, _, error, spread = model.fit(Stage.of(model.values, n, lam))
        return error + spread

    return np.vectorize(one, otypes=[float])(rows, penalty)[()]


def turned(matrix: FloatArray, own: FloatArray, values: FloatArray, vectors: FloatArray) -> FloatArray:
    """The matrix in the eigenbasis of ``own``: a vector, its diagonal, where it is ``own`` itself."""
    return values if matrix is own else vectors.T @ matrix @ vectors


def diagonal(matrix: FloatArray) -> FloatArray:
    """Diagonal of a matrix that may be given by it."""
    return matrix if matrix.ndim == 1 else np.diagonal(matrix)


def square(matrix: FloatArray, columns: FloatArray) -> float:
    """Quadratic form, summed over columns; ``matrix`` may be its diagonal."""
    moved = matrix[:, None] * columns if matrix.ndim == 1 else matrix @ columns
    return float(np.sum(columns * moved))


def times(variance: float, by: float) -> float:
    """A product in which an infinite variance times nothing is nothing; rounding below 0 is nothing, too."""
    return float(variance * by) if by > 0 else 0.0
