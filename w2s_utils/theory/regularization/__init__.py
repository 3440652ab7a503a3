"""Ridge teacher and ridge student in high dimension (moniri2025), and the ridge theorem of dong2025.

Inputs are standard normal in ``d`` dimensions, the target is linear with ``|beta| = 1``, labels carry noise of
variance ``sigma2``. The teacher minimises ``(1/n_t)|y - X b|^2 + lam_t |b|^2`` on ``n_t = d/gamma_t`` labelled points,
the student the same with ``lam_s`` on ``n_s = d/gamma_s`` fresh points that the teacher labels. Errors are excess
errors ``|b - beta|^2`` in the limit of large ``d``. All functions broadcast. Must not import ``simulate``.

The theorems of moniri2025 could not be read: the formulas are this book's, and answer the same questions.

References
----------
.. [1] moniri2025: On the Mechanisms of Weak-to-Strong Generalization; captions and abstract only.
.. [2] dong2025: Discrepancies are Virtue, ridge theorem, read from a talk.
"""

from w2s_utils.theory.regularization.features import step_alignment
from w2s_utils.theory.regularization.penalised import two_stage_error
from w2s_utils.theory.regularization.phases import critical_gamma_s, critical_lam_t, required_slack, teacher_slack
from w2s_utils.theory.regularization.rates import (
    replacement_penalties,
    ridge_bound,
    ridge_penalties,
    ridge_replacement,
    ridge_terms,
)
from w2s_utils.theory.regularization.ridge import (
    best_student_penalty,
    optimal_teacher_penalty,
    penalty_of_slack,
    student_error,
    student_wins,
    teacher_error,
)
from w2s_utils.theory.regularization.spike import aligned_slope, critical_alignment, weighted_student_error
from w2s_utils.theory.regularization.winning import h1, h1_solutions, winning_penalties

__all__ = [
    "aligned_slope",
    "best_student_penalty",
    "critical_alignment",
    "critical_gamma_s",
    "critical_lam_t",
    "h1",
    "h1_solutions",
    "optimal_teacher_penalty",
    "penalty_of_slack",
    "replacement_penalties",
    "required_slack",
    "ridge_bound",
    "ridge_penalties",
    "ridge_replacement",
    "ridge_terms",
    "step_alignment",
    "student_error",
    "student_wins",
    "teacher_error",
    "teacher_slack",
    "two_stage_error",
    "weighted_student_error",
    "winning_penalties",
]
