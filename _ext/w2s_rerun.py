"""Sphinx extension of the book: the line that runs a chapter again, with a form for other parameters, and receipts.

The line is there without JavaScript; ``_static/w2s.js`` adds the copy buttons and keeps the line at what the form says.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

RECEIPTS = {
    "agrees": ("✓", "agrees", "holds"),
    "differs": ("✗", "differs", "fails"),
    "earlier": ("↺", "earlier", "inconclusive"),
    "none": ("–", "not run", "untested"),
}


def links_of(source: str | Path) -> dict[str, Any]:
    """What `w2s_utils.runner.links` has written for this book; empty in a book without it."""
    path = Path(source) / "_generated" / "links.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"figures": {}, "chapters": {}}


def copyable(text: str, label: str, cls: str = "") -> str:
    """A text with a button that copies it."""
    name = html.escape(label, quote=True)
    return (
        f'<div class="w2s-copyable {cls}"><pre tabindex="0" role="group" aria-label="{name}">'
        f"<code>{html.escape(text)}</code></pre>"
        f'<button type="button" class="w2s-copy" hidden>Copy</button></div>'
    )


class Rerun(SphinxDirective):
    """``{w2s-rerun} <chapter>``: the command with all parameters of this page, and a form that changes them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        chapter = self.arguments[0]
        told = links_of(self.env.srcdir)["chapters"].get(chapter)
        if told is None:
            return []
        self.env.note_dependency(str(Path(self.env.srcdir) / "_generated" / "links.json"))
        fields = "".join(_field(number, item) for number, item in enumerate(told["parameters"]))
        text = (
            f'<section class="w2s-rerun" id="rerun" aria-label="Run this chapter again" data-chapter="{chapter}">'
            "<p>To run this chapter again, in a checkout of the book:</p>"
            f"{copyable(told['command'], 'Command that runs this chapter', 'w2s-line')}"
            '<details hidden><summary>Other parameters</summary><form class="w2s-form" novalidate>'
            f'{fields}</form></details><p class="w2s-said" role="status"></p></section>'
        )
        command = nodes.literal_block(told["command"], told["command"], language="text")
        # in print, the line alone
        return [nodes.raw("", text, format="html"), only("latex", command)]


def only(builder: str, *content: nodes.Node) -> nodes.Element:
    """Content for one kind of output."""
    from sphinx import addnodes

    return addnodes.only("", *content, expr=builder)


def _field(number: int, item: dict[str, Any]) -> str:
    name, value = html.escape(item["name"], quote=True), html.escape(item["value"], quote=True)
    told = f'id="w2s-p{number}" name="{name}" data-type="{item["type"]}" aria-describedby="w2s-h{number}"'
    if item["choices"] is not None or item["type"] == "bool":
        options = "".join(
            f"<option{' selected' if choice == item['value'] else ''}>{html.escape(choice)}</option>"
            for choice in map(str, item["choices"] or ("true", "false"))
        )
        control = f"<select {told}>{options}</select>"
    else:
        limits = "".join(f' data-{end}="{item[end]!r}"' for end in ("low", "high") if item[end] is not None)
        mode = (
            "" if item["type"].endswith(("str", "str]")) or item["type"].startswith("list") else ' inputmode="decimal"'
        )
        control = f'<input type="text" {told} value="{value}"{limits}{mode} autocomplete="off" spellcheck="false">'
    hint = html.escape(" ".join(filter(None, (item["allowed"], item["help"]))))
    return (
        f'<div class="w2s-field"><label for="w2s-p{number}"><code>{name}</code></label>{control}'
        f'<span id="w2s-h{number}">{hint}</span></div>'
    )


class Receipt(SphinxRole):
    """``{w2s-receipt}`agrees```: one cell of the matrix of receipts, in words and colour."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text not in RECEIPTS:
            known = ", ".join(RECEIPTS)
            return [], [self.inliner.reporter.error(f"unknown receipt {self.text!r}; known: {known}")]
        sign, word, colour = RECEIPTS[self.text]
        return [nodes.inline("", f"{sign} {word}", classes=["w2s-verdict", f"w2s-{colour}"])], []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("w2s-rerun", Rerun)
    app.add_role("w2s-receipt", Receipt())
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
