"""A 60 x 60 grid of ridge penalties, `simulate.ridge` against scikit-learn's ``Ridge``.

Three comparisons at d = 400: to the same standard error against one fit per cell, on the same number of draws against
one fit per cell, and against the loop of a careful user, who fits all teachers' labels of a design at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from benchmarks import needs
from benchmarks.growth import draws_of
from benchmarks.harness import Memory, Row, Side, alternate
from benchmarks.powers import curves
from w2s_utils.simulate.ridge import simulate

COMMON: dict[str, Any] = {"gamma_t": 0.5, "gammas": (0.5, 1.5)}
SIZES: dict[str, dict[str, Any]] = {
    "full": COMMON
    | {"d": 400, "L": 60, "trials": 10, "cells": 10, "fits": 6, "repeats": 3, "growth": (100, 200, 400, 800)},
    "tiny": COMMON | {"d": 12, "L": 6, "trials": 4, "cells": 3, "fits": 2, "repeats": 2, "growth": (8, 16, 32)},
}


def grid(size: str) -> tuple[np.ndarray, np.ndarray]:
    """Penalties of teacher and student."""
    L = SIZES[size]["L"]
    return np.geomspace(1e-3, 10, L), np.geomspace(1e-3, 30, L)


def draw(size: str, gamma_s: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One design as a user draws it: labelled inputs, labels, unlabelled inputs, target."""
    d, gamma_t = SIZES[size]["d"], SIZES[size]["gamma_t"]
    n_t, n_s = round(d / gamma_t), round(d / gamma_s)
    beta = rng.standard_normal(d)
    beta /= np.linalg.norm(beta)
    X = rng.standard_normal((n_t, d))
    return X, X @ beta + rng.standard_normal(n_t), rng.standard_normal((n_s, d)), beta


def fit(X: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge coefficients; scikit-learn penalises the sum of squares, not the mean."""
    return Ridge(alpha=len(X) * penalty, fit_intercept=False).fit(X, y).coef_


Design = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def teacher_fits(size: str, design: Design) -> np.ndarray:
    """The first teachers of the grid, one fit each; shape (fits, d)."""
    X, y, _, _ = design
    return np.array([fit(X, y, penalty) for penalty in grid(size)[0][: SIZES[size]["fits"]]])


def student_fits(size: str, design: Design, teacher: np.ndarray) -> np.ndarray:
    """What a double loop does for one teacher and some of the student penalties: one fit per cell; their errors."""
    _, _, Z, beta = design
    labels, lam_s = Z @ teacher, grid(size)[1]
    chosen = lam_s[:: max(1, len(lam_s) // SIZES[size]["cells"])][: SIZES[size]["cells"]]
    return np.array([((fit(Z, labels, penalty) - beta) ** 2).sum() for penalty in chosen])


def multi_output_fits(size: str, design: Design, teachers: np.ndarray) -> np.ndarray:
    """What a careful user does: the labels of as many teachers as the grid has at once, one fit per student penalty."""
    _, _, Z, beta = design
    lam_t, lam_s = grid(size)
    labels = Z @ np.resize(teachers, (len(lam_t), len(beta))).T
    chosen = lam_s[:: max(1, len(lam_s) // SIZES[size]["fits"])][: SIZES[size]["fits"]]
    return np.array([((fit(Z, labels, penalty) - beta) ** 2).sum(1) for penalty in chosen])


def loops(size: str, gamma_s: float) -> dict[str, Callable[[], Any]]:
    """The loops' parts on one design, drawn beforehand: drawing counts for the package only."""
    design = draw(size, gamma_s, np.random.default_rng(1))
    teachers = teacher_fits(size, design)
    return {
        "teachers": partial(teacher_fits, size, design),
        "double": partial(student_fits, size, design, teachers[0]),
        "multi": partial(multi_output_fits, size, design, teachers),
    }


def works(size: str) -> dict[str, Callable[[], Any]]:
    """Every side on the under-parameterised student."""
    gamma_s = SIZES[size]["gammas"][0]
    parts = loops(size, gamma_s)
    return {
        "grid haar": partial(run_engine, size, gamma_s, "haar"),
        "grid mean": partial(run_engine, size, gamma_s, "mean"),
        "grid double loop": parts["double"],
        "grid multi-output": parts["multi"],
    }


def run_engine(size: str, gamma_s: float, engine: str) -> np.ndarray:
    """A few designs of the whole grid by the package."""
    setting = SIZES[size]
    d, lams = setting["d"], grid(size)
    n_t, n_s = round(d / setting["gamma_t"]), round(d / gamma_s)
    return simulate(
        d, n_t, n_s, sigma2=1.0, lam_t=lams[0], lam_s=lams[1], trials=setting["trials"], engine=engine
    ).student


def growth(size: str) -> list[dict[str, Any]]:
    """The grid by the package, and one multi-output fit of the loop, as the dimension grows with the samples."""
    lams, gamma_t = grid(size), SIZES[size]["gamma_t"]
    L = len(lams[0])

    def engine(d: int) -> Callable[[], Any]:
        n = round(d / gamma_t)
        return lambda: simulate(d, n, n, sigma2=1.0, lam_t=lams[0], lam_s=lams[1], trials=4, engine="haar")

    def one_fit(d: int) -> Callable[[], Any]:
        rng, n = np.random.default_rng(0), round(d / gamma_t)
        return partial(fit, rng.standard_normal((n, d)), rng.standard_normal((n, L)), 0.1)

    about = f"n = N = {1 / gamma_t:g} d, {L} x {L} penalties"
    sides = {"ridge grid, engine haar": engine, "scikit-learn Ridge, one multi-output fit": one_fit}
    return curves("d", about, SIZES[size]["growth"], sides)


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure the rows; each gives the less favourable of the two students."""
    setting = SIZES[size]
    L, cells, fits, trials = (setting[key] for key in ("L", "cells", "fits", "trials"))
    measured = []
    for gamma_s in setting["gammas"]:
        sides = {name: partial(run_engine, size, gamma_s, name) for name in ("haar", "mean")}
        spread = {name: side().std(0, ddof=1) for name, side in sides.items()}  # also warms up
        sides |= loops(size, gamma_s)
        times = {name: median(values) for name, values in alternate(sides, setting["repeats"]).items()}
        teachers = times["teachers"] * L / fits  # both loops fit each teacher once
        seconds = {name: times[name] / trials for name in ("haar", "mean")}
        seconds |= {"double": teachers + times["double"] * L * L / cells, "multi": teachers + times["multi"] * L / fits}
        variance = float(np.median((spread["haar"] / spread["mean"]) ** 2))
        measured.append({"gamma_s": gamma_s, "seconds": seconds, "variance": variance})
    sides_of = [
        ("haar", "ridge grid, engine haar", "grid haar"),
        ("mean", "ridge grid, engine mean", "grid mean"),
        ("double", f"scikit-learn Ridge, {L} x {L} student fits", "grid double loop"),
        ("multi", "scikit-learn Ridge, all teachers at once", "grid multi-output"),
    ]
    first, d, gamma_s = measured[0]["seconds"], setting["d"], setting["gammas"][0]
    draws = {way: draws_of(partial(run_engine, size, gamma_s, way), trials) for way in ("haar", "mean")}
    least = {"haar": needs.grid_haar(d, L, draws["haar"]), "mean": needs.grid_mean(d, L, draws["mean"])}
    made = {
        key: Side(text, first[key], "grid of one design", memory(work), least.get(key)) for key, text, work in sides_of
    }

    def ratio(slow: str, fast: str) -> list[float]:
        return [m["seconds"][slow] / m["seconds"][fast] for m in measured]

    same_error = [r * m["variance"] for r, m in zip(ratio("double", "mean"), measured, strict=True)]
    claims = [
        ("grid-same-error", "double loop, to the same standard error", same_error, 1000.0, ("mean", "double")),
        ("grid-same-draws", "double loop, on the same draws", ratio("double", "haar"), 100.0, ("haar", "double")),
        ("grid-careful-loop", "loop with all teachers at once", ratio("multi", "haar"), 20.0, ("haar", "multi")),
    ]
    return [
        Row(
            id=id,
            claim=f"{L} x {L} ridge penalties, d = {d}, against scikit-learn's {text}",
            value=min(values),
            target=target,
            at_least=True,
            sides=[made[key] for key in compared],
            details={
                "measured": measured,
                "lines": [f"gamma_s = {m['gamma_s']:g}: {v:,.0f}" for m, v in zip(measured, values, strict=True)],
            },
        )
        for id, text, values, target, compared in claims
    ]
