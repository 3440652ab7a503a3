"""What the theory of Gaussian features predicts for real ones: its inputs, estimated from all rows, and its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import qr

from w2s_utils._arrays import finite_array, same_rows
from w2s_utils.datasets import Features
from w2s_utils.dimensions import correlation_dimension
from w2s_utils.metrics import Risks
from w2s_utils.theory import intrinsic_dimension as theory

Array = npt.NDArray[np.float64]


def feature_moments(weak: npt.ArrayLike, strong: npt.ArrayLike, targets: npt.ArrayLike) -> dict[str, float]:
    """What the theory needs to know of two models' features and a target, estimated from all rows at hand.

    Parameters
    ----------
    weak, strong : array_like, shapes (m, d_w) and (m, d_s)
        Features as the heads use them, of full column rank; m well above d_w + d_s.
    targets : array_like, shape (m,)

    Returns
    -------
    dict
        ``d_w, d_s, d_sw, rho_w, rho_s, rho_sw, p`` as `theory.intrinsic_dimension.excess_risks` takes them. The
        label noise is part of ``rho_w``, ``rho_s`` and ``rho_sw``: with ``sigma2 = 0`` the "excess risks" are then
        mean squared test errors.

    Raises
    ------
    ValueError
        If rows do not match or there are too few of them.

    Notes
    -----
    Residual sums of squares are divided by their degrees of freedom. A free constant is projected out first. The
    squared length of the teacher's limit outside the student's span is reduced by its expected noise.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((2000, 12))
    >>> moments = feature_moments(X[:, :8], X[:, 4:], X[:, 0] + rng.standard_normal(2000))
    >>> {key: round(value, 1) for key, value in moments.items()}
    {'d_w': 8, 'd_s': 8, 'd_sw': 4.0, 'rho_w': 1.0, 'rho_s': 2.0, 'rho_sw': 2.0, 'p': 1.0}
    """
    W, S = finite_array("weak", weak, (2,)), finite_array("strong", strong, (2,))
    y = finite_array("targets", targets, (1,))
    same_rows(weak=W, strong=S, targets=y)
    m, d_w, d_s = len(y), W.shape[1], S.shape[1]
    if m <= d_w + d_s + 1:
        raise ValueError(f"{m} rows are too few: more than d_w + d_s + 1 = {d_w + d_s + 1} are needed")
    W, S, y = W - W.mean(0), S - S.mean(0), y - y.mean()
    Q_w, Q_s = (qr(X, mode="economic")[0] for X in (W, S))
    limit = Q_w @ (Q_w.T @ y)
    rho_w = float(np.sum((y - limit) ** 2) / (m - d_w - 1))
    rho_s = float(np.sum((y - Q_s @ (Q_s.T @ y)) ** 2) / (m - d_s - 1))
    overlap = correlation_dimension(W, S, d_w, d_s)
    inside = Q_s @ (Q_s.T @ limit)
    p = float(np.sum((limit - inside) ** 2) - rho_w * (d_w - overlap.plugin)) / m
    rho_sw = float(np.sum((y - inside) ** 2) + rho_w * overlap.plugin) / m
    d_sw = min(max(float(overlap), 0.0), d_w, d_s)
    return {"d_w": d_w, "d_s": d_s, "d_sw": d_sw, "rho_w": rho_w, "rho_s": rho_s, "rho_sw": rho_sw, "p": max(p, 0.0)}


def predicted_errors(n: Any, N: Any, moments: Mapping[str, float]) -> Risks:
    """Mean squared test errors that the theory of Gaussian features predicts for moments of real ones.

    Parameters
    ----------
    n, N : int or array_like
        Sample sizes, above d_w + 2 and d_s + 2. A free constant costs one row of each sample.
    moments : mapping
        From `feature_moments`.

    Returns
    -------
    Risks
        With baseline and ceiling.

    Raises
    ------
    ValueError
        As `theory.intrinsic_dimension.excess_risks`.

    Examples
    --------
    >>> moments = dict(d_w=8, d_s=8, d_sw=4.0, rho_w=1.0, rho_s=2.0, rho_sw=2.0, p=1.0)
    >>> round(float(predicted_errors(50, 1000, moments).teacher), 3)
    1.2
    """
    return theory.excess_risks(np.asarray(n) - 1, np.asarray(N) - 1, sigma2=0.0, **moments)


def overlap_table(
    weak: Mapping[str, Features], strong: Features, d_w: int, d_s: int, *, draws: int = 8, seed: int = 0
) -> pd.DataFrame:
    """Correlation dimension of teachers and a student by the three estimators.

    Parameters
    ----------
    weak : mapping of str to Features
        Stored features of the same rows.
    strong : Features
    d_w, d_s : int
        Leading directions compared, or all where a teacher has fewer.
    draws : int
        Random matrices of the authors' projection.
    seed : int
        Of those.

    Returns
    -------
    DataFrame
        One row a teacher and estimator: weak, estimator, value, value_se (0 where nothing is drawn), designs, chance.

    Raises
    ------
    ValueError
        As `dimensions.correlation_dimension`.

    Notes
    -----
    Principal coordinates and the original ones differ by a rotation, which the Gaussian matrix forgets: features are
    padded to their full width and projected. Where widths agree, the authors leave both as they are; two networks
    have no common order of channels, and a random rotation stands for that. ``shared_basis`` takes the coordinates in
    which features are stored. The projection is left out where it would be narrower than a subspace.
    """
    rows = []
    S = np.asarray(strong.values, float)
    for name, features in weak.items():
        W = np.asarray(features.values, float)
        d = min(d_w, W.shape[1])
        canonical = correlation_dimension(W[:, :d], S[:, :d_s], d, d_s)
        found, width = {"canonical": ([float(canonical)], 0.0)}, min(features.width, strong.width)
        if W.shape == S.shape:
            shared = correlation_dimension(W, S, d, d_s, "shared_basis")
            found["shared_basis"] = ([float(shared)], shared.chance)
        if max(d, d_s) <= width:
            drawn = [_projected(W, S, features.width, strong.width, d, d_s, seed + draw) for draw in range(draws)]
            found["random_projection"] = (drawn, d * d_s / width)
        for estimator, (values, chance) in found.items():
            se = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
            row = {"weak": name, "estimator": estimator, "value": float(np.mean(values)), "value_se": se}
            rows.append(row | {"designs": max(len(values), 2), "chance": chance})
    return pd.DataFrame(rows)


def _projected(W: Array, S: Array, width_w: int, width_s: int, d_w: int, d_s: int, seed: int) -> float:
    # the R of a QR decomposition has the same right singular vectors, and fewer rows
    rows = max(W.shape[1], S.shape[1])
    padded = []
    for X, width in ((W, width_w), (S, width_s)):
        triangle = np.zeros((rows, width))
        triangle[: X.shape[1], : X.shape[1]] = qr(X, mode="r")[0][: X.shape[1]]
        padded.append(triangle)
    if width_w == width_s:
        rng = np.random.default_rng(seed)
        padded[0] = padded[0][:, : W.shape[1]] @ qr(rng.standard_normal((width_w, W.shape[1])), mode="economic")[0].T
    return float(correlation_dimension(padded[0], padded[1], d_w, d_s, "random_projection", seed=seed))


def spectrum_dimension(spectrum: npt.ArrayLike, energy: float = 0.99) -> int:
    """Number of leading eigenvalues that hold a share of their sum.

    Parameters
    ----------
    spectrum : array_like, shape (width,)
        Eigenvalues, falling.
    energy : float
        In (0, 1].

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the share is outside its range.

    Examples
    --------
    >>> spectrum_dimension([9.0, 1.0, 0.01])
    2
    """
    if not 0 < energy <= 1:
        raise ValueError(f"energy = {energy} is outside (0, 1]")
    total = np.cumsum(np.asarray(spectrum, float))
    return int(np.searchsorted(total, (energy - 1e-12) * total[-1])) + 1


def predicted_slope(
    moments: Mapping[str, Mapping[str, float]], values: Mapping[str, float], labels: Sequence[int], N: int
) -> float:
    """What the theory of Gaussian features predicts for `comparison_trends.between_teachers` on the log OPR.

    Parameters
    ----------
    moments : mapping
        From `feature_moments`, for each teacher.
    values : mapping of str to float
        A teacher's correlation dimension relative to d_w, by any estimator.
    labels : sequence of int
        Labelled sizes over which the log OPR is averaged.
    N : int

    Returns
    -------
    float

    Raises
    ------
    KeyError
        If the moments of a teacher are missing.

    Examples
    --------
    >>> same = dict(d_w=8, d_s=8, d_sw=4.0, rho_w=1.0, rho_s=2.0, rho_sw=2.0, p=1.0)
    >>> moments = {"a": same, "b": same | {"d_sw": 1.0}}
    >>> predicted_slope(moments, {"a": 0.5, "b": 0.125}, [50], 1000) > 0
    True
    """
    x = np.array([values[name] for name in values])
    curves = [predicted_errors(np.asarray(labels), N, moments[name]) for name in values]
    y = [float(np.mean(np.log(np.asarray(curve.baseline) / np.asarray(curve.student)))) for curve in curves]
    return float(-np.ptp(x) * np.polyfit(x, y, 1)[0])
