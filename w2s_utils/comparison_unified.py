"""The three papers' settings as second moments, the general formula beside them, and raw data beside both.

``theory`` and ``simulate`` never import each other; they meet here, for the chapter `unifying_view`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.simulate.linear_pair import LinearPair, simulate
from w2s_utils.theory.deterministic_equivalent import Moments, Prediction, true_label_risk, weak_to_strong

TERMS = ("bias", "inherited", "reduced", "shift")
SEARCH = np.geomspace(1e-3, 1e2, 16)  # penalties tried, in units of a feature's variance


def overlapping(d_w: int, d_s: int, d_sw: int, *, sigma2: float, lost: float = 0.0) -> LinearPair:
    """Features on coordinates that overlap in ``d_sw``, a target of norm 1: a share where only the weak model looks.

    Parameters
    ----------
    d_w, d_s, d_sw : int
        Dimensions; ``1 <= d_sw <= d_w, d_s``.
    sigma2 : float
        Variance of the label noise.
    lost : float
        Share of the target's square that lies in weak directions the student does not have, in [0, 1]; the rest is
        spread over the shared ones.

    Returns
    -------
    LinearPair

    Raises
    ------
    ValueError
        Outside these ranges, or if something is to be lost where all weak directions are shared.

    Examples
    --------
    >>> pair = overlapping(3, 2, 1, sigma2=1.0, lost=0.5)
    >>> pair.weak.shape, (pair.beta**2).round(3).tolist()
    ((3, 4), [0.5, 0.25, 0.25, 0.0])
    """
    if not 1 <= d_sw <= min(d_w, d_s):
        raise ValueError(f"d_sw = {d_sw} is not allowed: from 1 to {min(d_w, d_s)}")
    if not 0 <= lost <= 1 or (lost > 0 and d_sw == d_w):
        raise ValueError(f"lost = {lost} is not allowed: from 0 to 1, and 0 where d_sw = d_w")
    axes = np.eye(d_w + d_s - d_sw)
    beta = np.zeros(len(axes))
    beta[:d_sw] = np.sqrt((1 - lost) / d_sw)
    beta[d_sw:d_w] = np.sqrt(lost / max(d_w - d_sw, 1))
    return LinearPair(axes[:d_w], axes[[*range(d_sw), *range(d_w, len(axes))]], beta, sigma2)


def spared(d: int, *, sigma2: float, zeta: float = 0.0, g: float = 1.0) -> LinearPair:
    """Isotropic inputs for both models; the student's penalty leaves a share ``g`` along a direction.

    Parameters
    ----------
    d : int
        At least 2.
    sigma2 : float
    zeta : float
        Cosine of that direction with the target.
    g : float
        In (0, 1]; 1 is plain ridge.

    Returns
    -------
    LinearPair
        A penalty Gamma on x is the plain one on ``Gamma^(-1/2) x``: the student's features.

    Examples
    --------
    >>> spared(2, sigma2=1.0, zeta=1.0, g=0.25).strong.tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """
    u = np.zeros(d)
    u[:2] = zeta, np.sqrt(1 - zeta**2)
    stretched = np.eye(d) + (g**-0.5 - 1) * np.outer(u, u)
    return LinearPair(np.eye(d), stretched, np.eye(d)[0], sigma2)


def shifted(eta: float, *, mu_T: ArrayLike, mu_S: ArrayLike, Xi: ArrayLike, d_z: int, sigma2: float = 1.0) -> Moments:
    """Moments of liu2026's features ``z (x) [1; T'xi]``, ``z (x) [1; S'xi]`` under a mean shift, pure noise as target.

    Parameters
    ----------
    eta : float
        Minority fraction.
    mu_T, mu_S, Xi : array_like, shapes (p_T - 1,), (p_S - 1,), (p_T - 1, p_S - 1)
    d_z : int
        Dimension of the core feature.
    sigma2 : float
        Variance of the label noise.

    Returns
    -------
    Moments
        The noise-free target lies in both models' features, and what is linear in them is learned without bias: its
        moments are left out, and excess risks are the risks minus ``sigma2``.

    Examples
    --------
    >>> shifted(0.5, mu_T=[2.0], mu_S=[0.0], Xi=[[0.5]], d_z=1).cross.tolist()
    [[1.0, 1.0], [0.0, 0.5]]
    """
    mu, nu, overlap = (np.asarray(value, float) for value in (mu_T, mu_S, Xi))
    first, second = np.r_[1.0, eta * mu], np.r_[1.0, eta * nu]
    parts = np.outer(first, first), np.outer(second, second), np.outer(second, first)
    for part, inner in zip(parts, (np.eye(mu.size), np.eye(nu.size), overlap.T), strict=True):
        part[1:, 1:] += inner
    weak, strong, cross = (np.kron(np.eye(d_z), part) for part in parts)
    return Moments(weak, strong, cross, np.zeros(len(weak)), np.zeros(len(strong)), sigma2)


def formula(pair: LinearPair, n: ArrayLike, N: ArrayLike, **penalties: Any) -> Prediction:
    """The general formula for a pair, its label noise taken out of the bias.

    Examples
    --------
    >>> round(float(formula(overlapping(20, 10, 5, sigma2=1.0), 60, 100).risks.teacher) - 1, 3)
    0.5
    """
    moments: dict[str, Any] = pair.moments()
    return weak_to_strong(n, N, labeled=Moments(**moments), noise=pair.sigma2, **penalties)


def raw_table(points: Sequence[Mapping[str, Any]], *, seed: int) -> pd.DataFrame:
    """Raw data beside the formula.

    Parameters
    ----------
    points : sequence of mapping
        ``setting`` (a name), ``size``, ``pair``, ``n``, ``N``, ``trials``, and optionally penalties.
    seed : int

    Returns
    -------
    DataFrame
        One row a point: ``setting``, ``size``, ``n``, ``N``, penalties, ``designs``; excess risks ``teacher``,
        ``student`` and ``gain`` with ``_se`` and ``_formula``.
    """
    return pd.DataFrame(parallel.run(_row, [{"point": point, "seed": seed} for point in points], label="raw data"))


def _row(point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    given = {"teacher_penalty": 0.0, "student_penalty": 0.0, **point}
    name, size, pair, n, N, trials = (given.pop(key) for key in ("setting", "size", "pair", "n", "N", "trials"))
    key = parallel.seed_sequence(seed, "one formula", name, size, n, N, *(float(value) for value in given.values()))
    drawn = simulate(pair, n, N, trials=trials, seed=key, **given)
    risks = formula(pair, n, N, **given).risks
    row = {"setting": name, "size": size, "n": n, "N": N, **given, "designs": trials}
    values = {"teacher": drawn[:, 0], "student": drawn[:, 1], "gain": drawn[:, 0] - drawn[:, 1]}
    exact = {"teacher": risks.teacher - pair.sigma2, "student": risks.student - pair.sigma2, "gain": risks.gain}
    for model, column in values.items():
        row |= {model: column.mean(), f"{model}_se": column.std(ddof=1) / np.sqrt(trials)}
        row[f"{model}_formula"] = float(exact[model])
    return row


def tuned(pair: LinearPair, n: int, N: int) -> dict[str, float]:
    """Penalties with the smallest predicted error: the teacher's for itself, then the student's.

    Examples
    --------
    >>> found = tuned(spared(20, sigma2=1.0), 40, 400)
    >>> 0.3 < found["teacher_penalty"] < 0.8
    True
    """
    moments: dict[str, Any] = pair.moments()
    own = np.asarray(true_label_risk(n, train=Moments(**moments), features="weak", penalty=SEARCH))
    teacher = float(SEARCH[np.argmin(own)])
    students = np.asarray(formula(pair, n, N, teacher_penalty=teacher, student_penalty=SEARCH).risks.student)
    return {"teacher_penalty": teacher, "student_penalty": float(SEARCH[np.argmin(students)])}


def gain_map(
    overlaps: Sequence[int], losses: ArrayLike, *, d: int, n: int, N: int, sigma2: float, best: bool
) -> FloatArray:
    """Gain over the teacher's excess risk, shape (losses, overlaps): without penalties, or with `tuned` ones.

    Examples
    --------
    >>> gain_map([2, 8], [0.0], d=10, n=20, N=100, sigma2=1.0, best=False).round(2).tolist()
    [[0.71, 0.18]]
    """
    losses = np.asarray(losses, float)
    found = np.empty((losses.size, len(overlaps)))
    for i, j in np.ndindex(found.shape):
        pair = overlapping(d, d, overlaps[j], sigma2=sigma2, lost=float(losses[i]))
        risks = formula(pair, n, N, **(tuned(pair, n, N) if best else {})).risks
        found[i, j] = risks.gain / (risks.teacher - sigma2)
    return found
