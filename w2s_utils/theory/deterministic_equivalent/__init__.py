"""Risks of teacher, student, baseline and ceiling from second moments alone.

One formula for features of any second moments, any sample sizes and penalties, and different labelled, unlabelled and
test distributions. What it needs of the data is a `Moments` per distribution; what it promises is asymptotic: the
error relative to the exact finite risk is of order one over the degrees of freedom. Must not import ``simulate``.

References
----------
.. [1] dong2025, liu2026 (leading order), moniri2025 (ridge and weighted ridge): special cases, see the tests.
.. [2] The one-stage equivalent is textbook material on ridge regression; both stages and the split are this book's.
"""

from w2s_utils.theory.deterministic_equivalent.moments import Moments
from w2s_utils.theory.deterministic_equivalent.risks import Prediction, weak_to_strong
from w2s_utils.theory.deterministic_equivalent.single import true_label_risk
from w2s_utils.theory.deterministic_equivalent.stage import Stage, effective_penalty

__all__ = ["Moments", "Prediction", "Stage", "effective_penalty", "true_label_risk", "weak_to_strong"]
