"""How every figure of the book looks, and how it is kept: data, alt text, passport, light and dark pictures.

Marks mean the same everywhere: circles with bars of two standard errors are simulations, diamonds simulations by
the ``raw`` engine, a solid line is exact theory, a dotted one leading order or a published curve, a dashed one a
bound. Must not import ``theory`` or ``simulate``.
"""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import colors as mcolors
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from PIL import Image

from w2s_utils import provenance
from w2s_utils.claims import Finding
from w2s_utils.environment import ROOT

COLORS = {"teacher": "#E69F00", "student": "#0072B2", "baseline": "#009E73", "ceiling": "#CC79A7"}
INK, GREY, FAINT = "#1F2328", "#767676", "#E3E3E3"
# the colour in which a model's name is written: its own, darkened until it can be read on white
WRITING = {"teacher": "#8A5F00", "student": "#005D93", "baseline": "#00694D", "ceiling": "#9A4674"}
# tints of the student's blue, for several students in one panel
TINTS = ("#00476E", "#0072B2", "#5BA8DA")
PALE = "#9CCBEA"  # a fourth one
WRITING |= {PALE: "#41708F", TINTS[2]: "#25699A"}
_DARK = {
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
_STARTED = time.time()
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


def _recolour(figure: Figure, table: Mapping[str, str]) -> None:
    table = {key.upper(): value for key, value in table.items()}

    def swap(value: Any) -> Any:
        if isinstance(value, str) and value.lower() in ("none", "auto"):
            return value
        rgba = mcolors.to_rgba_array(value)
        new = [
            mcolors.to_rgba(table.get(mcolors.to_hex(row).upper(), mcolors.to_hex(row)), alpha=row[3]) for row in rgba
        ]
        return new if np.ndim(value) > 1 else new[0]

    for artist in figure.findobj():
        for part in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get, put = getattr(artist, f"get_{part}", None), getattr(artist, f"set_{part}", None)
            if get is None or put is None:
                continue
            value = get()
            if value is not None and len(value) > 0:
                put(swap(value))


def _blank(figure: Figure) -> bool:
    """True when no axes show a finite point; empty and all-nan curves and lone reference lines are no data."""
    return not any(ax.has_data() and np.isfinite(ax.dataLim.get_points()).all() for ax in figure.axes)


def _png(figure: Figure) -> bytes:
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    picture = Image.open(buffer).convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return buffer.getvalue()


class Published:
    """A published figure as a notebook shows it: the light picture, and the name by which the book finds the rest."""

    def __init__(self, id: str, png: bytes, alt: str):
        self.id, self._png, self._alt = id, png, alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        picture = base64.b64encode(self._png).decode()
        return {"image/png": picture, "text/plain": self._alt}, {"w2s": {"figure": self.id}}


def context() -> dict[str, Any]:
    """What the runner told this chapter: chapter, preset, parameters, output folder, notebook; empty outside it.

    Returns
    -------
    dict

    Raises
    ------
    OSError
        If the file named by ``W2S_CONTEXT`` cannot be read.

    Examples
    --------
    >>> isinstance(context(), dict)
    True
    """
    path = os.environ.get("W2S_CONTEXT")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


def _passport(id: str, chapter: str, findings: Sequence[Finding], data: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    told = context()
    parameters = told.get("parameters", {})
    # kilobytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "id": id,
        "chapter": chapter,
        "parameters": parameters,
        "preset": told.get("preset", "interactive"),
        "seed": parameters.get("seed"),
        "data": [dict(entry) for entry in data],
        "versions": provenance.versions(),
        "lock": provenance.lock_hash(),
        "blas": provenance.blas(),
        "cpu": provenance.cpu(),
        "package_tree": provenance.tree_hash(Path(__file__).parent),
        "notebook": provenance.blob_hash(Path(told["notebook"])) if "notebook" in told else "",
        "seconds": round(time.time() - _STARTED, 1),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        "claims": [finding.to_dict() for finding in findings],
    }


def publish(
    figure: Figure,
    id: str,
    *,
    chapter: str,
    title: str,
    caption: str,
    alt: str,
    table: pd.DataFrame,
    keys: Sequence[str],
    claims: Sequence[Finding] = (),
    data: Sequence[Mapping[str, str]] = (),
) -> Published:
    """Keep a figure with its evidence, complete or not at all.

    Writes ``<output>/<id>/`` with ``figure.json`` (passport), ``data.csv``, and the picture in light and dark, as
    SVG and PNG. The output folder is the runner's; outside the runner it is ``_build/interactive``.

    Parameters
    ----------
    figure : Figure
        Drawn with `use_style`.
    id : str
        Lower case letters, digits and hyphens.
    chapter : str
        Stem of the notebook.
    title, caption, alt : str
        Title; one paragraph of MyST made from the data; plain text for those who do not see the picture, at least
        8 characters.
    table : DataFrame
        The plotted numbers, one row a point. A column ``x`` beside ``x_se`` is Monte-Carlo, the others deterministic.
    keys : sequence of str
        Columns that name a row, no two rows alike.
    claims : sequence of Finding
        What the figure shows.
    data : sequence of mapping
        ``name`` and ``sha256`` of each data file read.

    Returns
    -------
    Published
        To be the last value of the cell.

    Raises
    ------
    ValueError
        For an id, alt text, keys or table that do not fit.
    OSError
        If the folder cannot be written; nothing half-written is left.

    Examples
    --------
    >>> publish(Figure(), "No spaces", chapter="c", title="t", caption="c", alt="a long text",
    ...         table=pd.DataFrame({"n": [1]}), keys=["n"])
    Traceback (most recent call last):
    ...
    ValueError: id = 'No spaces' is not allowed: lower case letters, digits and hyphens
    """
    if not id or any(letter not in "abcdefghijklmnopqrstuvwxyz0123456789-" for letter in id):
        raise ValueError(f"id = {id!r} is not allowed: lower case letters, digits and hyphens")
    caption, alt = " ".join(caption.split()), " ".join(alt.split())
    if len(alt) < 8:
        raise ValueError(f"alt = {alt!r} is not allowed: at least 8 characters")
    missing = [key for key in keys if key not in table]
    if missing or len(keys) == 0 or table.empty or table.duplicated(list(keys)).any():
        raise ValueError(f"keys = {list(keys)} are not allowed: columns of the table that name each row once")
    if table.isna().to_numpy().any():
        raise ValueError(f"table = nan in {list(table.columns[table.isna().any()])} is not allowed: every cell filled")
    if _blank(figure):
        raise ValueError(f"figure = {id!r} is blank: nothing is drawn in it")
    passport = _passport(id, chapter, claims, data)
    passport |= {"title": title, "caption": caption, "alt": alt, "keys": list(keys)}
    text = json.dumps(passport, indent=1, ensure_ascii=False, allow_nan=False, default=float)
    # laid out once: constrained layout moves a little each time it runs, and light and dark must match
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    pictures = {"light.svg": _svg(figure), "light.png": _png(figure)}
    _recolour(figure, _DARK)
    pictures |= {"dark.svg": _svg(figure), "dark.png": _png(figure)}
    _recolour(figure, {dark: light for light, dark in _DARK.items()})

    output = Path(context().get("output", ROOT / "_build" / "interactive"))
    draft = output / f".{id}-{os.getpid()}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        table.to_csv(draft / "data.csv", index=False, lineterminator="\n")
        for file, content in pictures.items():
            (draft / file).write_bytes(content)
        (draft / "figure.json").write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(output / id, ignore_errors=True)
        draft.rename(output / id)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or error
        raise OSError(f"figures folder {output} cannot be written: {reason}; make it writable or free space") from None
    return Published(id, pictures["light.png"], alt)
