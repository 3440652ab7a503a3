"""Claims that a formula equals what is measured: at finite size, published as a number, or in a limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.claims.registry import Finding, listed
from w2s_utils.claims.statistics import (
    ALPHA,
    DETECTABLE,
    Array,
    Tested,
    finding,
    normal_isf,
    points,
    relative,
    student_t,
)


def exact(
    id: str,
    expected: ArrayLike,
    observed: ArrayLike,
    se: ArrayLike,
    *,
    df: ArrayLike,
    on: str,
    kind: str = "exact",
    original: ArrayLike | None = None,
    tolerance: float = 0.0,
) -> Finding:
    """Test that measurements equal a formula at finite size.

    Parameters
    ----------
    id : str
        Claim in ``data/claims.csv``.
    expected, observed, se : array_like
        The formula, the measured means and their standard errors; a point each.
    df : array_like
        Degrees of freedom of the standard errors, designs minus one.
    on : str
        What was measured, e.g. ``"simulation, 12 points"``.
    kind : {"exact", "number"}
        ``number`` for a published figure.
    original : array_like, optional
        The form as printed, where ``expected`` is a correction: the original must be rejected and the corrected
        form kept for the verdict ``holds with a correction``; if both are kept, it is ``inconclusive``.
    tolerance : float
        Relative deviation that is allowed for (rounding of a published figure, floating-point error).

    Returns
    -------
    Finding
        ``inconclusive`` when a deviation of 5 % would not have been caught at every point.

    Raises
    ------
    ValueError
        If the claim is not listed or of another kind, or a value is not finite.

    Examples
    --------
    >>> exact("dong2025/student-variance", 1.0, 1.002, 0.004, df=399, on="simulation, 1 point").verdict
    'holds'
    >>> exact("dong2025/student-variance", 1.0, 1.1, 0.004, df=399, on="simulation, 1 point").verdict
    'fails'
    >>> exact("dong2025/student-variance", 1.0, 1.1, 0.1, df=399, on="simulation, 1 point").verdict
    'inconclusive'
    """
    claim = listed(id, kind)
    expected_, observed_, se_, df_ = points(expected, observed, se, df)

    def compare(form: Array) -> Tested:
        deviation = observed_ - form
        slack = tolerance * np.abs(form)
        return student_t(np.sign(deviation) * np.maximum(np.abs(deviation) - slack, 0), se_, df_)

    test = compare(expected_)
    detects = relative(test.reach + tolerance * np.abs(expected_), expected_)
    kept, sharp = np.abs(test.z).max() <= test.critical, detects <= DETECTABLE
    verdict = "fails" if not kept else "holds" if sharp else "inconclusive"
    if original is not None:
        form = points(original, observed_)[0]
        first = compare(form)
        rejected = np.abs(first.z).max() > first.critical
        if kept and sharp:
            verdict = "holds with a correction" if rejected else "inconclusive"
        # the largest deviation of those that are significant, not the most significant one
        off = np.where(np.abs(first.z) > first.critical, form / observed_ - 1, 0.0)
        at = int(np.argmax(np.abs(off)))
        on = f"{on}; the printed form is at worst {abs(off[at]):.1%} too {'low' if off[at] < 0 else 'high'}"
    return finding(claim, test.worst, expected_, observed_, se_, test.z, detects, verdict, on)


def asymptotic(
    id: str,
    size: ArrayLike,
    expected: ArrayLike,
    observed: ArrayLike,
    se: ArrayLike,
    *,
    allowance: ArrayLike,
    df: ArrayLike,
    on: str,
    original: ArrayLike | None = None,
) -> Finding:
    """Test that measurements approach a limit formula as the size grows.

    Parameters
    ----------
    id : str
        Claim in ``data/claims.csv``.
    size : array_like
        What grows, e.g. the dimension; at least three values.
    expected, observed, se, df, on
        As in `exact`.
    allowance : array_like
        Relative deviation stated beforehand as allowed at each size, falling with it, e.g. ``2/size``.
    original : array_like, optional
        The limit as printed, where ``expected`` is a correction: where the corrected form holds, the verdict is
        ``holds with a correction`` if the original lies beyond its allowance and the noise at a point, otherwise
        ``inconclusive``.

    Returns
    -------
    Finding
        ``fails`` when a point lies beyond its allowance and the noise; ``holds`` when none does, 5 % beyond it would
        have been caught, and the deviations either shrink significantly (weighted slope of log deviation on log
        size) or cannot be told from 0. ``detects`` is the deviation, allowance included, that would have been caught
        at the largest size.

    Raises
    ------
    ValueError
        As `exact`, and with fewer than three sizes.

    Examples
    --------
    >>> asymptotic("dong2025/uniform-features", [10, 20, 40], 1.0, [1.1, 1.05, 1.025], 1e-3,
    ...            allowance=[0.2, 0.1, 0.05], df=999, on="simulation").verdict
    'holds'
    """
    claim = listed(id, "asymptotic")
    size_, expected_, observed_, se_, allowed, df_ = points(size, expected, observed, se, allowance, df)
    if np.unique(size_).size < 3:
        raise ValueError(f"claim {id!r}: an asymptotic claim needs at least three sizes")
    if not np.all(se_ > 0):
        raise ValueError(f"claim {id!r}: an asymptotic claim weighs its sizes by standard errors above 0")
    deviation = observed_ - expected_

    def compare(form: Array) -> Tested:
        off = observed_ - form
        return student_t(np.sign(off) * np.maximum(np.abs(off) - allowed * np.abs(form), 0), se_, df_)

    test, plain = compare(expected_), student_t(deviation, se_, df_)
    detects = relative(test.reach, expected_)
    largest = size_ == size_.max()
    caught = relative((test.reach + allowed * np.abs(expected_))[largest], expected_[largest])
    shrinks, vanishes = False, np.abs(plain.z).max() <= plain.critical
    some = deviation != 0  # a deviation of 0 has no logarithm and no weight
    if np.unique(size_[some]).size > 1:
        weight = (deviation[some] / se_[some]) ** 2  # inverse variance of log |deviation|
        centred = np.log(size_[some]) - np.average(np.log(size_[some]), weights=weight)
        information = np.sum(weight * centred**2)
        slope = np.sum(weight * centred * np.log(np.abs(deviation[some]))) / information
        shrinks = slope * np.sqrt(information) < -normal_isf(ALPHA / 2)
        on = f"{on}; slope of the deviation {slope:.2f} ± {information**-0.5:.2f}"
    on = f"{on}; z before the allowance"
    if np.abs(test.z).max() > test.critical:
        verdict = "fails"
    else:
        verdict = "holds" if detects <= DETECTABLE and (shrinks or vanishes) else "inconclusive"
    if original is not None:
        form = points(original, observed_)[0]
        beyond = np.abs((printed := compare(form)).z) > printed.critical
        if verdict == "holds":
            verdict = "holds with a correction" if beyond.any() else "inconclusive"
        off = np.where(beyond, form / observed_ - 1, 0.0)
        by = off[np.argmax(np.abs(off))]
        on = f"{on}; the printed form is at worst {abs(by):.0%} too {'low' if by < 0 else 'high'}"
    at = int(np.argmax(np.abs(deviation / expected_)))
    return finding(claim, at, expected_, observed_, se_, plain.z, caught, verdict, on)
