"""Exact variances and excess risks of the four models.

References
----------
.. [1] dong2025: Discrepancies are Virtue, read from talks and the authors' code; theorem numbers are unknown.
.. [2] anderson2003: expectation of the inverse of a Wishart matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.metrics import FloatOrArray, Risks
from w2s_utils.theory.intrinsic_dimension.settings import check_setting, choose, effective_overlap, floats


def teacher_variance(n: ArrayLike, *, d_w: ArrayLike, sigma2: ArrayLike, evaluate: str = "population") -> FloatOrArray:
    """Label-noise variance of the ridgeless teacher.

    Parameters
    ----------
    n : array_like
        Labelled points, ``n > d_w + 1``.
    d_w, sigma2 : array_like
        Teacher dimension and noise variance (squared units of the label).
    evaluate : {"population", "labeled"}
        On fresh Gaussian points, ``sigma2 d_w/(n - d_w - 1)`` [1]_ [2]_, or on the labelled inputs themselves,
        ``sigma2 d_w/n``, which is exact for any features. Two talks of dong2025 print one form each.

    Returns
    -------
    float or ndarray
        Expected squared error.

    Raises
    ------
    ValueError
        If ``n <= d_w + 1`` or ``sigma2 < 0``.

    Examples
    --------
    >>> round(float(teacher_variance(60, d_w=20, sigma2=1.0)), 5)
    0.51282
    >>> round(float(teacher_variance(60, d_w=20, sigma2=1.0, evaluate="labeled")), 5)
    0.33333
    """
    choose("evaluate", evaluate, "population", "labeled")
    check_setting(n, d_w=d_w, sigma2=sigma2)
    n, d_w, sigma2 = floats(n, d_w, sigma2)
    rows = n - d_w - 1 if evaluate == "population" else n
    return sigma2 * d_w / rows


def student_variance(
    n: ArrayLike,
    N: ArrayLike,
    *,
    d_w: ArrayLike,
    d_s: ArrayLike,
    d_sw: ArrayLike,
    sigma2: ArrayLike,
    evaluate: str = "unlabeled",
) -> FloatOrArray:
    """Variance of the weak-to-strong student, the main theorem of dong2025.

    ``sigma2/(n - d_w - 1) (d_sw + d_s/N (d_w - d_sw))`` on the unlabelled sample, for every ``N >= d_s``; on fresh
    points ``N - d_s - 1`` stands for ``N``. Both are exact for jointly Gaussian features [1]_ (the second is this
    book's: the talks use the first for both).

    Parameters
    ----------
    n, N : array_like
        Labelled (``n > d_w + 1``) and unlabelled points (``N >= d_s``, in population ``N > d_s + 1``).
    d_w, d_s, d_sw, sigma2 : array_like
        Dimensions (``d_sw`` may be a fraction) and noise variance.
    evaluate : {"unlabeled", "population"}
        Where the squared error is averaged.

    Returns
    -------
    float or ndarray
        Expected squared error due to label noise.

    Raises
    ------
    ValueError
        Outside the ranges above.

    Examples
    --------
    >>> round(float(student_variance(60, 500, d_w=20, d_s=10, d_sw=5, sigma2=1.0)), 6)
    0.135897
    >>> round(float(student_variance(60, 500, d_w=20, d_s=10, d_sw=5, sigma2=1.0, evaluate="population")), 6)
    0.13607
    """
    check_setting(n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate=evaluate, sigma2=sigma2)
    overlap = effective_overlap(N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate=evaluate)
    n, d_w, sigma2 = floats(n, d_w, sigma2)
    return sigma2 / (n - d_w - 1) * overlap


def excess_risks(
    n: ArrayLike,
    N: ArrayLike,
    *,
    d_w: ArrayLike,
    d_s: ArrayLike,
    d_sw: ArrayLike,
    sigma2: ArrayLike,
    rho_w: ArrayLike = 0.0,
    rho_s: ArrayLike = 0.0,
    rho_sw: ArrayLike | None = None,
    p: ArrayLike = 0.0,
) -> Risks:
    """Exact population excess risks of the four models, with misspecified features.

    Parameters
    ----------
    n, N : array_like
        Labelled and unlabelled points, ``n > d_w + 1``, ``N > d_s + 1``.
    d_w, d_s, d_sw, sigma2 : array_like
        Dimensions and noise variance.
    rho_w, rho_s : array_like
        Approximation errors of the weak and the strong features, ``|f - P_w f|^2`` and ``|f - P_s f|^2``.
    rho_sw : array_like, optional
        ``|f - P_s P_w f|^2``; by default ``rho_w + p``, right when the two supports are aligned with the axes.
    p : array_like
        ``|(I - P_s) P_w f|^2``, the part of the target that the teacher sees and the student cannot represent.

    Returns
    -------
    Risks
        Teacher, student, baseline (strong model fine-tuned on the labelled set; nan where ``n <= d_s + 1``) and
        ceiling (the same with all true labels). ``.pgr`` and ``.opr`` are ratios of these means.

    Raises
    ------
    ValueError
        Outside the ranges above.

    Notes
    -----
    Given its own features, everything a model cannot see acts on it as label noise of variance ``sigma2 + rho``;
    the expected inverse Wishart matrix [2]_ does the rest. With ``q = (sigma2 + rho_w)/(n - d_w - 1)`` the student
    has ``rho_sw + d_sw q + (p + (d_w - d_sw) q) d_s/(N - d_s - 1)``.

    Examples
    --------
    >>> risks = excess_risks(400, 4000, d_w=200, d_s=100, d_sw=10, sigma2=1e-2)
    >>> round(float(risks.pgr), 3), round(float(risks.opr), 2)
    (0.948, 4.47)
    """
    check_setting(n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2, rho_w=rho_w, rho_s=rho_s, p=p)
    n, N, d_w, d_s, d_sw, sigma2, rho_w, rho_s, p = floats(n, N, d_w, d_s, d_sw, sigma2, rho_w, rho_s, p)
    rho_sw = rho_w + p if rho_sw is None else np.asarray(rho_sw, float)
    check_setting(d_w=d_w, rho_sw=rho_sw)
    q = (sigma2 + rho_w) / (n - d_w - 1)
    strong_noise = (sigma2 + rho_s) * d_s
    spare = n - d_s - 1
    return Risks(
        teacher=rho_w + d_w * q,
        student=rho_sw + d_sw * q + (p + (d_w - d_sw) * q) * d_s / (N - d_s - 1),
        baseline=rho_s + strong_noise / np.where(spare > 0, spare, np.nan),
        ceiling=rho_s + strong_noise / (n + N - d_s - 1),
    )
