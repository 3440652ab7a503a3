"""Heads of generalized cross-entropy, many at once, against full-batch gradient descent to the same loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks import needs
from benchmarks.harness import Memory, Row, Side, alternate
from benchmarks.powers import curves
from w2s_utils import datasets
from w2s_utils.probes import _solve
from w2s_utils.probes.columns import fit_columns
from w2s_utils.probes.heads import Head
from w2s_utils.probes.multiclass import fit_multinomial

PENALTY = 0.03
SIZES: dict[str, dict[str, Any]] = {
    "full": {
        "N": 1000,
        "q": (0.3, 0.5, 0.7, 1.0),
        "p": (0.3, 0.5, 0.7, 0.9, 1.0),
        "descents": 3,
        "repeats": 3,
        "growth": (500, 1000, 2000, 4000),
    },
    "tiny": {"N": 60, "q": (0.7, 1.0), "p": (0.5, 1.0), "descents": 2, "repeats": 1, "growth": (60, 120, 240)},
}
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Head]


@lru_cache
def problem(size: str) -> Arrays:
    """Features, labels of which a fifth is wrong, rows kept and q by column, and where all start."""
    N, powers, shares = (SIZES[size][key] for key in ("N", "q", "p"))
    tops, rng = datasets.load("scenes_tops"), np.random.default_rng(0)
    rows = datasets.resample_groups(tops, 100, N, eta_l=0.5, eta_u=0.1, seed=0).unlabelled
    X = datasets.features("scenes_tops", "efficientnet_lite2").values[rows].astype(float)
    X /= np.sqrt(np.mean(X**2))
    y = tops.targets["label"][rows]
    y = np.where(rng.random(N) < 0.2, 1 - y, y)
    kept = np.stack([rng.random(N) < share for share in np.repeat(shares, len(powers))], 1)
    return X, y, kept, np.tile(powers, len(shares)), fit_multinomial(X, y, PENALTY)


def together(size: str) -> Head:
    """All settings by the package, from the head of cross-entropy."""
    X, y, kept, q, warm = problem(size)
    k = len(q)
    start = Head(np.tile(warm.coefficients[:, None], k), np.full(k, float(warm.intercept)))
    return fit_columns(X, np.tile(y[:, None], k), PENALTY, q=q, weights=kept, start=start)


def evaluations(size: str) -> int:
    """How many losses and gradients of one head the package computes for all settings."""
    original, count = _solve._objective, [0]

    def counting(*arguments: Any) -> Any:
        evaluate = original(*arguments)

        def counted(B: np.ndarray, at: np.ndarray) -> Any:
            count[0] += len(at)
            return evaluate(B, at)

        return counted

    _solve._objective = counting
    try:
        together(size)
    finally:
        _solve._objective = original
    return count[0]


def growth(size: str) -> list[dict[str, Any]]:
    """The package on Gaussian features with noisy labels, as rows or features double."""

    def head(N: int, d: int) -> Callable[[], Any]:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((N, d))
        y = (X[:, :5].sum(1) + 2 * rng.standard_normal(N) > 0).astype(float)
        heads = np.tile(y[:, None], 8)
        return partial(fit_columns, X, heads, PENALTY, q=np.linspace(0.3, 1, 8))

    Ns = SIZES[size]["growth"]
    d = Ns[0] // 5
    return [
        *curves("N", f"d = {d}", Ns, {"heads of generalized cross-entropy": lambda N: head(N, d)}),
        *curves(
            "d",
            f"N = {Ns[-1]}",
            [N // 20 for N in Ns],
            {"heads of generalized cross-entropy": lambda d: head(Ns[-1], d)},
        ),
    ]


def loss(size: str, at: int) -> tuple[Callable[[np.ndarray], tuple[float, np.ndarray]], float]:
    """Loss and gradient of one setting, and the largest step that cannot overshoot."""
    X, y, kept, q, _ = problem(size)
    Z, s = np.column_stack([X, np.ones(len(X))])[kept[:, at]], 2 * y[kept[:, at]] - 1
    ridge = np.r_[np.full(X.shape[1], PENALTY), 0.0]

    def evaluate(b: np.ndarray) -> tuple[float, np.ndarray]:
        logp = -np.logaddexp(0, -s * (Z @ b))
        slope = s * np.exp(q[at] * logp) * np.expm1(logp)
        return float(-np.expm1(q[at] * logp).mean() / q[at] + ridge @ b**2 / 2), Z.T @ slope / len(Z) + ridge * b

    return evaluate, 1 / (np.linalg.norm(Z, 2) ** 2 / 4 / len(Z) + PENALTY)


def descent(size: str, at: int, goal: float) -> int:
    """Steps of gradient descent to a loss, from the same start."""
    warm = problem(size)[-1]
    b = np.r_[warm.coefficients, float(warm.intercept)]
    evaluate, step = loss(size, at)
    for taken in range(100_000):
        value, gradient = evaluate(b)
        if value <= goal:
            return taken
        b -= step * gradient
    raise AssertionError(f"gradient descent did not reach {goal}")


def goals(size: str) -> dict[int, float]:
    """Some of the settings, and what the package reached there, plus 1e-8."""
    heads, count = together(size), SIZES[size]["descents"]
    chosen = np.linspace(0, len(heads.intercept) - 1, count).round().astype(int)
    ends = {int(at): np.r_[heads.coefficients[:, at], heads.intercept[at]] for at in chosen}
    return {at: loss(size, at)[0](b)[0] + 1e-8 for at, b in ends.items()}


def works(size: str) -> dict[str, Callable[[], Any]]:
    """The two sides."""

    def first() -> int:
        return descent(size, *next(iter(goals(size).items())))

    return {"gce together": partial(together, size), "gce descent": first}


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure the row; the least favourable of the settings counts."""
    targets = goals(size)  # warms up
    sides: dict[str, Callable[[], Any]] = {"together": partial(together, size)}
    sides |= {str(at): partial(descent, size, at, goal) for at, goal in targets.items()}
    times = {name: median(values) for name, values in alternate(sides, SIZES[size]["repeats"]).items()}
    X, k = problem(size)[0], len(problem(size)[3])
    least = needs.gce_heads(*X.shape, evaluations(size))
    ratios = {at: k * times[str(at)] / times["together"] for at in targets}
    slowest = min(ratios, key=ratios.__getitem__)
    steps = {at: descent(size, at, goal) for at, goal in targets.items()}
    return [
        Row(
            id="gce-head",
            claim=f"a head of generalized cross-entropy, {k} at once, N = {SIZES[size]['N']}, "
            "against gradient descent to the same loss",
            value=ratios[slowest],
            target=10.0,
            at_least=True,
            sides=[
                Side(
                    "heads of generalized cross-entropy",
                    times["together"] / k,
                    "head",
                    memory("gce together"),
                    least.over(k),
                ),
                Side("full-batch gradient descent", times[str(slowest)], "head", memory("gce descent")),
            ],
            details={
                "ratios": ratios,
                "steps": steps,
                "lines": [f"setting {at}: {ratio:,.0f}, {steps[at]} steps" for at, ratio in ratios.items()],
            },
        )
    ]
