"""The book's figures: `style` says how they look, `publishing` how they are kept with their evidence."""

from w2s_utils.figures.publishing import Published, context, publish
from w2s_utils.figures.style import (
    COLORS,
    FAINT,
    GREY,
    INK,
    TINTS,
    WRITING,
    line,
    name,
    plain_ticks,
    points,
    subplots,
    use_style,
)

__all__ = [
    "COLORS",
    "FAINT",
    "GREY",
    "INK",
    "TINTS",
    "WRITING",
    "Published",
    "context",
    "line",
    "name",
    "plain_ticks",
    "points",
    "publish",
    "subplots",
    "use_style",
]
