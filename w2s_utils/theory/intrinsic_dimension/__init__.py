"""Risks of ridgeless weak-to-strong regression with features of low intrinsic dimension (dong2025).

The teacher is fitted on ``n`` labelled points in ``d_w`` dimensions, the student on ``N`` pseudo-labelled points
in ``d_s`` dimensions; ``d_sw`` is their correlation dimension, the sum of the squared cosines of the principal
angles. Labels carry noise of variance ``sigma2``; ``rho_w`` and ``rho_s`` are the approximation errors.
All functions broadcast over their arguments. Must not import ``simulate``.

References
----------
.. [1] dong2025: Discrepancies are Virtue, read from talks and the authors' code; theorem numbers are unknown.
.. [2] anderson2003: expectation of the inverse of a Wishart matrix.
"""

from w2s_utils.theory.intrinsic_dimension.bounds import opr_lower_bound, optimal_n, optimal_n_exact, pgr_lower_bound
from w2s_utils.theory.intrinsic_dimension.published import plotted_risks, slide_variances
from w2s_utils.theory.intrinsic_dimension.risks import excess_risks, student_variance, teacher_variance
from w2s_utils.theory.intrinsic_dimension.settings import check_setting, effective_overlap

__all__ = [
    "check_setting",
    "effective_overlap",
    "excess_risks",
    "opr_lower_bound",
    "optimal_n",
    "optimal_n_exact",
    "pgr_lower_bound",
    "plotted_risks",
    "slide_variances",
    "student_variance",
    "teacher_variance",
]
