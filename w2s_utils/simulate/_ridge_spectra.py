"""Two engines for isotropic ridge teacher and student, from the spectra of the two sample covariances alone.

The eigenvectors of a Gaussian sample covariance are Haar-distributed and independent of its eigenvalues, which are
those of a bidiagonal matrix of chi variables (dumitriu2002). ``haar`` draws, for a whole grid of penalties at once, the
teacher's path and its coordinates in a Haar frame of the student; ``mean`` gives the errors' exact expectation given
the two spectra. Neither draws data. Must not import ``theory``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

Array = NDArray[np.float64]


def _tridiagonal(rng: np.random.Generator, d: int, n: int) -> tuple[Array, Array]:
    """Draw diagonal (m,) and squared off-diagonal (m - 1,) of a matrix with the m = min(d, n) largest eigenvalues."""
    large, small = max(d, n), min(d, n)
    diagonal = rng.chisquare(large - np.arange(small))
    below = rng.chisquare(small - 1 - np.arange(small - 1))
    total = diagonal.copy()
    total[1:] += below
    return total / n, diagonal[:-1] * below / n**2


def covariance_spectrum(rng: np.random.Generator, d: int, n: int) -> Array:
    """Draw the d eigenvalues of ``X'X/n`` for a standard normal X of shape (n, d); ``max(d - n, 0)`` are 0."""
    diagonal, squares = _tridiagonal(rng, d, n)
    root = np.sqrt(squares)
    values = eigh_tridiagonal(diagonal, root, eigvals_only=True, lapack_driver="sterf", check_finite=False)
    return np.r_[np.zeros(d - len(diagonal)), np.maximum(values, 0)]


def resolvent_sums(diagonal: Array, squares: Array, penalties: Array) -> tuple[Array, Array]:
    """Sums of ``1/(s + lam)`` and of its square over eigenvalues s of k tridiagonal matrices; shape (k, L) each.

    They are derivatives in lam of the logarithm of the determinant, which is the product of the pivots of elimination:
    O(m) for each penalty, without eigenvalues, and no term is subtracted.

    Parameters
    ----------
    diagonal, squares : ndarray, shapes (k, m), (k, m - 1)
        Of positive definite matrices; off-diagonal entries squared.
    penalties : ndarray, shape (L,)
    """
    pivot = diagonal[:, :1] + penalties
    slope, bend = np.ones(pivot.shape), np.zeros(pivot.shape)  # first derivative, and minus the second
    first, second = 1 / pivot, 1 / pivot**2
    for at in range(1, diagonal.shape[1]):
        square = squares[:, at - 1, None]
        ratio = square / pivot**2
        bend = ratio * (bend + 2 * slope**2 / pivot)
        slope = 1 + ratio * slope
        pivot = diagonal[:, at, None] + penalties - square / pivot
        part = slope / pivot
        first += part
        second += part**2 + bend / pivot
    return first, second


def shrinkage(spectrum: Array, penalties: Array) -> Array:
    """``s/(s + lam)`` with 0/0 = 0 (minimum norm); shape (d, number of penalties)."""
    total = spectrum[:, None] + penalties
    return np.divide(spectrum[:, None], total, out=np.zeros(total.shape), where=total > 0)


def _haar_image(rng: np.random.Generator, vectors: Array) -> Array:
    """The columns of ``vectors`` under a random rotation that is uniform over the orthogonal group."""
    basis, coordinates = np.linalg.qr(vectors)
    frame, upper = np.linalg.qr(rng.standard_normal((len(vectors), basis.shape[1])))
    return (frame * np.sign(np.diag(upper))) @ coordinates


def _sphere(rng: np.random.Generator, d: int) -> Array:
    vector = rng.standard_normal(d)
    return vector / np.linalg.norm(vector)


def haar(
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
    """One design: errors of the teacher, shape (T,), and of the student, shape (T, S)."""
    s = covariance_spectrum(rng, d, n_t)
    beta = _sphere(rng, d)  # the target in the teacher's eigenbasis
    noisy = np.sqrt(s) * beta + np.sqrt(sigma2 / n_t) * rng.standard_normal(d)
    # s/(s + lam) (beta + noise/sqrt(s)), with the square root taken out so that s = 0 gives 0
    half = np.divide(1.0, np.sqrt(s), out=np.zeros(d), where=s > 0)
    path = shrinkage(s, lam_t) * (half * noisy)[:, None]
    t = covariance_spectrum(rng, d, n_s)
    D = shrinkage(t, lam_s)
    columns = [path, beta[:, None]]
    if g < 1:
        other = rng.standard_normal(d)
        other -= (other @ beta) * beta
        columns.append((zeta * beta + np.sqrt(1 - zeta**2) * other / np.linalg.norm(other))[:, None])
    turned = _haar_image(rng, np.hstack(columns))
    T = lam_t.size
    B, b = turned[:, :T], turned[:, T]
    student = 1 - 2 * (B * b[:, None]).T @ D + (B**2).T @ D**2
    if g < 1:
        # Sherman-Morrison: b_s = D b_t + c (I - D) u with c as below; I - D = lam_s (S + lam_s)^-1
        u = turned[:, T + 1, None]
        rest = 1 - D
        c = (1 - g) * (B.T @ (D * u)) / (g + (1 - g) * (u**2 * D).sum(0))
        student += 2 * c * (B.T @ (D * rest * u) - (b[:, None] * rest * u).sum(0)) + c**2 * ((rest * u) ** 2).sum(0)
    return ((path - beta[:, None]) ** 2).sum(0), student


def mean(
    rngs: Sequence[np.random.Generator], d: int, n_t: int, n_s: int, sigma2: float, lam_t: Array, lam_s: Array
) -> tuple[Array, Array]:
    """Expected errors given the two spectra, over eigenvectors, target and label noise; shapes (k, T) and (k, T, S)."""
    teachers, students = zip(*((_tridiagonal(rng, d, n_t), _tridiagonal(rng, d, n_s)) for rng in rngs), strict=True)
    norm_t, square_t, noise = _shrinkage_sums(teachers, lam_t)
    norm_s, square_s, _ = _shrinkage_sums(students, lam_s)
    overlap, norm2 = norm_t / d, square_t / d + sigma2 / n_t * noise
    student = 1 - 2 * overlap[:, :, None] * norm_s[:, None] / d + norm2[:, :, None] * square_s[:, None] / d
    return 1 - 2 * overlap + norm2, student


def _shrinkage_sums(drawn: Sequence[tuple[Array, Array]], lam: Array) -> tuple[Array, Array, Array]:
    """Sums over eigenvalues s > 0 of c = s/(s + lam), of its square, and of c²/s; shape (k, L) each."""
    diagonal, squares = (np.stack(part) for part in zip(*drawn, strict=True))
    first, second = resolvent_sums(diagonal, squares, lam)
    m = diagonal.shape[1]
    return m - lam * first, m - 2 * lam * first + lam**2 * second, first - lam * second
