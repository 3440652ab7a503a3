"""The record of a run: machine, rates, rows and growth as JSON, written after each part.

Names no host, user or path: a kept record goes into the repository, and the page on performance is made from it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, Row
from w2s_utils import provenance

BUILT = ROOT / "_build" / "benchmarks.json"
KEPT = ROOT / "benchmarks" / "record.json"


def machine() -> dict[str, Any]:
    """Processor, load and versions."""
    import scipy.linalg  # noqa: F401 - with its own linear algebra library
    import threadpoolctl

    pools = threadpoolctl.threadpool_info()
    return {
        "cpu": provenance.cpu(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.system(),
        **{name: text for name, text in provenance.versions().items() if name != "w2s-utils"},
        "blas": sorted({f"{p['internal_api']} {p['version']}" for p in pools if p["user_api"] == "blas"}),
        "threads": max((p["num_threads"] for p in pools), default=1),
    }


class Record:
    """What a run has measured so far.

    Parameters
    ----------
    path : Path
        File that is rewritten as a whole (beside, then renamed) whenever something is added.
    size : str
    rates : mapping of str to float
        See `benchmarks.rates.measure`.
    """

    def __init__(self, path: Path, size: str, rates: Mapping[str, float]):
        self.path, self.rows = path, list[Row]()
        self.content: dict[str, Any] = {
            "machine": machine(),
            "size": size,
            "complete": False,
            "seconds": 0.0,
            "clock": "CPU seconds of one thread, medians over alternating repetitions; w2s diagnose: on the clock",
            "memory": "peak resident MB of a fresh process, imports and inputs included",
            "rates": dict(rates),
            "parts": [],
            "rows": [],
            "growth": [],
        }

    def add(self, part: str, rows: Sequence[Row], imports_mb: float | None, seconds: float) -> None:
        """Keep the rows of a part, with the machine's load when they were measured and the peak of its imports."""
        self.rows += rows
        self.content["rows"] += [{"part": part, **row.record(self.content["rates"])} for row in rows]
        self.content["parts"].append({"name": part, "load": os.getloadavg()[0], "imports_mb": imports_mb})
        self.write(seconds)

    def grow(self, part: str, growth: Sequence[dict[str, Any]], seconds: float) -> None:
        """Keep the curves of a part."""
        self.content["growth"] += [{"part": part, **curve} for curve in growth]
        self.write(seconds)

    def finish(self, seconds: float) -> None:
        """Mark the run as complete."""
        self.content["complete"] = True
        self.write(seconds)

    def write(self, seconds: float) -> None:
        """Write what there is."""
        self.content["seconds"] = seconds
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.save(self.path)

    def save(self, path: Path) -> None:
        """Write a copy."""
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
