"""Pictures of the report, as SVG text. Labels are the book's own words: no text of the reader's gets in."""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from w2s_utils.figures.style import COLORS, GREY, line, subplots, use_style

MODELS = ("teacher", "student", "baseline", "ceiling")
PARTS = {"bias": GREY, "inherited": "#D55E00", "reduced": "#56B4E9"}
_BESIDE: dict[str, Any] = {"fontsize": 8, "loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}  # a legend on nothing


def pictures(content: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Draw what the report has.

    Parameters
    ----------
    content : dict
        Of `w2s_utils.diagnose.report.Report`.

    Returns
    -------
    list of (svg, caption, alternative text)
    """
    labelled = content["input"]["target"] is not None
    with matplotlib.rc_context():
        use_style()
        made = []
        if labelled:
            made += [_errors(content), _ratios(content)]
        made.append(_terms(content, labelled))
        if content["groups"] is not None:
            made.append(_groups(content["groups"]))
        return [(_svg(figure), caption, alt) for figure, caption, alt in made]


def _curve(content: dict[str, Any], over: str) -> list[dict[str, Any]]:
    other = "N" if over == "n" else "n"
    rows = [row for row in content["curves"] if row[other] == content["sizes"][other]]
    return sorted(rows, key=lambda row: row[over])


def _draw(ax: Any, rows: list[dict[str, Any]], over: str, name: str, color: str, label: str | None = None) -> None:
    x = [row[over] for row in rows]
    y, se = (np.array([row[name][part] for row in rows]) for part in ("value", "se"))
    line(ax, x, y, color=color, label=label)
    ax.fill_between(x, y - 2 * se, y + 2 * se, color=COLORS.get(color, color), alpha=0.15, linewidth=0)


def _axis(ax: Any, content: dict[str, Any], over: str) -> None:
    ax.set_xscale("log")
    ticks = [row[over] for row in _curve(content, over)]
    ax.set_xticks(ticks, [f"{t:,}" for t in ticks])
    ax.minorticks_off()
    ax.set_xlabel("labelled rows n" if over == "n" else "unlabelled rows N")


def _span(rows: list[dict[str, Any]], name: str) -> str:
    return f"from {rows[0][name]['value']:.3g} to {rows[-1][name]['value']:.3g}"


def _errors(content: dict[str, Any]) -> tuple[Figure, str, str]:
    figure, axes = subplots(1, 2, figsize=(8.6, 3.4), sharey=True)
    for ax, over in zip(axes, ("n", "N"), strict=True):
        for name in MODELS:
            _draw(ax, _curve(content, over), over, name, name, name)
        _axis(ax, content, over)
    axes[0].set_ylabel("error / variance of target")
    axes[1].legend(**_BESIDE)
    caption = "Predicted errors, each model with its best penalty; bands are two standard errors."
    spans = (
        f"against {over} the student's error goes {_span(_curve(content, over), 'student')}" for over in ("n", "N")
    )
    return figure, caption, f"Four predicted errors against sample size; {', '.join(spans)}."


def _ratios(content: dict[str, Any]) -> tuple[Figure, str, str]:
    figure, axes = subplots(2, 2, figsize=(8.6, 4.8), sharey="row", sharex="col")
    for row, name in enumerate(("pgr", "opr")):
        for column, over in enumerate(("n", "N")):
            ax = axes[row, column]
            _draw(ax, _curve(content, over), over, name, "student")
            ax.axhline(row, color=GREY, linewidth=0.8, linestyle=(0, (5, 2)))
            if row:
                _axis(ax, content, over)
            else:
                ax.set_xscale("log")
                ax.minorticks_off()
        axes[row, 0].set_ylabel(name.upper())
    caption = (
        "Gap recovered (PGR, above 0 the student beats its teacher) and outperforming ratio (OPR, above 1 it beats "
    )
    caption += "the strong model fitted to the labels)."
    at = f"PGR {content['pgr']['value']:.2g} and OPR {content['opr']['value']:.2g} at the asked sizes"
    return figure, caption, f"PGR and OPR against both sample sizes: {at}."


def _terms(content: dict[str, Any], labelled: bool) -> tuple[Figure, str, str]:
    figure, axes = subplots(1, 2, figsize=(8.6, 3.2), sharey=True)
    names = ("bias", "inherited", "reduced") if labelled else ("inherited", "reduced")
    for ax, over in zip(axes, ("n", "N"), strict=True):
        rows = _curve(content, over)
        x, floor = np.arange(len(rows)), np.zeros(len(rows))
        for name in names:
            height = np.array([max(row[name]["value"], 0.0) for row in rows])
            label = "bias and noise" if name == "bias" else f"{name} variance"
            ax.set_axisbelow(True)
            ax.bar(x, height, bottom=floor, color=PARTS[name], width=0.7, label=label, zorder=2)
            floor += height
        ax.set_xticks(x, [f"{row[over]:,}" for row in rows])
        ax.set_xlabel("labelled rows n" if over == "n" else "unlabelled rows N")
    axes[0].set_ylabel("error / variance of target" if labelled else "variance / label noise")
    axes[1].legend(**_BESIDE, reverse=True)  # as stacked
    at = ", ".join(f"{name} {content['terms'][name]['value']:.2g}" for name in names)
    return (
        figure,
        f"What {'the' if labelled else 'label noise adds to the'} student's error{' is made of' if labelled else ''}. "
        "Variance comes from the draw of the labelled rows: inherited, what the student takes over from its teacher; "
        "reduced, what is left of the rest, less with more unlabelled rows."
        + (" Bias and noise: the error with that draw averaged away." if labelled else ""),
        f"Stacked bars of the student's error; at the asked sizes {at}.",
    )


def _groups(groups: dict[str, Any]) -> tuple[Figure, str, str]:
    figure, ax = subplots(figsize=(6.4, 3.2))
    x = [row["share"] for row in groups["curve"]]
    for name, style, column in (("majority", "-", 0), ("minority", (0, (5, 2)), 1)):
        y = np.array([row[name] for row in groups["curve"]])
        se = np.array([row["se"][column] for row in groups["curve"]])
        ax.plot(x, y, color=COLORS["student"], linestyle=style, label=name)
        ax.fill_between(x, y - 2 * se, y + 2 * se, color=COLORS["student"], alpha=0.12, linewidth=0)
    ax.axvline(groups["observed_share"], color=GREY, linewidth=0.8)
    ax.set_xlabel("share of the minority among unlabelled rows")
    ax.set_ylabel("student's error / variance of target")
    ax.legend(**_BESIDE)
    best = f"best for both alike at {groups['best_share_balanced']:.1f}"
    caption = "Student's error on each group; the grey line is the share in the files."
    return figure, caption, f"Student's error on majority and minority against the unlabelled share, {best}."


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    # without prologue and metadata, whose addresses a page that asks nothing of the network need not mention
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
