"""How much a method improves on the vanilla student: per pair, over pairs, over scenes; and what the filter keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils._arrays import FloatArray
from w2s_utils.environment import ROOT
from w2s_utils.group_benchmarks.enhanced_runs import DEFAULT, SELECTED_FROM, STRONGER, EnhancedRuns, setting
from w2s_utils.group_benchmarks.statistics import (
    METRICS,
    Measured,
    combine,
    estimate,
    group_accuracies,
    influence,
    score,
)

SELECTED, SELECTED_PENALTY = "selected p, q", "selected penalty"
ABLATIONS = {
    "both (default)": DEFAULT,
    "selection only": "p=0.5 q=0",
    "loss only": "p=1 q=0.7",
    "selected p, q": SELECTED,
    "cross-entropy, selected penalty": SELECTED_PENALTY,
    "confidence loss": "confidence loss",
    "self-training": "self-training",
}


def hits_of(runs: EnhancedRuns, method: str, case: int, pair: int) -> npt.NDArray[np.bool_]:
    """Hits (J, T) of a method, or of the one that the labelled sample selects in each run.

    Parameters
    ----------
    runs : EnhancedRuns
    method : str
        One of ``runs.methods``, or "selected p, q" (from `SELECTED_FROM` and the vanilla student), or "selected
        penalty" (from the penalty and its multiples).
    case, pair : int
        Positions.

    Raises
    ------
    ValueError
        If the method was not run.
    """
    return runs.hits[np.arange(len(runs.hits)), case, pair, _positions(runs, method, case, pair)]


def _positions(runs: EnhancedRuns, method: str, case: int, pair: int) -> npt.NDArray[np.int64]:
    """Of the method among those of the runs, in every draw."""
    if method in (SELECTED, SELECTED_PENALTY):
        names = [f"penalty x{factor:g}" for factor in STRONGER]
        if method == SELECTED:
            # the order decides ties: what changes least first
            names = [setting(*values) for values in sorted(SELECTED_FROM, key=lambda value: (-value[0], value[1]))]
        at = np.array([runs.methods.index(name) for name in ("vanilla", *names)])
        return at[runs.labelled[:, case, pair, at].argmax(-1)]
    if method not in runs.methods:
        raise ValueError(f"method = {method!r} was not run; known: {', '.join(runs.methods)}, {SELECTED}")
    return np.full(len(runs.hits), runs.methods.index(method))


@lru_cache(maxsize=64)
def _cells(runs: EnhancedRuns) -> tuple[FloatArray, FloatArray]:
    """Accuracies in every group of all methods, and of the twins."""
    hits, twin = ([group_accuracies(draw, runs.bench.groups) for draw in part] for part in (runs.hits, runs.twin))
    return np.stack(hits), np.stack(twin)


def _scores(runs: EnhancedRuns, method: str, case: int, pair: int, metric: str) -> FloatArray:
    """Accuracy of a method in every draw."""
    at = _positions(runs, method, case, pair)
    return score(_cells(runs)[0][np.arange(len(at)), case, pair, at], metric)


@lru_cache(maxsize=20_000)
def improvement(runs: EnhancedRuns, case: int, pair: int, method: str = DEFAULT, metric: str = "average") -> Measured:
    """Improvement on the vanilla student: in per cent of its accuracy on average, in points for the worst group.

    A worst group of a few per cent makes ratios meaningless, hence points.

    Parameters
    ----------
    runs : EnhancedRuns
    case, pair : int
    method : str
        As in `hits_of`.
    metric : {"average", "worst"}

    Returns
    -------
    Measured
    """
    groups = runs.bench.groups
    new, old = hits_of(runs, method, case, pair), hits_of(runs, "vanilla", case, pair)
    before, after, default = (_scores(runs, name, case, pair, metric) for name in ("vanilla", method, DEFAULT))
    twin = score(_cells(runs)[1][:, case, pair], metric)
    both = (default, before), (twin[:, 1], twin[:, 0])
    each = np.full(len(new), 1 / len(new))
    if metric == "worst":
        moved = influence(new, groups, metric, each) - influence(old, groups, metric, each)
        step, twins = after - before, np.stack([high - low for high, low in both], 1)
    else:
        moved = influence(new, groups, metric, each / before)
        moved -= influence(old, groups, metric, each * after / before**2)
        step = after / before - 1
        twins = np.stack([high / low - 1 for high, low in both], 1)
    # only the default ran twice; other methods are taken to owe the same share of their variance to either draw
    spread = float(twins[:, 0].std())
    twins = twins * (step.std() / spread if spread else 0.0)
    return Measured(100 * step, 100 * twins, 100 * moved)


def overlap(runs: EnhancedRuns, case: int) -> tuple[float, float]:
    """What labelled and unlabelled draws of a case repeat of the pool, for `statistics.estimate`."""
    el, eu = runs.cases[case]
    return runs.bench.overlap(runs.n, el), runs.bench.overlap(runs.N, eu)


def over_pairs(runs: EnhancedRuns, case: int, method: str = DEFAULT, metric: str = "average") -> Measured:
    """Mean of `improvement` over pairs."""
    return combine([improvement(runs, case, at, method, metric) for at in range(len(runs.pairs))])


def owing_like(step: Measured, default: Measured) -> Measured:
    """A difference of methods with twins of its own size: only `DEFAULT` ran twice, and its share stands for theirs.

    Twins of two methods, each made from the default's, would cancel in their difference.
    """
    spread = float(default.draws.std())
    return replace(step, twins=default.twins * (float(step.draws.std()) / spread if spread else 0.0))


def improvement_table(runs: EnhancedRuns, methods: Sequence[str] = (DEFAULT, SELECTED)) -> pd.DataFrame:
    """Every pair and case: accuracies of teacher and vanilla student, improvements with standard errors.

    Returns
    -------
    DataFrame
        scene, eta_l, eta_u, teacher, student, method, and for each metric the vanilla accuracy, the improvement (per
        cent, points), its ``_se``, and for the worst group ``worst_relative`` (per cent, of mean accuracies); designs;
        ``moved``, the share of draws in which a test image is classified otherwise than by the vanilla student.
    """
    rows = []
    for case, (el, eu) in enumerate(runs.cases):
        for at, (weak, strong) in enumerate(runs.pairs):
            for method in methods:
                keys = {"scene": runs.bench.name, "eta_l": el, "eta_u": eu, "teacher": weak, "student": strong}
                row = keys | {"method": method, "designs": len(runs.hits)}
                changed = hits_of(runs, method, case, at) != hits_of(runs, "vanilla", case, at)
                row["moved"] = float(changed.any(-1).mean())
                for metric in METRICS:
                    before, after = (
                        float(_scores(runs, name, case, at, metric).mean()) for name in ("vanilla", method)
                    )
                    found = estimate(improvement(runs, case, at, method, metric), overlap(runs, case))
                    row |= {f"vanilla_{metric}": before, metric: found.mean, f"{metric}_se": found.se}
                    if metric == "worst":
                        row["worst_relative"] = 100 * (after - before) / max(before, 1e-9)
                rows.append(row)
    return pd.DataFrame(rows)


def ablation_table(runs: EnhancedRuns) -> pd.DataFrame:
    """Mean improvement over pairs of every method of `ABLATIONS`, per case and metric, with its standard error."""
    rows = []
    for case, (el, eu) in enumerate(runs.cases):
        for name, method in ABLATIONS.items():
            row = {"scene": runs.bench.name, "eta_l": el, "eta_u": eu, "method": name, "designs": len(runs.hits)}
            for metric in METRICS:
                found = estimate(over_pairs(runs, case, method, metric), overlap(runs, case))
                row |= {metric: found.mean, f"{metric}_se": found.se}
            rows.append(row)
    return pd.DataFrame(rows)


def filter_table(runs: EnhancedRuns) -> pd.DataFrame:
    """What the filter keeps, mean over pairs: minority fraction and accuracy of pseudo-labels against p.

    Standard errors are over fresh pools, every draw counted as repeating as much of the pool as its unlabelled part.
    """
    rows = []
    for case, (el, eu) in enumerate(runs.cases):
        minority, right = (part[:, case].mean(1) for part in (runs.minority, runs.right))
        for at, share in enumerate(runs.p):
            keys = {"scene": runs.bench.name, "eta_l": el, "eta_u": eu, "p": share, "designs": len(minority)}
            values = {"minority": minority[:, at], "right": right[:, at]}
            means = {key: float(value.mean()) for key, value in values.items()}
            root = np.sqrt(1 / len(minority) + max(overlap(runs, case)))
            errors = {f"{key}_se": float(value.std(ddof=1) * root) for key, value in values.items()}
            rows.append(keys | means | errors)
    return pd.DataFrame(rows)


def sensitivity_table(runs: EnhancedRuns) -> pd.DataFrame:
    """Mean improvement over pairs of every (p, q) that was run, per case and metric, with its standard error."""
    rows = []
    for case, (el, eu) in enumerate(runs.cases):
        for method in runs.methods:
            if not method.startswith("p="):
                continue
            p, q = (float(part.split("=")[1]) for part in method.split())
            row = {"scene": runs.bench.name, "eta_l": el, "eta_u": eu, "p": p, "q": q}
            for metric in METRICS:
                found = estimate(over_pairs(runs, case, method, metric), overlap(runs, case))
                row |= {metric: found.mean, f"{metric}_se": found.se}
            rows.append(row)
    return pd.DataFrame(rows)


def published_table(folder: Path = ROOT / "data") -> pd.DataFrame:
    """Table 1 of the paper: relative improvement in per cent of average accuracy; NaN where a pair was left out.

    Returns
    -------
    DataFrame
        dataset, eta_l, eta_u, pair, improvement.

    Examples
    --------
    >>> table = published_table()
    >>> filled = table.improvement.dropna()
    >>> len(table), len(filled), int((filled < 0).sum()), round(float(filled.mean()), 2)
    (80, 70, 3, 7.83)
    """
    table = pd.read_csv(folder / "liu2026_table1.csv", comment="#")
    return table.melt(["dataset", "eta_l", "eta_u"], var_name="pair", value_name="improvement")
