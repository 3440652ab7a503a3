"""Predicted beside actual risks on the embedded data, fold by fold: the tables behind `your_own_models`.

Rows are dealt to disjoint folds. For each fold the moments come from all other rows, models are trained on samples of
those, and their errors are measured on the fold: no prediction sees a row it is judged on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.comparison_pairs import Pair
from w2s_utils.comparison_trained import Rows, Trained
from w2s_utils.diagnose import BlockMoments, Population
from w2s_utils.probes import MODELS
from w2s_utils.theory.deterministic_equivalent import Moments, weak_to_strong

# all stated before the first run: sample sizes in shares of the rows, penalties in shares of the features' variance
LABELS = (0.04, 0.1, 0.25)
UNLABELED = (0.25, 0.7)
SHARES = (1e-4, 1e-3, 1e-2)
NEAR = 1.25  # labelled rows per weak feature, of the cell without penalties
CELL = ("data", "weak", "strong", "part", "n", "N", "teacher_share", "student_share")


def cells_of(pair: Pair, folds: int, curve: float | None = None) -> pd.DataFrame:
    """What is predicted and measured: sizes in shares of the smallest pool, penalties in shares of the variance.

    Parameters
    ----------
    pair : Pair
    folds : int
    curve : float, optional
        Penalty share of a curve in n at the larger N, which is then added.

    Returns
    -------
    DataFrame
        ``part``, ``n``, ``N``, ``teacher_share``, ``student_share``. Parts are ``grid``, ``near`` (one cell without
        penalties, at `NEAR` labelled rows per weak feature) and ``curve``.

    Examples
    --------
    >>> x = np.zeros((1000, 20))
    >>> cells_of(Pair("a", "b", "c", x, x, x[:, :1], []), 10).groupby("part").size().to_dict()
    {'grid': 54, 'near': 1}
    """
    pool = len(pair.y) - math.ceil(len(pair.y) / folds)
    most = round(UNLABELED[-1] * pool)
    rows: list[tuple[Any, ...]] = [
        ("grid", round(a * pool), round(b * pool), t, s)
        for a in LABELS
        for b in UNLABELED
        for t in SHARES
        for s in SHARES
    ]
    rows.append(("near", round(NEAR * pair.x_w.shape[1]), most, 0.0, 0.0))
    if curve is not None:
        sizes = np.unique(np.geomspace(0.02 * pool, 0.29 * pool, 8).round().astype(int))
        rows += [("curve", int(n), most, curve, curve) for n in sizes]
    return pd.DataFrame(rows, columns=list(CELL[3:]))


def predicted_table(
    pairs: Sequence[Pair], cells: Sequence[pd.DataFrame], *, folds: int, draws: int, seed: int
) -> pd.DataFrame:
    """Predicted and actual risks of every cell on every fold.

    Parameters
    ----------
    pairs : sequence of Pair
    cells : sequence of DataFrame
        For each pair, from `cells_of` with the same folds.
    folds : int
        Disjoint parts of the rows, at least 2.
    draws : int
        Training samples drawn for each fold.
    seed : int

    Returns
    -------
    DataFrame
        One row a cell and fold: `CELL`, ``fold``, and for each model ``m`` the corrected prediction ``m``, the plug-in
        one ``m_plugin``, and ``m_actual``, the mean over draws, in units of the target's variance.

    Raises
    ------
    ValueError
        With fewer than two folds or no draw.
    """
    if folds < 2 or draws < 1:
        raise ValueError(f"folds = {folds}, draws = {draws} is not allowed: at least 2 folds and 1 draw")
    settings = [
        {"pair": pair, "cells": part, "fold": fold, "folds": folds, "draws": draws, "seed": seed}
        for pair, part in zip(pairs, cells, strict=True)
        for fold in range(folds)
    ]
    return pd.concat(parallel.run(_fold, settings, label="folds"), ignore_index=True)


def fold_rows(pair: Pair, fold: int, folds: int, seed: int) -> tuple[Rows, Rows]:
    """Rows of one fold, and all others; folds are disjoint and cover all rows."""
    named = parallel.seed_sequence(seed, "folds", pair.data, len(pair.y))
    order = parallel.generator(named, folds).permutation(len(pair.y))
    return order[fold::folds], np.delete(order, np.s_[fold::folds])


def sample_order(pair: Pair, fold: int, draw: int, pool: Rows, seed: int) -> Rows:
    """An order of a fold's pool: labelled rows come from the front, unlabelled ones from the end."""
    return parallel.generator(parallel.seed_sequence(seed, "draws", pair.data, len(pair.y), fold), draw).permutation(
        pool
    )


def penalties_of(pair: Pair, cells: pd.DataFrame, pool: Rows) -> FloatArray:
    """Penalties (cells, 2) of teacher and student, as in `w2s_utils.regression.fit_ridge`."""
    scales = [float(x[pool].var(0).sum()) for x in (pair.x_w, pair.x_s)]
    return cells[["teacher_share", "student_share"]].to_numpy() * scales


def _fold(pair: Pair, cells: pd.DataFrame, fold: int, folds: int, draws: int, seed: int) -> pd.DataFrame:
    test, pool = fold_rows(pair, fold, folds, seed)
    penalties, unit = penalties_of(pair, cells, pool), float(pair.y.var(0).sum())
    blocks = BlockMoments.of_chunks([(pair.x_w[pool], pair.x_s[pool], pair.y[pool])], len(pool))

    def statistic(moments: Moments) -> FloatArray:
        lam_t, lam_s = penalties.T
        risks = weak_to_strong(cells.n, cells.N, labeled=moments, teacher_penalty=lam_t, student_penalty=lam_s).risks
        return np.array([getattr(risks, model) for model in MODELS]).T

    found = Population(blocks).estimate(statistic)
    orders = [sample_order(pair, fold, draw, pool, seed) for draw in range(draws)]
    actual = np.mean([Trained(pair, order, test, cells).errors(penalties) for order in orders], axis=0)
    columns: dict[str, Any] = {"data": pair.data, "weak": pair.weak, "strong": pair.strong, "fold": fold}
    for at, model in enumerate(MODELS):
        columns |= {model: found.value[:, at] / unit, f"{model}_plugin": found.plugin[:, at] / unit}
        columns[f"{model}_actual"] = actual[:, at] / unit
    return cells.assign(**columns)


def recomputed(pair: Pair, cell: pd.DataFrame, *, folds: int, draws: int, seed: int) -> dict[str, float]:
    """Measured errors of one cell on the first fold by scikit-learn's ``Ridge`` alone.

    Parameters
    ----------
    pair : Pair
    cell : DataFrame
        One row of `cells_of`, with penalties.
    folds, draws, seed
        As in `predicted_table`.

    Returns
    -------
    dict
        teacher, student, baseline, ceiling.
    """
    test, pool = fold_rows(pair, 0, folds, seed)
    lam_t, lam_s = penalties_of(pair, cell, pool)[0]
    n, N = int(cell.n.iloc[0]), int(cell.N.iloc[0])
    found = []
    for draw in range(draws):
        order = sample_order(pair, 0, draw, pool, seed)
        rows, more = order[:n], order[len(order) - N :]
        both = np.concatenate([rows, more])
        teacher = Ridge(alpha=n * lam_t).fit(pair.x_w[rows], pair.y[rows])
        student = Ridge(alpha=N * lam_s).fit(pair.x_s[more], teacher.predict(pair.x_w[more]))
        baseline = Ridge(alpha=n * lam_s).fit(pair.x_s[rows], pair.y[rows])
        ceiling = Ridge(alpha=(n + N) * lam_s).fit(pair.x_s[both], pair.y[both])
        heads = (teacher, pair.x_w), (student, pair.x_s), (baseline, pair.x_s), (ceiling, pair.x_s)
        said = [head.predict(x[test]).reshape(len(test), -1) for head, x in heads]
        found.append([((one - pair.y[test]) ** 2).sum(1).mean() for one in said])
    unit = float(pair.y.var(0).sum())
    return dict(zip(MODELS, (float(v) / unit for v in np.mean(found, axis=0)), strict=True))
