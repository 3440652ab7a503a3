"""Sphinx extension of the book: its own MathJax, figures with evidence, verdict badges, explorers.

No page asks another host for anything: MathJax is served from ``_vendor``, and the scripts of Thebe, which
only matter for a button this book does not have, are taken out.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole
from w2s_rerun import copyable, links_of, only

from w2s_utils.runner.scorecard import worded

VERDICTS = {
    "holds": "holds",
    "holds with a correction": "corrected",
    "fails": "fails",
    "inconclusive": "inconclusive",
    "not tested": "untested",
}


def passport_of(source: str | Path, name: str) -> dict[str, Any]:
    path = Path(source) / "_extra" / "figures" / name / "figure.json"
    return json.loads(path.read_text(encoding="utf-8"))


def up_from(document: str) -> str:
    """Relative way from a page to the root of the book."""
    return "../" * document.count("/")


def pictures(source: str | Path, prefix: str, name: str, alt: str, kind: str = "svg") -> str:
    """The two versions of a figure, of which the theme shows the one that fits.

    In an element of their own: the theme hides a caption together with the picture beside it. With their size, so
    that a link to a figure further down still leads there once the pictures above it are loaded.
    """
    text = html.escape(alt, quote=True)
    width, height = png_size(Path(source) / "_extra" / "figures" / name / "light.png")
    images = "".join(
        f'<img class="only-{mode}" src="{prefix}figures/{name}/{mode}.{kind}" alt="{text}" width="{width}" '
        f'height="{height}" loading="lazy">'
        for mode in ("light", "dark")
    )
    return f'<div class="w2s-picture">{images}</div>'


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, from the first bytes of the file."""
    head = path.read_bytes()[:24]
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


class Figure(SphinxDirective):
    """``{w2s-figure} <id>``: a numbered figure made from its folder.

    Its label is ``fig-<id>``; on the page, ``#fig/<paper>/<id>`` leads there too.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        try:
            passport = passport_of(self.env.srcdir, name)
        except (OSError, ValueError) as error:
            raise self.error(f"w2s-figure {name}: no passport: {error}") from None
        self.env.note_dependency(str(Path(self.env.srcdir) / "_extra" / "figures" / name / "figure.json"))
        prefix = up_from(self.env.docname)
        told = links_of(self.env.srcdir)["figures"].get(name, {})
        figure = nodes.figure(classes=["w2s-figure"], names=[f"fig-{name}"])
        place = f'<span class="w2s-place" id="{told["anchor"]}"></span>' if told else ""
        shown = pictures(self.env.srcdir, prefix, name, passport["alt"])
        figure += nodes.raw("", place + shown, format="html")
        figure += only("latex", nodes.image(uri=f"/_extra/figures/{name}/{print_file(self.env.srcdir, name)}"))
        caption = nodes.paragraph()
        self.state.nested_parse(StringList(passport["caption"].splitlines(), name), 0, caption)
        inline = caption.children[0].children if len(caption.children) == 1 else caption.children
        figure += nodes.caption("", "", *inline)
        figure += nodes.legend("", nodes.raw("", self._links(prefix, name, passport), format="html"))
        self.set_source_info(figure)
        self.state.document.note_explicit_target(figure, figure)
        return [figure]

    def _links(self, prefix: str, name: str, passport: dict[str, Any]) -> str:
        files = {"data": "data.csv", "svg": "light.svg", "png": "light.png", "passport": "figure.json"}
        links = [
            f'<a href="{prefix}figures/{name}/{file}" download="{name}{Path(file).suffix}">{label}</a>'
            for label, file in files.items()
        ]
        chapter = passport["chapter"]
        if self.env.docname.endswith(f"/{chapter}"):
            links.append(f'<a href="{chapter}.ipynb" download>notebook</a>')
        told = links_of(self.env.srcdir)
        if chapter in told["chapters"]:
            links.append('<a href="#rerun">rerun</a>')
        if name not in told["figures"]:
            return f'<p class="w2s-links">{" ".join(links)}</p>'
        own = told["figures"][name]
        links.append(f'<a href="#{own["anchor"]}">link</a>')
        if own["report_url"]:
            links.append(f'<a href="{html.escape(own["report_url"], quote=True)}">report a discrepancy</a>')
            return f'<p class="w2s-links">{" ".join(links)}</p>'
        # no address is known where a report could go: the text of one, to send to whoever published this book
        text = copyable(own["report"], f"Report about figure {name}")
        return (
            f'<p class="w2s-links">{" ".join(links)}</p><details class="w2s-report"><summary>report a discrepancy'
            f"</summary><p>Send this to whoever gave you the book:</p>{text}</details>"
        )


class Gallery(SphinxDirective):
    """``{w2s-gallery}`` with one id a line: figures as thumbnails, with their files and verdicts."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(Path(self.env.srcdir) / "_generated" / "links.json"))
        names = [name for name in self.content if name]
        items = "".join(self._item(name) for name in names)
        titles = (nodes.paragraph(text=passport_of(self.env.srcdir, name)["title"]) for name in names)
        in_print = nodes.bullet_list("", *(nodes.list_item("", title) for title in titles))
        return [nodes.raw("", f'<ul class="w2s-gallery">{items}</ul>', format="html"), only("latex", in_print)]

    def _item(self, name: str) -> str:
        prefix, source = up_from(self.env.docname), self.env.srcdir
        passport = passport_of(source, name)
        self.env.note_dependency(str(Path(source) / "_extra" / "figures" / name / "figure.json"))
        told = links_of(source)["figures"][name]
        address = f"{prefix}{told['document']}.html#{told['anchor']}"
        verdicts = [claim["verdict"] for claim in passport["claims"]]
        badges = " ".join(
            f'<span class="w2s-verdict w2s-{style}">{worded(verdicts.count(verdict), verdict)}</span>'
            for verdict, style in VERDICTS.items()
            if verdict in verdicts
        )
        files = {"data": "data.csv", "svg": "light.svg", "png": "light.png", "passport": "figure.json"}
        links = " ".join(
            f'<a href="{prefix}figures/{name}/{file}" download="{name}{Path(file).suffix}" '
            f'aria-label="{label} of {html.escape(passport["title"], quote=True)}">{label}</a>'
            for label, file in files.items()
        )
        images = pictures(source, prefix, name, passport["alt"], kind="png")
        return (
            f'<li id="{told["anchor"]}"><a class="w2s-thumbnail" href="{address}">{images}'
            f"<span>{html.escape(passport['title'])}</span></a>"
            f'<p class="w2s-gallery-verdicts">{badges or "no claim of its own"}</p><p class="w2s-links">{links}</p>'
            f"<code>{told['anchor']}</code></li>"
        )


class Hero(SphinxDirective):
    """``{w2s-hero} <id>``: the picture of a figure with a sentence under it, a link to the figure in its chapter."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name, source, prefix = self.arguments[0], self.env.srcdir, up_from(self.env.docname)
        passport = passport_of(source, name)
        self.env.note_dependency(str(Path(source) / "_extra" / "figures" / name / "figure.json"))
        told = links_of(source)["figures"][name]
        address = f"{prefix}{told['document']}.html#{told['anchor']}"
        images = pictures(source, prefix, name, passport["alt"])
        caption = nodes.paragraph(classes=["w2s-hero-text"])
        self.state.nested_parse(self.content, self.content_offset, caption)
        return [nodes.raw("", f'<a class="w2s-hero" href="{address}">{images}</a>', format="html"), caption]


class Explorer(SphinxDirective):
    """``{w2s-explorer} <chapter>``: sliders that move theory curves; their scripts load on this page only."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from w2s_utils import explorers

        name = self.arguments[0]
        if name not in explorers.MODULES:
            raise self.error(f"w2s-explorer {name}: no such explorer; known: {', '.join(explorers.MODULES)}")
        script = f"{up_from(self.env.docname)}_static/explorer/explorer.js"
        return [nodes.raw("", explorers.fragment(explorers.MODULES[name].explorer(), script), format="html")]


class Badges(SphinxDirective):
    """``{w2s-badges} <paper item>``: the line under a chapter's title."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        chapter = Path(self.env.docname).name
        source = Path(self.env.srcdir)
        counts = dict.fromkeys(VERDICTS, 0)
        seconds, memory = 0.0, 0.0
        for path in source.glob("_extra/figures/*/figure.json"):
            passport = passport_of(source, path.parent.name)
            if passport["chapter"] == chapter:
                seconds = max(seconds, passport.get("seconds") or 0)
                memory = max(memory, (passport.get("memory") or 0) / 1e6)
                for claim in passport["claims"]:
                    counts[claim["verdict"]] += 1
        line = nodes.paragraph(classes=["w2s-badges"])
        if self.arguments:
            line += [nodes.inline("", self.arguments[0], classes=["w2s-item"]), nodes.Text(" ")]
        for verdict, count in counts.items():
            if count:
                line += [badge(verdict, count), nodes.Text(" ")]
        minutes = max(1, round(self._words() / 200))
        said = f"{minutes} min to read · {duration(seconds)} and {max(memory, 1):.0f} MB to run"
        line += nodes.inline("", said, classes=["w2s-time"])
        return [line]

    def _words(self) -> int:
        path = Path(self.env.doc2path(self.env.docname))
        if path.suffix != ".ipynb":
            return len(path.read_text(encoding="utf-8").split())
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return sum(len("".join(c["source"]).split()) for c in cells if c["cell_type"] == "markdown")


def duration(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class Verdict(SphinxRole):
    """``{w2s-verdict}`holds``` or with a count, ``{w2s-verdict}`4 holds```, shown as 4 hold."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        match = re.fullmatch(r"(\d+)\s+(.*)", self.text)
        count, verdict = (int(match[1]), match[2]) if match else (None, self.text)
        if verdict not in VERDICTS:
            known = ", ".join(VERDICTS)
            return [], [self.inliner.reporter.error(f"unknown verdict {verdict!r}; known: {known}")]
        return [badge(verdict, count)], []


def badge(verdict: str, count: int | None = None) -> nodes.inline:
    text = verdict if count is None else worded(count, verdict)
    return nodes.inline("", text, classes=["w2s-verdict", f"w2s-{VERDICTS[verdict]}"])


def plain_references(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list) -> None:
    """Numbered references repeat from one docstring to the next: make them text, not link targets."""
    for index, line in enumerate(lines):
        line = re.sub(r"^\.\. \[(\d+)\]\s+", r"\\[\1\\] ", line)
        lines[index] = re.sub(r"\[(\d+)\]_", r"\\[\1\\]", line)


def use_own_scripts(app: Sphinx, config: Any) -> None:
    vendor = Path(app.srcdir) / "_vendor"
    if vendor.is_dir():
        # after Jupyter Book has looked for scripts: all it finds in a static folder goes onto every page
        config.html_static_path += [str(vendor), str(Path(app.srcdir) / "_ext" / "static")]
        config.mathjax_path = "mathjax/tex-mml-chtml.js"


def drop_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    def is_thebe(asset: Any) -> bool:
        body = str(getattr(asset, "attributes", {}).get("body", ""))
        return "THEBE_JS_URL" in body or "sphinx-thebe" in str(getattr(asset, "filename", asset))

    for kind in ("script_files", "css_files"):
        context[kind][:] = [asset for asset in context.get(kind, []) if not is_thebe(asset)]


def drop_thebe_settings(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for node in list(doctree.findall(nodes.raw)):
        if "x-thebe-config" in node.astext() or node.astext().startswith("<script>kernelName"):
            node.parent.remove(node)


def print_file(source: str | Path, name: str) -> str:
    """The picture for the PDF: vector graphics when `w2s pdf` could convert them."""
    folder = Path(source) / "_extra" / "figures" / name
    return "light.pdf" if (folder / "light.pdf").is_file() else "light.png"


# what theme and extensions write that keeps a screen reader from the text of an element
REPAIRS = (
    (r' aria-label="Toggle hidden content"', ""),  # of a fold: its own text says what is hidden
    (r' role="doc-biblioentry"', ' role="listitem"'),  # its parent has the role of a list
    (r'(<i class="theme-switch[^>]*) title="[^"]*"', r'\1 aria-hidden="true"'),  # the button has a label
)


def repair_pages(app: Sphinx, error: Exception | None) -> None:
    """Apply the repairs, and leave out maps of minified sources: 3 MB that only a theme's developer opens."""
    if error is None and app.builder.format == "html":
        for path in Path(app.outdir, "_static").rglob("*.map"):
            path.unlink()
        for path in Path(app.outdir).rglob("*.html"):
            old = new = path.read_text(encoding="utf-8")
            for wrong, right in REPAIRS:
                new = re.sub(wrong, right, new)
            if new != old:
                path.write_text(new, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("w2s_rerun")
    app.add_directive("w2s-figure", Figure)
    app.add_directive("w2s-gallery", Gallery)
    app.add_directive("w2s-hero", Hero)
    app.add_directive("w2s-explorer", Explorer)
    app.add_directive("w2s-badges", Badges)
    app.add_role("w2s-verdict", Verdict())
    app.connect("config-inited", use_own_scripts, priority=900)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("doctree-resolved", drop_thebe_settings, priority=900)
    app.connect("build-finished", repair_pages)
    app.connect("autodoc-process-docstring", plain_references, priority=100)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
