"""One ridge regression in the limit: effective penalty, mean coefficients, noise they fluctuate with.

Notes
-----
Draw ``n`` rows ``(x, y)`` with ``E[x x'] = S``, ``E[x y] = c``, fit ``b = argmin (1/n) |y - X b|^2 + lam |b|^2``. For
many features and rows the resolvent ``lam (X'X/n + lam)^-1`` acts on fixed vectors like ``kappa (S + kappa)^-1``, with
the effective penalty ``kappa`` of ``kappa = lam + (kappa/n) tr S (S + kappa)^-1``. Two consequences are all we need:

- the mean of ``b`` is ``(S + kappa)^-1 c``;
- differentiating in ``lam``, ``b`` fluctuates around it with covariance ``(tau2/n) S (S + kappa)^-2``, whatever the
  reason: label noise, a target that is not linear in x, or shrinkage all act as noise of variance ``tau2``, the
  prediction error of ``b`` on fresh rows of the same distribution. Since that error contains the fluctuation itself,
  ``tau2 = |y - x'E b|^2/(1 - df2/n)`` with ``df2 = tr S^2 (S + kappa)^-2``.

The rows must not fall apart into kinds of different length (``x' M x`` close to its mean for the M above): features of
Gaussian type, or a sum of many weakly dependent parts. Where rows are ``z (x) w`` with a short random ``w``, as in
liu2026, only the leading order in d/n is right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from w2s_utils._arrays import FloatArray
from w2s_utils.theory._ranges import non_negative, positive


def effective_penalty(values: FloatArray, rows: float, penalty: float = 0.0) -> float:
    """Positive root of ``kappa = lam + (kappa/n) sum l/(l + kappa)``; 0 without penalty where rows suffice.

    Parameters
    ----------
    values : ndarray, shape (D,)
        Eigenvalues of the second moment, at least 0.
    rows : float
        Sample size n, above 0.
    penalty : float
        ``lam``, at least 0, in units of the eigenvalues.

    Returns
    -------
    float
        In the same units, at least ``penalty``.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> round(effective_penalty(np.ones(4), 2, 0.0), 6), effective_penalty(np.ones(4), 8)
    (1.0, 0.0)
    """
    values = np.asarray(values, float)
    if not (
        0 <= penalty < math.inf and rows > 0 and values.min(initial=0.0) >= 0
    ):  # thousands of calls: the words come second
        non_negative(penalty=penalty, values=values)
        positive(rows=rows)
    kept = values[values > 0]
    if kept.size == 0 or (penalty == 0 and kept.size <= rows):
        return float(penalty)

    def residual(log_kappa: float) -> float:
        kappa = math.exp(log_kappa)
        return 1 - float(kept @ (1 / (kept + kappa))) / rows - penalty / kappa

    # at the upper end kappa exceeds lam + tr S/n, which bounds the root
    high = math.log((penalty + float(kept.sum()) / rows) * 2)
    low = high - 1.0
    while residual(low) > 0:
        high, low = low, low - 4.0
    return math.exp(brentq(residual, low, high, xtol=1e-13, rtol=1e-14))


@dataclass(frozen=True)
class Stage:
    """Shrinkage of one ridge fit, in the eigenbasis of its features.

    Attributes
    ----------
    kappa : float
        Effective penalty.
    inverse : ndarray, shape (D,)
        ``1/(l + kappa)``, 0 where both vanish.
    unit : ndarray, shape (D,)
        Variance of each coefficient per unit of ``tau2``, ``l/(l + kappa)^2/n``.
    keep : float
        ``1 - df2/n``: 0 where rows just suffice without penalty, and every risk is infinite.
    """

    kappa: float
    inverse: FloatArray
    unit: FloatArray
    keep: float

    @classmethod
    def of(cls, values: FloatArray, rows: float, penalty: float = 0.0) -> Stage:
        """Solve for ``kappa`` and set up the rest.

        Parameters
        ----------
        values, rows, penalty
            As in `effective_penalty`.

        Returns
        -------
        Stage

        Raises
        ------
        ValueError
            Outside their ranges.

        Examples
        --------
        >>> stage = Stage.of(np.ones(4), 8.0)
        >>> stage.keep, stage.unit.tolist()
        (0.5, [0.125, 0.125, 0.125, 0.125])
        """
        kappa = effective_penalty(values, rows, penalty)
        total = values + kappa
        inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
        shrink = values * inverse
        keep = 1 - float(np.sum(shrink**2)) / rows
        # without penalty at n = rank the equation's root is 0 and the difference is rounding
        return cls(kappa, inverse, shrink * inverse / rows, keep if keep > 1e-12 else 0.0)

    def noise(self, misfit: float) -> float:
        """``tau2`` from the error of the mean coefficients; infinite at the interpolation threshold.

        Examples
        --------
        >>> Stage.of(np.ones(4), 8.0).noise(1.0), Stage.of(np.ones(4), 4.0).noise(1.0)
        (2.0, inf)
        """
        if self.keep > 0:
            return misfit / self.keep
        return float("inf") if misfit > 0 else 0.0
