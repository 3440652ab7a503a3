"""The ceiling where labelled and unlabelled rows come from different distributions.

Notes
-----
``n`` rows with moments (S_1, c_1), ``N`` rows with (S_2, c_2), M = n + N, shares ``p_k``. A row of kind k meets the
resolvent through its own quadratic form, so each kind has its own effective weight: with
``R = (sum_k p_k g_k S_k + lam)^-1`` and ``g_k = 1/(1 + tr(S_k R)/M)``, the mean coefficients are
``R sum_k p_k g_k c_k`` and they fluctuate with covariance ``R (sum_k p_k g_k^2 tau2_k S_k) R/M``, where ``tau2_k`` is
the prediction error on kind k: two linear equations. The averaged distribution alone (one S, one ``g``) would be right
only if both kinds had the same degrees of freedom.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import root

from w2s_utils._arrays import FloatArray
from w2s_utils.theory.deterministic_equivalent.moments import Moments, inverse, spectrum
from w2s_utils.theory.deterministic_equivalent.stage import effective_penalty

Kind = tuple[float, Moments]  # rows and their distribution


def pooled_risk(kinds: tuple[Kind, Kind], penalty: float, test: Moments) -> float:
    """Test error of the strong model fitted to the true labels of two kinds of rows.

    Parameters
    ----------
    kinds : two pairs (rows, Moments)
    penalty : float
        Of the mean squared error over all rows, at least 0.
    test : Moments
        Where the error is taken.

    Returns
    -------
    float
        Mean squared error, label noise included; inf at the interpolation threshold.

    Examples
    --------
    >>> near, far = (Moments(weak=[[v]], strong=[[v]], cross=[[v]], weak_target=[v], strong_target=[v], target=v + 1)
    ...              for v in (1.0, 4.0))
    >>> round(pooled_risk(((50, near), (50, far)), 0.0, near), 3)
    1.004
    """
    sizes = [rows for rows, _ in kinds]
    total = float(sum(sizes))
    shares = [rows / total for rows in sizes]
    matrices = [part.strong for _, part in kinds]
    average = shares[0] * matrices[0] + shares[1] * matrices[1]
    values, vectors = spectrum("strong", average)
    start = effective_penalty(values, total, penalty)
    if penalty == 0 and start == 0:
        if np.count_nonzero(values) == total:
            return float("inf")
        # without null directions the averaged moments can be whitened
        whiten = vectors * np.sqrt(inverse(values))
        resolvent, weights = _least_squares(whiten, matrices, shares, total)
    else:
        resolvent, weights = _penalised(matrices, shares, total, penalty, start)
    return _error(resolvent, weights, kinds, shares, total, test)


def _least_squares(
    whiten: FloatArray, matrices: list[FloatArray], shares: list[float], total: float
) -> tuple[FloatArray, FloatArray]:
    """Resolvent and weights ``g`` without penalty: in the whitened basis both moments are diagonal together."""
    kept, turn = np.linalg.eigh(whiten.T @ matrices[0] @ whiten)
    live = np.abs(whiten).sum(0) @ np.abs(turn) > 0
    kept = np.where(live, kept.clip(0, 1 / shares[0]), 0.0)
    other = np.where(live, ((1 - shares[0] * kept) / shares[1]).clip(0), 0.0)
    spectra = np.array([kept, other])

    def middle(weights: FloatArray) -> FloatArray:
        return inverse(np.asarray(shares) * weights @ spectra)

    def step(logs: FloatArray) -> FloatArray:
        weights = np.exp(logs)
        return logs + np.log1p(spectra @ middle(weights) / total)

    weights = np.exp(_solved(step, np.log(np.full(2, 1 - live.sum() / total))))
    basis = whiten @ turn
    return (basis * middle(weights)) @ basis.T, weights


def _penalised(
    matrices: list[FloatArray], shares: list[float], total: float, penalty: float, start: float
) -> tuple[FloatArray, FloatArray]:
    """``lam R`` and ``g/lam = 1/kappa_k``, from ``kappa_k = lam + tr(S_k lam R)/M``; lam may be 0."""
    eye = np.eye(len(matrices[0]))

    def resolvent(kappas: FloatArray) -> FloatArray:
        inner = eye + sum(p / k * S for p, k, S in zip(shares, kappas, matrices, strict=True))
        return cho_solve(cho_factor(inner), eye)

    def step(logs: FloatArray) -> FloatArray:
        kappas = np.exp(logs)
        R = resolvent(kappas)
        return logs - np.log([penalty + np.sum(S * R) / total for S in matrices])

    kappas = np.exp(_solved(step, np.log(np.full(2, start))))
    return resolvent(kappas), 1 / kappas


def _solved(step: object, start: FloatArray) -> FloatArray:
    found = root(step, start, tol=1e-12)
    if np.abs(found.fun).max() > 1e-8:
        raise RuntimeError(f"the ceiling's two effective weights were not found: {found.message}")
    return found.x


def _error(
    resolvent: FloatArray,
    weights: FloatArray,
    kinds: tuple[Kind, Kind],
    shares: list[float],
    total: float,
    test: Moments,
) -> float:
    parts = [part for _, part in kinds]
    columns = [part.strong_target for part in parts]
    mean = resolvent @ sum(p * g * c for p, g, c in zip(shares, weights, columns, strict=True))
    carried = [p * g**2 / total * resolvent @ part.strong @ resolvent
               for p, g, part in zip(shares, weights, parts, strict=True)]  # fmt: skip

    def misfit(part: Moments) -> float:
        assert part.target is not None and part.strong_target is not None
        return float(part.target - 2 * np.sum(part.strong_target * mean) + np.sum(mean * (part.strong @ mean)))

    system = np.eye(2) - np.array([[np.sum(part.strong * C) for C in carried] for part in parts])
    tau2 = np.linalg.solve(system, [misfit(part) for part in parts])
    return misfit(test) + float(sum(t * np.sum(test.strong * C) for t, C in zip(tau2, carried, strict=True)))
