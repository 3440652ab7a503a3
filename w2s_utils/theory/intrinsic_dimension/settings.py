"""Settings with finite expected risks, and the part of the teacher's space that reaches the student."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.metrics import FloatOrArray

Array = NDArray[np.float64]


def fail(argument: str, value: object, allowed: str) -> NoReturn:
    raise ValueError(f"{argument} = {value} is not allowed: {allowed}")


def floats(*values: ArrayLike) -> tuple[Array, ...]:
    return tuple(np.asarray(value, float) for value in values)


def first_bad(values: Array, bad: NDArray[np.bool_]) -> str:
    return f"{np.broadcast_to(values, bad.shape)[bad][0]:.12g}"


def check_setting(
    n: ArrayLike | None = None,
    N: ArrayLike | None = None,
    *,
    d_w: ArrayLike,
    d_s: ArrayLike | None = None,
    d_sw: ArrayLike | None = None,
    evaluate: str = "population",
    **non_negative: ArrayLike,
) -> None:
    """Raise ValueError, naming the argument, unless the setting has finite expected risks.

    Parameters
    ----------
    n, N : array_like, optional
        Labelled and unlabelled sample sizes; ``n > d_w + 1``, and ``N > d_s + 1`` for population risks,
        ``N >= d_s`` for risks on the unlabelled sample.
    d_w, d_s, d_sw : array_like
        Dimensions, at least 1 (``d_sw`` in [0, min(d_w, d_s)], fractions allowed).
    evaluate : {"population", "labeled", "unlabeled"}
        Where the risk is evaluated.
    **non_negative : array_like
        Variances and squared errors that must not be negative.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Examples
    --------
    >>> check_setting(200, d_w=200)
    Traceback (most recent call last):
    ...
    ValueError: n = 200 is not allowed: n > d_w + 1 = 201 (the expected risk is infinite otherwise)
    """
    for name, given in {"d_w": d_w, "d_s": d_s}.items():
        if given is not None:
            at_least(name, given, 1)
    if d_sw is not None and d_s is not None:
        value, limit = np.broadcast_arrays(np.asarray(d_sw, float), np.minimum(*floats(d_w, d_s)))
        bad = ~((value >= 0) & (value <= limit))
        if bad.any():
            fail("d_sw", first_bad(value, bad), f"0 <= d_sw <= min(d_w, d_s) = {first_bad(limit, bad)}")
    limits = []
    if n is not None:
        limits.append(("n", n, np.asarray(d_w) + 1, "d_w + 1", True))
    if N is not None and d_s is not None:
        if evaluate == "unlabeled":
            limits.append(("N", N, np.asarray(d_s), "d_s", False))
        else:
            limits.append(("N", N, np.asarray(d_s) + 1, "d_s + 1", True))
    for name, size, limit, text, strict in limits:
        value, limit = np.broadcast_arrays(np.asarray(size, float), np.asarray(limit, float))
        bad = ~(value > limit) if strict else ~(value >= limit)
        if bad.any():
            sign, why = (">", " (the expected risk is infinite otherwise)") if strict else (">=", "")
            fail(name, first_bad(value, bad), f"{name} {sign} {text} = {first_bad(limit, bad)}{why}")
    for name, given in non_negative.items():
        at_least(name, given, 0)


def at_least(argument: str, values: ArrayLike, least: float) -> None:
    (array,) = floats(values)
    for bad, allowed in ((~(array >= least), f"{argument} >= {least}"), (np.isinf(array), "a finite number")):
        if bad.any():
            fail(argument, first_bad(array, bad), allowed)


def choose(argument: str, value: str, *allowed: str) -> None:
    if value not in allowed:
        fail(argument, repr(value), f"one of {', '.join(allowed)}")


def effective_overlap(
    N: ArrayLike, *, d_w: ArrayLike, d_s: ArrayLike, d_sw: ArrayLike, evaluate: str = "unlabeled"
) -> FloatOrArray:
    """Dimensions of teacher variance that reach the student: ``d_sw + d_s/N (d_w - d_sw)``.

    Parameters
    ----------
    N, d_w, d_s, d_sw : array_like
        Unlabelled sample size and dimensions.
    evaluate : {"unlabeled", "population"}
        On the unlabelled sample itself, or on fresh points, where ``N - d_s - 1`` stands for ``N``.

    Returns
    -------
    float or ndarray
        ``D_N``, between ``d_sw`` and, for large ``N``, not much more.

    Examples
    --------
    >>> float(effective_overlap(4000, d_w=200, d_s=100, d_sw=10))
    14.75
    """
    choose("evaluate", evaluate, "unlabeled", "population")
    check_setting(None, N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate=evaluate)
    N, d_w, d_s, d_sw = floats(N, d_w, d_s, d_sw)
    rows = N - d_s - 1 if evaluate == "population" else N
    return d_sw + d_s / rows * (d_w - d_sw)
