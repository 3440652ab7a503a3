"""The unlabelled minority fraction that gains most, and the gain where it matches the labelled one.

References
----------
.. [1] liu2026; both closed forms are this book's, the talks state their existence and signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory.intrinsic_dimension.settings import Array, fail
from w2s_utils.theory.spurious_correlation.moments import resolvent_moments
from w2s_utils.theory.spurious_correlation.risks import _each, _moments, student_risk
from w2s_utils.theory.spurious_correlation.settings import Geometry, check_setting, geometry


def optimal_eta_u(
    eta_l: ArrayLike,
    eta_t: ArrayLike,
    *,
    mu_T: ArrayLike,
    mu_S: ArrayLike,
    Xi: ArrayLike,
    nu: ArrayLike,
    gamma: ArrayLike = 0.0,
    sigma_xi2: ArrayLike = 1.0,
    order: str = "proportional",
    law: str = "mean_shift",
    clip: tuple[float, float] | None = (0.0, 0.5),
) -> FloatOrArray:
    """Minority fraction of the unlabelled data at which the student's risk is smallest.

    Parameters
    ----------
    eta_l, eta_t, mu_T, mu_S, Xi, nu, gamma, sigma_xi2, order, law
        As in `student_risk`; for ``law="mean_shift"`` neither ``gamma`` nor ``sigma_xi2`` matters.
    clip : tuple of float, optional
        Fractions to choose from. None gives the vertex of the parabola for a mean shift, [0, 1] otherwise.

    Returns
    -------
    float or ndarray
        NaN where the risk does not depend on ``eta_u``.

    Raises
    ------
    ValueError
        As `student_risk`, and unless ``0 <= clip[0] < clip[1] <= 1``.

    Notes
    -----
    For a mean shift the gain is a parabola in ``eta_u``. With ``v = Xi mu_S`` and ``kappa = nu s1 (p_T - p_TS)``
    (leading order: s1 = 1) its vertex is ``(<mu_T - v, eta_l mu_T - eta_t v> + kappa eta_t |mu_S|^2) / (|mu_T - v|^2
    + kappa |mu_S|^2)``. For mixtures the minimum is searched.

    Examples
    --------
    >>> Xi = [[0.15**0.5, 0.0], [0.0, 0.15**0.5], [0.0, 0.0]]
    >>> pair = dict(mu_T=[10**0.5, 0.0, 0.0], mu_S=[0.1**0.5, 0.0], Xi=Xi)
    >>> [round(float(optimal_eta_u(0.1, 0.5, nu=x, order="leading", **pair)), 4) for x in (0.005, 0.05)]
    [0.0839, 0.0845]
    """
    shape = geometry(mu_T, mu_S, Xi)
    common: dict[str, Any] = dict(sigma_xi2=sigma_xi2, order=order, law=law)
    check_setting(p_T=shape.p_T, p_S=shape.p_S, eta_l=eta_l, eta_t=eta_t, gamma=gamma, nu=nu, **common)
    if clip is not None and not 0 <= clip[0] < clip[1] <= 1:
        fail("clip", clip, "0 <= low < high <= 1, or None")
    if law == "mean_shift":
        best = _vertex(np.asarray(eta_l, float), np.asarray(eta_t, float), shape, nu, order)
        return best if clip is None else np.clip(best, *clip)
    from scipy.optimize import minimize_scalar  # slow to import, and not needed for a mean shift

    low, high = clip or (0.0, 1.0)

    def one(eta_l: float, eta_t: float, nu: float, gamma: float, sigma_xi2: float, *parts: Array) -> float:
        mu_T, mu_S, Xi = parts
        setting: dict[str, Any] = dict(mu_T=mu_T, mu_S=mu_S, Xi=Xi, nu=nu, sigma_xi2=sigma_xi2, order=order, law=law)

        def risk(eta_u: ArrayLike) -> FloatOrArray:
            return student_risk(eta_l, eta_u, eta_t, gamma=gamma or 1e-9, **setting) / (gamma or 1e-9)

        grid = np.linspace(low, high, 21)
        values = np.asarray(risk(grid))
        if np.ptp(values) < 1e-12 * values.max():
            return np.nan
        at = int(np.argmin(values))
        near = (grid[max(at - 1, 0)], grid[min(at + 1, 20)])
        found = minimize_scalar(risk, bounds=near, method="bounded", options={"xatol": 1e-9})
        return float(found.x) if found.fun < values[at] else float(grid[at])

    return _each(one, [eta_l, eta_t, nu, gamma, sigma_xi2], [shape.mu_T, shape.mu_S, shape.Xi], [1, 1, 2])


def _vertex(eta_l: Array, eta_t: Array, shape: Geometry, nu: ArrayLike, order: str) -> FloatOrArray:
    _, s1 = _moments(nu, shape.p_S, order)
    kappa = np.asarray(nu, float) * s1 * (shape.p_T - 1 - shape.Xi2)
    apart = shape.mu_T - shape.seen
    pull = eta_l[..., None] * shape.mu_T - eta_t[..., None] * shape.seen
    top = (apart * pull).sum(-1) + kappa * eta_t * shape.mu_S2
    bottom = (apart**2).sum(-1) + kappa * shape.mu_S2
    top, bottom = np.broadcast_arrays(top, bottom)
    return np.divide(top, bottom, out=np.full(bottom.shape, np.nan), where=bottom > 1e-300)[()]


@dataclass(frozen=True)
class MatchedGain:
    """The gain at ``eta_u = eta_l``, as ``base + slope (eta_t - eta_l)^2``.

    Parameters
    ----------
    base : float or ndarray
        From the representations alone: ``(p_T - p_TS)(1 - nu (s0 + s1 (p_S - 1)))``, scaled.
    slope : float or ndarray
        From the groups: ``(|mu_T|^2 - |Xi mu_S|^2 - nu s1 (p_T - p_TS) |mu_S|^2)/sigma_xi2``, scaled.
    gain : float or ndarray
        Their sum at the given fractions.
    """

    base: FloatOrArray
    slope: FloatOrArray
    gain: FloatOrArray

    @property
    def always(self) -> np.bool_ | NDArray[np.bool_]:
        """True where matching helps whatever the fractions are: neither part is negative, and not both are 0."""
        return (np.asarray(self.base) > 0) & (np.asarray(self.slope) >= 0)


def matched_gain(
    eta_l: ArrayLike,
    eta_t: ArrayLike,
    *,
    mu_T: ArrayLike,
    mu_S: ArrayLike,
    Xi: ArrayLike,
    gamma: ArrayLike,
    nu: ArrayLike,
    sigma_xi2: ArrayLike = 1.0,
    sigma_y2: ArrayLike = 1.0,
    order: str = "proportional",
) -> MatchedGain:
    """Gain of a student whose unlabelled data have the labelled data's minority fraction (mean shift).

    Parameters
    ----------
    eta_l, eta_t, mu_T, mu_S, Xi, gamma, nu, sigma_xi2, sigma_y2, order
        As in `student_risk`.

    Returns
    -------
    MatchedGain
        From which the condition for "matching always helps" is read: teacher and student differ, ``nu`` is small,
        and the teacher sees at least as much of the group mean as reaches it through the student.

    Raises
    ------
    ValueError
        As `student_risk`.

    Examples
    --------
    >>> half = 0.5**0.5
    >>> blind = matched_gain(0.0, 1.0, mu_T=[0.0], mu_S=[20**0.5 * half], Xi=[[half]], gamma=0.005, nu=0.0025)
    >>> bool(blind.always), round(float(blind.gain) / 0.005, 1)
    (False, -4.6)
    """
    shape = geometry(mu_T, mu_S, Xi)
    check_setting(
        p_T=shape.p_T,
        p_S=shape.p_S,
        eta_l=eta_l,
        eta_t=eta_t,
        gamma=gamma,
        nu=nu,
        sigma_xi2=sigma_xi2,
        sigma_y2=sigma_y2,
        order=order,
    )
    m1 = 1.0 if order == "leading" else resolvent_moments(gamma, shape.p_T)[1]
    s0, s1 = _moments(nu, shape.p_S, order)
    nu, scale = np.asarray(nu, float), np.asarray(sigma_y2, float) * np.asarray(gamma, float) * m1
    apart = shape.p_T - 1 - shape.Xi2
    base = scale * apart * (1 - nu * (s0 + s1 * (shape.p_S - 1)))
    spread = shape.mu_T2 - (shape.seen**2).sum(-1) - nu * s1 * apart * shape.mu_S2
    slope = scale * spread / sigma_xi2
    return MatchedGain(base, slope, base + slope * (np.asarray(eta_t, float) - eta_l) ** 2)
