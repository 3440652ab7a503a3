"""Do the tests notice? One small change at a time in theory, simulate and claims, and the tests of that module.

``python -m tests.mutation --sample 100 --seed 0`` draws that many mutants (0: all of them), prints a line for each,
and writes ``benchmarks/mutants.csv``, which the page on checks shows; status 1 when fewer than 90 % are killed. Its
last column says why a survivor is harmless; a reason written there is kept. Mutations are cosmic-ray's; ours
are the sample and the choice of tests, without which each mutant would cost the whole suite.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parents[1]
WANTED = 0.9
SECONDS = 300  # a mutant that makes the tests run longer is killed: they would be stopped

# the first tests that match are the module's; doctests of the module come first
TESTS = {
    "theory/marchenko_pastur.py": ["test_marchenko_pastur.py", "test_regularization.py"],
    "theory/_ranges.py": ["test_domains.py"],
    "theory/intrinsic_dimension/published.py": ["test_intrinsic_dimension.py", "test_domains.py"],
    "theory/intrinsic_dimension/": ["test_intrinsic_dimension.py", "test_intrinsic_dimension_bounds.py"]
    + ["test_intrinsic_dimension_errors.py", "test_domains.py"],
    "theory/regularization/rates.py": ["test_comparison_rates.py", "test_regularization.py", "test_domains.py"],
    "theory/regularization/": ["test_regularization.py", "test_domains.py"],
    "theory/spurious_correlation/": ["test_spurious_correlation.py", "test_group_imbalance.py", "test_domains.py"],
    "theory/deterministic_equivalent/": ["test_deterministic_equivalent.py", "test_deterministic_equivalent_errors.py"]
    + ["test_deterministic_equivalent_simulated.py", "test_domains.py"],
    "simulate/group_imbalance.py": ["test_group_imbalance.py"],
    "simulate/_group": ["test_group_imbalance.py"],
    "simulate/ridge.py": ["test_ridge.py"],
    "simulate/_ridge": ["test_ridge.py"],
    "simulate/_shared": ["test_ridge.py", "test_comparison_rates.py"],
    "simulate/multi_index.py": ["test_multi_index.py"],
    "simulate/_network.py": ["test_multi_index.py"],
    "simulate/": ["test_gaussian_pair.py", "test_gaussian_pair_engines.py", "test_gaussian_pair_errors.py"]
    + ["test_gaussian_pair_means.py"],
    "claims/": ["test_claims.py", "test_claims_rates.py", "test_claims_ridge.py", "test_claims_tables.py"],
}
ARITHMETIC = ["Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul", "Mod_Mul", "FloorDiv_Mul"]
COMPARISONS = ["Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_Gt", "LtE_GtE", "Gt_Lt", "GtE_LtE", "Eq_NotEq", "NotEq_Eq"]
OPERATORS = [
    *(f"core/ReplaceBinaryOperator_{name}" for name in ARITHMETIC),
    *(f"core/ReplaceComparisonOperator_{name}" for name in COMPARISONS),
    "core/ReplaceUnaryOperator_USub_UAdd",
    "core/ReplaceUnaryOperator_Delete_USub",
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "core/AddNot",
    "core/NumberReplacer",
    "core/ZeroIterationForLoop",
]


@dataclass(frozen=True)
class Mutant:
    """One change: module (relative to w2s_utils), cosmic-ray's operator, and which of its places."""

    module: str
    operator: str
    occurrence: int

    @property
    def source(self) -> str:
        return (ROOT / "w2s_utils" / self.module).read_text(encoding="utf-8")

    def changed(self) -> str | None:
        """The module with the change; None past the last place."""
        return mutate_code(self.source, get_operator(self.operator)(), self.occurrence)

    def lines(self) -> tuple[int, str]:
        """Line number, and the line before and after."""
        before, after = self.source.splitlines(), (self.changed() or "").splitlines()
        for tag, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag != "equal":
                return i + 1, " / ".join(line.strip() for line in [*before[i:j], "->", *after[k:m]])
        return 0, "no change"


@cache
def tests_of(module: str) -> tuple[str, ...]:
    names = next(tests for prefix, tests in TESTS.items() if module.startswith(prefix))
    return (f"w2s_utils/{module}", *(f"tests/{name}" for name in names))


class _Count(Visitor):
    """Counts the places of one operator."""

    def __init__(self, operator: Any) -> None:
        self.operator, self.places = operator, 0

    def visit(self, node: Any) -> Any:
        self.places += len(list(self.operator.mutation_positions(node)))
        return node


def mutants() -> list[Mutant]:
    """Every mutant of every module, in order."""
    found = []
    for part in ("theory", "simulate", "claims"):
        for path in sorted((ROOT / "w2s_utils" / part).rglob("*.py")):
            module = path.relative_to(ROOT / "w2s_utils").as_posix()
            tree = get_ast(path.read_text(encoding="utf-8"))
            for operator in OPERATORS:
                count = _Count(get_operator(operator)())
                count.walk(tree)
                found += [Mutant(module, operator, place) for place in range(count.places)]
    return found


def killed(mutant: Mutant) -> bool:
    """Whether the tests of the module fail with the change."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        root = Path(name)
        for path in ROOT.iterdir():
            if path.name not in ("w2s_utils", "_build", ".git", ".pytest_cache", ".hypothesis"):
                (root / path.name).symlink_to(path)
        shutil.copytree(ROOT / "w2s_utils", root / "w2s_utils", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "w2s_utils" / mutant.module).write_text(mutant.changed() or "", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
        command += [f"--rootdir={root}", *(test for test in tests_of(mutant.module))]
        environment = {**os.environ, "PYTHONPATH": str(root), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        try:
            done = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return True
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"pytest ended with {done.returncode} on {mutant}: {done.stdout[-300:]!r}")
    return done.returncode != 0


def table_on_disk(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Rows of the last table, by module and change."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {(row["module"], row["change"]): row for row in csv.DictReader(file)}


def main(arguments: list[str] | None = None) -> int:
    """Draw, try, print and write; 0 when at least 90 % are killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=100, help="how many mutants; 0 for all (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (default 0)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (default 1)")
    parser.add_argument("--only", default="", help="modules that start so, e.g. theory/regularization")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "mutants.csv", help="where the table goes")
    parser.add_argument("--again", action="store_true", help="keep what the table has as killed: try survivors again")
    options = parser.parse_args(arguments)
    last = table_on_disk(options.out)
    every = [mutant for mutant in mutants() if mutant.module.startswith(options.only)]
    drawn = random.Random(options.seed).sample(every, min(options.sample or len(every), len(every)))
    print(f"{len(drawn)} of {len(every)} mutants", flush=True)
    start, rows = time.perf_counter(), []

    def dies(mutant: Mutant) -> bool:
        known = last.get((mutant.module, mutant.lines()[1])) if options.again else None
        return (known is not None and known["outcome"] == "killed") or killed(mutant)

    with ThreadPoolExecutor(options.jobs) as pool:
        for count, (mutant, dead) in enumerate(zip(drawn, pool.map(dies, drawn), strict=True), 1):
            line, change = mutant.lines()
            rows.append((mutant.module, line, "killed" if dead else "survived", change))
            elapsed = time.perf_counter() - start
            print(f"[{elapsed:6.0f} s] {count}/{len(drawn)} {rows[-1][2]} {mutant.module}:{line} {change}", flush=True)
    why = {key: row["why"] for key, row in last.items()}
    table = [(*row, "" if row[2] == "killed" else why.get((row[0], row[3]), "")) for row in sorted(rows)]
    with options.out.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("module", "line", "outcome", "change", "why"), *table])
    share = sum(row[2] == "killed" for row in rows) / max(len(rows), 1)
    print(f"killed {share:.1%} of {len(rows)}; written to {options.out}")
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
