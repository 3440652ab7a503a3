"""Panels of the chapter `unifying_view`. Imports matplotlib through `figures` only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap

from w2s_utils import figures
from w2s_utils._arrays import FloatArray
from w2s_utils.comparison_unified import TERMS

SHADES = {"bias": figures.GREY, "inherited": "#D55E00", "reduced": "#56B4E9", "shift": "#8C6BB1"}
LEVELS = (-1.0, -0.6, -0.3, -0.1, 0.0, 0.1, 0.3, 0.6, 1.0)
# on filled areas, the same in light and dark pictures
_DARK = "#14181E"
_PALE = "#F4F6F8"  # around marks that stand half outside the filled area
_STEPS = ("#E69F00", "#EFC15C", "#F5E6C8", "#E9EEF1", "#8FBFDD", "#0072B2")


def term_bars(ax: Axes, table: pd.DataFrame) -> None:
    """The teacher's error beside the student's, stacked from its terms.

    Parameters
    ----------
    ax : Axes
    table : DataFrame
        One row an example, in units of the teacher's excess error: ``teacher_variance``, `TERMS`, ``student``.

    Examples
    --------
    >>> row = dict(teacher_variance=1.0, bias=0.1, inherited=0.3, reduced=0.1, shift=0.0, student=0.5)
    >>> term_bars(figures.subplots()[1], pd.DataFrame([row]))
    """
    lowest = 0.0
    for k, row in enumerate(table.to_dict("records")):
        at, rest = k - 0.19, row["teacher_variance"]
        ax.bar(at, rest, 0.34, color=figures.COLORS["teacher"])
        ax.bar(at, 1 - rest, 0.34, bottom=rest, color=figures.COLORS["teacher"], alpha=0.35)
        up = down = 0.0
        for term in TERMS:
            height = row[term] if abs(row[term]) > 1e-9 else 0.0
            start = up if height >= 0 else down
            ax.bar(k + 0.19, height, 0.34, bottom=start, color=SHADES[term])
            if abs(height) > 0.07:
                ax.text(k + 0.19, start + height / 2, term, ha="center", va="center", fontsize=8.5, color=_DARK)
            up, down = up + max(height, 0.0), down + min(height, 0.0)
        figures.name(ax, k + 0.19, up, f"{row['student']:.2f}", color="student", xytext=(0, 7), ha="center")
        lowest = min(lowest, down)
    ax.text(-0.19, 0.03, "teacher:\nvariance", ha="center", va="bottom", fontsize=8.5, color=_DARK)
    ax.set(ylabel="excess error over the teacher's", ylim=(1.1 * lowest, None))
    ax.axhline(1, color=figures.GREY, linewidth=0.8, linestyle=(0, (5, 2)))
    ax.grid(False, axis="x")
    ax.set_axisbelow(True)


def gain_panel(ax: Axes, overlaps: Sequence[float], losses: FloatArray, gains: FloatArray, spots: pd.DataFrame) -> Any:
    """Filled contours of the gain, its zero line, and raw data as triangles that point up for a gain.

    Parameters
    ----------
    ax : Axes
    overlaps, losses : array_like, shapes (a,), (b,)
    gains : ndarray, shape (b, a)
    spots : DataFrame
        ``overlap``, ``lost``, ``gain``, ``gain_se`` of drawn data.

    Returns
    -------
    ContourSet
        For a colour bar with ticks at `LEVELS`.
    """
    cmap = LinearSegmentedColormap.from_list("gain", _STEPS)
    norm = BoundaryNorm(LEVELS, cmap.N)
    filled = ax.contourf(overlaps, losses, np.clip(gains, -1, 1), LEVELS, cmap=cmap, norm=norm)
    ax.contour(overlaps, losses, gains, [0.0], colors=_DARK, linewidths=2)
    for spot in spots.itertuples():
        mark = "o" if abs(spot.gain) <= 2 * spot.gain_se else "^" if spot.gain > 0 else "v"
        ax.plot(
            spot.overlap, spot.lost, mark, color=_DARK, markeredgecolor=_PALE, markersize=8, clip_on=False, zorder=5
        )
    ax.text(0.36, 0.015, "student wins", color=_DARK, fontsize=11)
    ax.text(0.93, 0.54, "teacher wins", color=_DARK, fontsize=11, ha="right")
    ax.set_xlabel("share of dimensions that both models have")
    ax.grid(False)
    return filled
