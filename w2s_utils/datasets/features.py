"""Features of one data set by one frozen model, and how they are rounded to int8. Imports numpy and scipy only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, eigvalsh

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """Frozen features of m examples.

    Attributes
    ----------
    dataset, backbone : str
    values : ndarray of float32, shape (m, k)
        Embedded: centred scores on the first k <= 256 principal directions of the pool, from int8. A reader's
        data: the features as they are, uncentred, k = width.
    mean : ndarray of float32, shape (k,)
        What `values` lack: ``values + mean`` are uncentred features in the same coordinates. Zero for a
        reader's data. `uncentred` adds it.
    spectrum, spectrum_uncentred : ndarray of float64, shape (width,)
        Eigenvalues, falling, of the covariance and of the uncentred second moment of the pool rows (divided by
        their number) at full width, before any direction was dropped.
    width : int
        Number of features the backbone gives.
    pool_rows : ndarray of int64
        Rows on which mean and directions were fitted.
    checksum : str
        SHA-256 of the stored arrays.
    """

    dataset: str
    backbone: str
    values: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float32]
    spectrum: FloatArray
    spectrum_uncentred: FloatArray
    width: int
    pool_rows: npt.NDArray[np.int64]
    checksum: str

    def __repr__(self) -> str:
        m, k = self.values.shape
        return f"<Features of {self.dataset} by {self.backbone}: {m} rows, {k} of {self.width} directions>"

    @property
    def uncentred(self) -> npt.NDArray[np.float32]:
        """``values + mean``, shape (m, k)."""
        return self.values + self.mean

    @property
    def kept(self) -> float:
        """Share of the trace of the pool's covariance that `values` hold, in (0, 1]."""
        return float(self.spectrum[: self.values.shape[1]].sum() / self.spectrum.sum())


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """Principal scores of raw features before rounding: arrays named as in `Features`, and `directions` (width, k)."""

    values: FloatArray
    mean: FloatArray
    spectrum: FloatArray
    spectrum_uncentred: FloatArray
    directions: FloatArray


def spectra(raw: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Falling eigenvalues of the covariance and of the uncentred second moment.

    Parameters
    ----------
    raw : array_like, shape (m, width)

    Returns
    -------
    tuple of ndarray, each of shape (width,)

    Examples
    --------
    >>> centred, uncentred = spectra([[1.0, 2.0], [1.0, -2.0]])
    >>> centred.tolist(), uncentred.tolist()
    ([4.0, 0.0], [4.0, 1.0])
    """
    X = np.asarray(raw, dtype=np.float64)
    second = X.T @ X / len(X)
    mean = X.mean(0)
    return tuple(np.maximum(eigvalsh(S)[::-1], 0.0) for S in (second - np.outer(mean, mean), second))


def principal_scores(raw: npt.ArrayLike, pool_rows: npt.NDArray[np.int64], directions: int = 256) -> Scores:
    """Centre by the pool's mean and project on the pool's leading principal directions.

    Parameters
    ----------
    raw : array_like, shape (m, width)
        Finite features.
    pool_rows : ndarray of int
        Rows that mean and directions are fitted on.
    directions : int, default 256
        At most so many are kept.

    Returns
    -------
    Scores
        The sign of each direction makes its largest loading positive.

    Examples
    --------
    >>> scores = principal_scores([[1.0, 0.0], [3.0, 0.0], [9.0, 0.5]], np.array([0, 1]), 1)
    >>> scores.values.tolist(), scores.spectrum.tolist()
    ([[-1.0], [1.0], [7.0]], [1.0, 0.0])
    """
    X = np.asarray(raw, dtype=np.float64)
    pool = X[pool_rows]
    centre = pool.mean(0)
    centred = pool - centre
    _, vectors = eigh(centred.T @ centred / len(pool))
    V = vectors[:, ::-1][:, :directions]
    V = V * np.sign(V[np.abs(V).argmax(0), np.arange(V.shape[1])])
    return Scores((X - centre) @ V, centre @ V, *spectra(pool), V)


def quantise(values: npt.ArrayLike) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round every column to int8, with one scale per column.

    Parameters
    ----------
    values : array_like, shape (m, k)

    Returns
    -------
    codes : ndarray of int8, shape (m, k)
        In [-127, 127].
    scale : ndarray of float32, shape (k,)
        ``codes * scale`` differs from `values` by at most half a scale.

    Examples
    --------
    >>> codes, scale = quantise([[1.0], [-2.0]])
    >>> codes.ravel().tolist(), (codes * scale).round(1).ravel().tolist()
    ([64, -127], [1.0, -2.0])
    """
    X = np.asarray(values, dtype=np.float64)
    scale = (np.abs(X).max(0) / 127).astype(np.float32)
    scale[scale == 0] = 1
    return np.clip(np.rint(X / scale), -127, 127).astype(np.int8), scale


def gram_error(values: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Relative Frobenius distance of X'X from that of a reference of the same shape.

    Examples
    --------
    >>> gram_error([[1.0], [1.0]], [[1.0], [1.0]])
    0.0
    """
    X, Y = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    target = Y.T @ Y
    return float(np.linalg.norm(X.T @ X - target) / np.linalg.norm(target))


def digest(*arrays: npt.NDArray[np.generic]) -> str:
    """SHA-256 over the types, shapes and bytes of arrays (little-endian, row by row).

    Examples
    --------
    >>> digest(np.arange(3)) == digest(np.arange(3)), digest(np.arange(3)) == digest(np.arange(4))
    (True, False)
    """
    total = hashlib.sha256()
    for array in arrays:
        plain = np.ascontiguousarray(array)
        plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        total.update(f"{plain.dtype.str}{plain.shape}".encode())
        total.update(plain.tobytes())
    return total.hexdigest()
