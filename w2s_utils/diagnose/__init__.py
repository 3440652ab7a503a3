"""The report on the reader's own two models: will weak-to-strong training pay, why, and what would help.

Reads feature files in one pass, keeps second moments of 20 row blocks, and lets
`w2s_utils.theory.deterministic_equivalent` predict. Loads nothing pickled, asks nothing of the network.
"""

from w2s_utils.diagnose.blocks import BlockMoments
from w2s_utils.diagnose.estimates import Jackknifed, Population
from w2s_utils.diagnose.page import html, write
from w2s_utils.diagnose.report import Report, diagnose

__all__ = ["BlockMoments", "Jackknifed", "Population", "Report", "diagnose", "html", "write"]
