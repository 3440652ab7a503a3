"""``w2s diagnose`` on files made for it: seconds on two cores and memory, by file type and as they grow.

The whole command is timed, report and pictures included, in a process of its own; only Python's start is left out.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import needs
from benchmarks.harness import Memory, Row, Side
from benchmarks.powers import fit
from benchmarks.processes import alone
from w2s_utils import cli
from w2s_utils.diagnose.blocks import BLOCKS

KINDS = ("npy", "npz", "parquet")
SIZES: dict[str, dict[str, Any]] = {
    "full": {"rows": 50_000, "columns": 1024, "doublings": 3, "kinds": KINDS},
    "tiny": {"rows": 400, "columns": 16, "doublings": 1, "kinds": KINDS[:1]},
}
SECONDS, MB = 30.0, 4096.0
CHUNK = 5_000


def features(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weak features, strong features and a target, in single precision as networks give them."""
    rng = np.random.default_rng(0)
    fall = np.arange(1, columns + 1, dtype=np.float32) ** -0.5
    strong = rng.standard_normal((rows, columns), dtype=np.float32)
    target = strong[:, : min(50, columns)].sum(1) + rng.standard_normal(rows, dtype=np.float32)
    weak = (strong + rng.standard_normal((rows, columns), dtype=np.float32)) * fall
    return weak, strong * fall, target


def make(folder: Path, kind: str, rows: int, columns: int) -> None:
    """Write the three files; a process of its own does it, so that its memory does not count."""
    weak, strong, target = features(rows, columns)
    np.save(folder / "labels.npy", target)
    for name, values in {"weak": weak, "strong": strong}.items():
        path = folder / f"{name}.{kind}"
        if kind == "npy":
            np.save(path, values)
        elif kind == "npz":
            np.savez(path, features=values)
        else:
            import pyarrow
            import pyarrow.parquet

            columns_of = {f"x{at}": values[:, at] for at in range(values.shape[1])}
            pyarrow.parquet.write_table(pyarrow.table(columns_of), path, row_group_size=CHUNK)


def command(kind: str, rows: int, columns: int) -> dict[str, float]:
    """Make files, diagnose them, say how long the second took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        call = f"make(Path({name!r}), {kind!r}, {rows}, {columns})"
        subprocess.run([sys.executable, "-c", f"from benchmarks.diagnosing import *; {call}"], check=True)
        start, busy = time.perf_counter(), time.process_time()
        files = [str(folder / f"{side}.{kind}") for side in ("weak", "strong")]
        status = cli.main(["diagnose", *files, "--labels", str(folder / "labels.npy"), "--out", str(folder / "report")])
        if status:
            raise RuntimeError(f"w2s diagnose ended with status {status}")
        return {"seconds": time.perf_counter() - start, "busy": time.process_time() - busy}


def shapes(size: str) -> dict[str, tuple[str, int, int]]:
    """Name of each work: file type, rows, columns."""
    rows, columns, doublings = (SIZES[size][key] for key in ("rows", "columns", "doublings"))
    kinds = [kind for kind in SIZES[size]["kinds"] if kind != "parquet" or find_spec("pyarrow")]
    found = [(kind, rows, columns) for kind in kinds]
    found += [("npy", rows, columns // 2**at) for at in range(1, doublings)]
    found += [("npy", rows // 2**at, columns // 2) for at in range(1, doublings)]
    return {f"{kind} {n} x {d}": (kind, n, d) for kind, n, d in found}


def works(size: str) -> dict[str, Callable[[], Any]]:
    """Every file type at full size, and fewer rows and columns."""
    return {name: partial(command, *shape) for name, shape in shapes(size).items()}


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure a row of time and one of memory for each file type; curves go with the first."""
    found = {name: alone("diagnosing", name, size) for name in works(size)}
    made = []
    for at, (name, (kind, n, d)) in enumerate(shapes(size).items()):
        if (n, d) != (SIZES[size]["rows"], SIZES[size]["columns"]):
            continue
        seconds, peak = found[name]["said"]["seconds"], found[name]["mb"]
        side = Side(f"w2s diagnose, .{kind}", seconds, "report", peak, needs.diagnosis(n, d, 4, BLOCKS + 1))
        what = f"w2s diagnose of two files of {n:,} x {d:,}, .{kind}"
        details = {"processor_seconds": found[name]["said"]["busy"]} | (
            {"curves": _curves(size, found)} if not at else {}
        )
        made += [
            Row(f"diagnose-{kind}-time", what, seconds, SECONDS, False, [side], details, "s"),
            Row(f"diagnose-{kind}-memory", f"memory of {what}", peak, MB, False, [], {}, "MB"),
        ]
    return made


def _curves(size: str, found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Exponents of processor seconds, which depend less on other programs, in rows and in columns."""
    at = {shape[1:]: found[name]["said"]["busy"] for name, shape in shapes(size).items() if shape[0] == "npy"}
    full, wide = SIZES[size]["rows"], SIZES[size]["columns"]
    lines = {
        ("rows", f"{wide // 2} columns"): {n: seconds for (n, d), seconds in at.items() if d == wide // 2},
        ("columns", f"{full:,} rows"): {d: seconds for (n, d), seconds in at.items() if n == full},
    }
    made = []
    for (variable, fixed), points in lines.items():
        if len(points) < 3:  # a tiny run
            continue
        sizes = sorted(points)
        seconds = [points[value] for value in sizes]
        exponent, se = fit(sizes, seconds)
        about = {
            "variable": variable,
            "fixed": fixed,
            "side": "w2s diagnose, processor time",
            "sizes": sizes,
            "seconds": seconds,
        }
        made.append({**about, "exponent": exponent, "se": se})
    return made
