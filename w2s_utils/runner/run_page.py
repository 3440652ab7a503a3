"""One HTML page for a run with the reader's parameters, beside its notebook and figures.

It loads nothing but files of the run's folder and the vendored MathJax, and shows nothing unescaped.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from w2s_utils.runner import cache, links, scorecard
from w2s_utils.runner.against import Comparison
from w2s_utils.runner.chapters import Chapter
from w2s_utils.runner.pages import CLASSES, number
from w2s_utils.runner.parameters import text_of

PAGE = "index.html"
_CSS = """
:root{color-scheme:light dark;--ink:#1f2328;--page:#fff;--soft:#57606a;--line:#d0d7de;--link:#0b4f8a}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--page:#14181e;--soft:#9aa4ae;--line:#444b53;--link:#a5cff7}}
body{font:16px/1.5 Georgia,serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--page)}
a{color:var(--link)}code,pre{font-size:.85em}pre{border:1px solid var(--line);border-radius:.3em;padding:.6em;
overflow-x:auto}.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.25rem .9rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th,.soft{font-weight:normal;color:var(--soft)}figure{margin:2rem 0}img{max-width:100%;height:auto}
.against{border-left:4px solid #0072b2;padding-left:1rem}.verdict{font-weight:bold;white-space:nowrap}
"""
_MATH = (
    '<script>window.MathJax={{tex:{{inlineMath:[["$","$"]]}},'
    'options:{{ignoreHtmlClass:"page",processHtmlClass:"math"}}}};</script><script defer src="{}"></script>'
)


def write(root: Path, chapter: Chapter, folder: Path, entry: dict[str, Any], found: Sequence[Comparison]) -> Path:
    """Write the page of a complete run into its folder.

    Parameters
    ----------
    root : Path
        Checkout, where MathJax is.
    chapter : Chapter
    folder : Path
        Result of the run.
    entry : dict
        Its record: parameters, preset, seconds.
    found : sequence of Comparison
        From `against.compare`.

    Returns
    -------
    Path
    """
    mathjax = root / "_vendor" / "mathjax" / "tex-mml-chtml.js"
    head = ""
    if mathjax.is_file():
        head = _MATH.format(escape(Path(os.path.relpath(mathjax, folder)).as_posix(), quote=True))
    title = escape(chapter.title)
    line = links.command(chapter.name, entry["parameters"])
    line += f" --preset {entry['preset']}" if entry["preset"] != "fast" else ""
    notebook = f"{chapter.name}.ipynb"
    parts = [
        f'<h1>{title}</h1><p class="soft">A run of {escape(entry["finished"])}, {entry["seconds"]:.1f} s. '
        f'<a href="{escape(notebook, quote=True)}">Executed notebook</a></p>',
        f"<h2>The run</h2><pre><code>{escape(line)}</code></pre>",
        _parameters(chapter, entry),
    ]
    compared = {item.figure: item for item in found}
    expected = scorecard.committed(root)
    for passport in scorecard.passports(folder / "figures"):
        parts.append(_figure(passport, compared.get(passport["id"]), expected))
    body = "\n".join(parts)
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}: a run</title><style>{_CSS}</style>{head}</head>"
        f'<body class="page"><main>{body}</main></body></html>\n'
    )
    cache.write_text(folder / PAGE, text)
    return folder / PAGE


def _parameters(chapter: Chapter, entry: dict[str, Any]) -> str:
    rows = ""
    for name, parameter in chapter.parameters.items():
        value, default = (text_of(v) for v in (entry["parameters"][name], parameter.default))
        mark = "<strong>{}</strong>" if value != default else "{}"
        told = (escape(text) for text in (default, parameter.allowed, parameter.help))
        cells = (f"<code>{escape(name)}</code>", mark.format(escape(value)), *told)
        rows += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("parameter", "this run", "default", "allowed", ""))
    return f'<div class="wide" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _figure(passport: dict[str, Any], compared: Comparison | None, expected: dict[str, dict[str, str]]) -> str:
    name, alt = escape(passport["id"], quote=True), escape(passport["alt"], quote=True)
    picture = (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="figures/{name}/dark.svg">'
        f'<img src="figures/{name}/light.svg" alt="{alt}"></picture>'
    )
    files = {"data": "data.csv", "svg": "light.svg", "png": "light.png", "passport": "figure.json"}
    linked = " ".join(f'<a href="figures/{name}/{file}">{label}</a>' for label, file in files.items())
    outcome = escape(compared.sentence) if compared else "There is no reference figure of that name."
    if compared and compared.changed:
        told = (f"{n} = {text_of(new)} (reference: {text_of(old)})" for n, (new, old) in compared.changed.items())
        outcome += f'<br><span class="soft">Not as in the reference: {escape("; ".join(told))}</span>'
    rows = ""
    for claim in passport["claims"]:
        usual = expected.get(claim["id"], {}).get("verdict", "")
        other = "" if usual in ("", claim["verdict"]) else f"<br>(at the default parameters: {escape(usual)})"
        rows += (
            f'<tr><td class="{CLASSES.get(claim["verdict"], "")} verdict">{escape(claim["verdict"])}{other}</td>'
            f'<td class="math">{_text(claim["statement"])}<br><code>{escape(claim["id"])}</code></td>'
            f"<td>{escape(number(claim['expected']))}</td><td>{escape(number(claim['observed']))}</td></tr>"
        )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("verdict", "claim", "expected", "observed"))
    table = f'<div class="wide" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    machine = {key: passport[key] for key in ("seed", "versions", "blas", "cpu", "seconds", "memory")}
    return (
        f'<section><h2>{escape(passport["title"])}</h2><p class="against">{outcome}</p>'
        f'<figure>{picture}<figcaption><div class="math">{_text(passport["caption"])}</div>{linked}</figcaption>'
        f"</figure>{table if rows else ''}<details><summary>Passport in short</summary>"
        f"<pre>{escape(json.dumps(machine, indent=1))}</pre></details></section>"
    )


def _text(myst: str) -> str:
    """A caption or a claim as HTML: escaped first, then emphasis and code; mathematics is left to MathJax.

    Examples
    --------
    >>> _text("**Line:** `n` < 3, {cite}`dong2025`")
    '<strong>Line:</strong> <code>n</code> &lt; 3, <code>dong2025</code>'
    """
    text = escape(re.sub(r"\{[a-z0-9:-]+\}(?=`)", "", myst))
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
