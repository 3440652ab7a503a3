"""Two engines for isotropic ridge teacher and student, from the spectra of the two sample covariances alone.

The eigenvectors of a Gaussian sample covariance are Haar-distributed and independent of its eigenvalues, which are
those of a bidiagonal matrix of chi variables (dumitriu2002). ``haar`` draws, for a whole grid of penalties at once, the
teacher's path and its coordinates in a Haar frame of the student; ``mean`` gives the errors' exact expectation given
the two spectra. Neither draws data. Must not import ``theory``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

Array = NDArray[np.float64]


def covariance_spectrum(rng: np.random.Generator, d: int, n: int) -> Array:
    """Draw the d eigenvalues of ``X'X/n`` for a standard normal X of shape (n, d); ``max(d - n, 0)`` are 0."""
    large, small = max(d, n), min(d, n)
    diagonal = rng.chisquare(large - np.arange(small))
    below = rng.chisquare(small - 1 - np.arange(small - 1))
    total = diagonal.copy()
    total[1:] += below
    values = eigh_tridiagonal(
        total / n,
        np.sqrt(diagonal[:-1] * below) / n,
        eigvals_only=True,
        lapack_driver="sterf",
        check_finite=False,
    )
    return np.r_[np.zeros(d - small), np.maximum(values, 0)]


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
    rng: np.random.Generator, d: int, n_t: int, n_s: int, sigma2: float, lam_t: Array, lam_s: Array
) -> tuple[Array, Array]:
    """Expected errors given the two spectra, over eigenvectors, target and label noise; shapes (T,) and (T, S)."""
    s = covariance_spectrum(rng, d, n_t)
    C, D = shrinkage(s, lam_t), shrinkage(covariance_spectrum(rng, d, n_s), lam_s)
    inverse = np.divide(1.0, s, out=np.zeros(d), where=s > 0)
    overlap = C.mean(0)
    norm2 = (C**2).mean(0) + sigma2 / n_t * (C**2 * inverse[:, None]).sum(0)
    student = 1 - 2 * overlap[:, None] * D.mean(0) + norm2[:, None] * (D**2).mean(0)
    return 1 - 2 * overlap + norm2, student
