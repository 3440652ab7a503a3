"""Tools of the book "Weak-to-Strong Generalization, Reproduced".

Importing the package imports nothing but the standard library: ``python -m w2s_utils`` must run on a bare
machine, before the environment exists. Import the module you need, e.g. ``from w2s_utils import figures``.
"""

__version__ = "0.1.0"
