"""Accuracies and gains of students over teachers, baselines and ceilings: per pair, over pairs, over scenes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils.group_benchmarks.data import Pair
from w2s_utils.group_benchmarks.runs import Runs
from w2s_utils.group_benchmarks.statistics import (
    METRICS,
    Measured,
    PooledEstimate,
    combine,
    estimate,
    group_accuracies,
    influence,
    score,
)

ROLES = ("teacher", "student", "baseline", "ceiling")


def level(
    runs: Runs, pair: Pair, eta_l: float, eta_u: float, metric: str = "average", role: str = "student"
) -> Measured:
    """A model's accuracy in per cent, averaged over labelled and unlabelled sizes.

    Parameters
    ----------
    runs : Runs
    pair : (str, str)
        Teacher and student.
    eta_l, eta_u : float
        Of those that were run.
    metric : {"average", "worst"}
    role : {"teacher", "student", "baseline", "ceiling"}
        The baseline is the student's model on the teacher's labels, the ceiling the same on true labels of the
        unlabelled sample.

    Returns
    -------
    Measured

    Raises
    ------
    ValueError
        If a name or a fraction was not run.

    Examples
    --------
    >>> from w2s_utils.group_benchmarks import data
    >>> from w2s_utils.group_benchmarks.runs import benchmark_runs
    >>> tops = data.load("scenes_tops", models=["lite0_block4", "squeezenet"])
    >>> runs = benchmark_runs(tops, [0.5], [0.5], n=20, N=40, seeds=[0, 1], penalty=0.03)
    >>> low, high = (level(runs, runs.pairs[0], 0.5, 0.5, role=role).mean for role in ("teacher", "baseline"))
    >>> low < high
    True
    """
    if role not in ROLES:
        raise ValueError(f"role = {role!r} is unknown; it must be one of {', '.join(ROLES)}")
    if pair not in runs.pairs or eta_l not in runs.etas_l or eta_u not in runs.etas_u:
        raise ValueError(f"pair = {pair}, eta_l = {eta_l}, eta_u = {eta_u} was not run")
    model = pair[0] if role == "teacher" else pair[1]
    # what a model does not depend on must not make two entries
    where = {"teacher": (model, eta_l), "baseline": (model, eta_l), "ceiling": (model, eta_u)}
    return _level(runs, role, where.get(role, (pair, eta_l, eta_u)), metric)


@lru_cache(maxsize=20_000)
def _level(runs: Runs, role: str, where: tuple[object, ...], metric: str) -> Measured:
    seeds = len(runs.teacher)
    if role == "student":
        at = runs.pairs.index(where[0]), runs.etas_l.index(where[1]), runs.etas_u.index(where[2])
        hits = runs.student[:, at[0], at[1], at[2]]
    elif role == "ceiling":
        hits = runs.ceiling[:, runs.models.index(where[0]), runs.etas_u.index(where[1])]
    else:
        hits = runs.teacher[:, runs.models.index(where[0]), runs.etas_l.index(where[1])]
    weights = np.array([0.25, 0.25, 0.5] if hits.shape[1] == 3 else [0.5, 0.5])  # both sizes count alike
    values = 100 * score(group_accuracies(hits, runs.bench.groups), metric)
    twins = values[:, :2] if role != "ceiling" else values[:, [0, 0]]
    each = np.tile(weights / seeds, seeds)
    moved = influence(hits.reshape(-1, hits.shape[-1]), runs.bench.groups, metric, each)
    return Measured(values @ weights, twins, 100 * moved)


def gain(
    runs: Runs, pair: Pair, eta_l: float, eta_u: float, metric: str = "average", against: str = "teacher"
) -> Measured:
    """Student's accuracy minus another model's, in percentage points; arguments as `level`."""
    parts = [level(runs, pair, eta_l, eta_u, metric, role) for role in ("student", against)]
    return combine(parts, [1, -1])


def overlap(runs: Runs, settings: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """What labelled and unlabelled draws repeat of the pool, for `statistics.estimate`; the larger of settings.

    Every labelled image weighs alike. An unlabelled one weighs three times as much if it is in the smaller sample
    too, so that N images count like 0.8 N of equal weight.
    """
    bench = runs.bench
    return max(bench.overlap(2 * runs.n, el) for el, _ in settings), max(
        bench.overlap(0.8 * runs.N, eu) for _, eu in settings
    )


def over_pairs(
    runs: Runs,
    pairs: Sequence[Pair],
    settings: Sequence[tuple[float, float]],
    metric: str = "average",
    *,
    weights: Sequence[float] = (1.0,),
    against: str = "teacher",
) -> PooledEstimate:
    """Weighted sum over settings (eta_l, eta_u) of the mean gain over pairs; two settings and weights 1, -1: a step.

    Pairs share labelled, unlabelled and test images: their mean is taken draw by draw.
    """
    means = [combine([gain(runs, pair, el, eu, metric, against) for pair in pairs]) for el, eu in settings]
    return estimate(combine(means, weights), overlap(runs, settings))


def gain_curves(runs: Runs, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Mean gain over pairs in every setting, with accuracies of the four models.

    Parameters
    ----------
    runs : Runs
    pairs : sequence of (str, str)
        Those that are averaged.

    Returns
    -------
    DataFrame
        scene, metric, eta_l, eta_u, designs; gain, over_baseline (points) and the accuracies of the four models (per
        cent) with their ``_se``; positive (pairs whose gain is above 0); and the shares of the gain's squared error
        that come from labelled, unlabelled and test images.
    """
    rows = []
    for metric in METRICS:
        for el in runs.etas_l:
            for eu in runs.etas_u:
                found = over_pairs(runs, pairs, [(el, eu)], metric)
                row = {
                    "scene": runs.bench.name,
                    "metric": metric,
                    "eta_l": el,
                    "eta_u": eu,
                    "designs": len(runs.teacher),
                }
                columns = {
                    "gain": found,
                    "over_baseline": over_pairs(runs, pairs, [(el, eu)], metric, against="baseline"),
                }
                for role in ROLES:
                    mean = combine([level(runs, pair, el, eu, metric, role) for pair in pairs])
                    columns[role] = estimate(mean, overlap(runs, [(el, eu)]))
                for name, column in columns.items():
                    row |= {name: column.mean, f"{name}_se": column.se}
                row["positive"] = sum(gain(runs, pair, el, eu, metric).mean > 0 for pair in pairs)
                sources = ("labelled", "unlabelled", "test")
                rows.append(row | {f"from_{name}": getattr(found, name) / found.se**2 for name in sources})
    return pd.DataFrame(rows)


def mean_levels(curves: pd.DataFrame, correlation: npt.ArrayLike) -> pd.DataFrame:
    """Accuracies of the four models, mean over data sets, whose errors correlate.

    Parameters
    ----------
    curves : DataFrame
        From `gain_curves`, of one metric and k data sets.
    correlation : array_like, shape (k, k)
        From `data.common_images`, in the order of ``curves``.

    Returns
    -------
    DataFrame
        eta_l, eta_u, and the four accuracies with their ``_se``.

    Examples
    --------
    >>> one = {"eta_l": 0.5, "eta_u": 0.1} | {f"{role}{end}": 1.0 for role in ROLES for end in ("", "_se")}
    >>> mean_levels(pd.DataFrame([one, one]), np.eye(2)).teacher_se.round(3).tolist()
    [0.707]
    """
    C, rows = np.asarray(correlation, float), []
    for (el, eu), part in curves.groupby(["eta_l", "eta_u"]):
        row = {"eta_l": el, "eta_u": eu}
        for role in ROLES:
            se = part[f"{role}_se"].to_numpy()
            row |= {role: float(part[role].mean()), f"{role}_se": float(np.sqrt(se @ C @ se)) / len(part)}
        rows.append(row)
    return pd.DataFrame(rows)
