"""The picture of the page on performance: a dot per row on a logarithmic axis, its target a tick; plain SVG."""

from __future__ import annotations

import math
from html import escape
from typing import Any

_WIDTH, _LEFT, _RIGHT, _STEP = 720, 16, 64, 46


def plot(rows: list[dict[str, Any]]) -> str:
    """Times faster than the competitor, one line a row, as raw HTML.

    Parameters
    ----------
    rows : list of dict
        With ``claim``, ``value``, ``target`` and ``met``.

    Returns
    -------
    str
        Markdown with an SVG in the colours of the page; nothing in print, where the table says the same.
    """
    if not rows:
        return ""
    top = math.ceil(math.log10(max(max(row["value"], row["target"]) for row in rows)))

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max(math.log10(max(value, 1.0)) / top, 0.0), 1.0)

    height = _STEP * len(rows) + 26
    told = "; ".join(f"{row['claim']}: {row['value']:,.0f}, target {row['target']:,.0f}" for row in rows)
    parts = [
        f'<svg class="w2s-speed" role="img" viewBox="0 0 {_WIDTH} {height}" '
        f'aria-label="{escape("Times faster than the competitor, logarithmic. " + told)}">'
    ]
    for power in range(top + 1):
        at = x(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="4" y2="{height - 22}"/>')
        parts.append(f'<text class="tick" x="{at:.1f}" y="{height - 6}">{10**power:,}</text>')
    for count, row in enumerate(rows):
        y = _STEP * count + 34
        low, value, target = x(1.0), x(row["value"]), x(row["target"])
        style = "" if row["met"] else " missed"
        parts += [
            f'<text class="claim" x="{_LEFT}" y="{y - 12}">{escape(row["claim"])}</text>',
            f'<line class="bar{style}" x1="{low:.1f}" x2="{value:.1f}" y1="{y}" y2="{y}"/>',
            f'<line class="target" x1="{target:.1f}" x2="{target:.1f}" y1="{y - 8}" y2="{y + 8}"/>',
            f'<circle class="dot{style}" cx="{value:.1f}" cy="{y}" r="5"/>',
            f'<text class="value" x="{value + 10:.1f}" y="{y + 4}">{_short(row["value"])}</text>',
        ]
    caption = "Times faster than the competitor (dot), and the target (tick); each factor of ten is one step."
    shape = "".join([*parts, "</svg>"])
    return f'```{{raw}} html\n<figure class="w2s-speed">{shape}<figcaption>{caption}</figcaption></figure>\n```\n'


def _short(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.0f}"
