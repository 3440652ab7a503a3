"""Range checks shared by the closed forms of ridge regression; messages name argument, value and what is allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.theory.intrinsic_dimension.settings import fail, first_bad


def non_negative(**values: ArrayLike) -> None:
    """Raise ValueError unless every value is finite and at least 0.

    Examples
    --------
    >>> non_negative(lam_t=-1.0)
    Traceback (most recent call last):
    ...
    ValueError: lam_t = -1 is not allowed: finite and at least 0
    """
    for name, value in values.items():
        array = np.asarray(value, float)
        bad = ~((array >= 0) & np.isfinite(array))
        if bad.any():
            fail(name, first_bad(array, bad), "finite and at least 0")


def positive(**values: ArrayLike) -> None:
    """Raise ValueError unless every value is finite and above 0.

    Examples
    --------
    >>> positive(gamma_s=0.0)
    Traceback (most recent call last):
    ...
    ValueError: gamma_s = 0 is not allowed: finite and above 0
    """
    for name, value in values.items():
        array = np.asarray(value, float)
        bad = ~((array > 0) & np.isfinite(array))
        if bad.any():
            fail(name, first_bad(array, bad), "finite and above 0")


def within(low: float, high: float, **values: ArrayLike) -> None:
    """Raise ValueError unless every value lies in [low, high].

    Examples
    --------
    >>> within(-1, 1, zeta=1.5)
    Traceback (most recent call last):
    ...
    ValueError: zeta = 1.5 is not allowed: -1 <= zeta <= 1
    """
    for name, value in values.items():
        array = np.asarray(value, float)
        bad = ~((array >= low) & (array <= high))
        if bad.any():
            fail(name, first_bad(array, bad), f"{low:g} <= {name} <= {high:g}")
