"""Intrinsic and correlation dimensions, and the noise level, from moments instead of rows."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from w2s_utils._arrays import FloatArray
from w2s_utils.theory.deterministic_equivalent import Moments

ENERGY = 0.99
# of the mean eigenvalue: keeps collinear features solvable, and moves no risk that can be seen
_RIDGE = 1e-7


def intrinsic(values: FloatArray, energy: float = ENERGY) -> int:
    """Smallest number of directions with a share of the variance, as `w2s_utils.dimensions.intrinsic_dimension`.

    Parameters
    ----------
    values : ndarray, shape (D,)
        Eigenvalues, ascending.
    energy : float

    Returns
    -------
    int

    Examples
    --------
    >>> intrinsic(np.array([0.01, 1.0, 9.0]))
    2
    """
    summed = np.cumsum(values[::-1])
    return int(np.searchsorted(summed, (energy - 1e-12) * summed[-1])) + 1


def dimensions(moments: Moments, rows: int) -> dict[str, float | int | None]:
    """Dimensions of centred features, and how many of them the models share.

    Parameters
    ----------
    moments : Moments
        With the constant feature of `BlockMoments.moments`.
    rows : int
        That the moments were taken from.

    Returns
    -------
    dict
        ``d_w``, ``d_s``; ``d_sw`` corrected for chance, ``plugin``, ``chance`` as in
        `w2s_utils.dimensions.correlation_dimension` (canonical), None with at most ``d_w + d_s`` rows.

    Examples
    --------
    >>> x = np.diag([1.0, 1.0, 500.0])  # the last one is the constant
    >>> found = dimensions(Moments(x, x, np.diag([1.0, 0.0, 500.0])), 1000)
    >>> found["d_w"], found["d_s"], round(found["plugin"], 3), found["chance"]
    (2, 2, 1.0, 0.004)
    """
    # the constant is the largest direction of both, by construction
    l_w, l_s = moments.weak_values[:-1], moments.strong_values[:-1]
    d_w, d_s = intrinsic(l_w), intrinsic(l_s)
    found: dict[str, float | int | None] = {"d_w": d_w, "d_s": d_s, "d_sw": None, "plugin": None, "chance": None}
    if rows <= d_w + d_s:
        return found
    block = moments._cross[1][-1 - d_s : -1, -1 - d_w : -1]
    plugin = float(np.sum(block / np.outer(l_s[-d_s:], l_w[-d_w:])))
    corrected = (rows * plugin - d_w * d_s) / (rows + plugin - d_w - d_s)
    return found | {"d_sw": corrected, "plugin": plugin, "chance": d_w * d_s / rows}


def _floor(*spectra: FloatArray) -> float:
    """Keeps singular spectra invertible; the largest value, the constant by construction, is no measure of scale."""
    return float(_RIDGE * np.concatenate([values[:-1] if values.size > 1 else values for values in spectra]).mean())


def unexplained(moments: Moments) -> FloatArray:
    """Variance of the target that is left by the best linear fit on weak, on strong and on both features together.

    Parameters
    ----------
    moments : Moments
        With target.

    Returns
    -------
    ndarray, shape (3,)
        The last is the noise level: label noise, and what neither model's features can express linearly. The others
        minus it are the approximation errors.

    Examples
    --------
    >>> pair = Moments(np.eye(1), np.eye(1), np.zeros((1, 1)), [1.0], [0.5], 2.0)
    >>> unexplained(pair).round(3).tolist()
    [1.0, 1.75, 0.75]
    """
    assert moments.weak_target is not None and moments.strong_target is not None and moments.target is not None
    (l_w, U_w), (l_s, U_s), cross = moments._weak, moments._strong, moments._cross[0]
    c_w, c_s = U_w.T @ moments.weak_target, U_s.T @ moments.strong_target
    left = [
        moments.target - float(np.sum(c**2 / (values + _floor(values))[:, None]))
        for values, c in ((l_w, c_w), (l_s, c_s))
    ]
    # both together: what weak features explain, and what the strong ones do of the rest
    floor = _floor(l_w, l_s)
    known = cross / (l_w + floor)
    rest = np.diag(l_s + floor) - known @ cross.T
    column = c_s - known @ c_w
    explained = np.sum(c_w**2 / (l_w + floor)[:, None]) + np.sum(column * cho_solve(cho_factor(rest), column))
    left.append(moments.target - float(explained))
    return np.array(left)
