"""Linear heads on frozen features: ridge and logistic, swept over sample sizes, penalties and label noise.

Imports numpy, scipy and scikit-learn only (and this package's ``regression``, ``metrics``, ``parallel``). Heads have
an intercept, which is never penalised: embedded features are centred on a pool, samples of it are not.
"""

from w2s_utils.probes._cells import MODELS
from w2s_utils.probes.classification import classification_sweep
from w2s_utils.probes.heads import Head
from w2s_utils.probes.logistic import cross_validate, fit_logistic
from w2s_utils.probes.regression import regression_sweep
from w2s_utils.probes.ridge import Design, design, fit, leave_one_out
from w2s_utils.probes.splits import Split, draw_split, flip_labels, nadeau_bengio

__all__ = [
    "MODELS",
    "Design",
    "Head",
    "Split",
    "classification_sweep",
    "cross_validate",
    "design",
    "draw_split",
    "fit",
    "fit_logistic",
    "flip_labels",
    "leave_one_out",
    "nadeau_bengio",
    "regression_sweep",
]
