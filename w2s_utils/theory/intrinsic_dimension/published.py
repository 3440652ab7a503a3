"""Forms as printed or plotted by the authors, kept by name beside the exact ones.

References
----------
.. [1] dong2025: Discrepancies are Virtue, read from talks and the authors' code; theorem numbers are unknown.
.. [2] anderson2003: expectation of the inverse of a Wishart matrix.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from w2s_utils.metrics import Risks
from w2s_utils.theory.intrinsic_dimension.risks import student_variance
from w2s_utils.theory.intrinsic_dimension.settings import check_setting, effective_overlap, floats


def slide_variances(
    n: ArrayLike, N: ArrayLike, *, d_w: ArrayLike, d_s: ArrayLike, d_sw: ArrayLike, sigma2: ArrayLike
) -> Risks:
    """Leading-order variances as the talks of dong2025 print them, without the ``- d - 1`` corrections.

    Parameters
    ----------
    n, N, d_w, d_s, d_sw, sigma2 : array_like
        As in `excess_risks`.

    Returns
    -------
    Risks
        ``sigma2`` times ``d_w/n``, ``d_sw/n + d_s/N (d_w - d_sw)/n``, ``d_s/n`` and ``d_s/(n + N)``.

    Raises
    ------
    ValueError
        As `excess_risks` (``N >= d_s`` is enough).

    Examples
    --------
    >>> float(slide_variances(100, 100, d_w=20, d_s=10, d_sw=5, sigma2=1.0).teacher)
    0.2
    """
    check_setting(n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate="unlabeled", sigma2=sigma2)
    overlap = effective_overlap(N, d_w=d_w, d_s=d_s, d_sw=d_sw)
    n, N, d_w, d_s, sigma2 = floats(n, N, d_w, d_s, sigma2)
    return Risks(
        teacher=sigma2 * d_w / n,
        student=sigma2 * overlap / n,
        baseline=sigma2 * d_s / n,
        ceiling=sigma2 * d_s / (n + N),
    )


def plotted_risks(
    n: ArrayLike,
    N: ArrayLike,
    *,
    d_w: ArrayLike,
    d_s: ArrayLike,
    d_sw: ArrayLike,
    sigma2: ArrayLike,
    rho_w: ArrayLike = 0.0,
    rho_s: ArrayLike = 0.0,
) -> Risks:
    """The dotted curves labelled "Bound" in the authors' synthetic figures [1]_.

    They mix conventions: the student has ``n - d_w - 1``, the other three the leading order of `slide_variances`.

    Parameters
    ----------
    n, N, d_w, d_s, d_sw, sigma2, rho_w, rho_s : array_like
        As in `excess_risks`.

    Returns
    -------
    Risks
        Plotted excess risks; the plotted PGR and OPR are their ratios.

    Raises
    ------
    ValueError
        As `excess_risks` (``N >= d_s`` is enough).

    Examples
    --------
    >>> risks = plotted_risks(400, 4000, d_w=200, d_s=100, d_sw=10, sigma2=1e-2, rho_w=2.56e-4, rho_s=5.48e-5)
    >>> round(float(risks.pgr), 3), round(float(risks.opr), 2)
    (0.845, 2.43)
    """
    check_setting(d_w=d_w, rho_w=rho_w, rho_s=rho_s)
    student = student_variance(n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2)
    n, N, d_w, d_s, sigma2, rho_w, rho_s = floats(n, N, d_w, d_s, sigma2, rho_w, rho_s)
    return Risks(
        teacher=sigma2 * d_w / n + rho_w,
        student=student + rho_w + rho_s,
        baseline=sigma2 * d_s / n + rho_s,
        ceiling=sigma2 * d_s / (n + N) + rho_s,
    )
