"""Explorers: theory curves that follow sliders in the reader's browser, without a server.

One module an explorer, each with ``SLIDERS``, ``expected`` (the same curves from `w2s_utils.theory`, with which the
tests compare the browser's) and ``explorer``; `tables` for what needs a root, `page` for HTML, `common` for the rest.
Nothing here imports ``simulate``, and no module of computation imports this package.
"""

from __future__ import annotations

from types import ModuleType

from w2s_utils.explorers import gain, ridge, unified, variance
from w2s_utils.explorers.common import Explorer, Slider
from w2s_utils.explorers.page import fragment

# by chapter
MODULES: dict[str, ModuleType] = {
    "variance_decomposition": variance,
    "gain_theory": gain,
    "ridge_regularization": ridge,
    "unifying_view": unified,
}

__all__ = ["MODULES", "Explorer", "Slider", "fragment"]
