"""Experiments on real features, split by split, and what their splits allow to conclude.

The data chapters' counterpart of `comparison`: measurements come from `probes`; the curves beside them are in
`comparison_features`, tests of trends in `comparison_trends`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from w2s_utils import parallel
from w2s_utils._arrays import finite_array
from w2s_utils.metrics import Risks
from w2s_utils.probes import MODELS, Split, classification_sweep, draw_split, regression_sweep

CELL = ("weak", "strong", "noise", "tuned", "n", "N")
RATIOS = ("gain", "pgr", "opr", "log_gain", "log_opr", "log_pgr")
ERRORS_AND_RATIOS = (*MODELS, *RATIOS)
CHUNK = 5  # splits a process takes at once
_SWEEPS: dict[str, Callable[..., pd.DataFrame]] = {
    "regression": regression_sweep,
    "classification": classification_sweep,
}


def sweep_table(
    kind: str,
    weak: Mapping[str, npt.ArrayLike],
    strong: Mapping[str, npt.ArrayLike],
    targets: npt.ArrayLike,
    points: Sequence[tuple[int, int]],
    *,
    splits: Sequence[int] | Sequence[Split],
    labeled: int = 0,
    test: int = 0,
    name: str = "",
    seed: int = 0,
    label: str = "splits",
    **options: Any,
) -> pd.DataFrame:
    """Run the four models for every teacher, student, split and sample size.

    Parameters
    ----------
    kind : {"regression", "classification"}
    weak, strong : mapping of str to array_like, shape (m, d)
        Features of teachers and students, row by row of the same examples.
    targets : array_like, shape (m,)
    points : sequence of (n, N)
    splits : sequence of int or of Split
        Numbers of the splits to draw, or splits; the same number is the same split in every preset.
    labeled, test : int
        Rows that a drawn split keeps for labelled samples and for testing; all others may be unlabelled.
    name, seed
        Of the data set, and of splits and label noise.
    label : str
        Shown with the progress.
    **options
        As `probes.regression_sweep` or `probes.classification_sweep`.

    Returns
    -------
    DataFrame
        One row for each split and cell: ``split``, `CELL`, test errors of the four models, ``gain`` (teacher minus
        student), ``pgr`` and ``opr``.

    Raises
    ------
    ValueError
        As the sweeps, for an unknown kind, and when there are not enough rows.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((200, 4))
    >>> table = sweep_table("regression", {"a": X}, {"b": X[:, :2]}, X[:, 0], [(30, 90)], splits=[0, 1], labeled=30,
    ...                     test=80, noise=[0.5])
    >>> table[["split", "weak", "strong", "n", "N"]].to_numpy().tolist()
    [[0, 'a', 'b', 30, 90], [1, 'a', 'b', 30, 90]]
    """
    if kind not in _SWEEPS:
        raise ValueError(f"kind = {kind!r} is unknown; it must be regression or classification")
    y = finite_array("targets", np.asarray(targets, float), (1,))
    drawn = [
        item
        if isinstance(item, Split)
        else draw_split(
            len(y),
            labeled,
            max(len(y) - labeled - test, max(N for _, N in points)),
            test,
            index=item,
            seed=seed,
            name=name,
        )
        for item in splits
    ]
    shared = {"kind": kind, "weak": weak, "targets": y, "points": list(points), "seed": seed, **options}
    settings = [
        shared | {"strong": X, "strong_name": student, "splits": drawn[first : first + CHUNK]}
        for student, X in strong.items()
        for first in range(0, len(drawn), CHUNK)
    ]
    table = pd.concat(parallel.run(_sweep, settings, label=label), ignore_index=True)
    return with_ratios(table)


def with_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Gain, PGR and OPR of every cell's mean errors, as one value a split.

    Parameters
    ----------
    table : DataFrame
        ``split``, `CELL`, test errors of the four models.

    Returns
    -------
    DataFrame
        With ``gain`` (teacher minus student), ``pgr`` and ``opr``, and what tests use, since no single bad split
        dominates it: ``log_gain`` and ``log_opr``, logarithms of a split's teacher/student and baseline/student, and
        ``log_pgr``, the PGR of logarithms of errors.

    Raises
    ------
    KeyError
        If a column is missing.

    Notes
    -----
    A ratio of one split is wild where its denominator happens to be small. So the ratio is that of errors averaged
    over splits, and a split's value is that ratio plus the split's influence on it (first order): the values
    average to the ratio, and their spread gives its standard error.

    Examples
    --------
    >>> cell = dict(weak="a", strong="b", noise=0.0, tuned=False, n=30, N=90, baseline=3.0, ceiling=1.0)
    >>> rows = [cell | dict(split=0, teacher=3.0, student=2.0), cell | dict(split=1, teacher=5.0, student=2.0)]
    >>> with_ratios(pd.DataFrame(rows)).pgr.round(3).tolist(), round((4 - 2) / (4 - 1), 3)
    ([0.556, 0.778], 0.667)
    """
    errors = table[list(MODELS)]
    means = table.groupby(list(CELL))[list(MODELS)].transform("mean")
    risks = Risks(*(means[model].to_numpy() for model in MODELS))
    gain, gap = errors.teacher - errors.student, errors.teacher - errors.ceiling
    mean_gap = means.teacher - means.ceiling
    pgr = risks.pgr + (gain - risks.pgr * gap) / mean_gap.where(mean_gap != 0)
    opr = risks.opr + (errors.baseline - risks.opr * errors.student) / means.student
    logs = {f"log_{part}": np.log(errors.teacher / errors[part]) for part in ("student", "ceiling")}
    shares = table[list(CELL)].assign(**logs).groupby(list(CELL))[list(logs)].transform("mean")
    share = shares.log_student / shares.log_ceiling.where(shares.log_ceiling != 0)
    log_pgr = share + (logs["log_student"] - share * logs["log_ceiling"]) / shares.log_ceiling
    tests = {"log_gain": logs["log_student"], "log_opr": np.log(errors.baseline / errors.student), "log_pgr": log_pgr}
    return table.assign(gain=gain, pgr=pgr, opr=opr, **tests)


def _sweep(
    kind: str, weak: Mapping[str, Any], strong: Any, strong_name: str, splits: Sequence[Split], **options: Any
) -> pd.DataFrame:
    others = {name: X for name, X in weak.items() if name != strong_name}
    parts = [_SWEEPS[kind](others, strong, strong_name=strong_name, split=split, **options) for split in splits]
    return pd.concat(parts, ignore_index=True)


def over_splits(table: pd.DataFrame, names: Sequence[str] = ERRORS_AND_RATIOS) -> pd.DataFrame:
    """Means over splits.

    Parameters
    ----------
    table : DataFrame
        From `sweep_table`.
    names : sequence of str
        Columns to average.

    Returns
    -------
    DataFrame
        One row a cell: `CELL`, each name and ``name_se`` (spread of the splits over the square root of their number,
        the uncertainty for this pool of rows), ``designs``.

    Raises
    ------
    KeyError
        If a column is missing.

    Examples
    --------
    >>> cell = dict(weak="a", strong="b", noise=0.0, tuned=False, n=30, N=90)
    >>> means = over_splits(pd.DataFrame([cell | {"pgr": 0.2}, cell | {"pgr": 0.4}]), ["pgr"])
    >>> means[["pgr", "pgr_se", "designs"]].round(3).to_numpy().tolist()
    [[0.3, 0.1, 2.0]]
    """
    groups = table.groupby(list(CELL), sort=True)
    columns: dict[str, Any] = {}
    for name in names:
        columns[name], columns[f"{name}_se"] = groups[name].mean(), groups[name].sem()
    return pd.DataFrame(columns).assign(designs=groups.size()).reset_index()


def widened(se: Any, designs: Any, test_share: float) -> Any:
    """Standard errors over splits, widened for the overlap of splits as `probes.nadeau_bengio` does.

    Parameters
    ----------
    se, designs : array_like
        Columns of `over_splits`.
    test_share : float

    Returns
    -------
    array_like

    Examples
    --------
    >>> widened(0.1, 20, 0.5).round(3)
    np.float64(0.458)
    """
    return se * np.sqrt(1 + designs * test_share / (1 - test_share))
