"""The paper's sentences about its benchmarks as claims, on each scene and over scenes; and a cell by scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from w2s_utils import claims, datasets
from w2s_utils.claims import Finding
from w2s_utils.group_benchmarks.data import Benchmark, Pair, common_images
from w2s_utils.group_benchmarks.runs import Runs
from w2s_utils.group_benchmarks.statistics import PooledEstimate, over_scenes
from w2s_utils.group_benchmarks.tables import over_pairs
from w2s_utils.metrics import group_accuracies

SMALLEST = {"average": 0.5, "worst": 1.0}  # points, stated beforehand
PUBLISHED = ("waterbirds", "bffhq", "imagenet9", "bg_coco")
Contrast = tuple[list[tuple[float, float]], tuple[float, ...]]


def contrasts(etas_u: Sequence[float], eta_o: float) -> dict[tuple[str, str], list[Contrast]]:
    """Settings (eta_l, eta_u) and weights of every question on every metric.

    On average accuracy each column of the paper's figure is a contrast; worst groups, which are noisier, are
    compared on the mean of both columns.

    Raises
    ------
    ValueError
        If eta_o or 0.5 is not among ``etas_u``, or nothing is below eta_o.

    Examples
    --------
    >>> contrasts([0.05, 0.1, 0.5], 0.1)["peak", "average"]
    [([(0.1, 0.1), (0.1, 0.05)], (1.0, -1.0))]
    """
    low = min(etas_u)
    if eta_o not in etas_u or 0.5 not in etas_u or not low < eta_o < 0.5:
        raise ValueError(f"etas_u = {list(etas_u)} must hold 0.5, eta_o = {eta_o}, and a value below eta_o")
    left, right, step = [(0.5, 0.5), (0.5, low)], [(eta_o, eta_o), (eta_o, 0.5)], (1.0, -1.0)
    return {
        ("matched", "average"): [(left[:1], step[:1]), (right[:1], step[:1])],
        ("matched", "worst"): [([left[0], right[0]], (0.5, 0.5))],
        ("mismatch", "average"): [(left, step), (right, step)],
        ("mismatch", "worst"): [([*left, *right], (0.5, -0.5, 0.5, -0.5))],
        ("peak", "average"): [([(eta_o, eta_o), (eta_o, low)], step)],
    }


def gain_findings(runs: Mapping[str, Runs], kept: Mapping[str, Sequence[Pair]], eta_o: float) -> list[Finding]:
    """Verdicts on matched gain, fall with mismatch and peak: over scenes, then scene by scene.

    Parameters
    ----------
    runs : mapping of str to Runs
        By the scene's short name, e.g. "tops"; a reader's data set by its own.
    kept : mapping of str to sequence of pairs
    eta_o : float

    Returns
    -------
    list of Finding
        Worst groups are tested over scenes only. On a reader's data one finding, of all contrasts.
    """
    first = next(iter(runs.values()))
    asked = contrasts(first.etas_u, eta_o)
    scenes, two = [name for name in runs if not _own(runs[name])], two_classes(runs)
    found, table = [], {}
    for (question, metric), parts in asked.items():
        for name in runs:
            mine = [_both(parts)] if question == "matched" and runs[name].bench.classes > 2 else parts
            table[question, metric, name] = [
                over_pairs(runs[name], kept[name], settings, metric, weights=weights) for settings, weights in mine
            ]
    alike = common_images([runs[name].bench for name in two])
    for question, metric in asked:
        if len(two) > 1:
            cells = [table[question, metric, name] for name in two]
            whole = [over_scenes(parts, alike) for parts in zip(*cells, strict=True)]
            on = f"mean of {', '.join(two)} (stand-ins) and their pairs, {len(first.teacher)} draws"
            found.append(pooled_trend(f"liu2026/{question}-{metric}", whole, SMALLEST[metric], on))
        for name in scenes if metric == "average" else ():
            on = f"{len(kept[name])} pairs on {runs[name].bench.name}, a stand-in, {len(runs[name].teacher)} draws"
            measured = table[question, metric, name]
            found.append(pooled_trend(f"liu2026/{question}-{metric}-{name}", measured, SMALLEST[metric], on))
    for name in PUBLISHED:
        if name in runs:
            measured = [one for question in ("matched", "mismatch") for one in table[question, "average", name]]
            found.append(
                pooled_trend(
                    f"liu2026/gain-{name}", measured, SMALLEST["average"], f"{len(kept[name])} pairs on {name}"
                )
            )
        else:
            needs = f"{name} on disk; {command_for(name, 'benchmarks')}"
            found.append(claims.not_tested(f"liu2026/gain-{name}", needs=needs))
    return found


def baseline_finding(runs: Mapping[str, Runs], kept: Mapping[str, Sequence[Pair]], eta_o: float) -> Finding:
    """Whether the strong model on the teacher's own labels does better than the student, where eta_u = eta_l."""
    names = two_classes(runs) or list(runs)
    alike, cells = common_images([runs[name].bench for name in names]), []
    for eta in (0.5, eta_o):
        parts = []
        for name in names:
            parts.append(over_pairs(runs[name], kept[name], [(eta, eta)], weights=(-1.0,), against="baseline"))
        cells.append(over_scenes(parts, alike))
    on = f"mean of {', '.join(names)} and their pairs, eta_u = eta_l = 0.5 and {eta_o:g}"
    return pooled_trend("book/labels-beat-pseudo-labels", cells, 1.0, on)


def theory_finding(measured: pd.DataFrame, predicted: pd.DataFrame, eta_o: float) -> Finding:
    """Whether squared-error gains move with eta_u as the second moments predict, in both columns.

    Parameters
    ----------
    measured, predicted : DataFrame
        From `theory`.
    eta_o : float

    Returns
    -------
    Finding
        Contrasts eta_u = eta_l minus the far end; the effect stated beforehand is half of the predicted one.
    """
    low, rows = min(measured.eta_u), []
    for eta_l, far in ((0.5, low), (eta_o, 0.5)):
        chosen = [table[table.eta_l == eta_l] for table in (measured, predicted)]
        draws = chosen[0].pivot_table(index="seed", columns="eta_u", values="gain")
        step = draws[eta_l] - draws[far]
        means = chosen[1].groupby("eta_u").predicted.mean()
        rows.append({"step": step.mean(), "se": step.sem(), "df": len(step) - 1, "exact": means[eta_l] - means[far]})
    steps = pd.DataFrame(rows)
    on = f"{len(predicted[['scene', 'teacher', 'student']].drop_duplicates())} pairs, errors over draws from this pool"
    sign = np.sign(steps.exact)
    return claims.trend("book/squared-error-predicted", **claims.contrasts(steps, sign), on=on)


def recomputed(
    bench: Benchmark, pair: Pair, *, n: int, N: int, eta_l: float, eta_u: float, seed: int, penalty: float
) -> dict[str, dict[object, float]]:
    """Group accuracies of the four models of one cell by ``LogisticRegression`` on the stored features alone.

    Parameters
    ----------
    bench : Benchmark
    pair : (str, str)
    n, N, eta_l, eta_u, seed, penalty
        Of the cell; labelled and unlabelled samples have n and N rows.

    Returns
    -------
    dict of str to dict
        teacher, student, baseline, ceiling: accuracy by group.
    """
    split = datasets.resample_groups(bench.data, n, N, eta_l=eta_l, eta_u=eta_u, seed=seed)
    X = []
    for model in pair:
        stored = datasets.features(bench.data.name, model).values.astype(float)
        stored -= stored[bench.data.pool_rows].mean(0)
        X.append(stored / np.sqrt(np.mean(stored[bench.data.pool_rows] ** 2)))
    weak, strong = X
    y, rows, pool = bench.data.targets["label"], split.labelled, split.unlabelled

    def head(features: np.ndarray, labels: np.ndarray) -> LogisticRegression:
        model = LogisticRegression(C=1 / (len(labels) * penalty), solver="newton-cholesky", tol=1e-12, max_iter=200)
        return model.fit(features, labels)

    teacher = head(weak[rows], y[rows])
    models = {
        "teacher": (teacher, weak),
        "student": (head(strong[pool], teacher.predict(weak[pool])), strong),
        "baseline": (head(strong[rows], y[rows]), strong),
        "ceiling": (head(strong[pool], y[pool]), strong),
    }
    return {
        role: group_accuracies(bench.truth, model.predict(features[bench.test]), bench.groups)
        for role, (model, features) in models.items()
    }


def recomputed_finding(runs: Runs, pair: Pair, eta_l: float, eta_u: float, *, seed: int, penalty: float) -> Finding:
    """The same cell of `runs`, whose first seed is ``seed``, must have the same group accuracies."""
    again = recomputed(runs.bench, pair, n=2 * runs.n, N=runs.N, eta_l=eta_l, eta_u=eta_u, seed=seed, penalty=penalty)
    el, eu, low, high = (
        runs.etas_l.index(eta_l),
        runs.etas_u.index(eta_u),
        runs.models.index(pair[0]),
        runs.models.index(pair[1]),
    )
    hits = {
        "teacher": runs.teacher[0, low, el, 2],
        "student": runs.student[0, runs.pairs.index(pair), el, eu, 2],
        "baseline": runs.teacher[0, high, el, 2],
        "ceiling": runs.ceiling[0, high, eu, 1],
    }
    ours = [hits[role][runs.bench.groups == g].mean() for role in again for g in range(2 * runs.bench.classes)]
    theirs = [value for cells in again.values() for value in cells.values()]
    on = f"{len(ours)} group accuracies: {pair[0]} to {pair[1]}, eta_l = {eta_l:g}, eta_u = {eta_u:g}, one draw"
    return claims.exact("book/benchmark-recomputed", theirs, ours, 0.0, df=1, tolerance=1e-6, on=on)


def _both(parts: Sequence[Contrast]) -> Contrast:
    """The mean of contrasts as one: for scenes of many classes, which have few draws and pairs."""
    settings = [setting for some, _ in parts for setting in some]
    return settings, tuple(weight / len(parts) for _, weights in parts for weight in weights)


def pooled_trend(id: str, parts: Sequence[PooledEstimate], smallest: float, on: str) -> Finding:
    """Whether all of some estimates are above 0, by `claims.trend`."""
    effects, ses, df = ([getattr(part, name) for part in parts] for name in ("mean", "se", "df"))
    return claims.trend(id, effects, ses, smallest=smallest, df=df, on=on)


def command_for(name: str, chapter: str) -> str:
    """What runs a chapter on a reader's data: samples that the rarest group of Waterbirds, 56 images, can give."""
    return f"w2s run {chapter} -p scenes {name} -p data_dir PATH -p n 20 -p N 140"


def two_classes(runs: Mapping[str, Any]) -> list[str]:
    """Names of the embedded scenes of two classes: points of accuracy of nine are not averaged with theirs."""
    return [name for name, run in runs.items() if run.bench.data.images is None and run.bench.classes == 2]


def _own(runs: Runs) -> bool:
    """Whether the images are a reader's."""
    return runs.bench.data.images is not None
