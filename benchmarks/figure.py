"""The PGR/OPR figure of dong2025 at its settings, our engine against plain loops."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from statistics import median
from typing import Any

import numpy as np

from benchmarks import needs
from benchmarks.growth import draws_of
from benchmarks.harness import Memory, Row, Side, alternate
from benchmarks.plain_loops import LOOPS, plain_trial
from benchmarks.powers import curves
from benchmarks.rates import Needs
from w2s_utils.metrics import Risks
from w2s_utils.simulate.gaussian_pair import MODELS, GaussianPair, simulate

SIZES: dict[str, dict[str, Any]] = {
    # a dozen of the figure's 120 points
    "full": {
        "pair": {"d_w": 200, "d_s": 100, "sigma2": 1e-2},
        "points": list(product((10, 50, 90), ((400, 4000), (2105, 4000), (4000, 4000), (2000, 400)))),
        "repeats": 3,
        "loop_trials": 4,
        "designs": 60,
        "growth": {"n": (500, 1000, 2000, 4000, 8000), "N": (500, 1000, 2000, 4000, 8000), "d": (40, 80, 160, 320)},
    },
    "tiny": {
        "pair": {"d_w": 20, "d_s": 10, "sigma2": 1e-2},
        "points": [(5, (60, 200)), (2, (200, 60))],
        "repeats": 2,
        "loop_trials": 3,
        "designs": 5,
        "growth": {"n": (60, 120, 240), "N": (60, 120, 240), "d": (8, 16, 32)},
    },
}
# the engine's two ways, with the options of `simulate` and the targets
WAYS: dict[str, dict[str, Any]] = {"drawn": {"noise_draws": 50}, "averaged": {"label_noise": "averaged"}}
TARGETS = {"drawn": 500.0, "averaged": 5000.0}
WHAT = {"drawn": "per-trial PGR and OPR", "averaged": "mean risks"}


def pgr_and_opr(risks: np.ndarray) -> list[np.ndarray]:
    """Per-trial ratios of risks whose last axis holds the four models."""
    parts = Risks(*np.moveaxis(risks, -1, 0))
    return [np.asarray(parts.pgr), np.asarray(parts.opr)]


def measure(point: tuple[int, tuple[int, int]], size: str, seed: int) -> dict[str, Any]:
    """CPU seconds of a trial or design, and the variance of one, for every side at one point."""
    setting = SIZES[size]
    d_sw, (n, N) = point
    pair = GaussianPair.axis_aligned(d_sw=d_sw, **setting["pair"])
    streams = iter(np.random.SeedSequence([seed, d_sw, n, N]).spawn(100))
    loop_risks: list[np.ndarray] = []
    designs: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}

    def loop(name: str) -> None:
        rng = np.random.default_rng(next(streams))
        for _ in range(setting["loop_trials"]):
            loop_risks.append(plain_trial(LOOPS[name], rng, n, N, d_sw=d_sw, **setting["pair"]))

    def engine(way: str) -> None:
        trials = setting["designs"]
        drawn = simulate(pair, n, N, trials=trials, engine="bartlett", seed=next(streams), **WAYS[way])
        designs[way].extend(drawn.risks)

    sides = {name: partial(loop, name) for name in LOOPS} | {way: partial(engine, way) for way in WAYS}
    times = alternate(sides, setting["repeats"])
    seconds = {name: median(times[name]) / setting["loop_trials"] for name in LOOPS}
    seconds |= {way: median(times[way]) / setting["designs"] for way in WAYS}

    # the loops compute one and the same estimate: their trials are pooled for its variance
    trials = np.array(loop_risks)
    values = [*pgr_and_opr(trials), *trials.T]
    drawn = [ratio.mean(axis=1) for ratio in pgr_and_opr(np.array(designs["drawn"]))]
    averaged = np.array(designs["averaged"])[:, 0].T
    variances = {
        "loop": dict(zip(("pgr", "opr", *MODELS), values, strict=True)),
        "drawn": dict(zip(("pgr", "opr"), drawn, strict=True)),
        "averaged": dict(zip(MODELS, averaged, strict=True)),
    }
    return {
        "d_sw": d_sw,
        "n": n,
        "N": N,
        "seconds": seconds,
        "variance": {
            side: {key: float(np.var(value, ddof=1)) for key, value in group.items()}
            for side, group in variances.items()
        },
    }


def gains(points: list[dict[str, Any]], loop: str, way: str) -> dict[str, list[float]]:
    """Time times variance of a loop over that of the engine: quantity to one ratio a point.

    Both sides reach a given standard error in a time proportional to this product.
    """
    return {
        quantity: [
            (p["seconds"][loop] * p["variance"]["loop"][quantity]) / (p["seconds"][way] * p["variance"][way][quantity])
            for p in points
        ]
        for quantity in points[0]["variance"][way]
    }


def geometric_mean(values: list[float]) -> float:
    """Geometric mean."""
    return float(np.exp(np.mean(np.log(values))))


def works(size: str) -> dict[str, Callable[[], Any]]:
    """Each side once, at the largest samples of the figure."""
    setting = SIZES[size]
    d_sw = setting["points"][0][0]
    n, N = (max(sizes) for sizes in zip(*(sizes for _, sizes in setting["points"]), strict=True))
    pair = GaussianPair.axis_aligned(d_sw=d_sw, **setting["pair"])
    rng = np.random.default_rng(0)
    loops = {name: partial(plain_trial, fit, rng, n, N, d_sw=d_sw, **setting["pair"]) for name, fit in LOOPS.items()}
    options = {"trials": setting["designs"], "engine": "bartlett"}
    return loops | {way: partial(simulate, pair, n, N, **options, **WAYS[way]) for way in WAYS}


def least(way: str, size: str) -> Needs:
    """What a design needs, in the mean over the points."""
    setting, parts = SIZES[size], []
    d_w, d_s, K = setting["pair"]["d_w"], setting["pair"]["d_s"], WAYS[way].get("noise_draws", 1)
    for d_sw, (n, N) in setting["points"]:
        pair = GaussianPair.axis_aligned(d_sw=d_sw, **setting["pair"])
        draws = draws_of(partial(simulate, pair, n, N, trials=2, engine="bartlett", **WAYS[way]), 2)
        drawn = needs.pair_drawn(d_w, d_s, d_w + d_s - d_sw, K, draws)
        parts.append(drawn if way == "drawn" else needs.pair_averaged(d_w, d_s, d_sw, draws))
    mean = {key: float(np.mean([getattr(part, key) for part in parts])) for key in ("flops", "bytes", "draws")}
    return Needs(**mean)


def growth(size: str) -> list[dict[str, Any]]:
    """Engine and loop as one sample grows beside a small one, and as all dimensions grow together."""
    setting = SIZES[size]
    grown, sigma2 = setting["growth"], setting["pair"]["sigma2"]
    small = min(grown["n"])

    def sides(at: Callable[[int], tuple[int, int, int]]) -> dict[str, Callable[[int], Callable[[], Any]]]:
        def shape(value: int) -> tuple[dict[str, Any], int, int]:
            n, N, d = at(value)
            return {"d_w": d, "d_s": d // 2, "d_sw": d // 4, "sigma2": sigma2}, n, N

        def engine(value: int) -> Callable[[], Any]:
            pair, n, N = shape(value)
            options = {"trials": 20, "engine": "bartlett", **WAYS["drawn"]}
            return partial(simulate, GaussianPair.axis_aligned(**pair), n, N, **options)

        def loop(value: int) -> Callable[[], Any]:
            pair, n, N = shape(value)
            return partial(plain_trial, LOOPS["numpy lstsq"], np.random.default_rng(0), n, N, **pair)

        return {"pair of models, label noise drawn": engine, "numpy lstsq": loop}

    d, large = setting["pair"]["d_w"], max(grown["n"]) // 2
    return [
        *curves("n", f"N = {small}, d_w = {d}", grown["n"], sides(lambda n: (n, small, d))),
        *curves("N", f"n = {small}, d_w = {d}", grown["N"], sides(lambda N: (small, N, d))),
        *curves("d_w", f"d_s = d_w / 2, n = N = {large}", grown["d"], sides(lambda width: (large, large, width))),
    ]


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure both rows."""
    for warm_up in works(size).values():
        warm_up()
    points = [measure(point, size, seed) for seed, point in enumerate(SIZES[size]["points"])]
    seconds = {name: geometric_mean([p["seconds"][name] for p in points]) for name in (*LOOPS, *WAYS)}
    return [_row(way, points, seconds, memory, least(way, size)) for way in WAYS]


def _row(way: str, points: list[dict[str, Any]], seconds: dict[str, float], memory: Memory, minimum: Needs) -> Row:
    every = {loop: gains(points, loop, way) for loop in LOOPS}
    means = {
        loop: {quantity: geometric_mean(values) for quantity, values in quantities.items()}
        for loop, quantities in every.items()
    }
    lowest = min(min(values) for values in every["numpy lstsq"].values())
    lines = [
        f"against {loop}: " + ", ".join(f"{quantity} {value:,.0f}" for quantity, value in quantities.items())
        for loop, quantities in means.items()
    ]
    draws = WAYS[way].get("noise_draws", 1)
    unit = f"design of {draws} draws" if draws > 1 else "design"
    return Row(
        id=f"pair-{way}",
        claim=f"{WHAT[way]} at {len(points)} points, against numpy lstsq, to the same standard error",
        value=min(means["numpy lstsq"].values()),
        target=TARGETS[way],
        at_least=True,
        sides=[
            Side(f"pair of models, label noise {way}", seconds[way], unit, memory(way), minimum),
            *(Side(loop, seconds[loop], "trial", memory(loop)) for loop in LOOPS),
        ],
        details={
            "summary": "the quantity with the smallest geometric mean over the points",
            "gains": means,
            "lowest_single_point": lowest,
            "points": points,
            "lines": [*lines, f"lowest single point and quantity: {lowest:,.0f}"],
        },
    )
