"""One split, many regression experiments: sizes of both samples, teachers, label noise, ridgeless or tuned heads.

What experiments share is done once: a factorisation for each sample, a teacher for each labelled sample.
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
from w2s_utils.probes.ridge import Design, design, fit, leave_one_out
from w2s_utils.probes.splits import Split

PENALTIES = np.geomspace(1e-4, 1e1, 11)  # relative to the largest squared singular value of a sample


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
    X, S, y = checked(weak, strong, targets)
    if min(noise) < 0:
        raise ValueError(f"noise = {min(noise)} is negative; it must be 0 or more")
    sizes, pools = sizes_of(split, points)
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
            rows_out += rows_of(split, name, strong_name, noise, tuned, n, N, errors_of)
    return pd.DataFrame(rows_out)
