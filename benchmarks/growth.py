"""The cost of one point of the figure as the unlabelled sample grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks import needs
from benchmarks.harness import Memory, Row, Side, alternate
from w2s_utils import parallel
from w2s_utils.simulate import _group_engines
from w2s_utils.simulate.gaussian_pair import GaussianPair, simulate

SIZES: dict[str, dict[str, Any]] = {
    "full": {
        "pair": {"d_w": 200, "d_s": 100, "d_sw": 50, "sigma2": 1e-2},
        "n": 2000,
        "Ns": (1_000, 10_000, 100_000, 1_000_000),
        "trials": 100,
        "repeats": 9,
    },
    "tiny": {
        "pair": {"d_w": 20, "d_s": 10, "d_sw": 5, "sigma2": 1e-2},
        "n": 100,
        "Ns": (100, 1_000),
        "trials": 5,
        "repeats": 2,
    },
}


@contextmanager
def counted_draws() -> Iterator[list[int]]:
    """Count the random numbers that `simulate` draws; yields a list that holds the number."""
    count = [0]

    class Counting(np.random.Generator):
        def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
            return tally(super().standard_normal(*args, **kwargs))

        def chisquare(self, *args: Any, **kwargs: Any) -> Any:
            return tally(super().chisquare(*args, **kwargs))

    def tally(values: Any) -> Any:
        count[0] += np.size(values)
        return values

    def counting(make: Callable[..., np.random.Generator]) -> Callable[..., np.random.Generator]:
        return lambda *arguments: Counting(make(*arguments).bit_generator)

    # the group engines draw many designs from one generator, and make it themselves
    originals = parallel.generator, _group_engines._generator
    parallel.generator, _group_engines._generator = map(counting, originals)
    try:
        yield count
    finally:
        parallel.generator, _group_engines._generator = originals


def draws_of(work: Callable[[], Any], count: int = 1) -> float:
    """Random numbers that one of `count` equal parts of a simulation draws."""
    with counted_draws() as drawn:
        work()
    return drawn[0] / count


def works(size: str) -> dict[str, Callable[[], Any]]:
    """The same point at each N."""
    setting = SIZES[size]
    pair = GaussianPair.axis_aligned(**setting["pair"])
    options = {"trials": setting["trials"], "engine": "bartlett"}
    return {f"N={N}": partial(simulate, pair, setting["n"], N, **options) for N in setting["Ns"]}


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure the row."""
    n, Ns, trials, repeats = (SIZES[size][key] for key in ("n", "Ns", "trials", "repeats"))
    sides = works(size)
    draws = {name: int(draws_of(work, trials)) for name, work in sides.items()}  # also warms up
    d_w, d_s, d_sw = (SIZES[size]["pair"][key] for key in ("d_w", "d_s", "d_sw"))
    least = {name: needs.pair_drawn(d_w, d_s, d_w + d_s - d_sw, 1, drawn) for name, drawn in draws.items()}
    seconds = {name: median(times) / trials for name, times in alternate(sides, repeats).items()}
    return [
        Row(
            id="pair-growth",
            claim=f"one point, n = {n}, N from {Ns[0]:,} to {Ns[-1]:,}: largest cost over the first",
            value=max(seconds.values()) / seconds[f"N={Ns[0]}"],
            target=1.2,
            at_least=False,
            sides=[
                Side(
                    f"pair of models, {name}, {draws[name]:,} draws", seconds[name], "trial", memory(name), least[name]
                )
                for name in sides
            ],
            details={"draws": draws},
            measure="ratio",
        )
    ]
