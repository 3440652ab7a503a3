"""Points of a sweep per second on 1 and 2 workers, written by ``python -m benchmarks.sweeping`` to ``sweeping.json``.

The page on scaling shows these numbers and what they predict for more workers.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from w2s_utils import provenance
from w2s_utils.sweeps import backends, computing, running
from w2s_utils.sweeps.points import Columns

TARGET = Path(__file__).with_name("sweeping.json")
CHAPTER = "variance_decomposition"
POINT = dict(N=4000, d_w=100, d_s=50, d_sw=10, sigma2=0.01, trials=100, seed=0)


class Memory:
    """What `running` needs of a store, without files."""

    def __init__(self, points: list[dict]):
        self.points, self.finished = points, {}  # type: ignore[var-annotated]
        self.busy: list[float] = []

    def add(self, columns: dict[int, Columns]) -> None:
        self.finished |= columns


def measure(scheduler: str, workers: int, count: int) -> dict:
    """Throughput with started workers that have computed a point each before the clock runs."""
    points = [{"n": 400 + at, **POINT} for at in range(count)]
    with backends.open_backend(scheduler, workers) as backend:
        warm = Memory([{"n": 300 + at, **POINT} for at in range(4 * workers)])
        running._collect(CHAPTER, warm, backend, lambda done: None)  # type: ignore[arg-type]
        store, outcomes = Memory(points), []
        pace = {"seconds": warm_seconds(points[0])}
        tasks = running._tasks(CHAPTER, store, list(range(count)), workers, pace)  # type: ignore[arg-type]
        start = time.perf_counter()
        for outcome in backend.run(tasks, computing.some):
            outcomes.append((len(outcome.columns), outcome.seconds))
            pace["seconds"] = outcome.seconds / len(outcome.columns)
            store.add(outcome.columns)
        wall = time.perf_counter() - start
    busy = sum(seconds for _, seconds in outcomes)
    return {
        "scheduler": scheduler, "workers": workers, "points": count, "tasks": len(outcomes), "seconds": wall,
        "task_seconds": busy / len(outcomes), "busy": busy / (wall * workers), "points_per_second": count / wall,
    }  # fmt: skip


def warm_seconds(point: dict) -> float:
    """Seconds that a point takes in this process."""
    computing.one(CHAPTER, point)
    start = time.perf_counter()
    computing.one(CHAPTER, point)
    return time.perf_counter() - start


def main(count: int = 130, rounds: int = 3) -> None:
    """Measure what is installed, in turns, and write the median round of each."""
    kinds = [backends.PROCESSES, *([backends.LOCAL] if backends.has_dask() else [])]
    turns = [(kind, workers) for kind in kinds for workers in (1, 2)]
    every = [[measure(kind, workers, count) for kind, workers in turns] for _ in range(rounds)]
    measured = [sorted(row, key=lambda one: one["points_per_second"])[rounds // 2] for row in zip(*every, strict=True)]
    machine = {"cpu": provenance.cpu(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    TARGET.write_text(json.dumps({"machine": machine, "measured": measured}, indent=1) + "\n", encoding="utf-8")
    for row in measured:
        print(f"{row['scheduler']:9} {row['workers']} workers: {row['points_per_second']:.2f} points/s")


if __name__ == "__main__":
    main()
