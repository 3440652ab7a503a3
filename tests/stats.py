"""Tests of significance that the tests share: Student t as z, Bonferroni limits, influence functions."""

from __future__ import annotations

import numpy as np
from scipy import stats

ALPHA = 1e-4


def limit(count: int) -> float:
    """Two-sided critical |z| of `count` tests at family-wise level `ALPHA`."""
    return float(stats.norm.isf(ALPHA / (2 * count)))


def as_z(difference, se, df, scale=0.0):
    """Student t as the z of the same tail; what has no error but rounding is compared to 1e-9 of `scale`."""
    difference, se = np.asarray(difference, float), np.hypot(se, 1e-9 * np.asarray(scale))
    t = np.divide(difference, se, out=np.zeros(np.broadcast(difference, se).shape), where=difference != 0)
    return np.sign(t) * stats.norm.isf(np.maximum(stats.t.sf(np.abs(t), df), 1e-300))


def spread(sample) -> tuple[np.ndarray, np.ndarray]:
    """Log standard deviations of the columns, and their standard errors for any law with four moments."""
    u = (sample - sample.mean(0)) / sample.std(0)
    return np.log(sample.std(0)), (u**2 / 2).std(0) / np.sqrt(len(sample))


def fisher(sample) -> tuple[np.ndarray, np.ndarray]:
    """Fisher z of the correlations of all pairs of columns, and their standard errors for any law with four moments."""
    u = (sample - sample.mean(0)) / sample.std(0)
    i, j = np.triu_indices(sample.shape[1], 1)
    a, b = u[:, i], u[:, j]
    r = (a * b).mean(0)
    influence = a * b - r * (a**2 + b**2) / 2
    return np.arctanh(r), influence.std(0) / (1 - r**2) / np.sqrt(len(sample))
