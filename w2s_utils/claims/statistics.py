"""Student t tests at family-wise level, and the deviation they would have caught."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtr, stdtrit

from w2s_utils.claims.registry import Claim, Finding

ALPHA = 1e-4
POWER = 0.9
DETECTABLE = 0.05
BEYOND = 37.0  # where tails underflow: a z of 37 stands for 37 and more

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Tested:
    """z values (normal equivalents of Student t) of points, their critical value and what they detect."""

    z: Array
    critical: float
    reach: Array  # the deviation that each point would have caught, in units of the measurement

    @property
    def worst(self) -> int:
        return int(np.argmax(np.abs(self.z)))


def normal_isf(tail: ArrayLike) -> Array:
    """Value that a standard normal exceeds with this probability; ``scipy.stats`` takes half a second to import."""
    return -ndtri(tail)


def points(*values: ArrayLike) -> tuple[Array, ...]:
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, float)) for value in values))
    flat = tuple(np.ravel(array).astype(float) for array in arrays)
    if flat[0].size == 0:
        raise ValueError("a claim was given no point: at least one must be measured")
    if not all(np.isfinite(array).all() for array in flat):
        raise ValueError("a claim was given nan or inf: every point must be measured")
    return flat


def student_t(deviation: Array, se: Array, df: Array) -> Tested:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(deviation == 0, 0.0, deviation / se)
    tail = stdtr(df, -np.abs(t))
    z = np.sign(t) * np.where(tail > 1e-300, normal_isf(np.maximum(tail, 1e-300)), BEYOND)
    level = ALPHA / (2 * t.size)
    # power of the non-central t (Johnson and Welch's normal approximation, good to 0.002 from 3 degrees of freedom on)
    critical = -stdtrit(df, level)
    sway = np.sqrt(1 + critical**2 / (2 * df))
    reach = (critical * (1 - 1 / (4 * df)) + normal_isf(1 - POWER) * sway) * se
    return Tested(z, float(normal_isf(level)), reach)


def relative(reach: Array, scale: Array) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.max(np.where(reach == 0, 0.0, reach / np.abs(scale))))


def finding(
    claim: Claim, at: int, expected: Array, observed: Array, se: Array, z: Array, detects: float, verdict: str, on: str
) -> Finding:
    def number(value: float) -> float | None:
        """JSON has no inf: a relative deviation from 0."""
        return float(value) if np.isfinite(value) else None

    return Finding(
        claim.id,
        claim.statement,
        claim.kind,
        expected=number(expected[at]),
        observed=number(observed[at]),
        se=number(se[at]),
        z=number(z[at]),
        detects=number(detects),
        verdict=verdict,
        on=on,
    )
