"""What the folds of `comparison_predicted` allow to conclude: errors of predictions, signs, penalties, and how sure.

A cell's error is ``mean predicted / mean actual - 1`` over folds. Folds are disjoint, so that standard errors come from
leaving out one fold at a time, of predictions and measurements alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import binom

from w2s_utils._arrays import FloatArray
from w2s_utils.comparison_predicted import CELL
from w2s_utils.probes import MODELS

PAIR = ("data", "weak", "strong")
# what tells the cells of one model apart; the others only repeat it
_OWN = {
    "teacher": ["n", "teacher_share"],
    "student": ["n", "N", "teacher_share", "student_share"],
    "baseline": ["n", "student_share"],
    "ceiling": ["n", "N", "student_share"],
}
_NULL_SHARE = 0.9


def over_folds(table: pd.DataFrame) -> pd.DataFrame:
    """Means of every cell over folds, with standard errors.

    Parameters
    ----------
    table : DataFrame
        From `comparison_predicted.predicted_table`.

    Returns
    -------
    DataFrame
        `CELL`; for each model ``m``: ``m`` (predicted), ``m_plugin``, ``m_actual``; ``gain`` and ``gain_actual``
        (teacher minus student); each with ``_se``; ``designs``, the folds. Rows behind the predictions of two folds
        overlap: their ``_se`` bounds how far another division into folds moves them, and is too large for that.
    """
    wide = table.assign(
        gain=table.teacher - table.student, gain_actual=table.teacher_actual - table.student_actual
    ).groupby(list(CELL), sort=True)
    names = [name for model in MODELS for name in (model, f"{model}_plugin", f"{model}_actual")]
    columns: dict[str, Any] = {name: wide[name].mean() for name in [*names, "gain", "gain_actual"]}
    columns |= {f"{name}_se": wide[name].sem() for name in tuple(columns)}
    return pd.DataFrame(columns).assign(designs=wide.size()).reset_index()


def cell_errors(means: pd.DataFrame, kind: str = "") -> pd.DataFrame:
    """Relative error of every prediction, each counted once.

    Parameters
    ----------
    means : DataFrame
        From `over_folds`.
    kind : {"", "_plugin"}
        Corrected or plug-in predictions.

    Returns
    -------
    DataFrame
        `PAIR`, ``model``, sizes, penalty shares, ``error``.

    Examples
    --------
    >>> cell = dict(data="a", weak="b", strong="c", part="grid", n=1, N=2, teacher_share=0.1)
    >>> cell |= {f"{m}{k}": 1.0 + (k == "") for m in MODELS for k in ("", "_actual")}
    >>> found = cell_errors(pd.DataFrame([cell | {"student_share": s} for s in (0.1, 0.2)]))
    >>> found.model.value_counts().to_dict(), found.error.unique().tolist()
    ({'student': 2, 'baseline': 2, 'ceiling': 2, 'teacher': 1}, [1.0])
    """
    parts = []
    for model, own in _OWN.items():
        once = means.drop_duplicates([*PAIR, "part", *own])
        error = once[f"{model}{kind}"] / once[f"{model}_actual"] - 1
        parts.append(once[[*CELL]].assign(model=model, error=error))
    return pd.concat(parts, ignore_index=True)


def jackknifed(table: pd.DataFrame, statistic: Callable[[pd.DataFrame], Any]) -> tuple[FloatArray, FloatArray]:
    """A statistic of cell means, with its standard error over folds.

    Parameters
    ----------
    table : DataFrame
        From `comparison_predicted.predicted_table`.
    statistic : callable
        From the means of `over_folds` to an array.

    Returns
    -------
    value, se : ndarray

    Raises
    ------
    ValueError
        With fewer than three folds.
    """
    folds = sorted(table.fold.unique())
    if len(folds) < 3:
        raise ValueError(f"folds = {len(folds)} is not allowed: at least 3")
    left = np.array([np.asarray(statistic(over_folds(table[table.fold != fold])), float) for fold in folds])
    return np.asarray(statistic(over_folds(table)), float), np.sqrt((len(folds) - 1) * left.var(0))


def median_errors(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Median size of the relative errors, for every group of cells.

    Parameters
    ----------
    table : DataFrame
        From `comparison_predicted.predicted_table`.
    *by : str
        Columns of `cell_errors` that tell groups apart; none: one group.

    Returns
    -------
    DataFrame
        ``by``, ``median``, ``median_se`` (over folds), ``largest``, ``mean`` (with its sign), ``plugin`` (the median of
        plug-in predictions), ``cells``, ``designs`` (folds).
    """

    def groups(means: pd.DataFrame, kind: str = "") -> Any:
        found = cell_errors(means, kind).assign(size=lambda rows: rows.error.abs(), whole="all")
        return found.groupby(list(by) or ["whole"], sort=True)

    _, se = jackknifed(table, lambda means: groups(means)["size"].median())
    means = over_folds(table)
    found = groups(means)
    columns = {
        "median": found["size"].median(), "median_se": se, "largest": found["size"].max(),
        "mean": found["error"].mean(), "plugin": groups(means, "_plugin")["size"].median(),
        "cells": found.size(), "designs": table.fold.nunique(),
    }  # fmt: skip
    return pd.DataFrame(columns).reset_index()


def signs(table: pd.DataFrame) -> dict[str, float]:
    """How often the predicted gain has the right sign, where the actual one exceeds two standard errors.

    Parameters
    ----------
    table : DataFrame
        From `comparison_predicted.predicted_table`.

    Returns
    -------
    dict
        ``cells``, ``counted`` (gain beyond two standard errors over folds), ``right``, ``share``, ``se``.

    Notes
    -----
    A share of 1 has no spread over folds. Its standard error is that which gives the exact binomial test against 0.9,
    for independent cells, with the spread over folds added in quadrature.
    """
    clear = over_folds(table)
    clear = clear[clear.gain_actual.abs() > 2 * clear.gain_actual_se][list(CELL)]
    counted = table.merge(clear, on=list(CELL))
    if counted.empty:
        return {"cells": len(over_folds(table)), "counted": 0, "right": 0, "share": np.nan, "se": np.nan}

    def share(means: pd.DataFrame) -> float:
        return float(np.mean(np.sign(means.gain) == np.sign(means.gain_actual)))

    value, spread = jackknifed(counted, share)
    right = round(float(value) * len(clear))
    found = {"cells": len(over_folds(table)), "counted": len(clear), "right": right, "share": float(value)}
    return found | {"se": float(np.hypot(spread, _binomial_se(right, len(clear))))}


def _binomial_se(right: int, counted: int) -> float:
    """The standard error with which the distance from `_NULL_SHARE` has the exact test's tail probability."""
    above = right >= _NULL_SHARE * counted
    tail = binom.sf(right - 1, counted, _NULL_SHARE) if above else binom.cdf(right, counted, _NULL_SHARE)
    z = -ndtri(min(float(tail), 0.5 - 1e-9))
    return max(abs(right / counted - _NULL_SHARE) / z, 1e-9)


def penalty_losses(table: pd.DataFrame) -> pd.DataFrame:
    """What is lost by taking the pair of penalties with the smallest predicted student error, over the actual best.

    Parameters
    ----------
    table : DataFrame
        From `comparison_predicted.predicted_table`.

    Returns
    -------
    DataFrame
        `PAIR`, ``loss`` (relative, mean over sizes), ``loss_se``, ``worst`` (largest over sizes), ``designs``.

    Notes
    -----
    The best is the smallest of noisy measurements, which makes the loss look larger than it is.
    """

    def losses(means: pd.DataFrame) -> pd.Series:
        cells = means.groupby([*PAIR, "n", "N"], sort=True)
        picked = means.loc[cells.student.idxmin()].set_index([*PAIR, "n", "N"]).student_actual
        return picked / cells.student_actual.min() - 1

    def mean(means: pd.DataFrame) -> pd.Series:
        return losses(means).groupby(list(PAIR)).mean()

    _, se = jackknifed(table, mean)
    sizes = losses(over_folds(table)).groupby(list(PAIR))
    return pd.DataFrame(
        {"loss": sizes.mean(), "loss_se": se, "worst": sizes.max(), "designs": table.fold.nunique()}
    ).reset_index()
