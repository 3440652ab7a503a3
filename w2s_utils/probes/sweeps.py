"""One split, many experiments: the four models over labelled and unlabelled sizes, teachers, label noise, penalties.

What experiments share is done once: a factorisation for each sample, a teacher for each labelled sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes.logistic import cross_validate, fit_logistic
from w2s_utils.probes.ridge import Design, design, fit, leave_one_out
from w2s_utils.probes.splits import Split, flip_labels

MODELS = ("teacher", "student", "baseline", "ceiling")
KEYS = ("split", "weak", "strong", "noise", "tuned", "n", "N")
PENALTIES = np.geomspace(1e-5, 1e1, 19)  # relative to the largest squared singular value of a sample
LOGISTIC_PENALTIES = np.geomspace(1e-4, 1e1, 9)

Table = list[dict[str, Any]]


def _checked(weak: Mapping[str, npt.ArrayLike], strong: npt.ArrayLike, targets: npt.ArrayLike) -> tuple[Any, ...]:
    if not weak:
        raise ValueError("weak is empty: at least one teacher")
    X = {name: finite_array(f"weak {name}", value, (2,)) for name, value in weak.items()}
    S, y = finite_array("strong", strong, (2,)), finite_array("targets", targets, (1,))
    same_rows(strong=S, targets=y, **X)
    return X, S, y


def _sizes(split: Split, points: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    for n, N in points:
        if not (1 <= n <= len(split.labeled) and 1 <= N <= len(split.unlabeled)):
            raise ValueError(
                f"n = {n}, N = {N} is not allowed: at most {len(split.labeled)} labelled and "
                f"{len(split.unlabeled)} unlabelled rows were drawn"
            )
    return sorted({n for n, _ in points}), sorted({N for _, N in points})


def regression_sweep(
    weak: Mapping[str, npt.ArrayLike],
    strong: npt.ArrayLike,
    targets: npt.ArrayLike,
    split: Split,
    points: Sequence[tuple[int, int]],
    *,
    strong_name: str = "strong",
    noise: Sequence[float] = (0.0,),
    tuned: bool = False,
    intercept: bool = True,
    rank: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Test errors of the four models on one split.

    Parameters
    ----------
    weak : mapping of str to array_like, shape (m, d_w)
        Features of the teachers.
    strong : array_like, shape (m, d_s)
        Features of the student.
    targets : array_like, shape (m,)
    split : Split
    points : sequence of (n, N)
        Sample sizes; the first n labelled and the first N unlabelled rows of the split are used.
    strong_name : str
        Of the student, a key column.
    noise : sequence of float
        Standard deviations of Gaussian noise added to the labels of everything but the test rows, in units of the
        targets: one draw, scaled.
    tuned : bool, default False
        Choose every model's penalty by leave-one-out on the targets that it is trained on; otherwise ridgeless.
    intercept, rank
        As in `design`.
    seed : int
        Of the noise.

    Returns
    -------
    DataFrame
        One row for each point, teacher and noise level: `KEYS`, and the mean squared test error of `MODELS`.

    Raises
    ------
    ValueError
        If rows do not match, a size exceeds the split, or the noise is negative.

    References
    ----------
    .. [1] dong2025, UTKFace experiments.

    Examples
    --------
    >>> from w2s_utils.probes.splits import draw_split
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((300, 6))
    >>> split = draw_split(300, 50, 150, 100, index=0, seed=0)
    >>> table = regression_sweep({"a": X}, X[:, :3], X[:, 0], split, [(50, 150)])
    >>> bool(table.loc[0, "student"] < 1e-20)
    True
    """
    X, S, y = _checked(weak, strong, targets)
    if min(noise) < 0:
        raise ValueError(f"noise = {min(noise)} is negative; it must be 0 or more")
    sizes, pools = _sizes(split, points)
    rng = parallel.generator(parallel.seed_sequence(seed, "label noise"), split.index)
    noisy = y[:, None] + rng.standard_normal(len(y))[:, None] * np.asarray(noise)

    def head(sample: Design, labels: FloatArray) -> Any:
        if not tuned:
            return fit(sample, labels)
        grid = PENALTIES * sample.singular.max() ** 2
        return fit(sample, labels, grid[leave_one_out(sample, labels, grid).argmin(0)])

    def error(predicted: FloatArray) -> FloatArray:
        return ((predicted - y[split.test, None]) ** 2).mean(0)

    def sample(features: FloatArray, rows: npt.NDArray[np.int64]) -> Design:
        return design(features[rows], intercept=intercept, rank=rank)

    teachers, answers, baselines = {}, {}, {}
    for n in sizes:
        rows = split.labeled[:n]
        baselines[n] = error(head(sample(S, rows), noisy[rows]).predict(S[split.test]))
        for name, features in X.items():
            found = head(sample(features, rows), noisy[rows])
            teachers[name, n] = error(found.predict(features[split.test]))
            answers[name, n] = found.predict(features[split.unlabeled])
    students: dict[tuple[str, int, int], FloatArray] = {}
    for N in pools:
        who = [(name, n) for name in X for n in sizes if (n, N) in points]
        pseudo = np.column_stack([answers[key][:N] for key in who])
        errors = error(head(sample(S, split.unlabeled[:N]), pseudo).predict(S[split.test]))
        for (name, n), part in zip(who, np.split(errors, len(who)), strict=True):
            students[name, n, N] = part
    rows_out: Table = []
    for n, N in dict.fromkeys(points):
        both = np.concatenate([split.labeled[:n], split.unlabeled[:N]])
        ceiling = error(head(sample(S, both), noisy[both]).predict(S[split.test]))
        for name in X:
            errors_of = (teachers[name, n], students[name, n, N], baselines[n], ceiling)
            rows_out += _rows(split, name, strong_name, noise, tuned, n, N, errors_of)
    return pd.DataFrame(rows_out)


def classification_sweep(
    weak: Mapping[str, npt.ArrayLike],
    strong: npt.ArrayLike,
    labels: npt.ArrayLike,
    split: Split,
    points: Sequence[tuple[int, int]],
    *,
    strong_name: str = "strong",
    noise: Sequence[float] = (0.0,),
    tuned: bool = False,
    penalty: float = 1e-3,
    metric: str = "brier",
    seed: int = 0,
) -> pd.DataFrame:
    """Test errors of four logistic heads on one split; the student learns the teacher's probabilities.

    Parameters
    ----------
    weak, strong, split, points, strong_name
        As in `regression_sweep`.
    labels : array_like, shape (m,)
        0 and 1.
    noise : sequence of float
        Shares of labels that are flipped, in [0, 0.5], everywhere but in the test rows.
    tuned : bool, default False
        Choose the penalty of teacher and baseline by cross-validation on the labelled sample, that of the student
        on the pseudo-labels, that of the ceiling on its labels; otherwise ``penalty`` for all.
    penalty : float
        Relative to the mean square of the features, positive.
    metric : {"brier", "error"}
        Mean squared error of the probability of class 1, or share of wrong classes.
    seed : int
        Of the flips.

    Returns
    -------
    DataFrame
        As `regression_sweep`.

    Raises
    ------
    ValueError
        As `regression_sweep`, for labels that are not 0 or 1, and for an unknown metric.

    References
    ----------
    .. [1] dong2025, ColoredMNIST and SST-2 experiments.

    Examples
    --------
    >>> from w2s_utils.probes.splits import draw_split
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((400, 4))
    >>> split = draw_split(400, 50, 200, 100, index=0, seed=0)
    >>> table = classification_sweep({"a": X}, X, X[:, 0] > 0, split, [(50, 200)], metric="error")
    >>> bool(table.loc[0, "ceiling"] <= table.loc[0, "teacher"] < 0.2)
    True
    """
    X, S, y = _checked(weak, strong, np.asarray(labels, float))
    if metric not in ("brier", "error"):
        raise ValueError(f"metric = {metric!r} is unknown; it must be brier or error")
    sizes, _ = _sizes(split, points)
    seeds = parallel.seed_sequence(seed, "label flips")
    test, truth = split.test, y[split.test]

    def error(head: Any, features: FloatArray) -> float:
        p = head.probabilities(features[test])
        return float(np.mean((p - truth) ** 2) if metric == "brier" else np.mean((p > 0.5) != (truth > 0.5)))

    def head(features: FloatArray, target: FloatArray, start: Any = None) -> Any:
        unit = float(np.mean(features**2))
        chosen = penalty
        if tuned:
            chosen = LOGISTIC_PENALTIES[cross_validate(features, target, LOGISTIC_PENALTIES * unit).argmin()]
        return fit_logistic(features, target, chosen * unit, start=start)

    models: dict[tuple[Any, ...], Any] = {}

    def fitted(key: tuple[Any, ...], features: FloatArray, target: FloatArray, near: Callable[..., bool]) -> Any:
        start = next((models[other] for other in reversed(models) if near(other)), None)
        models[key] = head(features, target, start)
        return models[key]

    rows_out: Table = []
    for rate in noise:
        models.clear()
        flipped = flip_labels(y, rate, parallel.generator(seeds, split.index))
        labelled = {n: split.labeled[:n] for n in sizes}
        baselines = {n: head(S[rows], flipped[rows]) for n, rows in labelled.items()}
        teachers = {(name, n): head(F[rows], flipped[rows]) for name, F in X.items() for n, rows in labelled.items()}
        answers = {key: found.probabilities(X[key[0]][split.unlabeled]) for key, found in teachers.items()}
        for n, N in dict.fromkeys(points):
            both = np.concatenate([split.labeled[:n], split.unlabeled[:N]])
            ceiling = fitted(("ceiling", n, N), S[both], flipped[both], lambda other: other[0] == "ceiling")
            for name in X:
                student = fitted(
                    (name, n, N), S[split.unlabeled[:N]], answers[name, n][:N], lambda other, name=name: other[0] == name
                )
                errors = (error(teachers[name, n], X[name]), error(student, S), error(baselines[n], S), error(ceiling, S))
                rows_out += _rows(split, name, strong_name, [rate], tuned, n, N, [np.array([e]) for e in errors])
    return pd.DataFrame(rows_out)


def _rows(
    split: Split, weak: str, strong: str, noise: Sequence[float], tuned: bool, n: int, N: int, errors: Sequence[FloatArray]
) -> Table:
    keys = dict(zip(KEYS, (split.index, weak, strong, 0.0, tuned, n, N), strict=True))
    return [
        keys | {"noise": float(level)} | {model: float(part[at]) for model, part in zip(MODELS, errors, strict=True)}
        for at, level in enumerate(noise)
    ]
