"""``w2s test``: every check of the project, one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from w2s_utils.runner import processes

CELL_TIMEOUT = 600  # seconds for one cell under nbval


def run(root: Path, extra: list[str], echo: Callable[[str], None] = print) -> list[str]:
    """Run ruff, mypy and pytest with the running interpreter; return the names of those that failed.

    Parameters
    ----------
    root : Path
        Checkout.
    extra : list of str
        More arguments for pytest.
    """
    python = [sys.executable, "-m"]
    workers = ["-n", str(min(2, os.cpu_count() or 1)), "--dist", "loadscope"]
    notebooks = ["--nbval", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}"]
    parts = {
        "ruff check": [*python, "ruff", "check", "--quiet", "."],
        "mypy": [*python, "mypy", "--no-error-summary"],
        "pytest": [*python, "pytest", "-q", *workers, *notebooks, *extra],
    }
    failed = []
    for name, command in parts.items():
        start = time.monotonic()
        echo(f"{name} ...")
        sys.stdout.flush()
        status = subprocess.run(command, cwd=root, env={**os.environ, **processes.environment(root, 1)}).returncode
        if status:
            failed.append(name)
        if name != "pytest":  # whose own closing line stays the last one
            echo(f"{name} {'FAILED' if status else 'ok'} ({time.monotonic() - start:.1f} s)")
    return failed
