"""The two numbers that turn the leading order into the exact limit when the group feature is Gaussian.

References
----------
.. [1] liu2026, theorems on teacher and student; the exact limit is this book's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import roots_genlaguerre

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory.intrinsic_dimension.settings import Array, fail, first_bad


@lru_cache(maxsize=32)
def chi2_nodes(k: int, count: int = 100) -> tuple[Array, Array]:
    """Nodes and weights for the expectation over a chi-square variable of k degrees of freedom (0: the constant 0)."""
    if k == 0:
        return np.zeros(1), np.ones(1)
    nodes, weights = roots_genlaguerre(count, k / 2 - 1)
    keep = weights > 1e-30 * weights.max()
    return 2 * nodes[keep], weights[keep] / weights.sum()


def resolvent_moments(ratio: ArrayLike, p: int) -> tuple[FloatOrArray, FloatOrArray]:
    """Inflation of the estimation error in the intercept block (m0) and in the blocks of the group feature (m1).

    With ``w = [1; x]``, x standard Gaussian of p - 1 dimensions, the coefficients' covariance times n tends to the
    matrix ``M = diag(m0, m1, ..., m1)`` that solves ``M = (E[w w' / (1 + ratio w'Mw)])^-1``. There
    ``m0 = 1/(1 - ratio p)`` exactly, and ``m1`` solves one scalar equation.

    Parameters
    ----------
    ratio : array_like
        ``d_z/n``, in [0, 1/p).
    p : int
        Number of blocks, 1 more than the dimension of the group feature.

    Returns
    -------
    m0, m1 : float or ndarray
        Both 1 at ratio 0, and m1 > m0 > 1 beyond; for p = 1, m1 = m0 stands for an empty block.

    Raises
    ------
    ValueError
        If ``p < 1`` or the ratio is out of range.

    Notes
    -----
    Newton's method on ``E[q/(1 + ratio q)] = p``, ``q = m0 + m1 chi2``, which is concave and rising in m1, from
    ``m1 = m0`` on its left: every step stays below the root.

    Examples
    --------
    >>> [round(float(m), 10) for m in resolvent_moments(0.05, 3)]
    [1.1764705882, 1.2958909398]
    """
    if p < 1:
        fail("p", p, "p >= 1")
    array = np.asarray(ratio, float)
    bad = ~((array >= 0) & (array < 1 / p))
    if bad.any():
        fail("ratio", first_bad(array, bad), f"0 <= ratio < 1/p = {1 / p:.6g}")
    distinct, back = np.unique(np.asarray(ratio, float), return_inverse=True)
    m0 = 1 / (1 - distinct * p)
    m1 = m0.copy()
    nodes, weights = chi2_nodes(p - 1)
    for _ in range(200 if p > 1 else 0):
        q = m0[:, None] + m1[:, None] * nodes
        shrink = 1 / (1 + distinct[:, None] * q)
        step = (p - (q * shrink) @ weights) / ((nodes * shrink**2) @ weights)
        m1 = m1 + step
        if np.all(np.abs(step) < 1e-14 * m1):
            break
    shape = np.shape(ratio)
    return m0[back].reshape(shape), m1[back].reshape(shape)
