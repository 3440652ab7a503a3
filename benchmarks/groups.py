"""Row (d): the panel figure on spurious correlations, our engine against fits by scikit-learn; and the exact limit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression

from benchmarks.harness import Memory, Row, Side, alternate
from w2s_utils.simulate.group_imbalance import GroupModel, simulate
from w2s_utils.theory import spurious_correlation as theory

NORMS = {"mu_T2": 10.0, "mu_S2": 0.1, "Xi2": 0.3}
SIZES: dict[str, dict[str, Any]] = {
    "full": {"p_T": 4, "p_S": 3, "d_z": 40, "n": 2000, "N": 2000, "designs": 12, "fits": 24, "repeats": 3, "grid": 50},
    "tiny": {"p_T": 3, "p_S": 3, "d_z": 4, "n": 60, "N": 60, "designs": 4, "fits": 4, "repeats": 2, "grid": 4},
}
POINT = (0.1, 0.3, 0.5)


def panel(grid: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """5 labelled by 5 test fractions, a curve over unlabelled ones in each."""
    fractions = np.linspace(0, 1, 5)
    return fractions[:, None, None] / 2, np.linspace(0, 0.5, grid), fractions[:, None]


def plain_trial(model: GroupModel, rng: np.random.Generator, n: int, N: int, d_z: int) -> np.ndarray:
    """Both excess risks at one point as one would write it: draw data, fit twice with scikit-learn."""
    eta_l, eta_u, eta_t = POINT
    k_T, k_S = model.p_T - 1, model.p_S - 1
    root = np.linalg.cholesky(np.block([[np.eye(k_T), model.Xi], [model.Xi.T, np.eye(k_S)]]))

    def draw(rows: int, eta: float) -> tuple[np.ndarray, ...]:
        z = rng.standard_normal((rows, d_z))
        views = eta * np.r_[model.mu_T, model.mu_S] + rng.standard_normal((rows, k_T + k_S)) @ root.T
        parts = (np.c_[np.ones(rows), views[:, :k_T]], np.c_[np.ones(rows), views[:, k_T:]])
        return z, *((w[:, :, None] * z[:, None, :]).reshape(rows, -1) for w in parts)

    def risk(error: np.ndarray, mu: np.ndarray) -> float:
        blocks = error.reshape(mu.size + 1, d_z)
        return float(((blocks[0] + eta_t * mu @ blocks[1:]) ** 2).sum() + (blocks[1:] ** 2).sum())

    fit = partial(LinearRegression, fit_intercept=False)
    beta = rng.standard_normal(d_z)
    z, phi, _ = draw(n, eta_l)
    _, phi_new, psi_new = draw(N, eta_u)
    teacher = fit().fit(phi, z @ beta + rng.standard_normal(n)).coef_
    student = fit().fit(psi_new, phi_new @ teacher).coef_
    errors = []
    for coefficients, mu in ((teacher, model.mu_T), (student, model.mu_S)):
        error = coefficients.copy()
        error[:d_z] -= beta
        errors.append(risk(error, mu))
    return np.array(errors)


def works(size: str) -> dict[str, Callable[[], Any]]:
    """Each side once: our point, our panel figure, one fit of scikit-learn, the exact limit of the panel figure."""
    s = SIZES[size]
    model = GroupModel.from_norms(p_T=s["p_T"], p_S=s["p_S"], **NORMS)
    eta_l, eta_u, eta_t = panel(s["grid"])
    common = dict(d_z=s["d_z"], trials=s["designs"])
    rng, moments = np.random.default_rng(0), model.moments()

    def fits() -> np.ndarray:
        return np.array([plain_trial(model, rng, s["n"], s["N"], s["d_z"]) for _ in range(s["fits"])])

    seeds = iter(range(10**6))
    point = dict(zip(("eta_l", "eta_u", "eta_t"), POINT, strict=True))
    return {
        "group point": lambda: simulate(model, s["n"], s["N"], seed=next(seeds), engine="gram", **point, **common),
        "group panels": lambda: simulate(
            model, s["n"], s["N"], seed=next(seeds), eta_l=eta_l, eta_u=eta_u, eta_t=eta_t, **common
        ),
        "group scikit-learn": fits,
        "group limit": lambda: theory.gain(
            eta_l, eta_u, eta_t, **moments, gamma=s["d_z"] / s["n"], nu=s["d_z"] / s["N"]
        ),
    }


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure rows (d): one point, the panel figure, and the exact limit."""
    s, sides = SIZES[size], works(size)
    kept: dict[str, list[Any]] = {name: [] for name in sides}
    for work in sides.values():
        work()

    def keep(name: str) -> None:
        kept[name].append(sides[name]())

    times = {name: median(t) for name, t in alternate({n: partial(keep, n) for n in sides}, s["repeats"]).items()}
    plain = np.concatenate(kept["group scikit-learn"])
    loop_seconds = times["group scikit-learn"] / s["fits"]
    loop_variance = np.var(np.c_[plain, plain[:, 0] - plain[:, 1]], axis=0, ddof=1)

    def variance(name: str, at: tuple[int, ...] = ()) -> np.ndarray:
        parts = [np.concatenate([getattr(r, q) for r in kept[name]]) for q in ("teacher", "student", "gain")]
        return np.array([np.var(part[(slice(None), *at)], axis=0, ddof=1) for part in parts])

    seconds = {name: times[name] / s["designs"] for name in ("group point", "group panels")}
    point_gains = loop_seconds * loop_variance / (seconds["group point"] * variance("group point"))
    # scikit-learn fits every one of the panels' points; the variance is that of a point nearest to POINT
    eta_l, eta_u, eta_t = panel(s["grid"])
    points = np.broadcast(eta_l, eta_u, eta_t).size
    near = (
        int(np.argmin(np.abs(eta_l.ravel() - POINT[0]))),
        int(np.argmin(np.abs(eta_t.ravel() - POINT[2]))),
        int(np.argmin(np.abs(eta_u - POINT[1]))),
    )
    panel_gains = points * loop_seconds * loop_variance / (seconds["group panels"] * variance("group panels", near))
    names = ("teacher", "student", "gain")

    def lines(gains: np.ndarray) -> list[str]:
        return [", ".join(f"{name} {value:,.0f}" for name, value in zip(names, gains, strict=True))]

    loop = Side("scikit-learn, two fits", loop_seconds, "trial", memory("group scikit-learn"))
    return [
        Row(
            id="d-group-point",
            claim=f"(d) one point of the group model, d_z = {s['d_z']}: times less time x variance than scikit-learn",
            value=float(point_gains.min()),
            target=50.0,
            at_least=True,
            sides=[Side("simulate, gram", seconds["group point"], "design", memory("group point")), loop],
            details={"gains": dict(zip(names, point_gains.tolist(), strict=True)), "lines": lines(point_gains)},
        ),
        Row(
            id="d-group-panels",
            claim=f"(d) the panel figure, {points} points: times less time x variance than scikit-learn at each point",
            value=float(panel_gains.min()),
            target=1000.0,
            at_least=True,
            sides=[Side("simulate, shared", seconds["group panels"], "design", memory("group panels")), loop],
            details={"gains": dict(zip(names, panel_gains.tolist(), strict=True)), "lines": lines(panel_gains)},
        ),
        Row(
            id="d-group-limit",
            claim=f"(d) exact limit of the panel figure, {points} points: milliseconds",
            value=1e3 * times["group limit"],
            target=50.0,
            at_least=False,
            sides=[Side("theory.gain", times["group limit"], "figure", memory("group limit"))],
            details={"points": points},
        ),
    ]
