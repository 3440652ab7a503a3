"""Panels of predictions beside measurements. Imports matplotlib through `figures` only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from w2s_utils import figures
from w2s_utils.probes import MODELS


def agreement(ax: Axes, means: pd.DataFrame) -> None:
    """Predicted against measured errors of the four models on log axes; open diamonds are the cell without penalties.

    Parameters
    ----------
    ax : Axes
    means : DataFrame
        From `comparison_predicted_errors.over_folds`, one pair.

    Examples
    --------
    >>> cell = dict(part="grid", teacher=1.0, teacher_actual=1.1, teacher_actual_se=0.1)
    >>> cell |= {f"{m}{end}": 0.5 for m in MODELS[1:] for end in ("", "_actual", "_actual_se")}
    >>> agreement(figures.subplots()[1], pd.DataFrame([cell]))
    """
    shown = means[means.part.isin(["grid", "near"])]
    both = np.concatenate([shown[[m, f"{m}_actual"]].to_numpy().ravel() for m in MODELS])
    ends = np.array([0.85 * both.min(), 1.2 * both.max()])
    ax.fill_between(ends, 0.95 * ends, 1.05 * ends, color=figures.FAINT, linewidth=0, zorder=0)
    ax.plot(ends, ends, color=figures.GREY, linewidth=0.8, zorder=1)
    for model in MODELS:
        for part, raw in (("grid", False), ("near", True)):
            rows = shown[shown.part == part].drop_duplicates([model, f"{model}_actual"])
            if raw and model not in ("teacher", "student"):
                continue
            x, se = rows[f"{model}_actual"].to_numpy(), rows[f"{model}_actual_se"].to_numpy()
            ax.errorbar(
                x, rows[model], xerr=2 * se, fmt="D" if raw else "o", color=figures.COLORS[model],
                markerfacecolor="none" if raw else figures.COLORS[model], markersize=6.5 if raw else 3.5,
                elinewidth=0.8, linestyle="none",
            )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (ax.xaxis, ax.yaxis):
        figures.plain_ticks(axis)


def curve(ax: Axes, rows: pd.DataFrame, x: str = "n") -> dict[str, Any]:
    """Predicted curves of the four models with measured points on them.

    Parameters
    ----------
    ax : Axes
    rows : DataFrame
        From `comparison_predicted_errors.over_folds`, the cells of one curve.
    x : str
        Column of the abscissa.

    Returns
    -------
    dict
        Ordinate and colour of each curve's last point, for direct labels.
    """
    rows = rows.sort_values(x)
    for model in MODELS:
        figures.line(ax, rows[x], rows[model], color=model)
        figures.points(ax, rows[x], rows[f"{model}_actual"], rows[f"{model}_actual_se"], color=model)
    ax.set(xscale="log")
    figures.plain_ticks(ax.xaxis)
    return {model: (float(rows[model].iloc[-1]), model) for model in MODELS}
