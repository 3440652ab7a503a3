"""The panels that the data chapters share. Imports matplotlib through `figures` only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from w2s_utils import figures
from w2s_utils.comparison_data import widened
from w2s_utils.studies import Study

SHADES = (figures.PALE, figures.TINTS[2], figures.TINTS[1], figures.TINTS[0], figures.INK)


def shades(names: Sequence[Any]) -> dict[Any, str]:
    """A tint of blue for each name, light to dark.

    Examples
    --------
    >>> shades(["a", "b"])["b"] == figures.TINTS[0]
    True
    """
    picked = {1: [2], 2: [1, 3], 3: [1, 2, 3]}.get(len(names), [at % len(SHADES) for at in range(len(names))])
    return dict(zip(names, (SHADES[at] for at in picked), strict=True))


def measured(ax: Axes, rows: pd.DataFrame, x: str, name: str, *, color: str, test_share: float) -> None:
    """Means over splits with bars of two standard errors (Nadeau and Bengio), joined by a thin line.

    Parameters
    ----------
    ax : Axes
    rows : DataFrame
        From `comparison_data.over_splits`.
    x, name : str
        Columns.
    color : str
        A model's name or a colour.
    test_share : float

    Examples
    --------
    >>> rows = pd.DataFrame({"n": [1, 2], "pgr": [0.1, 0.2], "pgr_se": [0.1, 0.1], "designs": [5, 5]})
    >>> measured(figures.subplots()[1], rows, "n", "pgr", color="student", test_share=0.1)
    """
    rows = rows.sort_values(x)
    se = widened(rows[f"{name}_se"].to_numpy(), rows.designs.to_numpy(), test_share)
    ax.plot(rows[x], rows[name], color=figures.COLORS.get(color, color), linewidth=0.8, alpha=0.6)
    figures.points(ax, rows[x].to_numpy(), rows[name].to_numpy(), se, color=color)


def end_labels(
    ax: Axes, x: float, labels: Mapping[str, tuple[float, str]], gap: float = 0.07, *, before: bool = False
) -> None:
    """Write labels beside the last points of curves, or before the first, moved apart where they would overlap.

    Parameters
    ----------
    ax : Axes
        With its limits set.
    x : float
        Abscissa of these points.
    labels : mapping of str to (float, str)
        Text to ordinate and colour; without a finite ordinate there is no label.
    gap : float
        Smallest distance, as a share of the height of the axes.
    before : bool
        Left of the points.

    Examples
    --------
    >>> ax = figures.subplots()[1]
    >>> end_labels(ax, 1.0, {"a": (0.5, "student"), "b": (0.5, "teacher")})
    """
    to_share, back = ax.transData + ax.transAxes.inverted(), ax.transAxes + ax.transData.inverted()
    order = sorted((text for text in labels if np.isfinite(labels[text][0])), key=lambda text: labels[text][0])
    heights = np.array([np.clip(to_share.transform((x, labels[text][0]))[1], 0.02, 0.98) for text in order])
    for _ in range(200):
        short = gap - np.diff(heights)
        if (short <= 1e-9).all():
            break
        push = np.maximum(short, 0) / 2
        heights[:-1] -= push
        heights[1:] += push
    for text, height in zip(order, heights, strict=True):
        y = back.transform((0, height))[1]
        place = {"xytext": (-6, 0), "ha": "right"} if before else {"xytext": (6, 0)}
        figures.name(ax, x, y, text, color=labels[text][1], annotation_clip=False, **place)


def ratio_grid(
    means: pd.DataFrame,
    study: Study,
    by: str,
    labels: Mapping[Any, str],
    *,
    test_share: float,
    pgr: tuple[float, float],
    opr: tuple[float, float],
    figsize: tuple[float, float] = (10, 6.4),
) -> tuple[Any, Any]:
    """PGR and OPR against labelled and unlabelled points, a shade of blue for each teacher or level of noise.

    Parameters
    ----------
    means : DataFrame
        From `comparison_data.over_splits`.
    study : Study
    by : str
        Column that tells curves apart.
    labels : mapping
        Value of ``by`` to its label, in the order of the shades.
    test_share : float
    pgr, opr : tuple of float
        Limits of the two rows; the second is logarithmic. PGRs off their scale are left out.
    figsize : tuple of float
        Inches.

    Returns
    -------
    Figure, ndarray of Axes, shape (2, 2)
    """
    fig, axes = figures.subplots(2, 2, figsize=figsize, sharex="col", sharey="row")
    colors = shades(list(labels))
    scans = (("n", means[means.N == study.N]), ("N", means[means.n == study.n]))
    for column, (x, rows) in zip(axes.T, scans, strict=True):
        for ax, name, limits in zip(column, ("pgr", "opr"), (pgr, opr), strict=True):
            for value in labels:
                curve = rows[(rows[by] == value) & ((name == "opr") | rows[name].between(*limits))]
                measured(ax, curve, x, name, color=colors[value], test_share=test_share)
            ax.set(xscale="log", ylim=limits)
            ax.axhline(float(name == "opr"), color=figures.GREY, linewidth=1, zorder=1)
        figures.plain_ticks(column[1].xaxis)
    axes[1, 0].set_yscale("log")
    figures.plain_ticks(axes[1, 0].yaxis)
    axes[0, 0].set(ylabel="PGR", title=f"against labels, $N = {study.N}$")
    axes[0, 1].set_title(f"against unlabelled points, $n = {study.n}$")
    axes[1, 0].set(ylabel="OPR", xlabel="labelled points $n$")
    axes[1, 1].set_xlabel("unlabelled points $N$")
    fig.draw_without_rendering()
    for ax, name in zip(axes[:, 1], ("pgr", "opr"), strict=True):
        rows = scans[1][1]
        last = rows[rows.N == max(study.unlabeled)].set_index(by)[name]
        end_labels(ax, max(study.unlabeled), {text: (last[value], colors[value]) for value, text in labels.items()})
    return fig, axes


def pair_dots(ax: Axes, pairs: pd.DataFrame, *, test_share: float) -> None:
    """Relative gain of every teacher-student pair: circles ridgeless, squares tuned.

    Parameters
    ----------
    ax : Axes
    pairs : DataFrame
        From `comparison_data.over_splits`, one row for each pair and value of ``tuned``.
    test_share : float

    Examples
    --------
    >>> row = dict(weak="a", strong="b", tuned=False, log_gain=0.1, log_gain_se=0.01, designs=5)
    >>> pair_dots(figures.subplots()[1], pd.DataFrame([row]), test_share=0.1)
    """
    order = pairs[~pairs.tuned].sort_values("log_gain")[["weak", "strong"]].apply(tuple, axis=1).tolist()
    place = {pair: at for at, pair in enumerate(order)}
    for tuned, rows in pairs.groupby("tuned"):
        at = np.array([place[pair] for pair in rows[["weak", "strong"]].apply(tuple, axis=1)])
        bar = 2 * widened(rows.log_gain_se.to_numpy(), rows.designs.to_numpy(), test_share)
        color = figures.GREY if tuned else figures.COLORS["student"]
        ax.errorbar(
            100 * rows.log_gain,
            at,
            xerr=100 * bar,
            fmt="s" if tuned else "o",
            color=color,
            markersize=5,
            elinewidth=1.1,
        )
    ax.axvline(0, color=figures.GREY, linewidth=1)
    ax.set_yticks(
        range(len(order)), [f"{weak.replace('_', ' ')} → {strong.replace('_', ' ')}" for weak, strong in order]
    )
    ax.set_ylim(-0.7, len(order) - 0.3)
