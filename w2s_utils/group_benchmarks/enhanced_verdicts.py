"""The paper's sentences about Enhanced-W2S as claims, over scenes, scene by scene and pair by pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from w2s_utils import claims
from w2s_utils.claims import Finding
from w2s_utils.group_benchmarks.data import common_images
from w2s_utils.group_benchmarks.enhanced_runs import DEFAULT, EnhancedRuns
from w2s_utils.group_benchmarks.enhanced_tables import SELECTED, SELECTED_PENALTY, over_pairs, overlap, owing_like
from w2s_utils.group_benchmarks.statistics import METRICS, PooledEstimate, combine, estimate, over_scenes
from w2s_utils.group_benchmarks.verdicts import PUBLISHED, command_for, pooled_trend, two_classes

SMALLEST = {"average": 0.5, "worst": 1.0}  # per cent of accuracy, and points, stated beforehand
# the method that should improve more, the other, the metric, and the cases over which their difference is averaged
COMPARED = {
    "book/selection-over-loss": ("p=0.5 q=0", "p=1 q=0.7", "average", (1,)),
    "book/loss-over-selection": ("p=1 q=0.7", "p=0.5 q=0", "average", (0,)),
    "book/fixed-filter-hurts": ("p=1 q=0.7", DEFAULT, "worst", (0,)),
    "book/enhanced-over-self-training": (SELECTED, "self-training", "average", (0, 1)),
    "book/enhanced-over-confidence-loss": (SELECTED, "confidence loss", "average", (0, 1)),
    "book/enhanced-over-penalty": (SELECTED, SELECTED_PENALTY, "average", (0, 1)),
    "book/confidence-loss-worst-group": ("confidence loss", "vanilla", "worst", (0, 1)),
}


def enhanced_findings(runs: Mapping[str, EnhancedRuns]) -> list[Finding]:
    """Verdicts on the improvement by settings selected on the labelled sample, in both cases.

    Parameters
    ----------
    runs : mapping of str to EnhancedRuns
        By the scene's short name; a reader's data set by its own.

    Returns
    -------
    list of Finding
        On average accuracy and in the worst group over scenes, each case a contrast; on the mean of
        both cases scene by scene; then the paper's data sets.
    """
    scenes = [name for name in runs if runs[name].bench.data.images is None]
    found = []
    two = two_classes(runs)
    alike = common_images([runs[name].bench for name in two])
    for metric in METRICS:
        cells = {name: _cases(runs[name], metric) for name in runs}
        if len(two) > 1:
            whole = [over_scenes(parts, alike) for parts in zip(*(cells[name] for name in two), strict=True)]
            found.append(pooled_trend(f"liu2026/enhanced-{metric}", whole, SMALLEST[metric], _on(runs, two)))
        for name in scenes if metric == "average" else ():
            id = f"liu2026/enhanced-{metric}-{name}"
            found.append(pooled_trend(id, [_mean_case(runs[name])], SMALLEST[metric], _on(runs, [name])))
    for name in PUBLISHED:
        id = f"liu2026/table1-{name}"
        if name in runs:
            found.append(pooled_trend(id, _cases(runs[name], "average"), SMALLEST["average"], _on(runs, [name])))
        else:
            found.append(claims.not_tested(id, needs=f"{name} on disk; {command_for(name, 'enhanced_w2s')}"))
    return found


def consistency_finding(table: pd.DataFrame) -> Finding:
    """Whether the average improves for every pair in every case.

    A pair for which the vanilla student was selected in most draws has hardly a spread to test by: its standard error
    is near 0 whatever a rare other choice would bring. It is counted, not tested.

    Parameters
    ----------
    table : DataFrame
        From `enhanced_tables.improvement_table`, one method. Without a pair to test the claim is not tested.
    """
    moved = table[table.moved >= 0.5]
    if moved.empty:
        needs = "a pair for which p and q other than those of vanilla training are selected in most draws"
        return claims.not_tested("liu2026/enhanced-consistent", needs=needs)
    up, down = ((sign * moved.average > 2 * moved.average_se).sum() for sign in (1, -1))
    on = f"{len(table)} pairs and cases: {up} up and {down} down by more than two standard errors"
    on += f", {len(table) - len(moved)} mostly left as they were"
    return claims.trend(
        "liu2026/enhanced-consistent",
        moved.average,
        moved.average_se,
        smallest=SMALLEST["average"],
        df=moved.designs - 1,
        on=on,
    )


def filter_finding(runs: Mapping[str, EnhancedRuns], p: float = 0.5) -> Finding:
    """Whether the rows kept hold fewer minority images than the sample, in the second case."""
    names = two_classes(runs) or list(runs)
    effects, ses, df = [], [], []
    for run in (runs[name] for name in names):
        left = run.cases[1][1] - run.minority[:, 1].mean(1)[:, run.p.index(p)]
        effects.append(float(left.mean()))
        # draws repeat the pool, as in `statistics`
        ses.append(float(left.std(ddof=1) * np.sqrt(1 / len(left) + max(overlap(run, 1)))))
        df.append(len(left) - 1)
    on = f"minority fraction of the sample minus that of the {p:.0%} kept, mean over pairs, {', '.join(names)}"
    return claims.trend("liu2026/filter-drops-minority", effects, ses, smallest=0.02, df=df, on=on)


def comparison_findings(runs: Mapping[str, EnhancedRuns]) -> list[Finding]:
    """Verdicts of `COMPARED`: differences of improvements, over data sets."""
    names = two_classes(runs) or list(runs)
    found, alike = [], common_images([runs[name].bench for name in names])
    for id, (first, second, metric, cases) in COMPARED.items():
        steps = []
        for run in (runs[name] for name in names):
            parts = [over_pairs(run, case, method, metric) for case in cases for method in (first, second)]
            weights = [sign / len(cases) for _ in cases for sign in (1, -1)]
            default = combine([over_pairs(run, case, DEFAULT, metric) for case in cases])
            steps.append(estimate(owing_like(combine(parts, weights), default), _overlap(run, cases)))
        on = f"{first} minus {second}; {_on(runs, names)}"
        found.append(pooled_trend(id, [over_scenes(steps, alike)], SMALLEST[metric], on))
    return found


def _overlap(run: EnhancedRuns, cases: Sequence[int]) -> tuple[float, float]:
    both = [overlap(run, case) for case in cases]
    return max(pair[0] for pair in both), max(pair[1] for pair in both)


def _mean_case(run: EnhancedRuns) -> PooledEstimate:
    cases = range(len(run.cases))
    return estimate(combine([over_pairs(run, case, SELECTED) for case in cases]), _overlap(run, cases))


def _cases(run: EnhancedRuns, metric: str) -> list[PooledEstimate]:
    return [estimate(over_pairs(run, case, SELECTED, metric), overlap(run, case)) for case in range(len(run.cases))]


def _on(runs: Mapping[str, EnhancedRuns], names: Sequence[str]) -> str:
    pairs, draws = sum(len(runs[name].pairs) for name in names), len(runs[names[0]].hits)
    return f"{pairs} pairs on {', '.join(names)}, {draws} draws"
