"""Timing in alternation, peak memory, and the rows of the table."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# name of a side's work -> peak MB of a process that does it, or None when not measured
Memory = Callable[[str], float | None]


@dataclass(frozen=True)
class Side:
    """One way of doing a row's work.

    Parameters
    ----------
    name : str
        What it is, as printed.
    seconds : float
        CPU seconds per `unit`.
    unit : str
        What was timed.
    peak_mb : float or None
        Peak memory of a process that does it.
    """

    name: str
    seconds: float
    unit: str
    peak_mb: float | None = None


@dataclass(frozen=True)
class Row:
    """One claim about speed.

    Parameters
    ----------
    id, claim : str
        Key and sentence.
    value, target : float
        Measured ratio, and what it must be.
    at_least : bool
        Whether the target is a lower (True) or an upper limit.
    sides : sequence of Side
        What was compared.
    details : mapping
        Whatever the value was computed from.
    """

    id: str
    claim: str
    value: float
    target: float
    at_least: bool
    sides: Sequence[Side]
    details: Mapping[str, Any]

    @property
    def met(self) -> bool:
        """Whether the measured ratio meets the target; NaN never does."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def record(self) -> dict[str, Any]:
        """The row for the JSON file."""
        return asdict(self) | {"met": self.met}


def alternate(works: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """CPU seconds of each work, `repeats` times in turn, so that a disturbance hits every side alike."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    return seconds


def own_peak_mb() -> float:
    """Peak resident memory of this process so far."""
    # Linux hands a parent's ru_maxrss on to its child; the high-water mark in /proc starts afresh
    status = Path("/proc/self/status")
    if status.exists():
        marks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        if marks:
            return int(marks[0].split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def peak_mb(work: str, size: str) -> float:
    """Peak memory of ``python -m benchmarks --only WORK``, which does one piece of work and prints it."""
    command = [sys.executable, "-m", "benchmarks", "--only", work, "--size", size]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(answer.stdout)


def machine() -> dict[str, Any]:
    """Processor, load and versions."""
    import numpy
    import scipy
    import sklearn
    import threadpoolctl

    cpu, info = platform.processor(), Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = models[0].split(":", 1)[1].strip() if models else cpu
    pools = threadpoolctl.threadpool_info()
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": list(os.getloadavg()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "blas": sorted({f"{p['internal_api']} {p['version']}" for p in pools if p["user_api"] == "blas"}),
        "threads": max((p["num_threads"] for p in pools), default=1),
    }


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text, one line a side under each claim."""
    lines = []
    for row in rows:
        sign, verdict = (">=" if row.at_least else "<="), ("met" if row.met else "MISSED")
        lines.append(f"{row.claim}\n    {row.value:,.4g} (target {sign} {row.target:,.4g}): {verdict}")
        for side in row.sides:
            memory = "" if side.peak_mb is None else f"{side.peak_mb:8.0f} MB"
            lines.append(f"    {side.name:<44}{1e3 * side.seconds:12.3f} ms per {side.unit:<16}{memory}")
        lines += [f"    {line}" for line in row.details.get("lines", [])]
    return "\n".join(lines)


def write(path: Path, rows: Sequence[Row], size: str, seconds: float) -> None:
    """Write machine, versions and rows as JSON: written beside, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": machine(),
        "size": size,
        "seconds": seconds,
        "clock": "CPU seconds of one thread, medians over alternating repetitions",
        "memory": "peak resident MB of a fresh process, imports included",
        "rows": [row.record() for row in rows],
    }
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
