"""What every explorer is made of: sliders, a Vega-Lite chart whose curves are expressions, and how it looks.

The chart is drawn by the reader's browser; here it is only described, with Altair. Must not import ``simulate`` or
another module of this package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import altair as alt
import numpy as np

from w2s_utils.figures.style import COLORS, FAINT, GREY, INK, WRITING

STEPS = 240  # pieces of a curve
_STEPS_OF_TEN = (1, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2, 2.2, 2.4, 2.7, 3, 3.3, 3.6, 4, 4.5, 5, 5.5, 6, 6.8, 7.5, 9)
Layer: TypeAlias = Any  # Altair has no name for what may be a layer
_PAPER = "#FFFFFF"
_FONT = "STIXGeneral, 'STIX Two Text', 'Times New Roman', serif"
_DASH = {"exact": [1, 0], "leading": [2, 3], "bound": [6, 4]}


@dataclass(frozen=True)
class Slider:
    """A range input that walks through ``stops``.

    Parameters
    ----------
    name : str
        Signal of the chart, and argument of the explorer's ``curves``.
    label : str
        What it is, with mathematics between dollar signs.
    spoken : str
        The same in plain words, for a screen reader.
    stops : tuple of float
        Values, rising.
    start : float
        One of the stops.
    shown : str
        Format of a value with its unit, e.g. ``"{:,.0f} points"``.
    more : bool
        Kept in the folded part.

    Raises
    ------
    ValueError
        If ``start`` is not a stop.

    Examples
    --------
    >>> Slider("N", "points $N$", "points, N", (10.0, 20.0), 20.0, "{:.0f} points").texts
    ('10 points', '20 points')
    """

    name: str
    label: str
    spoken: str
    stops: tuple[float, ...]
    start: float
    shown: str = "{:g}"
    more: bool = False

    def __post_init__(self) -> None:
        if self.start not in self.stops:
            raise ValueError(f"start = {self.start:g} is not allowed: one of the stops of {self.name}")

    @property
    def texts(self) -> tuple[str, ...]:
        """Every stop as the reader sees it."""
        return tuple(self.shown.format(stop) for stop in self.stops)


@dataclass(frozen=True)
class Explorer:
    """A chart with its sliders and the sentences around it.

    Parameters
    ----------
    name : str
        The chapter's.
    title, moves, reading : str
        What is shown; what the sliders do; what each line means. Mathematics between dollar signs.
    figure : str
        Id of the figure that shows the same without JavaScript.
    sliders : tuple of Slider
    chart : dict
        Vega-Lite. Its signal ``readout`` is a sentence about the current setting.
    """

    name: str
    title: str
    moves: str
    reading: str
    figure: str
    sliders: tuple[Slider, ...]
    chart: dict[str, Any] = field(repr=False)


def even(low: float, high: float, step: float) -> tuple[float, ...]:
    """Evenly spaced stops, both ends included.

    Examples
    --------
    >>> even(0, 0.2, 0.05)
    (0.0, 0.05, 0.1, 0.15, 0.2)
    """
    return tuple(round(float(low) + step * k, 9) for k in range(round((high - low) / step) + 1))


def decades(low: float, high: float) -> tuple[float, ...]:
    """Stops with nearly equal ratios, round numbers among them, both ends included.

    Examples
    --------
    >>> decades(1, 2), len(decades(1, 1000))
    ((1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2.0), 67)
    """
    places = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    every = (float(f"{step}e{place}") for place in places for step in _STEPS_OF_TEN)
    return tuple(stop for stop in every if low <= stop <= high)


@dataclass(frozen=True)
class Axis:
    """Scale of an axis: ``domain`` may end in an expression, as a string."""

    title: str
    domain: tuple[float, float | str]
    log: bool = False
    ticks: tuple[float, ...] | None = None
    format: str = "~f"

    def encoding(self) -> dict[str, Any]:
        """Scale and axis as Vega-Lite has them."""
        low, high = self.domain
        end = {"expr": high} if isinstance(high, str) else high
        axis: dict[str, Any] = {"title": self.title, "format": self.format}
        if self.ticks:
            axis["values"] = list(self.ticks)
        scale: dict[str, Any] = {
            "type": "log" if self.log else "linear",
            "domainMin": low,
            "domainMax": end,
            "nice": False,
        }
        if not self.log:
            scale["zero"] = False
        return {"scale": scale, "axis": axis}


@dataclass(frozen=True)
class Curve:
    """A line of the chart: a column, whose colour it has, and how exact it is (as in the figures)."""

    column: str
    color: str
    kind: str = "exact"


def roomy(level: str) -> str:
    """Expression of the top of an axis from 0: a round number with room above the level, which moves in few steps.

    Examples
    --------
    >>> roomy("y")[:36]
    '1.25 * (y) <= 0.5 ? 0.5 : 1.25 * (y)'
    """
    tops = (0.5, 1, 2, 5, 10, 20, 50, 100)
    return "".join(f"1.25 * ({level}) <= {top:g} ? {top:g} : " for top in tops) + "200"


def curves(columns: Mapping[str, str], x: Axis, y: Axis, lines: Sequence[Curve]) -> Layer:
    """One table of ``STEPS + 1`` rows, its columns made in their order, and what is drawn of it.

    The columns may use ``datum.t`` in [0, 1] and those before them; ``x``, ``teacher`` and ``student`` must be there.
    The area between the last two is shaded where the student is lower.
    """
    across, up = alt.X("x:Q", **x.encoding()), y.encoding()
    shade = alt.Chart().mark_area(color=COLORS["student"], opacity=0.13, clip=True)
    layers = [shade.encode(x=across, y=alt.Y("lower:Q", **up), y2="teacher:Q")]
    for curve in lines:
        line = alt.Chart().mark_line(
            color=COLORS.get(curve.color, curve.color), strokeDash=_DASH[curve.kind], strokeWidth=2.2, clip=True
        )
        layers.append(line.encode(x=across, y=alt.Y(f"{curve.column}:Q", **up)))
    group = alt.layer(*layers, data=alt.sequence(0, STEPS + 1, as_="i", name="steps"))
    for name, expression in {
        "t": f"datum.i / {STEPS}",
        **columns,
        "lower": "isValid(datum.student) ? min(datum.student, datum.teacher) : datum.teacher",
    }.items():
        group = group.transform_calculate(**{name: expression})
    return group


def place(x: str, y: str, text: str) -> alt.Chart:
    """One row with a position and a text; a ``y`` that is no number is put at 1, to be hidden there."""
    row = {"x": x, "wanted": y, "y": "isFinite(datum.wanted) ? datum.wanted : 1", "text": text}
    chart = alt.Chart(alt.Data(values=[{}]))
    for name, expression in row.items():
        chart = chart.transform_calculate(**{name: expression})
    return chart


# a mark whose expression is no number, or lies outside the axis, is not shown
_SHOWN = alt.condition("isFinite(datum.wanted) && inrange(datum.wanted, domain('y'))", alt.value(1), alt.value(0))


def mark(
    x: str, y: str, text: str, *, color: str, above: str = "true", align: str = "'left'", hollow: bool = False
) -> list[Layer]:
    """A point at the expressions ``x``, ``y`` with its text beside it, ``above`` it or below; shown if on the axes."""
    fill = _PAPER if hollow else COLORS.get(color, color)
    point = place(x, y, text).mark_point(color=COLORS.get(color, color), fill=fill, size=55, strokeWidth=2)
    return [point.encode(x="x:Q", y="y:Q", opacity=_SHOWN), *label(x, y, text, color=color, above=above, align=align)]


def label(x: str, y: str, text: str, *, color: str, above: str = "true", align: str = "'left'") -> list[Layer]:
    """A text at the expressions ``x``, ``y``, on a halo that keeps it readable over lines."""
    look: dict[str, Any] = {
        "align": {"expr": align},
        "baseline": {"expr": f"({above}) ? 'bottom' : 'top'"},
        "dy": {"expr": f"({above}) ? -7 : 8"},
        "dx": {"expr": f"({align}) === 'left' ? 3 : ({align}) === 'right' ? -3 : 0"},
        "fontSize": 14,
    }
    halo: dict[str, Any] = {"color": _PAPER, "stroke": _PAPER, "strokeWidth": 5, "strokeJoin": "round"}
    return [
        place(x, y, text).mark_text(**look, **paint).encode(x="x:Q", y="y:Q", text="text:N", opacity=_SHOWN)
        for paint in (halo, {"color": WRITING.get(color, color)})
    ]


def drawing(
    layers: Sequence[Layer], sliders: Sequence[Slider], derived: Mapping[str, str], *, says: str
) -> dict[str, Any]:
    """The finished chart as Vega-Lite: signals of the sliders, then the derived ones in their order."""
    parameters = [alt.param(name=slider.name, value=slider.start) for slider in sliders]
    parameters += [alt.param(name=name, expr=expression) for name, expression in derived.items()]
    chart = (
        alt.layer(*layers)
        .add_params(*parameters)
        .properties(width="container", height=300, background="transparent", description=says)
        .configure(font=_FONT, aria=True, autosize=alt.AutoSizeParams(type="fit", contains="padding"))
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            gridColor=FAINT,
            domainColor=GREY,
            tickColor=GREY,
            labelFontSize=13,
            titleFontSize=14,
            titleFontWeight="normal",
            labelOverlap=True,
        )
        .configure_axisX(labelFlush=True)
        .configure_axisY(
            titleAngle=0,
            titleAlign="left",
            titleAnchor="end",
            titleBaseline="bottom",
            titleY=-10,
            titleX=0,
            domain=False,
            ticks=False,
        )
        .configure_mark(aria=False)
    )
    return chart.to_dict()
