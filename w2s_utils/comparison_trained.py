"""Ridge heads of many samples of one order of rows, from sums over its segments: what `comparison_predicted` measures.

Labelled samples are the front of the order, unlabelled ones its end. All of them are unions of a few segments, and a
ridge head is a function of its sample's second moments, so that no row is read twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils._arrays import FloatArray
from w2s_utils.comparison_pairs import Pair
from w2s_utils.probes.ridge import design, fit
from w2s_utils.regression import GRAM_RATIO

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sums:
    """Count, sum and products of the rows ``[x_w, x_s, y]`` of a sample; samples without common rows add."""

    count: int
    total: FloatArray
    products: FloatArray

    @classmethod
    def of(cls, rows: FloatArray) -> Sums:
        """Of the rows of a matrix, shape (m, D).

        Examples
        --------
        >>> found = Sums.of(np.array([[1.0], [3.0]])) + Sums.of(np.array([[5.0]]))
        >>> found.count, found.mean.tolist(), found.covariance.round(3).tolist()
        (3, [3.0], [[2.667]])
        """
        return cls(len(rows), rows.sum(0), rows.T @ rows)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.total + other.total, self.products + other.products)

    @property
    def mean(self) -> FloatArray:
        """Shape (D,)."""
        return self.total / self.count

    @cached_property
    def covariance(self) -> FloatArray:
        """Shape (D, D), divided by the count."""
        return self.products / self.count - np.outer(self.mean, self.mean)


class Trained:
    """Models trained on one order of a pool, and their errors on the test rows.

    Parameters
    ----------
    pair : Pair
    order, test : ndarray of int
        Rows to train on, in order, and rows to test on.
    cells : DataFrame
        ``n``, ``N``; n + N at most the length of the order.
    """

    def __init__(self, pair: Pair, order: Rows, test: Rows, cells: pd.DataFrame) -> None:
        self.pair, self.order, self.sizes = pair, order, cells[["n", "N"]].to_numpy()
        ends = np.cumsum([pair.x_w.shape[1], pair.x_s.shape[1], pair.y.shape[1]])
        self.part = dict(zip("wsy", map(slice, [0, *ends[:-1]], ends), strict=True))
        rows = np.hstack([pair.x_w, pair.x_s, pair.y])
        rows -= rows[order].mean(0)  # a common origin: no sum is large against its spread
        self.test = Sums.of(rows[test])
        self.front = _nested(rows[order], sorted(set(self.sizes[:, 0])))
        self.end = _nested(rows[order][::-1], sorted(set(self.sizes[:, 1])))
        self.sums = cache(lambda n, N: self.front[n] + self.end[N] if n and N else self.front[n] if n else self.end[N])
        self.spectrum = cache(lambda side, n, N: np.linalg.eigh(self._cov(self.sums(n, N), side, side)))
        self.true = cache(self._true)
        self.error = cache(lambda side, n, N, penalty: self._error(self.true(side, n, N, penalty), side))

    def _cov(self, sums: Sums, left: str, right: str) -> FloatArray:
        return sums.covariance[self.part[left], self.part[right]]

    def _true(self, side: str, n: int, N: int, penalty: float) -> tuple[FloatArray, FloatArray]:
        """Coefficients and intercept of a head fitted to true labels."""
        if penalty == 0 and self._thin(side, n, N):
            chosen = np.concatenate([self.order[:n], self.order[len(self.order) - N :]])
            return self._by_rows(side, chosen, self.pair.y[chosen] - self.pair.y[self.order].mean(0))
        sums = self.sums(n, N)
        return self._solved(side, n, N, penalty, self._cov(sums, side, "y"), sums.mean[self.part["y"]])

    def _student(self, n: int, N: int, lam_t: float, lam_s: float) -> tuple[FloatArray, FloatArray]:
        b, a = self.true("w", n, 0, lam_t)
        sums = self.sums(0, N)
        if lam_s == 0 and self._thin("s", 0, N):
            chosen = self.order[len(self.order) - N :]
            return self._by_rows("s", chosen, self._moved("w", chosen) @ b + a)
        said = sums.mean[self.part["w"]] @ b + a
        return self._solved("s", 0, N, lam_s, self._cov(sums, "s", "w") @ b, said)

    def _thin(self, side: str, n: int, N: int) -> bool:
        """Whether a fit without penalty would lose digits in the second moments."""
        values = self.spectrum(side, n, N)[0]
        return n + N <= len(values) or not values[0] > GRAM_RATIO * values[-1]

    def _moved(self, side: str, chosen: Rows) -> FloatArray:
        x = self.pair.x_w if side == "w" else self.pair.x_s
        return x[chosen] - x[self.order].mean(0)

    def _by_rows(self, side: str, chosen: Rows, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
        head = fit(design(self._moved(side, chosen)), targets)
        return head.coefficients, head.intercept

    def _solved(
        self, side: str, n: int, N: int, penalty: float, column: FloatArray, level: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        values, vectors = self.spectrum(side, n, N)
        b = vectors @ ((vectors.T @ column) / (values + penalty)[:, None])
        return b, level - self.sums(n, N).mean[self.part[side]] @ b

    def _error(self, head: tuple[FloatArray, FloatArray], side: str) -> float:
        b, a = head
        spread = np.sum(b * (self._cov(self.test, side, side) @ b)) - 2 * np.sum(b * self._cov(self.test, side, "y"))
        off = self.test.mean[self.part[side]] @ b + a - self.test.mean[self.part["y"]]
        return float(spread + np.trace(self._cov(self.test, "y", "y")) + np.sum(off**2))

    def errors(self, penalties: FloatArray) -> FloatArray:
        """Test errors (cells, 4), in the order of `w2s_utils.probes.MODELS`; penalties have shape (cells, 2)."""
        found = []
        for (n, N), (lam_t, lam_s) in zip(self.sizes.tolist(), penalties.tolist(), strict=True):
            student = self._error(self._student(n, N, lam_t, lam_s), "s")
            others = self.error("s", n, 0, lam_s), self.error("s", n, N, lam_s)
            found.append([self.error("w", n, 0, lam_t), student, *others])
        return np.array(found)


def _nested(rows: FloatArray, sizes: Sequence[int]) -> dict[int, Sums]:
    """Sums of the first rows, for each of ascending sizes."""
    found: dict[int, Sums] = {}
    start = 0
    for size in sizes:
        piece = Sums.of(rows[start:size])
        found[size] = piece if start == 0 else found[start] + piece
        start = size
    return found
