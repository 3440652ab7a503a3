"""One chapter in one process: ``python -m w2s_utils.runner.worker FOLDER``, with ``job.json`` in the folder.

The parent reads ``result.json`` from there. A pipe on standard input ties the two together: when the parent is
gone, so is the worker, and the kernel follows its worker.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any


def own_kernel(folder: Path) -> None:
    """Make ``python3`` mean this interpreter's ipykernel, whatever kernels are registered on the machine."""
    spec = folder / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True, exist_ok=True)
    # the log level hides a notice about TCP that every kernel prints and that no reader can act on
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=40"]
    argv += ["--HistoryManager.enabled=False"]  # nobody reads it, and its database is written to disk
    content = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = str(folder / "jupyter")
    os.environ["IPYTHONDIR"] = str(folder / "ipython")


def execute(folder: Path) -> dict[str, Any]:
    """Run the notebook of a job folder; the executed copy is written beside the job.

    Returns
    -------
    dict
        ``ok``, ``seconds``, ``memory_mb``; for a failed run also ``error`` (one line) and ``cell`` (from 1).
    """
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    own_kernel(folder)
    os.environ.update(job["environment"])
    from papermill import PapermillExecutionError, execute_notebook

    start = time.monotonic()
    result: dict[str, Any] = {"ok": True}
    try:
        execute_notebook(
            job["source"],
            job["target"],
            parameters=job["parameters"],
            kernel_name="python3",
            language="python",
            cwd=str(Path(job["source"]).parent),
            progress_bar=False,
            start_timeout=300,
            request_save_on_cell_execute=False,  # the pictures in it make every save slow; a failure saves too
            # a kernel without processes of its own holds nothing that a polite end, half a second, would save
            shutdown_kernel="immediate" if job["environment"]["W2S_JOBS"] == "1" else "graceful",
        )
    except PapermillExecutionError as error:
        result = _failure(error.ename, error.evalue, error.cell_index + 1)
    except Exception as error:  # the kernel died or never started; the log of this process has the rest
        result = _failure(type(error).__name__, error, None)
    return {**result, "seconds": round(time.monotonic() - start, 2), "memory_mb": _peak_memory()}


def _failure(name: str, message: object, cell: int | None) -> dict[str, Any]:
    lines = str(message).strip().splitlines() or [""]
    return {"ok": False, "cell": cell, "error": f"{name}: {lines[0]}"}


def _peak_memory() -> float | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    folder = Path(sys.argv[1])
    result = execute(folder)
    partial = folder / "result.part"
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(folder / "result.json")
    os._exit(0)  # the thread that watches standard input would hold up a normal exit


if __name__ == "__main__":
    main()
