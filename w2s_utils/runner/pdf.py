"""The whole book as one PDF, by LaTeX: the staged tree of the HTML book, figures in their light version.

Outside the checks of the two commands: LaTeX is large, and most readers never need it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from w2s_utils.runner import book, cache, staging

TOOLS = ("latexmk", "xelatex")
PACKAGES = (
    "latexmk texlive-xetex texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended "
    "tex-gyre fonts-freefont-otf librsvg2-bin"
)
WIDTHS = {4: (52, 14, 13, 21), 6: (28, 12, 12, 9, 11, 28)}  # percent, by number of columns of a table of claims
TIMEOUT = 1200  # seconds
# Jupyter Book's class asks for a font of which the book uses no letter, and which fills 1 GB with its neighbours
BBM = "\\ProvidesPackage{bbm}\\RequirePackage{amssymb}\\providecommand{\\mathbbm}[1]{\\mathbb{#1}}\n"
_SETTINGS = """
    latex_engine: xelatex
    latex_use_xindy: false
    latex_additional_files: [_tex/bbm.sty]
    latex_table_style: [booktabs]
    latex_elements: {papersize: a4paper, pointsize: 10pt, extraclassoptions: 'openany,oneside', preamble: '%s'}
"""


class PdfError(RuntimeError):
    """The PDF could not be made; the message is one line, or the errors of LaTeX."""


def missing() -> list[str]:
    """Programs that are needed and not there."""
    return [name for name in TOOLS if shutil.which(name) is None]


def require_tools() -> None:
    """Refuse to start without LaTeX.

    Raises
    ------
    PdfError
        With one line that says what is missing and how to get it.
    """
    if absent := missing():
        raise PdfError(f"{' and '.join(absent)} not found; on Debian: apt-get install {PACKAGES} (100 MB, one minute)")


def build(root: Path) -> Path:
    """Make the PDF from executed chapters.

    Parameters
    ----------
    root : Path
        Checkout.

    Returns
    -------
    Path
        ``_build/book.pdf``.

    Raises
    ------
    PdfError
        Without LaTeX, or when it fails; the log is ``_build/pdf.log``.
    staging.BookError
        When a chapter has not been executed.
    """
    require_tools()
    staged, made, log = (root / "_build" / name for name in ("pdf-book", "pdf", "pdf.log"))
    staging.stage(root, staged)
    prepare(staged)
    shutil.rmtree(made, ignore_errors=True)
    book.jupyter_book(staged, made, log, "--builder", "latex")
    folder = made / "_build" / "latex"
    (source,) = folder.glob("*.tex")
    command = ["latexmk", "-xelatex", "-interaction=nonstopmode", "-file-line-error", source.name]
    with log.open("ab") as handle:
        try:
            status = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, timeout=TIMEOUT
            ).returncode
        except subprocess.TimeoutExpired:
            raise PdfError(f"LaTeX did not end within {TIMEOUT} s (whole log: _build/pdf.log)") from None
    finished = source.with_suffix(".pdf")
    if status or not finished.is_file():
        raise PdfError(_reason(log))
    target = root / "_build" / "book.pdf"
    os.replace(finished, target)
    return target


def prepare(staged: Path) -> None:
    """Add to a staged book what LaTeX needs: its settings, a stand-in for a font, vector graphics where possible."""
    import yaml

    (staged / "_tex").mkdir()
    (staged / "_tex" / "bbm.sty").write_text(BBM, encoding="utf-8")
    path = staged / "_config.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    preamble = r"\usepackage{newunicodechar}\sloppy\setlength{\emergencystretch}{3em}"
    config["sphinx"]["config"] |= yaml.safe_load(_SETTINGS % preamble)
    config["latex"] = {"latex_documents": {"targetname": "book.tex"}}
    cache.write_text(path, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    for notebook in staged.glob("chapters/*/*.ipynb"):
        _table_widths(notebook)
    if convert := shutil.which("rsvg-convert"):
        for svg in staged.glob("_extra/figures/*/light.svg"):
            subprocess.run([convert, "-f", "pdf", "-o", svg.with_suffix(".pdf"), svg], check=True)


def _table_widths(notebook: Path) -> None:
    """Say how wide the columns of verdict tables are; left alone, numbers run into each other on paper."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        for output in cell.get("outputs", []):
            text = "".join(output.get("data", {}).get("text/markdown", ""))
            columns = WIDTHS.get(text.partition("\n")[0].count("|") - 1)
            if text.startswith("| claim") and columns:
                spec = "".join(f"\\X{{{width}}}{{100}}" for width in columns)
                output["data"]["text/markdown"] = f"```{{tabularcolumns}} {spec}\n```\n\n{text}"
    notebook.write_text(json.dumps(content), encoding="utf-8")


def _reason(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.match(r"(!|\S+:\d+: )", line)][:5]
    return "\n".join(["LaTeX failed (whole log: _build/pdf.log)", *(errors or lines[-3:])])
