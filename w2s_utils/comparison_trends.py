"""Trends on real features: differences within splits, between sizes and between teachers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from w2s_utils.probes import nadeau_bengio


def paired(
    table: pd.DataFrame,
    name: str,
    high: Mapping[str, Any],
    low: Mapping[str, Any],
    *,
    test_share: float,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Differences between two cells, split by split, with the Nadeau-Bengio standard error.

    Parameters
    ----------
    table : DataFrame
        From `sweep_table`.
    name : str
        Column to compare.
    high, low : mapping
        Values of key columns that pick the two cells; the difference is high minus low.
    test_share : float
        As in `probes.nadeau_bengio`.
    by : sequence of str
        Columns that tell contrasts apart; what is left of the cells (teachers, say) is averaged within a split.

    Returns
    -------
    DataFrame
        One row a contrast: ``by``, ``effect``, ``se``, ``df``; empty where a value is not defined (no gap, no PGR).

    Raises
    ------
    ValueError
        If the two cells do not have the same splits, or one is empty.

    Examples
    --------
    >>> rows = [dict(split=s, weak="a", n=n, pgr=s / n) for s in (1, 2) for n in (10, 20)]
    >>> paired(pd.DataFrame(rows), "pgr", {"n": 10}, {"n": 20}, test_share=0.5, by=["weak"]).effect.tolist()
    [0.07500000000000001]
    """

    def pick(where: Mapping[str, Any]) -> pd.Series:
        chosen = table[_cell(table, where)]
        return chosen.groupby([*by, "split"])[name].mean()

    top, bottom = pick(high), pick(low)
    if top.empty or not top.index.equals(bottom.index):
        raise ValueError(f"cells {dict(high)} and {dict(low)} do not share their splits")
    if not np.isfinite(table[_both(table, high, low)][name]).all():
        return pd.DataFrame(columns=[*by, "effect", "se", "df"], dtype=float)
    rows = []
    steps = (top - bottom).to_frame("step").reset_index()
    for group, members in steps.groupby(list(by)) if by else [((), steps)]:
        effect, se, df = nadeau_bengio(members.step.to_numpy(), test_share)
        keys = dict(zip(by, group, strict=True))
        rows.append(keys | {"effect": effect, "se": se, "df": df})
    return pd.DataFrame(rows)


def _cell(table: pd.DataFrame, where: Mapping[str, Any]) -> Any:
    return np.logical_and.reduce([table[key] == value for key, value in where.items()])


def _both(table: pd.DataFrame, high: Mapping[str, Any], low: Mapping[str, Any]) -> Any:
    return _cell(table, high) | _cell(table, low)


def between_teachers(table: pd.DataFrame, name: str, values: Mapping[str, float], *, test_share: float) -> pd.DataFrame:
    """How a ratio changes from the teacher of the largest value to that of the smallest, by a straight line.

    Parameters
    ----------
    table : DataFrame
        From `sweep_table`, one cell for each teacher and split.
    name : str
        Column to compare.
    values : mapping of str to float
        A teacher's correlation dimension relative to d_w, by any estimator.
    test_share : float
        As in `probes.nadeau_bengio`.

    Returns
    -------
    DataFrame
        One row, ``effect``, ``se``, ``df``: minus the slope of a split's least-squares line over teachers, times the
        range of the values; empty where all values agree within 1 %, or a ratio is not defined.

    Raises
    ------
    KeyError
        If a teacher is missing.

    Examples
    --------
    >>> rows = [dict(split=s, weak=w, pgr=x) for w, x in (("a", 0.5), ("b", 0.2)) for s in (0, 1)]
    >>> between_teachers(pd.DataFrame(rows), "pgr", {"a": 1.0, "b": 3.0}, test_share=0.2).effect.round(6).tolist()
    [0.3]
    """
    x = pd.Series(values, dtype=float)
    spread = float(x.max() - x.min())
    wide = table.pivot(index="split", columns="weak", values=name)[list(values)]
    if spread <= 0.01 * x.abs().max() or not np.isfinite(wide.to_numpy()).all():
        return pd.DataFrame(columns=["effect", "se", "df"], dtype=float)
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    effect, se, df = nadeau_bengio(-spread * (wide.to_numpy() @ weights.to_numpy()), test_share)
    return pd.DataFrame([{"effect": effect, "se": se, "df": df}])


def in_words(plain: pd.DataFrame, name: str) -> str:
    """An effect on the ordinary ratio, to stand beside the test on logarithms.

    Parameters
    ----------
    plain : DataFrame
        One row of `paired` or `between_teachers`, or none.
    name : {"pgr", "opr"}

    Returns
    -------
    str

    Examples
    --------
    >>> in_words(pd.DataFrame([{"effect": 0.0746, "se": 0.058}]), "pgr")
    'ordinary PGR +0.075 (standard error 0.058)'
    """
    if plain.empty:
        return f"ordinary {name.upper()} not defined"
    return f"ordinary {name.upper()} {plain.effect.iloc[0]:+.3f} (standard error {plain.se.iloc[0]:.3f})"
