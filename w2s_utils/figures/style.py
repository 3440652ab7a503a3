"""How every figure of the book looks: colours, marks, axes.

Marks mean the same everywhere: circles with bars of two standard errors are simulations, diamonds simulations by
the ``raw`` engine, a solid line is exact theory, a dotted one leading order or a published curve, a dashed one a
bound. Must not import ``theory`` or ``simulate``.
"""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

COLORS = {"teacher": "#E69F00", "student": "#0072B2", "baseline": "#009E73", "ceiling": "#CC79A7"}
INK, GREY, FAINT = "#1F2328", "#767676", "#E3E3E3"
# the colour in which a model's name is written: its own, darkened until it can be read on white
WRITING = {"teacher": "#8A5F00", "student": "#005D93", "baseline": "#00694D", "ceiling": "#9A4674"}
# tints of the student's blue, for several students in one panel
TINTS = ("#00476E", "#0072B2", "#5BA8DA")
PALE = "#9CCBEA"  # a fourth one
WRITING |= {PALE: "#41708F", TINTS[2]: "#25699A"}
DARK = {  # what a colour becomes in the dark picture
    TINTS[0]: "#BFE1F7",
    INK: "#E6EDF3",
    GREY: "#9AA4AE",
    FAINT: "#343B44",
    WRITING["teacher"]: "#F0B429",
    WRITING["student"]: "#6CB6F0",
    WRITING["baseline"]: "#3CCB9F",
    WRITING["ceiling"]: "#E3A3C6",
    COLORS["student"]: "#4FA9E3",
    TINTS[2]: "#2B7DB5",
    PALE: "#3F86B5",
    WRITING[PALE]: "#7FB2D3",
    WRITING[TINTS[2]]: "#74BBEB",
    "#FFFFFF": "#14181E",
}
_STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "figure.facecolor": "#FFFFFF",
    "figure.constrained_layout.use": True,
    "axes.facecolor": "none",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "font.family": "serif",
    "font.serif": ["STIXGeneral", "DejaVu Serif"],
    "font.size": 11,
    "mathtext.fontset": "stix",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "w2s",
}


def use_style() -> None:
    """Set the book's style for the figures drawn from now on.

    Examples
    --------
    >>> use_style()
    >>> matplotlib.rcParams["svg.fonttype"]
    'path'
    """
    matplotlib.rcParams.update(_STYLE)


def subplots(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Make a figure and its axes; unlike pyplot's, a notebook does not show it before it is published.

    Parameters
    ----------
    rows, columns : int
        Panels.
    **options
        ``figsize`` in inches, and arguments of `Figure.subplots`.

    Returns
    -------
    Figure, Axes or ndarray of Axes

    Examples
    --------
    >>> figure, axes = subplots(1, 2, figsize=(8, 3), sharey=True)
    >>> axes.shape
    (2,)
    """
    figure = Figure(figsize=options.pop("figsize", (6.4, 3.6)))
    return figure, figure.subplots(rows, columns, **options)


def points(ax: Axes, x: Any, mean: Any, se: Any, *, color: str, raw: bool = False, label: str | None = None) -> None:
    """Draw simulated means with bars of two standard errors.

    Parameters
    ----------
    ax : Axes
    x, mean, se : array_like, shape (k,)
        Abscissa, means and standard errors.
    color : str
        A model's name or a colour.
    raw : bool
        Diamonds for the ``raw`` engine, circles otherwise.
    label : str, optional
        Entry of the legend.

    Examples
    --------
    >>> points(Figure().add_subplot(), [1, 2], [0.5, 0.6], [0.01, 0.01], color="student")
    """
    ax.errorbar(
        x,
        np.asarray(mean, float),
        2 * np.asarray(se, float),
        fmt="D" if raw else "o",
        color=COLORS.get(color, color),
        markerfacecolor="none" if raw else COLORS.get(color, color),
        markersize=7.5 if raw else 4,
        elinewidth=1.1,
        linestyle="none",
        label=label,
        zorder=4 if raw else 3,
    )


def line(ax: Axes, x: Any, y: Any, *, color: str, kind: str = "exact", label: str | None = None) -> None:
    """Draw a curve: ``exact`` theory solid, ``leading`` order or ``published`` dotted, a ``bound`` dashed.

    Parameters
    ----------
    ax : Axes
    x, y : array_like, shape (k,)
    color : str
        A model's name or a colour.
    kind : {"exact", "leading", "published", "bound"}
    label : str, optional
        Entry of the legend.

    Examples
    --------
    >>> line(Figure().add_subplot(), [1, 2], [1, 2], color="teacher", kind="bound")
    """
    style = {"exact": "-", "leading": (0, (1, 1.6)), "published": (0, (1, 1.6)), "bound": (0, (5, 2))}[kind]
    ax.plot(x, np.broadcast_to(y, np.shape(x)), color=COLORS.get(color, color), linestyle=style, label=label)


def name(ax: Axes, x: float, y: float, text: str, *, color: str = INK, **kwargs: Any) -> None:
    """Write a direct label beside a curve, at data coordinates, in its colour made readable.

    Parameters
    ----------
    ax : Axes
    x, y : float
        Data coordinates.
    text : str
    color : str
        A model's name or a colour.
    **kwargs
        Passed to `Axes.annotate`, e.g. ``xytext=(5, 0)`` in points.

    Examples
    --------
    >>> name(Figure().add_subplot(), 1.0, 2.0, "student", color="student")
    """
    defaults = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 9.5}
    options: dict[str, Any] = defaults | kwargs
    ax.annotate(text, (x, y), color=WRITING.get(color, color), **options)


def plain_ticks(axis: Axis) -> None:
    """Label a log axis at 1, 2 and 5 times powers of ten, in plain numbers.

    Parameters
    ----------
    axis : Axis
        ``ax.xaxis`` or ``ax.yaxis``, already on a log scale.

    Examples
    --------
    >>> ax = Figure().add_subplot(xscale="log")
    >>> plain_ticks(ax.xaxis)
    """
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())
