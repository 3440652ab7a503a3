"""The ridge theorem of dong2025: penalties, bound, and a replacement that does not vanish when N is much larger than n.

Features share one Gaussian latent vector; ``overlap`` is ``tr(Sigma_s Sigma_w)``, ``norm_w`` and ``norm_s`` are the
squared norms ``|Sigma_w^(-1/2) Sigma_*^(1/2) theta_*|^2`` and ``|Sigma_s^(-1/2) Sigma_*^(1/2) theta_*|^2``.

References
----------
.. [1] dong2025, ridge theorem on the slides of May 2025.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.intrinsic_dimension.settings import choose, floats


def ridge_penalties(
    n: ArrayLike,
    N: ArrayLike,
    *,
    sigma2: ArrayLike,
    overlap: ArrayLike,
    norm_w: ArrayLike,
    norm_s: ArrayLike,
    form: str = "cube_root",
) -> tuple[FloatOrArray, FloatOrArray]:
    """Penalties of teacher and student in the ridge theorem.

    Parameters
    ----------
    n, N : array_like
        Labelled and unlabelled points, above 0.
    sigma2, overlap, norm_w, norm_s : array_like
        Noise variance, ``tr(Sigma_s Sigma_w)`` and the squared norms of the target, above 0.
    form : {"cube_root", "printed"}
        ``printed`` is the text of the slide, ``sigma2 overlap/(4 n N) norm_s/norm_w^2`` for the teacher; its cube root
        minimises the bound beside it.

    Returns
    -------
    alpha_w, alpha_s : float or ndarray

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> alpha_w, alpha_s = ridge_penalties(50, 500, sigma2=1.0, overlap=1.0, norm_w=1.0, norm_s=1.0)
    >>> round(float(alpha_w), 5)
    0.02154
    """
    choose("form", form, "cube_root", "printed")
    positive(n=n, N=N, sigma2=sigma2, overlap=overlap, norm_w=norm_w, norm_s=norm_s)
    n, N, sigma2, overlap, norm_w, norm_s = floats(n, N, sigma2, overlap, norm_w, norm_s)
    base = sigma2 * overlap / (4 * n * N)
    power = 1.0 if form == "printed" else 1 / 3
    return (base * norm_s / norm_w**2) ** power, (base * norm_w / norm_s**2) ** power


def ridge_terms(
    n: ArrayLike,
    N: ArrayLike,
    *,
    alpha_w: ArrayLike,
    alpha_s: ArrayLike,
    sigma2: ArrayLike,
    overlap: ArrayLike,
    norm_w: ArrayLike,
    norm_s: ArrayLike,
) -> FloatOrArray:
    """The sum that the slide's bound minimises, at any penalties.

    Parameters
    ----------
    n, N, sigma2, overlap, norm_w, norm_s : array_like
        As in `ridge_penalties`.
    alpha_w, alpha_s : array_like
        Penalties, above 0.

    Returns
    -------
    float or ndarray
        ``alpha_w norm_w + alpha_s norm_s + sigma2 overlap/(4 n N alpha_w alpha_s)``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> float(ridge_terms(1, 1, alpha_w=1, alpha_s=1, sigma2=4.0, overlap=1.0, norm_w=1.0, norm_s=1.0))
    3.0
    """
    positive(n=n, N=N, alpha_w=alpha_w, alpha_s=alpha_s, overlap=overlap, norm_w=norm_w, norm_s=norm_s)
    non_negative(sigma2=sigma2)
    n, N, alpha_w, alpha_s = floats(n, N, alpha_w, alpha_s)
    sigma2, overlap, norm_w, norm_s = floats(sigma2, overlap, norm_w, norm_s)
    return alpha_w * norm_w + alpha_s * norm_s + sigma2 * overlap / (4 * n * N * alpha_w * alpha_s)


def ridge_bound(
    n: ArrayLike, N: ArrayLike, *, sigma2: ArrayLike, overlap: ArrayLike, norm_w: ArrayLike, norm_s: ArrayLike
) -> FloatOrArray:
    """The slide's bound of the student's excess risk, ``3 (sigma2 overlap norm_s norm_w/(4 n N))^(1/3)``.

    Parameters
    ----------
    n, N, sigma2, overlap, norm_w, norm_s : array_like
        As in `ridge_penalties`.

    Returns
    -------
    float or ndarray
        It falls to 0 as ``N`` grows at fixed ``n``, and as ``sigma2`` does where ``n`` is below the dimension, and so
        cannot hold there.

    Raises
    ------
    ValueError
        Outside their ranges.

    Examples
    --------
    >>> round(float(ridge_bound(50, 500, sigma2=1.0, overlap=1.0, norm_w=1.0, norm_s=1.0)), 4)
    0.0646
    """
    positive(n=n, N=N, sigma2=sigma2, overlap=overlap, norm_w=norm_w, norm_s=norm_s)
    n, N, sigma2, overlap, norm_w, norm_s = floats(n, N, sigma2, overlap, norm_w, norm_s)
    return 3 * np.cbrt(sigma2 * overlap * norm_s * norm_w / (4 * n * N))


def ridge_replacement(
    n: ArrayLike,
    N: ArrayLike,
    *,
    alpha_w: ArrayLike,
    alpha_s: ArrayLike,
    sigma2: ArrayLike,
    overlap: ArrayLike,
    traces: ArrayLike,
    norm_w: ArrayLike,
    norm_s: ArrayLike,
) -> FloatOrArray:
    """A bound of the student's risk on its unlabelled sample that does not vanish as ``N`` grows (ours).

    Parameters
    ----------
    n, N, alpha_w, alpha_s, sigma2, overlap, norm_w, norm_s : array_like
        As in `ridge_terms`.
    traces : array_like
        ``tr(Sigma_s) tr(Sigma_w)``, above 0.

    Returns
    -------
    float or ndarray
        ``alpha_w norm_w + alpha_s norm_s + sigma2/(16 n alpha_w alpha_s) [overlap + (traces + overlap)/N]``. The last
        term bounds the variance for every sample size. The first two bound the bias as soon as the noise-free teacher's
        error on fresh points is below ``3/4 alpha_w norm_w``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> setting = dict(sigma2=1.0, overlap=1.0, traces=1.0, norm_w=1.0, norm_s=1.0)
    >>> round(float(ridge_replacement(50, 500, alpha_w=0.1, alpha_s=0.1, **setting)), 4)
    0.3255
    """
    positive(n=n, N=N, alpha_w=alpha_w, alpha_s=alpha_s, overlap=overlap, norm_w=norm_w, norm_s=norm_s, traces=traces)
    non_negative(sigma2=sigma2)
    n, N, alpha_w, alpha_s, traces = floats(n, N, alpha_w, alpha_s, traces)
    sigma2, overlap, norm_w, norm_s = floats(sigma2, overlap, norm_w, norm_s)
    mixed = overlap + (traces + overlap) / N
    return alpha_w * norm_w + alpha_s * norm_s + sigma2 * mixed / (16 * n * alpha_w * alpha_s)


def replacement_penalties(
    n: ArrayLike,
    N: ArrayLike,
    *,
    sigma2: ArrayLike,
    overlap: ArrayLike,
    traces: ArrayLike,
    norm_w: ArrayLike,
    norm_s: ArrayLike,
) -> tuple[FloatOrArray, FloatOrArray]:
    """Penalties that minimise `ridge_replacement` (ours).

    Parameters
    ----------
    n, N, sigma2, overlap, traces, norm_w, norm_s : array_like
        As in `ridge_replacement`, all above 0.

    Returns
    -------
    alpha_w, alpha_s : float or ndarray
        They tend to a limit above 0 as ``N`` grows at fixed ``n``, and so does the bound.

    Raises
    ------
    ValueError
        Outside their ranges.

    Examples
    --------
    >>> setting = dict(sigma2=1.0, overlap=1.0, traces=1.0, norm_w=1.0, norm_s=1.0)
    >>> alpha_w, alpha_s = replacement_penalties(50, 500, **setting)
    >>> round(float(ridge_replacement(50, 500, alpha_w=alpha_w, alpha_s=alpha_s, **setting)), 4)
    0.3236
    """
    positive(N=N, overlap=overlap, traces=traces)
    _, N, overlap, traces = floats(n, N, overlap, traces)
    # 1/(16 n) in the place of 1/(4 n N)
    mixed = (overlap + (traces + overlap) / N) * N / 4
    return ridge_penalties(n, N, sigma2=sigma2, overlap=mixed, norm_w=norm_w, norm_s=norm_s)
