"""Risks of ridgeless weak-to-strong regression when a group feature is spuriously correlated (liu2026).

A core feature ``z`` of ``d_z`` dimensions carries the label; a group feature ``xi`` shifts with the fraction of the
minority group, ``eta_l`` in the labelled, ``eta_u`` in the unlabelled, ``eta_t`` in the test data. The teacher is
fitted on ``z (x) [1; T' xi]``, the student on ``z (x) [1; S' xi]``; ``mu_T = T' mu_xi``, ``mu_S = S' mu_xi`` and
``Xi = T' S`` describe how the two see the groups. ``gamma = d_z/n`` and ``nu = d_z/N``. Must not import ``simulate``.

References
----------
.. [1] liu2026: Does W2S Generalization Happen under Spurious Correlations?, read from two talks; proofs, exact
   limits and the optimal ``eta_u`` are this book's.
"""

from w2s_utils.theory.spurious_correlation.moments import resolvent_moments
from w2s_utils.theory.spurious_correlation.optimum import MatchedGain, matched_gain, optimal_eta_u
from w2s_utils.theory.spurious_correlation.risks import gain, student_risk, teacher_risk
from w2s_utils.theory.spurious_correlation.settings import LAWS, ORDERS, check_setting

__all__ = [
    "LAWS",
    "ORDERS",
    "MatchedGain",
    "check_setting",
    "gain",
    "matched_gain",
    "optimal_eta_u",
    "resolvent_moments",
    "student_risk",
    "teacher_risk",
]
