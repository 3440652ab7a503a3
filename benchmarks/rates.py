"""What this machine can do at most, and how long a work needs at least at that speed.

Four rates are measured in the run they belong to, on one core: multiplications and additions of a large matrix
product in double and in single precision, bytes moved by a copy that fits no cache, and normal random numbers of
numpy's fastest generator. A limit counts what the chosen algorithm cannot do without (`benchmarks.needs`) and
divides by these rates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SIZES = {
    "full": {"matrix": 1200, "copy": 16_000_000, "draws": 2_000_000},
    "tiny": {"matrix": 200, "copy": 200, "draws": 200},
}


@dataclass(frozen=True)
class Needs:
    """What a work needs at least.

    Parameters
    ----------
    flops, single : float
        Additions and multiplications, in double and in single precision.
    bytes : float
        Moved between memory and processor: inputs read once, results written once.
    draws : float
        Random numbers, counted as normal ones.
    cores : int
        How many cores it may use.
    """

    flops: float = 0.0
    single: float = 0.0
    bytes: float = 0.0
    draws: float = 0.0
    cores: int = 1

    def over(self, count: float) -> Needs:
        """The share of one of `count` equal parts."""
        parts = {key: value / count for key, value in asdict(self).items() if key != "cores"}
        return Needs(**parts, cores=self.cores)

    def seconds(self, rates: Mapping[str, float]) -> float:
        """Arithmetic and random numbers one after the other, memory beside them, spread evenly over the cores."""
        busy = self.flops / rates["flops"] + self.single / rates["single"] + self.draws / rates["draws"]
        return max(busy, self.bytes / rates["bytes"]) / self.cores


def best(work: Callable[[], Any], repeats: int = 5) -> float:
    """Shortest CPU seconds: a limit is what the machine can do, not what it does on average."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return max(min(taken), 1e-9)


def measure(size: str) -> dict[str, float]:
    """The four rates, each per second."""
    m, length, draws = (SIZES[size][key] for key in ("matrix", "copy", "draws"))
    rng = np.random.default_rng(0)
    A = rng.standard_normal((m, m))
    B, source, normal = A.astype(np.float32), rng.random(length), np.empty(draws)
    target, fastest = np.empty_like(source), np.random.Generator(np.random.SFC64(0))
    return {
        "flops": 2 * m**3 / best(lambda: A @ A),
        "single": 2 * m**3 / best(lambda: B @ B),
        "bytes": 2 * source.nbytes / best(lambda: np.copyto(target, source)),
        "draws": draws / best(lambda: fastest.standard_normal(out=normal)),
    }
