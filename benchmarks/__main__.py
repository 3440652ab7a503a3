"""Measure every row, print the table and write it as JSON; status 1 when a target is missed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

# one core for every side; has to happen before numpy is imported
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

from benchmarks import figure, gce_heads, groups, growth, ridge_grid, ridge_path
from benchmarks.harness import ROOT, machine, own_peak_mb, peak_mb, table, write

PARTS = (figure, growth, ridge_path, groups, ridge_grid, gce_heads)


def main(arguments: list[str] | None = None) -> int:
    """Run every row; returns 0 when all targets are met, 1 otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="example: python -m benchmarks --size tiny --out tiny.json",
    )
    parser.add_argument("--size", choices=("full", "tiny"), default="full", help="tiny checks the harness only")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "benchmarks.json", help="JSON file to write")
    parser.add_argument("--no-memory", action="store_true", help="skip the processes that measure peak memory")
    parser.add_argument("--only", metavar="WORK", help="do one side's work, print this process's peak memory in MB")
    options = parser.parse_args(arguments)
    if options.only:
        if options.only != "imports":
            {name: work for part in PARTS for name, work in part.works(options.size).items()}[options.only]()
        print(f"{own_peak_mb():.1f}")
        return 0

    start, seen = time.perf_counter(), dict[str, float]()

    def memory(work: str) -> float | None:
        if options.no_memory:
            return None
        if work not in seen:
            seen[work] = peak_mb(work, options.size)
        return seen[work]

    rows = []
    for part in PARTS:
        rows += part.rows(options.size, memory)
        print(f"{part.__name__}: done after {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    imports = memory("imports")
    seconds = time.perf_counter() - start
    write(options.out, rows, options.size, seconds)
    about, blas = machine(), ", ".join(machine()["blas"])
    print(f"{about['cpu']}, {about['cores']} cores, one used; numpy {about['numpy']}; {blas}")
    imports_mb = "" if imports is None else f" ({imports:.0f} MB are the imports)"
    print(f"ms: CPU time, medians; MB: peak of a process{imports_mb}")
    print(table(rows))
    print(f"{seconds:.0f} s in all; written to {options.out}")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
