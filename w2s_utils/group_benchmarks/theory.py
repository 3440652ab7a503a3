"""Gains in squared error of ridge heads: measured, and predicted from second moments of the features alone.

This is the setting of the paper's theory: real-valued pseudo-labels and squared loss. Cross-entropy curves at 0 like
a quarter of the squared loss, so a ridge penalty of four times the logistic one shrinks alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.datasets.drawing import counts
from w2s_utils.group_benchmarks.data import Benchmark, Pair
from w2s_utils.group_benchmarks.runs import labelled_samples
from w2s_utils.theory.deterministic_equivalent import Moments, weak_to_strong


def signs(bench: Benchmark) -> FloatArray:
    """Targets -1 and 1 of two classes, shape (m,).

    Raises
    ------
    ValueError
        For more classes.
    """
    if bench.classes != 2:
        raise ValueError(f"data set {bench.name!r} has {bench.classes} classes; squared error is predicted for two")
    return np.asarray(2.0 * bench.labels - 1)


def predicted_gains(
    bench: Benchmark,
    pairs: Sequence[Pair],
    etas_l: Sequence[float],
    etas_u: Sequence[float],
    *,
    n: int,
    N: int,
    penalty: float,
) -> pd.DataFrame:
    """Teacher's minus student's squared test error by the deterministic equivalent.

    Parameters
    ----------
    bench : Benchmark
        Of two classes.
    pairs, etas_l, etas_u
        As `runs.benchmark_runs`.
    n, N : int
    penalty : float
        Of the logistic heads; ridge heads have four times as much.

    Returns
    -------
    DataFrame
        scene, eta_l, eta_u, teacher, student, predicted.

    References
    ----------
    .. [1] `theory.deterministic_equivalent`, with moments of labelled, unlabelled and test images.
    """
    y, rows = signs(bench), []
    groups, count = bench.all_groups, 2 * bench.classes
    columns = {model: np.column_stack([X, np.ones(len(X)), y]) for model, X in bench.features.items()}
    where = {
        name: [of[groups[of] == g] for g in range(count)]
        for name, of in (("pool", bench.data.pool_rows), ("test", bench.test))
    }

    @cache
    def means(name: str, one: str, other: str) -> FloatArray:
        """In every group, of products of features, their constant and the target."""
        return np.stack([columns[one][at].T @ columns[other][at] / len(at) for at in where[name]])

    def moments(name: str, weak: str, strong: str, shares: FloatArray) -> Moments:
        low, high, both = (
            np.tensordot(shares, means(name, *models), 1) for models in ((weak, weak), (strong, strong), (strong, weak))
        )
        features = low[:-1, :-1], high[:-1, :-1], both[:-1, :-1]
        return Moments(*features, low[:-1, -1], high[:-1, -1], float(low[-1, -1]))

    for weak, strong in pairs:
        mixed = {
            eta: moments("pool", weak, strong, np.ravel(counts(10_000, eta, bench.classes)) / 1e4)
            for eta in {*etas_l, *etas_u}
        }
        # without targets: nobody asks for the ceiling
        bare = {eta: Moments(mixed[eta].weak, mixed[eta].strong, mixed[eta].cross) for eta in etas_u}
        test = moments("test", weak, strong, np.full(count, 1 / count))
        for el in etas_l:
            for eu in etas_u:
                found = weak_to_strong(
                    n,
                    N,
                    labeled=mixed[el],
                    unlabeled=bare[eu],
                    test=test,
                    teacher_penalty=4 * penalty,
                    student_penalty=4 * penalty,
                ).risks
                keys = {"scene": bench.name, "eta_l": el, "eta_u": eu, "teacher": weak, "student": strong}
                rows.append(keys | {"predicted": float(np.squeeze(found.gain))})
    return pd.DataFrame(rows)


def measured_gains(
    bench: Benchmark,
    pairs: Sequence[Pair],
    etas_l: Sequence[float],
    etas_u: Sequence[float],
    *,
    n: int,
    N: int,
    penalty: float,
    seeds: Sequence[int],
) -> pd.DataFrame:
    """The same of ridge heads fitted to drawn samples; arguments as `predicted_gains`.

    Returns
    -------
    DataFrame
        seed, and the columns of `predicted_gains` with ``gain`` in place of ``predicted``.
    """
    shared = {"bench": bench, "pairs": tuple(pairs), "etas_l": tuple(etas_l), "etas_u": tuple(etas_u)}
    shared |= {"n": n, "N": N, "penalty": 4 * penalty}
    parts = parallel.run(_one_seed, [shared | {"seed": seed} for seed in seeds], label=f"{bench.name}, ridge")
    return pd.concat(parts, ignore_index=True)


def _one_seed(
    bench: Benchmark,
    pairs: tuple[Pair, ...],
    etas_l: tuple[float, ...],
    etas_u: tuple[float, ...],
    n: int,
    N: int,
    penalty: float,
    seed: int,
) -> pd.DataFrame:
    y, truth = signs(bench), signs(bench)[bench.test]
    extended = {model: np.column_stack([X, np.ones(len(X))]) for model, X in bench.features.items()}
    splits = {(el, eu): labelled_samples(bench, n, N, el, eu, seed)[0] for el in etas_l for eu in etas_u}
    weak_ones = list(dict.fromkeys(pair[0] for pair in pairs))
    teachers = {}
    for weak in weak_ones:
        for el in etas_l:
            rows = splits[el, etas_u[0]].labelled
            teachers[weak, el] = extended[weak] @ _ridge(extended[weak][rows], y[rows, None], penalty)[:, 0]
    rows_out = []
    for strong in dict.fromkeys(pair[1] for pair in pairs):
        S, taught_by = extended[strong], [weak for weak in weak_ones if (weak, strong) in pairs]
        for eu in etas_u:
            rows = splits[etas_l[0], eu].unlabelled
            keys = [(weak, el) for weak in taught_by for el in etas_l]
            answers = np.stack([teachers[key][rows] for key in keys], 1)
            student = S[bench.test] @ _ridge(S[rows], answers, penalty)
            for at, (weak, el) in enumerate(keys):
                before = np.mean((teachers[weak, el][bench.test] - truth) ** 2)
                after = np.mean((student[:, at] - truth) ** 2)
                key = {"seed": seed, "scene": bench.name, "eta_l": el, "eta_u": eu, "teacher": weak, "student": strong}
                rows_out.append(key | {"gain": float(before - after)})
    return pd.DataFrame(rows_out)


def _ridge(X: FloatArray, Y: FloatArray, penalty: float) -> FloatArray:
    gram = X.T @ X / len(X)
    gram[np.diag_indices_from(gram)] += penalty
    return np.asarray(cho_solve(cho_factor(gram), X.T @ Y / len(X)))
