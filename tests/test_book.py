"""The book is staged, built with warnings as errors, and shows what the passports say; here with toy chapters."""

import json
import re
import shutil

import pytest

from tests import toybook
from w2s_utils.runner import book, chapters, execute, pages, staging

URLS = '\n[project.urls]\nRepository = "https://github.com/example/book"\nPages = "https://project.example.org/"\n'


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    content = {"first_toy": toybook.chapter("first-figure", "First toy")}
    claims = {"toy/first-figure": "holds", "toy/other": "not tested"}
    root = toybook.make_root(tmp_path_factory.mktemp("toy") / "book", content, claims)
    toybook.add_book(root)
    (root / "codecheck.yml").write_text("---\nmanifest: []\n")
    (root / "pyproject.toml").write_text('[project]\nname = "toy"\n' + URLS)
    (chapter,) = chapters.discover(root)
    (result,) = execute.run(root, [execute.Job(chapter, chapter.values())], echo=lambda line: None)
    assert result.status == "done"
    return root


@pytest.fixture(scope="module")
def html(root):
    index, fresh = book.build(root)
    assert fresh and index == root / "_build" / "html" / "index.html"
    return index.parent


def page(html, name):
    return (html / f"{name}.html").read_text()


def test_an_unchanged_book_is_not_built_again(root, html):
    stamp = (html / "index.html").stat().st_mtime_ns
    assert book.build(root) == (html / "index.html", False)
    assert (html / "index.html").stat().st_mtime_ns == stamp


def test_the_landing_page_is_the_index_and_links_the_scorecard(html):
    landing = page(html, "index")
    assert landing == page(html, "intro")
    assert 'href="pages/scorecard.html"' in landing
    assert '<a href="codecheck.yml" download' in landing and (html / "codecheck.yml").is_file()
    assert "http-equiv" not in landing
    assert "2023" not in landing and re.search(r"Copyright\s+2026", landing)


def test_a_figure_has_both_versions_a_caption_and_its_files(html):
    chapter = page(html, "chapters/toy/first_toy")
    (figure,) = re.findall(r'<figure class="w2s-figure[^"]*" id="fig-first-figure">.*?</figure>', chapter, re.DOTALL)
    for mode in ("light", "dark"):
        assert f'class="only-{mode}" src="../../figures/first-figure/{mode}.svg"' in figure
    assert figure.count('alt="A curve that falls from left to right"') == 2
    assert "Fig. 1" in figure and "r(x) = n/x" in figure
    assert '<span class="w2s-place" id="fig/toy2026/first-figure"></span>' in figure
    assert 'href="#fig/toy2026/first-figure"' in figure and 'href="#rerun"' in figure
    assert figure.count('width="600" height="350"') == 2, "the page does not move when the picture is loaded"
    links = re.findall(r'href="([^"#]+)"[^>]* download', figure)
    assert [link.rpartition("/")[2] for link in links] == [
        "data.csv", "light.svg", "light.png", "figure.json", "first_toy.ipynb",
    ]  # fmt: skip
    for link in links:
        assert (html / "chapters" / "toy" / link).is_file()
    assert "image/png;base64" not in chapter and "_images" not in chapter
    assert 'href="#fig-first-figure"' in chapter, "the reference in the text is resolved"


def test_the_command_of_the_page_can_be_copied_and_changed(html):
    chapter = page(html, "chapters/toy/first_toy")
    (block,) = re.findall(r'<section class="w2s-rerun" id="rerun".*?</section>', chapter, re.DOTALL)
    assert "<code>.venv/bin/w2s run first_toy -p n 4 -p mean 0.5 -p seed 0 -p verdict holds</code>" in block
    assert block.count("<label ") == 4 and block.count("<button ") == 1
    assert "<option selected>holds</option><option>fails</option>" in block
    assert 'data-type="int"' in block and 'data-low="2" data-high="100"' in block
    assert chapter.index('id="rerun"') < chapter.index('<figure class="w2s-figure')
    assert "_static/w2s.js" in chapter


def test_a_report_goes_to_the_repository_or_is_a_text_to_copy(root, html, tmp_path):
    figure = page(html, "chapters/toy/first_toy")
    assert 'href="https://github.com/example/book/issues/new?title=Discrepancy%20in%20fig%2Ftoy2026%2F' in figure
    assert "w2s-report" not in figure
    copy = tmp_path / "book"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("html*", "cache"))
    (copy / "pyproject.toml").write_text('[project]\nname = "toy"\n')
    index, _ = book.build(copy)
    figure = (index.parent / "chapters" / "toy" / "first_toy.html").read_text()
    assert "/issues/new" not in figure
    (report,) = re.findall(r'<details class="w2s-report">.*?</details>', figure, re.DOTALL)
    assert "Figure: fig/toy2026/first-figure (chapter first_toy)" in report and "w2s-copy" in report


def test_the_matrix_of_receipts_is_a_page(html):
    assert "No receipt has been kept yet" in page(html, "pages/receipts")


def test_badges_say_what_is_reproduced_and_with_what_verdict(html):
    chapter = page(html, "chapters/toy/first_toy")
    (badges,) = re.findall(r'<p class="w2s-badges">.*?</p>', chapter, re.DOTALL)
    text = re.sub(r"<[^>]+>", "", badges)
    assert "toy2026 · theorem" in text and "1 holds" in text and "1 min to read · 1 s and 1 MB to run" in text


def test_the_download_is_the_executed_notebook(html):
    for place in ("chapters", "_sources/chapters"):
        notebook = json.loads((html / place / "toy" / "first_toy.ipynb").read_text())
        assert any("image/png" in str(cell.get("outputs")) for cell in notebook["cells"])
        assert "w2s-figure" not in json.dumps(notebook) and "papermill" not in json.dumps(notebook)


def test_scorecard_and_gallery_show_every_claim_and_figure(html):
    scorecard = page(html, "pages/scorecard")
    assert '<li class="w2s-tile w2s-holds"><strong>1</strong><span>holds</span></li>' in scorecard
    assert '<li class="w2s-tile w2s-untested"><strong>1</strong><span>not tested</span></li>' in scorecard
    assert '<li class="w2s-tile w2s-none"><strong>0</strong><span>fail</span></li>' in scorecard
    assert "../chapters/toy/first_toy.html#fig-first-figure" in scorecard and "0.4" in scorecard
    gallery = page(html, "pages/gallery")
    assert 'href="../chapters/toy/first_toy.html#fig/toy2026/first-figure"' in gallery
    assert '<li id="fig/toy2026/first-figure">' in gallery and ">Toy<" in re.sub(r"<a .*?</a>", "", gallery)
    assert "w2s-holds" in gallery and gallery.count("download=") == 4


def test_nothing_is_asked_of_another_host(html):
    for path in html.rglob("*.html"):
        text = path.read_text()
        loaded = re.findall(r'<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="(?:https?:)?//([^"]*)"', text)
        # the address of the published book is named as canonical, not loaded
        assert [address for address in loaded if not address.startswith("project.example.org/")] == [], path
        assert "thebe" not in text.lower(), path
    assert (html / "_static" / "mathjax" / "tex-mml-chtml.js").is_file()
    assert "mathjax/tex-mml-chtml.js" in page(html, "chapters/toy/first_toy")


def test_links_to_the_repository_follow_the_project_urls(html):
    chapter = page(html, "chapters/toy/first_toy")
    assert "https://github.com/example/book/edit/main/chapters/toy/first_toy.ipynb" in chapter
    assert "mybinder.org" in chapter and "colab.research.google.com" in chapter


def test_without_project_urls_there_is_no_such_link(root, tmp_path):
    shutil.copytree(root, tmp_path / "book", ignore=shutil.ignore_patterns("html*", "cache"))
    (tmp_path / "book" / "pyproject.toml").write_text('[project]\nname = "toy"\n[project.urls]\nPages = ""\n')
    staging.stage(tmp_path / "book", tmp_path / "staged")
    config = (tmp_path / "staged" / "_config.yml").read_text()
    assert "http" not in config and "repository:" not in config and "launch_buttons" not in config


def test_a_warning_is_an_error_and_keeps_the_last_book(root, html):
    notation = root / "pages" / "notation.md"
    before = notation.read_text()
    try:
        notation.write_text("# Notation\n\n{doc}`nowhere`\n")
        with pytest.raises(staging.BookError, match=r"pages/notation.md:3: WARNING: unknown document") as error:
            book.build(root)
        assert str(root) not in str(error.value)
        assert (html / "index.html").is_file()
        assert not (root / "_build" / "html.json").exists(), "the next build is not taken for unchanged"
    finally:
        notation.write_text(before)


def test_a_chapter_that_was_not_executed_or_does_not_exist_is_named(root, tmp_path):
    shutil.copytree(root, tmp_path / "book", ignore=shutil.ignore_patterns("_build"))
    with pytest.raises(staging.BookError, match="first_toy has not been executed"):
        staging.stage(tmp_path / "book", tmp_path / "staged")
    (tmp_path / "book" / "chapters" / "toy" / "first_toy.ipynb").unlink()
    with pytest.raises(staging.BookError, match="do not exist: chapters/toy/first_toy"):
        staging.stage(tmp_path / "book", tmp_path / "staged")


def test_the_reference_names_what_users_import(tmp_path):
    package = tmp_path / "pack"
    sources = {
        "__init__.py": "", "one.py": "def f(): ...", "_two.py": "def f(): ...", "cli.py": "def f(): ...",
        "empty.py": "x = 1", "all/__init__.py": "__all__ = ['f']", "all/inner.py": "def f(): ...",
        "parts/__init__.py": "", "parts/inner.py": "class C: ...",
    }  # fmt: skip
    for name, source in sources.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(source)
    assert pages.public_modules(package) == ["pack.all", "pack.one", "pack.parts.inner"]


def test_a_fence_that_markdown_would_take_for_text_is_refused(root):
    (chapter,) = chapters.discover(root)
    content = toybook.notebook([toybook.text("t", "# T\n\n```{prf:theorem} After {cite}`dong2025`\nx\n```")])
    with pytest.raises(staging.BookError, match="title has backticks needs a ::: fence: ```{prf:theorem}"):
        staging.staged_notebook(content, chapter)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.05, "0.05"),
        (123456.7, "1.23e+05"),
        ([1, 2.5, 3, 4], "1, 2.5, 3 …"),
        ([], "–"),
        ("a|b", "a\\|b"),
        (True, "True"),
    ],
)
def test_numbers_are_short(value, text):
    assert pages.number(value) == text
