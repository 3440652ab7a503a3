"""What one gradient step on the first layer learns.

References
----------
.. [1] moniri2025, Proposition 10 (not available; the form is this book's).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.intrinsic_dimension.settings import floats


def step_alignment(n: ArrayLike, d: ArrayLike, *, mu1: ArrayLike, second_moment: ArrayLike) -> FloatOrArray:
    """Cosine between the direction of one gradient step and a feature of the target.

    Parameters
    ----------
    n, d : array_like
        Examples and dimension, above 0.
    mu1 : array_like
        First Hermite coefficient ``E[z f(z)]`` of the feature's link; 0 for information exponents of 2 and more.
    second_moment : array_like
        ``E[y^2]`` of the labels, above 0.

    Returns
    -------
    float or ndarray
        ``|mu1|/sqrt(mu1^2 + (d/n) E[y^2])``: the step of a two-layer network with zero output is almost of rank one,
        along ``X' y/n``. For targets with one feature of ``mu1 != 0``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> step_alignment([600, 1500, 3000, 6000], 300, mu1=0.5**0.5, second_moment=2.01).round(3).tolist()
    [0.576, 0.745, 0.845, 0.912]
    """
    positive(n=n, d=d, second_moment=second_moment)
    n, d, first, second_moment = floats(n, d, mu1, second_moment)
    first = np.abs(first)
    non_negative(mu1=first)
    return first / np.sqrt(first**2 + d / n * second_moment)
