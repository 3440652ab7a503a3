"""Claims about a side: bounds that are never crossed, effects that have a sign; and claims not tested."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.claims.registry import Finding, expected, listed
from w2s_utils.claims.statistics import Array, Tested, finding, points, relative, student_t


def bound(
    id: str,
    limit: ArrayLike,
    observed: ArrayLike,
    se: ArrayLike,
    *,
    df: ArrayLike,
    on: str,
    side: str = "lower",
    corrected: ArrayLike | None = None,
    applies: ArrayLike | None = None,
    corrected_applies: ArrayLike | None = None,
) -> Finding:
    """Test that a bound is never crossed beyond noise.

    Parameters
    ----------
    id : str
        Claim in ``data/claims.csv``.
    limit, observed, se, df, on
        As in `exact`; ``on`` says the range tried.
    side : {"lower", "upper"}
        A lower bound lies below what is measured.
    corrected : array_like, optional
        A corrected bound, where ``limit`` is the bound as printed: if ``limit`` is crossed and ``corrected`` is not,
        the verdict is ``holds with a correction``.
    applies, corrected_applies : array_like of bool, optional
        Points at which ``limit``, and ``corrected``, say something (all by default). A bound that says nothing
        anywhere is ``inconclusive``.

    Returns
    -------
    Finding
        ``detects`` is the relative crossing that would have been caught at the point nearest to its bound.

    Raises
    ------
    ValueError
        As `exact`.

    Examples
    --------
    >>> bound("dong2025/opr-lower-bound", [0.5, 0.7], [0.6, 0.8], 0.01, df=399, on="simulation, 2 points").verdict
    'holds'
    """
    claim = listed(id, "bound")
    if side not in ("lower", "upper"):
        raise ValueError(f"side = {side!r} is not allowed: lower or upper")
    limit_, observed_, se_, df_ = points(limit, observed, se, df)
    sign = 1.0 if side == "lower" else -1.0

    def margin(form: Array, where: NDArray[np.bool_]) -> tuple[Tested, int, bool]:
        test = student_t(sign * (observed_ - form), se_, df_)
        at = int(np.argmin(np.where(where, test.z, np.inf)))
        return test, at, bool(test.z[at] < -test.critical)

    def asked(where: ArrayLike | None) -> NDArray[np.bool_]:
        return np.broadcast_to(np.asarray(True if where is None else where, bool).ravel(), limit_.shape)

    form, where = limit_, asked(applies)
    test, at, crossed = margin(form, where)
    verdict = "inconclusive" if not where.any() else "fails" if crossed else "holds"
    if corrected is not None and crossed:
        # the largest crossing of those that are significant, not the most significant one
        by = np.where(where & (test.z < -test.critical), sign * (form - observed_), 0.0)
        on = f"{on}; the printed bound is crossed by up to {by.max():.2g}"
        form, where = points(corrected, observed_)[0], asked(corrected_applies)
        test, at, crossed = margin(form, where)
        verdict = "inconclusive" if not where.any() else "fails" if crossed else "holds with a correction"
    detects = relative(test.reach[at], form[at])
    return finding(claim, at, form, observed_, se_, test.z, detects, verdict, on)


def trend(id: str, effect: ArrayLike, se: ArrayLike, *, smallest: ArrayLike, df: ArrayLike, on: str) -> Finding:
    """Test that effects have the stated sign.

    Parameters
    ----------
    id : str
        Claim in ``data/claims.csv``.
    effect, se : array_like
        Measured effects, positive in the stated direction, and their standard errors; a contrast each.
    smallest : array_like
        Size of effect stated beforehand, positive, in the units of ``effect``.
    df, on
        As in `exact`; ``on`` names the contrast.

    Returns
    -------
    Finding
        ``holds`` when every effect is significantly positive; ``fails`` when one is significantly negative, or an
        effect of the stated size is excluded; ``inconclusive`` otherwise; ``not tested`` where there is no contrast.

    Raises
    ------
    ValueError
        As `exact`, and if ``smallest`` is not positive.

    Examples
    --------
    >>> trend("dong2025/order-in-overlap", [0.1, 0.2], 0.01, smallest=0.02, df=99, on="differences").verdict
    'holds'
    >>> trend("dong2025/order-in-overlap", [0.1, 0.0], 0.001, smallest=0.02, df=99, on="differences").verdict
    'fails'
    """
    claim = listed(id, "trend")
    if np.size(effect) == 0:
        return not_tested(id, needs="something to compare")
    effect_, se_, smallest_, df_ = points(effect, se, smallest, df)
    if not np.all(smallest_ > 0):
        raise ValueError(f"smallest = {smallest_.min():g} is not allowed: the effect stated beforehand is positive")
    test, missing = student_t(effect_, se_, df_), student_t(effect_ - smallest_, se_, df_)
    at = int(np.argmin(test.z))
    if np.all(test.z > test.critical):
        verdict = "holds"
    elif np.any(test.z < -test.critical) or np.any(missing.z < -missing.critical):
        verdict = "fails"
    else:
        verdict = "inconclusive"
    return finding(claim, at, smallest_, effect_, se_, test.z, test.reach[at] / smallest_[at], verdict, on)


def not_tested(id: str, *, needs: str) -> Finding:
    """Record a claim that this run cannot settle, and what would.

    Parameters
    ----------
    id : str
        Claim in ``data/claims.csv``.
    needs : str
        The data or the command that would settle it.

    Returns
    -------
    Finding

    Raises
    ------
    ValueError
        If the claim is not listed.

    Examples
    --------
    >>> not_tested("dong2025/student-variance", needs="more time").verdict
    'not tested'
    """
    claim = expected().get(id)
    claim = claim or listed(id, "exact")
    return Finding(claim.id, claim.statement, claim.kind, None, None, None, None, None, "not tested", "", needs)
