"""Environment, end and traces of the processes that execute chapters."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psutil

PACKAGE_PARENT = Path(__file__).resolve().parents[2]


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started (kernels and their workers sit in sessions of their own)."""
    try:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()


def environment(root: Path, jobs: int, context: Path | None = None) -> dict[str, str]:
    """Variables of every process that computes: one BLAS thread each, set before numpy is imported."""
    own = [str(root)] if (root / "w2s_utils").is_dir() else []
    path = os.pathsep.join(filter(None, [*own, str(PACKAGE_PARENT), os.environ.get("PYTHONPATH", "")]))
    variables = {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "W2S_JOBS": str(jobs),
        "PYTHONPATH": path,
    }
    return variables if context is None else {**variables, "W2S_CONTEXT": str(context)}


def sweep(scratch: Path) -> None:
    """Remove what killed runs left behind (their process numbers are in the names); make the folder."""
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.iterdir():
        number = left.name.rpartition("-")[2]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)
