"""Which pairs of models count: sorted by strength, kept or dropped by the paper's rule, and every pair in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from w2s_utils import datasets
from w2s_utils.group_benchmarks.data import Benchmark, Pair
from w2s_utils.group_benchmarks.runs import Runs, answers
from w2s_utils.group_benchmarks.statistics import METRICS
from w2s_utils.group_benchmarks.tables import over_pairs


def by_strength(bench: Benchmark, etas: Sequence[float], *, n: int, seeds: Sequence[int], penalty: float) -> Benchmark:
    """The same with its models sorted, weak to strong, by what they learn from 2n true labels.

    Scored on pool images that were not drawn, every group counting alike; test images play no part.

    Parameters
    ----------
    bench : Benchmark
    etas : sequence of float
        Minority fractions of the samples; accuracies are averaged.
    n : int
    seeds : sequence of int
        Other ones than those of the runs.
    penalty : float

    Returns
    -------
    Benchmark

    Examples
    --------
    >>> from w2s_utils.group_benchmarks import data
    >>> tops = data.load("scenes_tops", models=["squeezenet", "lite0_block4"])
    >>> list(by_strength(tops, [0.5], n=50, seeds=[900], penalty=0.03).features)
    ['lite0_block4', 'squeezenet']
    """
    drawn = [
        datasets.resample_groups(bench.data, 2 * n, 1, eta_l=eta, eta_u=eta, seed=seed).labelled
        for seed in seeds
        for eta in etas
    ]
    found = {model: float(np.mean(answers(bench, X, drawn, penalty)[1])) for model, X in bench.features.items()}
    return replace(bench, features={model: bench.features[model] for model in sorted(found, key=found.__getitem__)})


def pairs_by_rule(table: pd.DataFrame) -> pd.DataFrame:
    """The paper's rule: a pair is kept if which of the two is stronger does not change over settings.

    The order in which models are listed, weak to strong by other samples, counts as one more setting.

    Parameters
    ----------
    table : DataFrame
        model, sample, eta, size, accuracy of heads trained with true labels; models listed as `by_strength` sorts
        them. From `Runs.accuracies`: the pairs that count must not be chosen on the images that judge them.

    Returns
    -------
    DataFrame
        One row a pair: teacher (listed before), student, kept, settings, stronger (settings in which the student is),
        margin (its smallest lead, in points of accuracy; negative if it falls behind).

    References
    ----------
    .. [1] liu2026, experiments on benchmarks, as quoted by a reviewer.

    Examples
    --------
    >>> rows = [dict(model=m, sample="labelled", eta=e, size=1, accuracy=a)
    ...         for m, e, a in (("a", 0.1, 0.5), ("b", 0.1, 0.6), ("a", 0.5, 0.7), ("b", 0.5, 0.65))]
    >>> pairs_by_rule(pd.DataFrame(rows))[["kept", "stronger", "settings"]].values.tolist()
    [[False, 1, 2]]
    """
    wide = table.pivot(index=["sample", "eta", "size"], columns="model", values="accuracy")[table.model.unique()]
    found = []
    for at, low in enumerate(wide.columns):
        for high in wide.columns[at + 1 :]:
            lead = 100 * (wide[high] - wide[low])
            found.append(
                {
                    "teacher": low,
                    "student": high,
                    "kept": bool((lead > 0).all()),
                    "stronger": int((lead > 0).sum()),
                    "settings": len(lead),
                    "margin": float(lead.min()),
                }
            )
    return pd.DataFrame(found)


def kept_pairs(rule: pd.DataFrame, runs: Runs) -> list[Pair]:
    """Pairs that the rule keeps, with the stronger model as student.

    Raises
    ------
    ValueError
        If the rule keeps no pair.
    """
    kept = [(row.teacher, row.student) for row in rule[rule.kept].itertuples()]
    if not kept:
        best = rule.sort_values("margin").iloc[-1]
        nearest = f"{best.teacher} < {best.student} is behind by up to {-best.margin:.1f} points"
        raise ValueError(
            f"{runs.bench.name}: the rule drops {len(rule)} of {len(rule)} pairs, as the stronger model changes; "
            f"at best {nearest}; take models further apart or a larger n"
        )
    return kept


def pair_table(runs: Runs, rule: pd.DataFrame, matched: Sequence[float]) -> pd.DataFrame:
    """Every pair: kept or dropped, and its gains where eta_u = eta_l.

    Parameters
    ----------
    runs : Runs
    rule : DataFrame
        From `pairs_by_rule`.
    matched : sequence of float
        Values of eta_l that are also values of eta_u.

    Returns
    -------
    DataFrame
        As ``rule`` with scene, and a mean and ``_se`` named like ``average_0.5`` for each metric and eta_l.
    """
    rows = []
    for row in rule.to_dict("records"):
        pair = (row["teacher"], row["student"])
        cells = {"scene": runs.bench.name} | row
        for metric in METRICS:
            for eta in matched:
                found = over_pairs(runs, [pair], [(eta, eta)], metric)
                cells |= {f"{metric}_{eta:g}": found.mean, f"{metric}_{eta:g}_se": found.se}
        rows.append(cells)
    return pd.DataFrame(rows)
