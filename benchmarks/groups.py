"""The panel figure on spurious correlations, our engine against fits by scikit-learn; and the exact limit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression

from benchmarks import needs
from benchmarks.growth import draws_of
from benchmarks.harness import Memory, Row, Side, alternate
from benchmarks.powers import Sides, curves
from benchmarks.processes import alone
from w2s_utils.simulate.group_imbalance import GroupModel, simulate
from w2s_utils.theory import spurious_correlation as theory

NORMS = {"mu_T2": 10.0, "mu_S2": 0.1, "Xi2": 0.3}
SIZES: dict[str, dict[str, Any]] = {
    "full": {"p_T": 4, "p_S": 3, "d_z": 40, "n": 2000, "N": 2000, "designs": 12, "fits": 24, "repeats": 3, "grid": 50,
        "growth": {"d_z": (10, 20, 40, 80), "n": (1000, 2000, 4000, 8000)},
        "memory": {"p_T": 6, "p_S": 3, "d_z": 200, "n": 20_000}},
    "tiny": {"p_T": 3, "p_S": 3, "d_z": 4, "n": 60, "N": 60, "designs": 4, "fits": 4, "repeats": 2, "grid": 4,
        "growth": {"d_z": (2, 4, 8), "n": (60, 120, 240)}, "memory": {"p_T": 3, "p_S": 2, "d_z": 4, "n": 60}},
}  # fmt: skip
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
    most = s["memory"]
    large = GroupModel.from_norms(p_T=most["p_T"], p_S=most["p_S"], **NORMS)

    def fits() -> np.ndarray:
        return np.array([plain_trial(model, rng, s["n"], s["N"], s["d_z"]) for _ in range(s["fits"])])

    seeds = iter(range(10**6))
    point = dict(zip(("eta_l", "eta_u", "eta_t"), POINT, strict=True))
    return {
        "group memory": lambda: simulate(
            large, most["n"], most["n"], d_z=most["d_z"], trials=2, engine="gram", **point
        ),
        "group point": lambda: simulate(model, s["n"], s["N"], seed=next(seeds), engine="gram", **point, **common),
        "group panels": lambda: simulate(
            model, s["n"], s["N"], seed=next(seeds), eta_l=eta_l, eta_u=eta_u, eta_t=eta_t, **common
        ),
        "group scikit-learn": fits,
        "group limit": lambda: theory.gain(
            eta_l, eta_u, eta_t, **moments, gamma=s["d_z"] / s["n"], nu=s["d_z"] / s["N"]
        ),
    }


def growth(size: str) -> list[dict[str, Any]]:
    """Engine and scikit-learn as the core feature widens, and as both samples grow."""
    s = SIZES[size]
    model = GroupModel.from_norms(p_T=s["p_T"], p_S=s["p_S"], **NORMS)
    point = dict(zip(("eta_l", "eta_u", "eta_t"), POINT, strict=True))

    def sides(at: Callable[[int], tuple[int, int]]) -> Sides:
        def engine(value: int) -> Callable[[], Any]:
            n, d_z = at(value)
            return lambda: simulate(model, n, n, d_z=d_z, trials=4, engine="gram", **point)

        def loop(value: int) -> Callable[[], Any]:
            n, d_z = at(value)
            return partial(plain_trial, model, np.random.default_rng(0), n, n, d_z)

        return {"group model, one point": engine, "scikit-learn, two fits": loop}

    return [
        *curves("d_z", f"n = N = {s['n']}", s["growth"]["d_z"], sides(lambda d_z: (s["n"], d_z))),
        *curves("n", f"N = n, d_z = {s['d_z']}", s["growth"]["n"], sides(lambda n: (n, s["d_z"]))),
    ]


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure the rows: one point, the panel figure, the exact limit, and memory at a large size."""
    s, sides = SIZES[size], works(size)
    del sides["group memory"]
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

    model = GroupModel.from_norms(p_T=s["p_T"], p_S=s["p_S"], **NORMS)
    shape = s["n"], s["N"], s["d_z"], s["p_T"], s["p_S"], model.mean.size + 1
    least = {
        name: needs.group_design(*shape, draws_of(sides[name], s["designs"]))
        for name in ("group point", "group panels")
    }
    most, peak = s["memory"], alone("groups", "group memory", size)
    loop = Side("scikit-learn, two fits", loop_seconds, "trial", memory("group scikit-learn"))
    return [
        Row(
            id="group-point",
            claim=f"one point of the group model, d_z = {s['d_z']}, against scikit-learn, to the same standard error",
            value=float(point_gains.min()),
            target=50.0,
            at_least=True,
            sides=[
                Side(
                    "group model, one point",
                    seconds["group point"],
                    "design",
                    memory("group point"),
                    least["group point"],
                ),
                loop,
            ],
            details={"gains": dict(zip(names, point_gains.tolist(), strict=True)), "lines": lines(point_gains)},
        ),
        Row(
            id="group-panels",
            claim=f"the panel figure, {points} points, against scikit-learn at each, to the same standard error",
            value=float(panel_gains.min()),
            target=1000.0,
            at_least=True,
            sides=[
                Side(
                    "group model, panels",
                    seconds["group panels"],
                    "design",
                    memory("group panels"),
                    least["group panels"],
                ),
                loop,
            ],
            details={"gains": dict(zip(names, panel_gains.tolist(), strict=True)), "lines": lines(panel_gains)},
        ),
        Row(
            id="group-limit",
            claim=f"exact limit of the panel figure, {points} points",
            value=1e3 * times["group limit"],
            target=50.0,
            at_least=False,
            sides=[
                Side(
                    "exact limit of the gain",
                    times["group limit"],
                    "figure",
                    memory("group limit"),
                    needs.group_limit(points),
                )
            ],
            details={"points": points},
            measure="ms",
        ),
        Row(
            id="group-memory",
            claim=f"memory of the group model, d_z = {most['d_z']}, p_T = {most['p_T']}, n = N = {most['n']:,}",
            value=peak["mb"],
            target=2048.0,
            at_least=False,
            sides=[],
            details=most,
            measure="MB",
        ),
    ]
