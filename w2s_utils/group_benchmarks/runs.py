"""Teachers, students, baselines and ceilings of a data set with groups, over minority fractions and sample sizes.

Two disjoint labelled samples of n rows teach on the same N/2 unlabelled ones, so that the variance of either kind of
draw can be told apart; their union teaches on N. What is kept is which test images each head gets right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils import datasets, parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.group_benchmarks.data import Benchmark, IntArray, Pair
from w2s_utils.probes.heads import Head
from w2s_utils.probes.many import classify_many, fit_many

Hits = npt.NDArray[np.bool_]
SAMPLES = 3  # n rows and N/2, n others and N/2, both and N
TOLERANCE = 1e-6  # of gradients


@dataclass(frozen=True, eq=False)
class Runs:
    """Which test images are classified rightly; T test images, J seeds.

    Attributes
    ----------
    bench : Benchmark
    models : tuple of str
        Weak to strong, as the benchmark lists them.
    pairs : tuple of (str, str)
        Teacher and student.
    etas_l, etas_u : tuple of float
    n, N : int
        Labelled samples have n and 2n rows, unlabelled ones N/2 and N.
    teacher : ndarray of bool, shape (J, models, etas_l, 3, T)
        On the labelled samples: n rows, n others, both. A strong model's entry is the baseline.
    ceiling : ndarray of bool, shape (J, models, etas_u, 2, T)
        On true labels of the unlabelled samples.
    student : ndarray of bool, shape (J, pairs, etas_l, etas_u, 3, T)
        Of the three teachers, on N/2, N/2 and N answers.
    left : tuple of ndarray
        Accuracies of heads trained with true labels on the pool images that their sample left out, mean over groups:
        shapes (J, models, etas_l, 3) and (J, models, etas_u, 2). Test images play no part in them.
    """

    bench: Benchmark
    models: tuple[str, ...]
    pairs: tuple[Pair, ...]
    etas_l: tuple[float, ...]
    etas_u: tuple[float, ...]
    n: int
    N: int
    teacher: Hits
    ceiling: Hits
    student: Hits
    left: tuple[FloatArray, FloatArray]

    def accuracies(self) -> pd.DataFrame:
        """Accuracy of every model with true labels in every setting, on images left out, mean over draws."""
        rows = []
        for at, model in enumerate(self.models):
            parts = [("labelled", self.left[0][:, at], self.etas_l, (self.n, 2 * self.n))]
            parts += [("unlabelled", self.left[1][:, at], self.etas_u, (self.N // 2, self.N))]
            for sample, scores, etas, sizes in parts:
                for e, eta in enumerate(etas):
                    for k, size in enumerate(sizes):
                        chosen = scores[:, e, :2] if (sample, k) == ("labelled", 0) else scores[:, e, -1 if k else 0]
                        keys = {"model": model, "sample": sample, "eta": eta, "size": size}
                        rows.append(keys | {"accuracy": float(chosen.mean())})
        return pd.DataFrame(rows)


def benchmark_runs(
    bench: Benchmark,
    etas_l: Sequence[float],
    etas_u: Sequence[float],
    *,
    n: int,
    N: int,
    seeds: Sequence[int],
    penalty: float,
    students: bool = True,
) -> Runs:
    """Run every pair of models, the stronger as listed being the student, for several seeds.

    Parameters
    ----------
    bench : Benchmark
    etas_l, etas_u : sequence of float
        Minority fractions of labelled and unlabelled samples, in [0, 1].
    n, N : int
        Labelled samples have n and 2n rows, unlabelled ones N/2 and N; N is even.
    seeds : sequence of int
        A seed's numbers do not depend on the other seeds.
    penalty : float
        Of all heads; features have mean square 1.
    students : bool, default True
        Without them `Runs.student` is empty; teachers and ceilings are enough for the rule of pairs.

    Returns
    -------
    Runs

    Raises
    ------
    ValueError
        As `datasets.resample_groups`, if N is odd, or there are fewer than two models.

    Examples
    --------
    >>> from w2s_utils.group_benchmarks import data
    >>> tops = data.load("scenes_tops", models=["lite0_block4", "squeezenet"])
    >>> runs = benchmark_runs(tops, [0.5], [0.1, 0.5], n=20, N=40, seeds=[0], penalty=0.03)
    >>> runs.pairs, runs.student.shape
    ((('lite0_block4', 'squeezenet'),), (1, 1, 1, 2, 3, 2000))
    """
    models = tuple(bench.features)
    if len(models) < 2:
        raise ValueError(f"models = {list(models)} is not allowed: at least two, a teacher and a student")
    if N % 2:
        raise ValueError(f"N = {N} is odd; it must be even, as half of it is a sample of its own")
    settings = [
        dict(
            bench=bench,
            etas_l=tuple(etas_l),
            etas_u=tuple(etas_u),
            n=n,
            N=N,
            seed=seed,
            penalty=penalty,
            students=students,
        )
        for seed in seeds
    ]
    found = parallel.run(_one_seed, settings, label=bench.name)
    teacher, ceiling, student, labelled, unlabelled = (np.stack([one[at] for one in found]) for at in range(5))
    pairs = tuple((low, high) for at, high in enumerate(models) for low in models[:at])
    left = labelled, unlabelled
    return Runs(bench, models, pairs, tuple(etas_l), tuple(etas_u), n, N, teacher, ceiling, student, left)


def left_out(bench: Benchmark, hits: Hits, sample: IntArray) -> float:
    """Accuracy on the pool images outside a sample, mean over groups; hits have a row per image of the data set."""
    outside = np.ones(len(bench.labels), bool)
    outside[sample] = False
    rows = bench.data.pool_rows[outside[bench.data.pool_rows]]
    groups = bench.all_groups[rows]
    total = np.bincount(groups)
    right = np.bincount(groups, weights=hits[rows])
    return float(np.mean(right[total > 0] / total[total > 0]))


def labelled_samples(bench: Benchmark, n: int, N: int, eta_l: float, eta_u: float, seed: int) -> list[datasets.Split]:
    """Splits with n labelled rows, n others, and both; unlabelled and test rows are the same in all three."""
    both = datasets.resample_groups(bench.data, 2 * n, N, eta_l=eta_l, eta_u=eta_u, seed=seed)
    first = datasets.resample_groups(bench.data, n, N, eta_l=eta_l, eta_u=eta_u, seed=seed).labelled
    others = np.setdiff1d(both.labelled, first)
    return [both._replace(labelled=rows) for rows in (first, others, both.labelled)]


def true_heads(X: FloatArray, y: IntArray, samples: Sequence[IntArray], penalty: float, classes: int) -> list[Head]:
    """A head on each of several samples of rows with true labels."""
    rows = np.unique(np.concatenate(samples))
    labels = np.repeat(y[rows, None], len(samples), 1)
    inside = [np.searchsorted(rows, np.sort(sample)) for sample in samples]
    return fit_many(X[rows], labels, penalty, classes, rows=inside, tolerance=TOLERANCE)


def _one_seed(
    bench: Benchmark,
    etas_l: tuple[float, ...],
    etas_u: tuple[float, ...],
    n: int,
    N: int,
    seed: int,
    penalty: float,
    students: bool,
) -> tuple[Hits, Hits, Hits, FloatArray, FloatArray]:
    models, truth = list(bench.features), bench.truth
    splits = {(el, eu): labelled_samples(bench, n, N, el, eu, seed) for el in etas_l for eu in etas_u}
    half = {
        eu: datasets.resample_groups(bench.data, n, N // 2, eta_l=etas_l[0], eta_u=eu, seed=seed).unlabelled
        for eu in etas_u
    }
    labelled = [part.labelled for el in etas_l for part in splits[el, etas_u[0]]]
    unlabelled = [rows for eu in etas_u for rows in (half[eu], splits[etas_l[0], eu][0].unlabelled)]
    own, known, ceilings, ceilings_left, taught = {}, [], [], [], []
    for at, (model, X) in enumerate(bench.features.items()):
        own[model], left = answers(bench, X, labelled, penalty)
        known.append(np.reshape(left, (len(etas_l), SAMPLES)))
        found, left = answers(bench, X, unlabelled, penalty)
        ceilings.append((found[:, bench.test] == truth).reshape(len(etas_u), 2, -1))
        ceilings_left.append(np.reshape(left, (len(etas_u), 2)))
        if at and students:
            weak = np.stack([own[low].reshape(len(etas_l), SAMPLES, -1) for low in models[:at]])
            taught.append(_students(X, weak, unlabelled, penalty, bench.classes, bench.test) == truth)
    teacher = np.stack([own[model][:, bench.test] == truth for model in models])
    teacher = teacher.reshape(len(models), len(etas_l), SAMPLES, -1)
    student = np.concatenate(taught) if taught else np.empty((0, len(etas_l), len(etas_u), SAMPLES, len(truth)), bool)
    return teacher, np.stack(ceilings), student, np.stack(known), np.stack(ceilings_left)


def answers(
    bench: Benchmark, X: FloatArray, samples: Sequence[IntArray], penalty: float
) -> tuple[IntArray, list[float]]:
    """Answers on all images after true labels of each sample, and accuracies on what it left out."""
    heads = true_heads(X, bench.labels, samples, penalty, bench.classes)
    found = classify_many(heads, X).astype(np.int64)
    return found, [left_out(bench, own == bench.labels, rows) for own, rows in zip(found, samples, strict=True)]


def _students(
    X: FloatArray, weak: IntArray, unlabelled: Sequence[IntArray], penalty: float, classes: int, test: IntArray
) -> npt.NDArray[np.int8]:
    """Test answers after answers of teachers, shape (teachers, etas_l, 3, m): (teachers, etas_l, etas_u, 3, T).

    Heads start where those of the last eta_u ended, the first of N rows at the mean of the two of N/2.
    """
    small, large = (weak[:, :, part].reshape(-1, weak.shape[-1]).T for part in (np.s_[:2], np.s_[2:]))
    tested, found = X[test], []
    half: list[Head] | None = None
    whole: list[Head] | None = None
    for few, many in zip(unlabelled[::2], unlabelled[1::2], strict=True):
        half = fit_many(X[few], small[few], penalty, classes, start=half, tolerance=TOLERANCE)
        whole = fit_many(X[many], large[many], penalty, classes, start=whole or _means(half), tolerance=TOLERANCE)
        sizes = [classify_many(heads, tested).reshape(*weak.shape[:2], -1, len(test)) for heads in (half, whole)]
        found.append(np.concatenate(sizes, 2))
    return np.stack(found, 2)


def _means(heads: Sequence[Head]) -> list[Head]:
    """Of each two in a row."""
    return [
        Head((one.coefficients + other.coefficients) / 2, (one.intercept + other.intercept) / 2)
        for one, other in zip(heads[::2], heads[1::2], strict=True)
    ]
