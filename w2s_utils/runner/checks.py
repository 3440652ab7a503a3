"""``w2s test``: every check of the project, one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from w2s_utils.environment import cores
from w2s_utils.runner import processes

CELL_TIMEOUT = 600  # seconds for one cell under nbval


def commands(extra: list[str]) -> dict[str, list[str]]:
    """The checks by name, each with the command that runs it in the checkout."""
    python = [sys.executable, "-m"]
    # cells of one notebook stay on one worker; the reason of a skipped test is one line before the last
    workers = ["-n", str(min(2, cores())), "--dist", "loadscope", "-rfEs"]
    notebooks = ["--nbval", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}"]
    return {
        "ruff check": [*python, "ruff", "check", "--quiet", "."],
        "mypy": [*python, "mypy", "--no-error-summary"],
        "pytest": [*python, "pytest", "-q", *workers, *notebooks, *extra],
    }


def run(root: Path, extra: list[str], echo: Callable[[str], None] = print) -> list[str]:
    """Run ruff, mypy and pytest with the running interpreter; return the names of those that failed.

    Parameters
    ----------
    root : Path
        Checkout.
    extra : list of str
        More arguments for pytest.
    """
    failed = []
    for name, command in commands(extra).items():
        start = time.monotonic()
        echo(f"{name} ...")
        sys.stdout.flush()
        status = subprocess.run(command, cwd=root, env={**os.environ, **processes.environment(root, 1)}).returncode
        if status:
            failed.append(name)
        if name != "pytest":  # whose own closing line stays the last one
            echo(f"{name} {'FAILED' if status else 'ok'} ({time.monotonic() - start:.1f} s)")
    return failed
