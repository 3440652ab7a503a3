"""One split, many classification experiments: logistic heads over sizes, teachers and label flips.

Students of one unlabelled sample are fitted together: each starts where the last one ended, and keeps its factorised
Hessian while that serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.probes._cells import Table, checked, rows_of, sizes_of
from w2s_utils.probes.heads import Head
from w2s_utils.probes.logistic import cross_validate, fit_logistic
from w2s_utils.probes.splits import Split, flip_labels

LOGISTIC_PENALTIES = np.geomspace(1e-3, 1e1, 5)  # relative to the mean square of the features


def classification_sweep(
    weak: Mapping[str, npt.ArrayLike],
    strong: npt.ArrayLike,
    targets: npt.ArrayLike,
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
    targets : array_like, shape (m,)
        0 and 1.
    noise : sequence of float
        Shares of labels that are flipped, in [0, 0.5], everywhere but in the test rows.
    tuned : bool, default False
        Choose the penalty of teacher and baseline by cross-validation on the labelled sample; otherwise ``penalty``
        for all. Student and ceiling have rows enough, and keep ``penalty``.
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
    X, S, y = checked(weak, strong, np.asarray(targets, float))
    if metric not in ("brier", "error"):
        raise ValueError(f"metric = {metric!r} is unknown; it must be brier or error")
    sizes, pools = sizes_of(split, points)
    seeds = parallel.seed_sequence(seed, "label flips")
    test, truth = split.test, y[split.test]

    def error(head: Any, features: FloatArray) -> float:
        p = head.probabilities(features[test])
        return float(np.mean((p - truth) ** 2) if metric == "brier" else np.mean((p > 0.5) != (truth > 0.5)))

    def head(features: FloatArray, target: FloatArray, choose: bool, start: Any = None) -> Any:
        unit = float(np.mean(features**2))
        chosen = penalty
        if choose:
            chosen = LOGISTIC_PENALTIES[cross_validate(features, target, LOGISTIC_PENALTIES * unit).argmin()]
        return fit_logistic(features, target, chosen * unit, start=start)

    rows_out: Table = []
    cells = list(dict.fromkeys(points))
    for rate in noise:
        flipped = flip_labels(y, rate, parallel.generator(seeds, split.index))
        labelled = {n: split.labeled[:n] for n in sizes}
        baselines = {n: head(S[rows], flipped[rows], tuned) for n, rows in labelled.items()}
        teachers = {
            (name, n): head(F[rows], flipped[rows], tuned) for name, F in X.items() for n, rows in labelled.items()
        }
        answers = {key: found.probabilities(X[key[0]][split.unlabeled]) for key, found in teachers.items()}
        students: dict[tuple[str, int, int], Any] = {}
        for N in pools:
            who = [(name, n) for name in X for n in sizes if (n, N) in cells]
            found = head(S[split.unlabeled[:N]], np.column_stack([answers[key][:N] for key in who]), False)
            for at, (name, n) in enumerate(who):
                students[name, n, N] = Head(found.coefficients[:, at], found.intercept[at])
        ceiling = None
        for n, N in cells:
            both = np.concatenate([split.labeled[:n], split.unlabeled[:N]])
            ceiling = head(S[both], flipped[both], False, ceiling)
            for name in X:
                errors = (error(teachers[name, n], X[name]), error(students[name, n, N], S), error(baselines[n], S))
                parts = [np.array([value]) for value in (*errors, error(ceiling, S))]
                rows_out += rows_of(split, name, strong_name, [rate], tuned, n, N, parts)
    return pd.DataFrame(rows_out)
