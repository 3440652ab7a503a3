"""One side's work in a process of its own: its peak memory, and what the work itself measured."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT

IMPORTS = "imports"


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


def only(part: str, work: str, size: str) -> str:
    """Do one piece of work in this process; JSON with the peak, and what the work says of itself."""
    module = import_module(f"benchmarks.{part}")
    said = None if work == IMPORTS else module.works(size)[work]()
    return json.dumps({"mb": own_peak_mb(), "said": said if isinstance(said, dict) else None})


def alone(part: str, work: str, size: str) -> dict[str, Any]:
    """The same in a fresh process, which imports no other part."""
    command = [sys.executable, "-m", "benchmarks", "--only", f"{part}:{work}", "--size", size]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or [f"exit status {answer.returncode}"])[-1]
        raise RuntimeError(f"{part}:{work} failed in its own process: {last}")
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found
