"""An explorer as a piece of HTML: sliders, room for the chart, and its description for the script that draws it.

Without JavaScript a sentence shows that points to the figure. Must not import ``simulate``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape

from w2s_utils.explorers.common import Explorer, Slider
from w2s_utils.figures.style import DARK


def fragment(explorer: Explorer, script: str) -> str:
    """HTML of an explorer.

    Parameters
    ----------
    explorer : Explorer
    script : str
        Address of ``explorer.js``, relative to the page.

    Returns
    -------
    str

    Examples
    --------
    >>> from w2s_utils.explorers import variance
    >>> fragment(variance.explorer(), "explorer.js").count('type="range"')
    4
    """
    name = f"explorer-{explorer.name}"
    plain = [slider for slider in explorer.sliders if not slider.more]
    folded = [slider for slider in explorer.sliders if slider.more]
    more = f"<details><summary>More sliders</summary>{_sliders(name, folded)}</details>" if folded else ""
    content = {
        "chart": explorer.chart,
        "dark": DARK,
        "sliders": {s.name: {"stops": s.stops, "texts": s.texts} for s in explorer.sliders},
    }
    # "</" would end the script element
    data = json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    return f"""<div class="w2s-explorer" id="{name}" role="group" aria-labelledby="{name}-title">
<p class="w2s-explorer-title" id="{name}-title">{mathematics(explorer.title)}</p>
<p>{mathematics(explorer.moves)}</p>
<p class="w2s-still">The sliders need JavaScript. <a href="#fig-{explorer.figure}">The figure above</a> shows the same
curves at the settings of this chapter.</p>
<div class="w2s-live" hidden>
<div class="w2s-plot"></div>
<p class="w2s-readout" role="status"></p>
{_sliders(name, plain)}
{more}
<p class="w2s-reading"><button type="button">Reset</button> {mathematics(explorer.reading)}</p>
</div>
<script type="application/json">{data}</script>
<script defer src="{escape(script, quote=True)}"></script>
</div>"""


def mathematics(text: str) -> str:
    """Escape a sentence for HTML and mark what stands between dollar signs for MathJax.

    Examples
    --------
    >>> mathematics("a < $b$")
    'a &lt; <span class="math notranslate nohighlight">\\\\(b\\\\)</span>'
    """
    start, end = r'<span class="math notranslate nohighlight">\\(', r"\\)</span>"
    return re.sub(r"\$([^$]+)\$", rf"{start}\1{end}", escape(text, quote=False))


def _sliders(name: str, sliders: Iterable[Slider]) -> str:
    made = []
    for slider in sliders:
        identity, at = f"{name}-{slider.name}", slider.stops.index(slider.start)
        made.append(
            f'<div class="w2s-slider"><label for="{identity}">{mathematics(slider.label)}</label> '
            f'<span class="w2s-value" aria-hidden="true">{escape(slider.texts[at])}</span>'
            f'<input type="range" id="{identity}" name="{slider.name}" min="0" max="{len(slider.stops) - 1}" '
            f'value="{at}" aria-label="{escape(slider.spoken, quote=True)}" '
            f'aria-valuetext="{escape(slider.texts[at], quote=True)}"></div>'
        )
    return f'<div class="w2s-sliders">{"".join(made)}</div>'
