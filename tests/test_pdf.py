"""The PDF: what it needs is said in one line; with LaTeX at hand a small book becomes one."""

import json
import shutil
import subprocess

import pytest

from tests import toybook
from w2s_utils import cli
from w2s_utils.runner import chapters, execute, pdf, staging

TABLE = "| claim | kind | expected | verdict |\n|:--|:--|--:|:--|\n| The risk falls. | exact | 0.1 | holds |\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    show = f"from IPython.display import Markdown\nMarkdown({TABLE!r})"
    content = toybook.chapter("toy-figure", extra=(toybook.code("table", show),))
    root = toybook.make_root(tmp_path_factory.mktemp("pdf") / "book", {"toy_chapter": content})
    toybook.add_book(root)
    (chapter,) = chapters.discover(root)
    (result,) = execute.run(root, [execute.Job(chapter, chapter.values())], echo=lambda line: None)
    assert result.status == "done"
    return root


def test_without_latex_one_line_says_what_is_missing_and_how_to_get_it(root, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert cli.main(["pdf"], root) == 1
    error = capsys.readouterr().err
    assert error.startswith("w2s pdf: latexmk and xelatex not found; on Debian: apt-get install latexmk texlive-xetex")
    assert error.count("\n") == 1


def test_a_staged_book_gets_what_latex_needs(root, tmp_path):
    import yaml

    staging.stage(root, tmp_path / "staged")
    pdf.prepare(tmp_path / "staged")
    config = yaml.safe_load((tmp_path / "staged" / "_config.yml").read_text())
    assert config["sphinx"]["config"]["latex_engine"] == "xelatex"
    assert (tmp_path / "staged" / config["sphinx"]["config"]["latex_additional_files"][0]).is_file()
    staged = json.loads((tmp_path / "staged" / "chapters" / "toy" / "toy_chapter.ipynb").read_text())
    texts = [o["data"]["text/markdown"] for c in staged["cells"] for o in c.get("outputs", []) if "data" in o]
    assert [text.startswith("```{tabularcolumns} \\X{52}{100}") for text in texts] == [True]
    if shutil.which("rsvg-convert"):
        assert (tmp_path / "staged" / "_extra" / "figures" / "toy-figure" / "light.pdf").read_bytes()[:4] == b"%PDF"


def test_errors_of_latex_are_quoted(tmp_path):
    log = tmp_path / "pdf.log"
    log.write_text("noise\n./book.tex:12: Undefined control sequence.\n! Emergency stop.\n")
    assert pdf._reason(log).splitlines()[1:] == ["./book.tex:12: Undefined control sequence.", "! Emergency stop."]


@pytest.mark.skipif(bool(pdf.missing()), reason="LaTeX is not installed: w2s pdf says how to get it")
def test_a_small_book_becomes_a_pdf(root):
    made = pdf.build(root)
    assert made == root / "_build" / "book.pdf" and made.read_bytes()[:5] == b"%PDF-"
    if reader := shutil.which("pdftotext"):
        text = subprocess.run([reader, made, "-"], capture_output=True, text=True, check=True).stdout
        for words in ("TOY", "Line: theory", "w2s run toy_chapter", "The risk falls", "Number of claims by verdict"):
            assert words in text, words
        assert "w2s-figure" not in text and "tabularcolumns" not in text
