"""Small figures to publish, and a way to publish them that a test changes in one place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from w2s_utils import figures
from w2s_utils.claims import Finding

FILES = ["dark.png", "dark.svg", "data.csv", "figure.json", "light.png", "light.svg"]
CLAIM = Finding("toy/x", "A toy.", "exact", 1.0, 1.01, 0.01, 1.0, 0.04, "holds", "simulation")
TABLE = pd.DataFrame(
    {"n": [1, 2, 3], "law": ["a", "b", "c"], "risk": [0.1, 1 / 3, 2e-17], "risk_se": [0.01, 0.02, 0.0]}
)


def draw() -> Figure:
    """Small, without words: quick to save."""
    figure, ax = figures.subplots(figsize=(2, 1.5))
    ax.set_axis_off()
    figures.line(ax, [1, 3], [1, 2], color="student")
    figures.points(ax, [1, 2, 3], [1, 1.5, 2], [0.1, 0.1, 0.1], color="teacher")
    return figure


def draw_marks() -> Figure:
    """Every kind of mark that has a colour, once."""
    figure, ax = figures.subplots()
    for model in figures.COLORS:
        figures.line(ax, [1, 3], [1, 2], color=model, kind="bound", label=model)
        figures.points(ax, [1, 2, 3], [1, 1.5, 2], [0.1, 0.1, 0.1], color=model, raw=model == "ceiling")
        figures.name(ax, 2, 1.5, model, color=model)
    ax.axhline(1, color=figures.GREY)
    ax.fill_between([1, 3], 0.9, 1.1, color=figures.FAINT, linewidth=0)
    ax.scatter([1, 2], [1, 2], c=figures.TINTS[0], edgecolors=figures.INK)
    ax.bar([1, 2], [0.5, 0.6], color=figures.TINTS[2], edgecolor="none")
    ax.set(xlabel="labelled points $n$", title=r"$d_{sw} = 10$")
    ax.legend()
    return figure


def draw_rich() -> Figure:
    """As much as a chapter ever puts in one figure."""
    rng = np.random.default_rng(0)
    figure, axes = figures.subplots(2, 3, figsize=(10, 6.2), sharex=True)
    x = np.geomspace(400, 4000, 20)
    for ax in axes.flat:
        for model in figures.COLORS:
            mean = rng.uniform(0.5, 2) * 1e3 / x
            figures.line(ax, x, mean, color=model)
            figures.line(ax, x, 1.1 * mean, color=model, kind="published")
            figures.points(ax, x, mean * rng.normal(1, 0.02, 20), 0.02 * mean, color=model, raw=model == "ceiling")
            figures.name(ax, x[10], mean[10], model, color=model)
        ax.set(xscale="log", yscale="log", xlabel="labelled points $n$", ylabel="excess risk", title=r"$d_{sw} = 10$")
        figures.plain_ticks(ax.xaxis)
        ax.axhline(1, color=figures.GREY)
        ax.fill_between(x, 0.9, 1.1, color=figures.FAINT, linewidth=0)
    axes[0, 0].legend(["one", "two"])
    return figure


def publish(figure: Figure | None = None, id: str = "toy-figure", **changes) -> figures.Published:
    good = dict(
        chapter="toy", title="A toy", caption="Circles:\n    three   points.", alt="A curve that rises", keys=["n"]
    )
    return figures.publish(figure or draw(), id, **(good | dict(table=TABLE, claims=[CLAIM]) | changes))


def passport(folder: Path) -> dict:
    return json.loads((folder / "figure.json").read_text(encoding="utf-8"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
