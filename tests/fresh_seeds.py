"""How often do true claims fail by chance? The comparisons behind the Monte-Carlo verdicts, over fresh seeds.

``python -m tests.fresh_seeds --seeds 200`` draws small versions of the chapters' tables again and again and lets
`claims` judge them. Each statement is true, so a verdict ``fails`` is a false alarm; the stated level is 1e-4 a claim.
Because that is too rare to be seen in 200 seeds, the table also counts how often the family-wise p value of a claim is
below 1 %: more often than that where few designs of a skewed risk are averaged, as the page on checks says. Written to
``benchmarks/fresh_seeds.csv``; status 1 when there are more false alarms than the stated level admits.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from w2s_utils import claims, parallel
from w2s_utils.claims import ALPHA, Finding
from w2s_utils.comparison import gaussian_pair_table
from w2s_utils.comparison_ridge import ridge_table
from w2s_utils.group_comparison import group_table
from w2s_utils.simulate import gaussian_pair, multi_index
from w2s_utils.theory import intrinsic_dimension as theory

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "benchmarks" / "fresh_seeds.csv"
LEVEL = 0.01
DOUBT = 1e-4  # the check itself ends red once in ten thousand times
SHAPE = dict(d_w=20, d_s=10, d_sw=4, sigma2=1.0)

Judged = Iterator[tuple[str, Finding, float]]  # name, finding, family-wise p value (NaN: none)


def _exact(id: str, table: pd.DataFrame, column: str, expected: Any, **test: Any) -> tuple[Finding, float]:
    found = claims.exact(id, expected, **claims.measured(table, column), on="fresh seeds", **test)
    assert found.z is not None
    return found, min(1.0, len(table) * 2 * float(stats.norm.sf(abs(found.z))))


def gaussian(seed: int) -> Judged:
    """Variances and risks of dong2025, by both engines."""
    # as in the chapters, samples exceed dimensions by at least 24: nearer, risks have tails too heavy for a t test
    sizes = [(46, 36), (60, 36), (60, 100), (200, 400)]
    for engine, trials in (("bartlett", 100), ("raw", 40)):
        points = [SHAPE | dict(target_scale=0.0, n=n, N=N, engine=engine, trials=trials) for n, N in sizes]
        table = gaussian_pair_table(points, seed=seed, label_noise="averaged")
        variance = theory.student_variance(table.n, table.N, **SHAPE)
        yield (
            f"student variance, {engine}",
            *_exact("dong2025/student-variance", table, "student_variance", np.asarray(variance)),
        )
        yield (
            f"teacher variance, {engine}",
            *_exact("dong2025/teacher-variance-fresh", table, "teacher", table.teacher_exact),
        )
        points = [SHAPE | dict(n=n, N=N, engine=engine, trials=trials) for n, N in sizes]
        table = gaussian_pair_table(points, seed=seed)
        for model in ("teacher", "student", "baseline", "ceiling"):
            yield f"{model} risk, {engine}", *_exact(f"book/{model}-risk", table, model, table[f"{model}_exact"])
        yield f"PGR of means, {engine}", *_exact("book/pgr-exact", table, "pgr", table.pgr_exact)


def angles(seed: int) -> Judged:
    """The same variance with partly overlapping directions."""
    pair = gaussian_pair.GaussianPair.from_angles(np.linspace(0.2, 1.4, 10), d_w=20, d_s=10, sigma2=1.0)
    rows = []
    for N, engine, trials in ((40, "bartlett", 100), (40, "raw", 40), (200, "raw", 40)):
        drawn = gaussian_pair.simulate(
            pair, 60, N, engine=engine, trials=trials, label_noise="averaged",
            seed=parallel.seed_sequence(seed, "angles", engine, N),
        )  # fmt: skip
        row = dict(N=N, v=drawn.variance_means.student, v_se=drawn.variance_standard_errors.student, designs=trials)
        rows.append(row)
    table = pd.DataFrame(rows)
    d_sw = pair.moments()["d_sw"]
    expected = theory.student_variance(60, table.N.to_numpy(), d_w=20, d_s=10, d_sw=d_sw, sigma2=1.0)
    yield "variance with angles", *_exact("book/principal-angles", table, "v", expected)


def groups(seed: int) -> Judged:
    """Limits of liu2026 under the three laws, at growing dimension with the chapters' allowance."""
    norms = dict(p_T=3, p_S=2, mu_T2=4.0, mu_S2=0.1, Xi2=0.2)
    for law in ("mean_shift", "mixture"):
        for engine, sizes in (("auto", {4: 120, 8: 60, 16: 30}), ("raw", {4: 120, 8: 40, 16: 15})):
            studies = [
                norms | dict(law=law, engine=engine, d_z=d, gamma=0.05, nu=0.05, fractions=[(0.1, 0.3, 0.5)], trials=k)
                for d, k in sizes.items()
            ]
            table = group_table(studies, seed=seed)
            d_z = (table.n * 0.05).round()
            for model in ("teacher", "student"):
                found = claims.asymptotic(
                    "book/mixture-limits", d_z, table[f"{model}_limit"], **claims.measured(table, model),
                    allowance=2 / d_z, on="fresh seeds",
                )  # fmt: skip
                yield f"{model} limit, {law}, {engine}", found, np.nan


def ridge(seed: int) -> Judged:
    """Errors of the ridge teacher and student, and the sign of a clear gain."""
    for engine, trials in (("mean", 40), ("haar", 20), ("raw", 12)):
        panels = [
            dict(
                d=d, gamma_t=0.5, gamma_s=2.0, sigma2=1.0, lam_t=[0.05], lam_s=[0.5, 1.0],
                engine=engine, trials=trials * 60 // d, **({"draws": 10} if engine == "raw" else {}),
            )
            for d in (20, 40, 60)
        ]  # fmt: skip
        table = ridge_table(panels, seed=seed)
        for model in ("teacher", "student"):
            found = claims.asymptotic(
                f"book/ridge-{model}-error", table.d, table[f"{model}_limit"], **claims.measured(table, model),
                allowance=6 / table.d, on="fresh seeds",
            )  # fmt: skip
            yield f"ridge {model}, {engine}", found, np.nan
        best = dict(gamma_t=0.5, gamma_s=0.5, sigma2=1.0, lam_t=[0.02], lam_s=[0.5])
        drawn = ridge_table([best | dict(d=60, engine=engine, trials=4 * trials)], seed=seed)
        sign = np.sign(drawn.gain_limit)
        found = claims.trend(
            "moniri2025/one-crossing", sign * drawn.gain, drawn.gain_se, smallest=abs(drawn.gain_limit) / 2,
            df=drawn.designs - 1, on="fresh seeds",
        )  # fmt: skip
        yield f"sign of the gain, {engine}", found, np.nan


def features(seed: int) -> Judged:
    """The student beats its teacher on easy and hard features."""
    setting = multi_index.MultiIndex(d=16, n=400, n_student=2000)
    drawn = multi_index.simulate(setting, trials=6, seed=seed).values
    gain = drawn["teacher"] - drawn["student"]
    found = claims.trend(
        "moniri2025/student-keeps-hard", [gain.mean()], [gain.std(ddof=1) / np.sqrt(len(gain))],
        smallest=[0.1], df=[len(gain) - 1], on="fresh seeds",
    )  # fmt: skip
    yield "student beats teacher, multi-index", found, np.nan


FAMILIES: tuple[Callable[[int], Judged], ...] = (gaussian, angles, groups, ridge, features)


def one_seed(seed: int) -> list[tuple[str, str, float]]:
    """Name, verdict and family-wise p value of every comparison at one seed."""
    return [(name, found.verdict, p) for family in FAMILIES for name, found, p in family(seed)]


def measure(seeds: int, first: int = 10_000, jobs: int | None = None) -> pd.DataFrame:
    """One row a comparison: seeds, false alarms, and p values below 1 %."""
    drawn = parallel.run(one_seed, [{"seed": first + k} for k in range(seeds)], jobs=jobs, label="fresh seeds")
    rows = pd.DataFrame([row for rows in drawn for row in rows], columns=["comparison", "verdict", "p"])
    made = rows.groupby("comparison", sort=False).agg(
        seeds=("verdict", "size"),
        false_alarms=("verdict", lambda verdicts: int((verdicts == "fails").sum())),
        below_1_percent=("p", lambda p: int((p < LEVEL).sum()) if p.notna().all() else -1),
    )
    return made.reset_index()


def in_line(table: pd.DataFrame) -> list[str]:
    """What is out of line with the stated level; empty when nothing is."""
    alarms, tried = int(table.false_alarms.sum()), int(table.seeds.sum())
    wrong = []
    if stats.binom.sf(alarms - 1, tried, ALPHA) < DOUBT:
        wrong.append(f"{alarms} false alarms in {tried} claims, stated level {ALPHA:g}")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Draw, print, write; 0 when nothing is out of line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fresh_seeds", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many fresh seeds (default 200)")
    parser.add_argument("--first", type=int, default=10_000, help="the first of them (default 10000)")
    parser.add_argument("--out", type=Path, default=RECORD, help="where the table goes")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    table = measure(options.seeds, options.first)
    table.to_csv(options.out, index=False)
    print(table.to_string(index=False))
    print(f"{options.seeds} seeds in {time.perf_counter() - start:.0f} s; written to {options.out}")
    wrong = in_line(table)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
