"""What a claim is, how it is tested, and what the verdict is.

A claim is one sentence of a source, listed with its expected verdict in ``data/claims.csv``. Each kind has one
function here that turns measurements into a `Finding`. Must not import ``theory``, ``simulate`` or matplotlib.

Every test is two-sided at family-wise level `ALPHA` per claim (Bonferroni over its points), and says the smallest
relative deviation it would have caught with probability `POWER`.
"""

from w2s_utils.claims.equalities import asymptotic, exact
from w2s_utils.claims.inequalities import bound, not_tested, trend
from w2s_utils.claims.registry import KINDS, VERDICTS, Claim, Finding, expected
from w2s_utils.claims.statistics import ALPHA, DETECTABLE, POWER
from w2s_utils.claims.tables import Table, contrasts, evidence, measured, verdicts

__all__ = [
    "ALPHA",
    "DETECTABLE",
    "KINDS",
    "POWER",
    "VERDICTS",
    "Claim",
    "Finding",
    "Table",
    "asymptotic",
    "bound",
    "contrasts",
    "evidence",
    "exact",
    "expected",
    "measured",
    "not_tested",
    "trend",
    "verdicts",
]
