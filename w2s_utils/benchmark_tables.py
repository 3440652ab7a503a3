"""Gains of students over teachers, baselines and ceilings: per pair, over pairs, over scenes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from w2s_utils._arrays import FloatArray
from w2s_utils.benchmark_runs import Runs
from w2s_utils.benchmark_stats import METRICS, Estimate, Measured, combine, estimate, group_accuracies, influence, score

AGAINST = ("teacher", "baseline", "ceiling")
# samples of n rows, n others, both: sizes n and 2n count alike
_SAMPLES = np.array([0.25, 0.25, 0.5])


def gain(
    runs: Runs, pair: tuple[str, str], eta_l: float, eta_u: float, metric: str = "average", against: str = "teacher"
) -> Measured:
    """Student's accuracy minus another model's, in percentage points, averaged over labelled and unlabelled sizes.

    Parameters
    ----------
    runs : Runs
    pair : (str, str)
        Teacher and student.
    eta_l, eta_u : float
        Of those that were run.
    metric : {"average", "worst"}
    against : {"teacher", "baseline", "ceiling"}
        The baseline is the student's model on the teacher's labels, the ceiling the same on true labels of the
        unlabelled sample.

    Returns
    -------
    Measured

    Raises
    ------
    ValueError
        If a name or a fraction was not run.
    """
    if against not in AGAINST:
        raise ValueError(f"against = {against!r} is unknown; it must be one of {', '.join(AGAINST)}")
    if pair not in runs.pairs or eta_l not in runs.etas_l or eta_u not in runs.etas_u:
        raise ValueError(f"pair = {pair}, eta_l = {eta_l}, eta_u = {eta_u} was not run")
    at_l, at_u = runs.etas_l.index(eta_l), runs.etas_u.index(eta_u)
    student = runs.student[:, runs.pairs.index(pair), at_l, at_u]  # (J, 2, 3, T)
    model = runs.models.index(pair[0] if against == "teacher" else pair[1])
    J, _, samples, T = student.shape
    weights = np.broadcast_to(_SAMPLES / 2, (J, 2, samples))
    if against == "ceiling":
        other = runs.ceiling[:, model, at_u][:, :, None]  # (J, 2, 1, T)
        other_weights = np.full((J, 2, 1), 0.5)
    else:
        other = runs.teacher[:, model, at_l][:, None]  # (J, 1, 3, T)
        other_weights = np.broadcast_to(_SAMPLES, (J, 1, samples))
    groups = runs.bench.groups
    step = 100 * (score(group_accuracies(student, groups), metric) - score(group_accuracies(other, groups), metric))
    moved = influence(student.reshape(-1, T), groups, metric, weights.reshape(-1) / J)
    moved -= influence(other.reshape(-1, T), groups, metric, other_weights.reshape(-1) / J)
    return Measured((step * weights).sum((1, 2)), step.mean(1)[:, :2], 100 * moved)


@lru_cache(maxsize=8)
def all_gains(runs: Runs, against: str = "teacher") -> dict[tuple[object, ...], Measured]:
    """`gain` of every pair and setting, under (pair, eta_l, eta_u, metric)."""
    return {
        (pair, eta_l, eta_u, metric): gain(runs, pair, eta_l, eta_u, metric, against)
        for pair in runs.pairs
        for eta_l in runs.etas_l
        for eta_u in runs.etas_u
        for metric in METRICS
    }


def shares(runs: Runs) -> tuple[float, float]:
    """What labelled and unlabelled draws take of the pool, at most, for `estimate`."""
    return runs.bench.overlap(2 * runs.n, runs.N, runs.etas_l, runs.etas_u)


def over_pairs(
    runs: Runs,
    pairs: Sequence[tuple[str, str]],
    settings: Sequence[tuple[float, float]],
    metric: str,
    *,
    weights: Sequence[float] = (1.0,),
    against: str = "teacher",
) -> Measured:
    """Weighted sum over settings (eta_l, eta_u) of the mean gain over pairs; two settings and weights 1, -1: a step."""
    found = all_gains(runs, against)
    means = [combine([found[pair, el, eu, metric] for pair in pairs]) for el, eu in settings]
    return combine(means, weights)


def over_scenes(estimates: Sequence[Estimate]) -> Estimate:
    """Mean over scenes; scenes share garments and places, so errors add as if wholly dependent, an upper bound.

    Examples
    --------
    >>> one = Estimate(2.0, 0.5, 9, 0.2, 0.0, 0.05)
    >>> over_scenes([one, one]).se
    0.5
    """
    mean, se, labelled, unlabelled, test = (
        float(np.mean([getattr(one, name) for one in estimates]))
        for name in ("mean", "se", "labelled", "unlabelled", "test")
    )
    return Estimate(mean, se, min(one.df for one in estimates), labelled, unlabelled, test)


def gain_curves(runs: Runs, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Mean gain over pairs in every setting, with accuracies of the four models.

    Parameters
    ----------
    runs : Runs
    pairs : sequence of (str, str)
        Those that are averaged.

    Returns
    -------
    DataFrame
        scene, metric, eta_l, eta_u, gain and gain_se (points), designs, positive (pairs with a gain above 0), pairs,
        over_baseline and over_baseline_se, below_ceiling (points), and share of the squared error by source.
    """
    rows = []
    for metric in METRICS:
        for el in runs.etas_l:
            for eu in runs.etas_u:
                settings = [(el, eu)]
                found = estimate(over_pairs(runs, pairs, settings, metric), shares(runs))
                other = estimate(over_pairs(runs, pairs, settings, metric, against="baseline"), shares(runs))
                above = sum(all_gains(runs)[pair, el, eu, metric].mean > 0 for pair in pairs)
                ceiling = over_pairs(runs, pairs, settings, metric, against="ceiling").mean
                keys = {"scene": runs.bench.name, "metric": metric, "eta_l": el, "eta_u": eu}
                rows.append(
                    keys
                    | {"gain": found.mean, "gain_se": found.se, "designs": found.df + 1, "positive": above}
                    | {"pairs": len(pairs), "over_baseline": other.mean, "over_baseline_se": other.se}
                    | {"below_ceiling": -ceiling}
                    | {f"from_{name}": getattr(found, name) / found.se**2 for name in ("labelled", "unlabelled", "test")}
                )
    return pd.DataFrame(rows)


def pair_table(runs: Runs, rule: pd.DataFrame, matched: Sequence[float]) -> pd.DataFrame:
    """Every pair: kept or dropped, and its gains where eta_u = eta_l.

    Parameters
    ----------
    runs : Runs
    rule : DataFrame
        From `benchmark_data.pairs_by_rule`.
    matched : sequence of float
        Values of eta_l that are also values of eta_u.

    Returns
    -------
    DataFrame
        As ``rule`` with scene, and gain and gain_se for each metric and eta_l; a dropped pair is shown as it was run.
    """
    rows = []
    for row in rule.to_dict("records"):
        pair = (row["teacher"], row["student"])
        ran = pair if pair in runs.pairs else pair[::-1]
        cells = {}
        for metric in METRICS:
            for eta in matched:
                found = estimate(all_gains(runs)[ran, eta, eta, metric], shares(runs))
                cells |= {f"{metric}_{eta:g}": found.mean, f"{metric}_{eta:g}_se": found.se}
        rows.append({"scene": runs.bench.name} | row | cells)
    return pd.DataFrame(rows)


def kept_pairs(rule: pd.DataFrame, runs: Runs) -> list[tuple[str, str]]:
    """Pairs that the rule keeps and that were run with the stronger model as student.

    Raises
    ------
    ValueError
        If the rule keeps a pair the other way round: the models were not listed weak to strong.
    """
    kept = [(row.teacher, row.student) for row in rule[rule.kept].itertuples()]
    turned = [pair for pair in kept if pair not in runs.pairs]
    if turned:
        first = " < ".join(turned[0])
        raise ValueError(f"models are not listed weak to strong: {len(turned)} pairs are the other way, first {first}")
    return kept


def as_points(cells: FloatArray) -> str:
    """Numbers of a row of a table, in points with a sign.

    Examples
    --------
    >>> as_points(np.array([1.25, -0.5]))
    '+1.2, -0.5'
    """
    return ", ".join(f"{value:+.1f}" for value in cells)
