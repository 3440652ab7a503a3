"""How much rows differ in length: what second moments cannot see, and the predictions suppose to be little."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils._arrays import FloatArray

KEPT = 2000  # about as many rows are kept of a file, evenly spread
# above it a report warns: on the book's data, predictions without penalties were off by a quarter and more there
UNEVEN = 0.3
# of the total variance: the smallest penalty of a report, so that directions of rounding size do not count
_FLOOR = 1e-6


class Sample:
    """Evenly spread rows of a file that is read in chunks, at most twice `KEPT`.

    Parameters
    ----------
    rows : int
        Of the file.

    Examples
    --------
    >>> sample = Sample(10_000)
    >>> for start in (0, 5_003):
    ...     sample.add(np.arange(start, min(start + 5_003, 10_000))[:, None])
    >>> sample.rows[:3].tolist(), len(sample.rows)
    ([[0.0], [5.0], [10.0]], 2000)
    """

    def __init__(self, rows: int) -> None:
        self.step, self.seen = max(1, rows // KEPT), 0
        self.parts: list[npt.NDArray[Any]] = []

    def add(self, chunk: npt.NDArray[Any]) -> None:
        """The next rows of the file."""
        self.parts.append(chunk[-self.seen % self.step :: self.step].copy())
        self.seen += len(chunk)

    @property
    def rows(self) -> FloatArray:
        """Shape (kept, D)."""
        return np.concatenate(self.parts).astype(np.float64)


def unevenness(rows: FloatArray, values: FloatArray, vectors: FloatArray) -> float:
    """Variance over squared mean of the rows' squared lengths, seen through the inverse second moment.

    Parameters
    ----------
    rows : ndarray, shape (m, D)
    values, vectors : ndarray, shapes (D,) and (D, D)
        Eigenvalues and eigenvectors of the centred second moment.

    Returns
    -------
    float
        About 2/D for Gaussian rows. With m below some 3 D it comes out too small: few rows look alike.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((4000, 10))
    >>> one = np.ones(10), np.eye(10)
    >>> round(unevenness(x, *one), 1), unevenness(x * np.exp(x[:, :1]), *one) > 1
    (0.2, True)
    """
    scores = (rows - rows.mean(0)) @ vectors
    lengths = (scores**2 / (values + _FLOOR * values.sum())).sum(1)
    return float(lengths.var() / lengths.mean() ** 2)


def caution(found: dict[str, dict[str, float]]) -> str | None:
    """What a reader should know of uneven rows, if anything.

    Parameters
    ----------
    found : dict
        ``weak`` and ``strong``: ``value`` and ``gaussian``, that of Gaussian rows.

    Returns
    -------
    str or None

    Examples
    --------
    >>> even = {"value": 0.1, "gaussian": 0.02}
    >>> caution({"weak": even, "strong": even})
    >>> caution({"weak": {"value": 2.2, "gaussian": 0.016}, "strong": even})[:56]
    'A few rows outweigh many others: the spread of squared l'
    """
    name = max(found, key=lambda side: found[side]["value"])
    value, gaussian = found[name]["value"], found[name]["gaussian"]
    if value <= UNEVEN:
        return None
    sizes = "may be too low" if value <= 1 else "are probably too low"
    return (
        f"A few rows outweigh many others: the spread of squared lengths of the {name} features is {value:.2g}, where "
        f"Gaussian rows have {gaussian:.2g}. The predicted errors {sizes}, the more so the smaller the penalty; with "
        "none, and about as many labels as features, they would be by a multiple. Signs and the choice of penalties "
        "are safer than sizes."
    )
