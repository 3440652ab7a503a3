"""axe-core finds nothing serious or critical on any page of the built book, and pages stay small."""

import re
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue

import pytest

from tests import accessibility, browser, explorerpage, toybook
from w2s_utils import explorers
from w2s_utils.runner import chapters

HTML = toybook.ROOT / "_build" / "html"
# third-party scripts and fonts that all pages share
SHARED = ("_static/mathjax", "_static/vega", "_static/vendor", "_static/scripts")
PAGE, BOOK = 1.5e6, 25e6

DEFECTS = """<!doctype html><html><head><title>Defects</title></head><body><main><h1>A</h1><img src="x.svg">
<p style="color: #aaa; background: #fff">pale</p><input type="range">
<div role="list"><p>b</p></div></main></body></html>"""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with browser.session(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def pages():
    if not (HTML / "index.html").is_file():
        browser.absent("the book is not built: run make book first")
    return sorted(page for page in HTML.rglob("*.html") if "_static" not in page.parts)


def test_axe_notices_defects(chrome, tmp_path):
    page = tmp_path / "defects.html"
    page.write_text(DEFECTS)
    chrome.get(page.as_uri())
    found = "\n".join(accessibility.grave(accessibility.violations(chrome)))
    assert all(
        rule in found for rule in ("image-alt", "color-contrast", "html-has-lang", "label", "aria-required-children")
    )


def problems_of(chrome, page, with_explorer):
    chrome.get(page.as_uri())
    name = page.relative_to(HTML).as_posix()
    if name.removesuffix(".html") in with_explorer:
        explorerpage.wait(chrome)
        chrome.execute_script("document.querySelectorAll('.w2s-explorer details').forEach((fold) => fold.open = true)")
    found = []
    for mode, rules in (("light", None), ("dark", ["color-contrast"])):  # only colours depend on the theme
        problems = accessibility.grave(accessibility.violations(chrome, mode, rules))
        found += [f"{name}, {mode}: {line}" for line in problems]
    return found


def test_no_page_has_a_serious_violation(pages, tmp_path):
    with_explorer = {
        chapter.document for chapter in chapters.discover(toybook.ROOT) if chapter.name in explorers.MODULES
    }
    waiting = Queue()
    for page in sorted(pages, key=lambda page: -page.stat().st_size):
        waiting.put(page)

    def look(number):
        """One browser, which takes pages until none is left."""
        found, seen = [], 0
        with browser.session(tmp_path / f"profile-{number}") as chrome:
            while True:
                try:
                    page = waiting.get_nowait()
                except Empty:
                    return found, seen
                found += problems_of(chrome, page, with_explorer)
                seen += 1

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(look, range(2)))
    assert sum((found for found, _ in results), []) == []
    assert sum(seen for _, seen in results) == len(pages)


def test_headings_do_not_skip_a_level(pages):
    for page in pages:
        article = re.search(r"<article\b.*?</article>", page.read_text(encoding="utf-8"), re.DOTALL)
        levels = [int(level) for level in re.findall(r"<h([1-6])\b", article[0])] if article else [1]
        steps = [after - before for before, after in zip(levels, levels[1:], strict=False)]
        assert levels[:1] == [1] and max(steps, default=0) <= 1, (page.name, levels)


def test_pages_and_book_are_small(pages):
    assert [page.name for page in pages if page.stat().st_size > PAGE] == []
    files = [path for path in HTML.rglob("*") if path.is_file()]
    own = sum(p.stat().st_size for p in files if not p.relative_to(HTML).as_posix().startswith(SHARED))
    print(
        f"{own / 1e6:.1f} MB without {', '.join(SHARED)}; {sum(p.stat().st_size for p in files) / 1e6:.1f} MB with them"
    )
    assert own < BOOK
