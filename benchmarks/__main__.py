"""Measure every row, print the table and write it as JSON; status 1 when a target is missed, 130 after Ctrl-C.

Each part is written as soon as it is measured. With --keep a complete run at full size becomes the record that the
page on performance is made from; do that on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import cache, partial
from importlib import import_module
from pathlib import Path

# one core for every side; has to happen before numpy is imported
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

from benchmarks import processes, rates
from benchmarks.harness import table
from benchmarks.record import BUILT, KEPT, Record

PARTS = ("figure", "growth", "ridge_path", "groups", "ridge_grid", "gce_heads", "loading", "diagnosing")
EXAMPLES = """examples:
  python -m benchmarks                      every part, about six minutes on an idle core
  python -m benchmarks --keep               the same, kept as benchmarks/record.json
  python -m benchmarks --part groups        one part only
  python -m benchmarks --size tiny --out tiny.json   checks the harness"""


def parser() -> argparse.ArgumentParser:
    """Options of ``python -m benchmarks``."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--size", choices=("full", "tiny"), default="full", help="tiny checks the harness only")
    made.add_argument("--part", action="append", choices=PARTS, help="measure this part only; may be repeated")
    made.add_argument("--out", type=Path, default=BUILT, help="JSON file to write, default _build/benchmarks.json")
    made.add_argument("--keep", action="store_true", help="also keep the run as benchmarks/record.json")
    made.add_argument("--no-memory", action="store_true", help="skip the processes that only measure peak memory")
    made.add_argument("--only", metavar="PART:WORK", help="do one side's work, print this process's peak memory")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run every row; 0 when all targets are met, 1 otherwise, 130 when stopped."""
    options = parser().parse_args(arguments)
    if options.only:
        print(processes.only(*options.only.split(":", 1), options.size))
        return 0
    if options.keep and (options.size != "full" or options.part or options.no_memory):
        parser().error("--keep is not allowed with --size tiny, --part or --no-memory: a record is complete")

    start = time.perf_counter()

    def elapsed() -> float:
        return time.perf_counter() - start

    def say(text: str) -> None:
        print(f"[{elapsed():6.1f} s] {text}", file=sys.stderr, flush=True)

    @cache
    def memory(part: str, work: str) -> float | None:
        return None if options.no_memory else float(processes.alone(part, work, options.size)["mb"])

    say("rates of this machine")
    record = Record(options.out, options.size, rates.measure(options.size))
    chosen = [part for part in PARTS if not options.part or part in options.part]
    try:
        for count, part in enumerate(chosen, 1):
            say(f"{count}/{len(chosen)} {part}")
            module = import_module(f"benchmarks.{part}")
            rows = module.rows(options.size, partial(memory, part))
            record.add(part, rows, memory(part, processes.IMPORTS), elapsed())
            grown = [curve for row in rows for curve in row.details.get("curves", [])]
            record.grow(part, grown or getattr(module, "growth", lambda size: [])(options.size), elapsed())
        if len(chosen) == len(PARTS):
            record.finish(elapsed())
    except KeyboardInterrupt:
        say(f"stopped; {len(record.content['parts'])} of {len(chosen)} parts are in {options.out}")
        return 130
    show(record, elapsed(), options.out)
    if options.keep:
        record.save(KEPT)
        print(f"kept as {KEPT.relative_to(KEPT.parents[1])}")
    return 0 if all(row.met for row in record.rows) else 1


def show(record: Record, seconds: float, out: Path) -> None:
    """Print machine, rows and growth."""
    about = record.content["machine"]
    print(f"{about['cpu']}, {about['cores']} cores, one used; numpy {about['numpy']}; {', '.join(about['blas'])}")
    print("ms: CPU time, medians; MB: peak of a process; limit: the shortest time this machine allows")
    print(table(record.rows, record.content["rates"]))
    for curve in record.content["growth"]:
        sizes = f"{curve['sizes'][0]:,} to {curve['sizes'][-1]:,}"
        print(f"{curve['side']}: {curve['variable']}^({curve['exponent']:.2f} +- {curve['se']:.2f}), {sizes}")
    print(f"{seconds:.0f} s in all; written to {out}")


if __name__ == "__main__":
    sys.exit(main())
