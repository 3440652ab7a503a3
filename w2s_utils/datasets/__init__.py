"""Data sets: those that come with the book, and the papers' own as a reader has them on disk.

`load` gives targets and the division into pool and test, `features` the frozen features of one backbone,
`backbones_of` the backbones there are, weak to strong. `resample_groups` draws rows with the minority fractions
asked for. Imports numpy, scipy, pandas and pillow;
`w2s_utils.backbones` only to make features of a reader's data.
"""

from w2s_utils.datasets.dataset import Dataset, Split, require_rows
from w2s_utils.datasets.features import Features
from w2s_utils.datasets.groups import minority_fraction, minority_rows, resample_groups
from w2s_utils.datasets.loading import backbones_of, features, load

__all__ = [
    "Dataset",
    "Features",
    "Split",
    "backbones_of",
    "features",
    "load",
    "minority_fraction",
    "minority_rows",
    "require_rows",
    "resample_groups",
]
