"""The built book as files: nothing from other hosts, downloads that are the evidence, right dates and addresses."""

import datetime
import json
import re
from html.parser import HTMLParser

import pytest

from tests import toybook
from w2s_utils.runner import chapters, scorecard, staging

ROOT = toybook.ROOT
HTML = ROOT / "_build" / "html"
FIGURES = ROOT / "_build" / "figures"
# what a link must be for a browser to load it without being asked to
LOADED = {"stylesheet", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "icon", "manifest"}
SOURCES = {"src", "srcset", "data", "poster"}


class Page(HTMLParser):
    """Addresses that a page loads, and those it offers for download."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.downloads, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "download" in given:
            self.downloads.append(given["href"])
        elif tag == "link" and LOADED & set(given.get("rel", "").split()):
            self.loaded.append(given["href"])
        elif tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.loaded.append(given["content"])
        elif tag != "a":
            self.loaded += [given[name] for name in SOURCES & set(given)]

    def handle_data(self, data):
        self.text.append(data)

    def foreign(self):
        return [address for address in self.loaded if re.search(r"(^|[\s=,;])(\w+:)?//", address)]


def foreign_in_style(text):
    return re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", text)


@pytest.fixture(scope="module")
def pages():
    assert (HTML / "index.html").is_file(), "the book is not built: run make book first"
    paths = sorted(path for path in HTML.rglob("*.html") if "_static" not in path.parts)
    return {path.relative_to(HTML).as_posix(): path.read_text(encoding="utf-8") for path in paths}


@pytest.fixture(scope="module")
def passports():
    return scorecard.passports(FIGURES)


def test_addresses_of_other_hosts_are_noticed():
    text = """<script src="https://a.org/x.js"></script><img srcset="s.png 1x, //b.org/l.png 2x"><object data="o.svg">
    <link rel="preload stylesheet" href="http://c.org/"><link rel="canonical" href="https://d.org/"><iframe src="e">
    <meta http-equiv="Refresh" content="0; url=https://f.org/"><a href="https://g.org/">g</a>"""
    found = Page(text).foreign()
    assert [re.search(r"(\w)\.org", address)[1] for address in found] == ["a", "b", "c", "f"]
    style = '@import "https://a.org/s.css"; x {src: url(//b.org/f.woff)} y {src: url("../f.woff")}'
    assert foreign_in_style(style) == ["https://a.org/s.css", "//b.org/f.woff"]


def test_no_page_style_or_figure_loads_from_another_host(pages):
    found = {name: Page(text).foreign() for name, text in pages.items()}
    styles = {path: foreign_in_style(path.read_text(encoding="utf-8")) for path in HTML.rglob("*.css")}
    figures = {p: re.findall(r'<(?:image|use)[^>]*href="(?!#|data:)[^"]*"', p.read_text()) for p in HTML.rglob("*.svg")}
    assert styles and figures
    assert {name: urls for name, urls in (found | styles | figures).items() if urls} == {}
    assert not any("http-equiv" in text for text in pages.values())


def test_every_page_of_the_contents_is_there(pages):
    listed = re.findall(r"^\s*-?\s*(?:file|root):\s*(\S+)", (ROOT / "_toc.yml").read_text(), re.MULTILINE)
    assert len(listed) > 5
    assert [name for name in listed if f"{name}.html" not in pages] == []


def test_every_figure_offers_its_evidence_and_the_chapter_its_notebook(pages, passports):
    assert passports
    names = {chapter.name: chapter for chapter in chapters.discover(ROOT)}
    for passport in passports:
        chapter = names[passport["chapter"]]
        here = (HTML / f"{chapter.document}.html").parent
        offered = {(here / link).resolve() for link in Page(pages[f"{chapter.document}.html"]).downloads}
        for name in ("data.csv", "light.svg", "light.png", "figure.json"):
            file = HTML / "figures" / passport["id"] / name
            assert file in offered, f"{chapter.name} does not offer {name} of {passport['id']}"
            assert file.read_bytes() == (FIGURES / passport["id"] / name).read_bytes()
        assert here / f"{chapter.name}.ipynb" in offered


def test_every_download_exists(pages):
    links = [(name, link) for name, text in pages.items() for link in Page(text).downloads]
    assert len(links) > 5
    assert [(name, link) for name, link in links if not ((HTML / name).parent / link).is_file()] == []


def test_downloaded_notebooks_are_executed_and_clean(pages):
    for chapter in chapters.discover(ROOT):
        notebook = json.loads((HTML / f"{chapter.document}.ipynb").read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), chapter.name
        assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
        assert "papermill" not in json.dumps([notebook["metadata"], *(cell["metadata"] for cell in code)])


def test_nothing_tells_where_the_book_was_built(pages):
    kinds = {".html", ".ipynb", ".csv", ".json", ".svg", ".js", ".yml", ".cff"}
    files = [path for path in HTML.rglob("*") if path.suffix in kinds]
    assert len(files) > len(pages)
    assert [path for path in files if str(ROOT).encode() in path.read_bytes()] == []


def test_copyright_and_date_are_right_on_every_page(pages):
    years = re.search(r'^copyright: "([^"]+)"', (ROOT / "_config.yml").read_text(), re.MULTILINE)[1]
    (holder,) = re.findall(r"^Copyright \(c\) (.*)$", (ROOT / "LICENSE").read_text(), re.MULTILINE)
    assert holder == f"{years} the project contributors"
    for name, text in pages.items():
        words = " ".join("".join(Page(text).text).split())
        assert f"© Copyright {years}." in words and "By the project contributors" in words, name
        (date,) = re.findall(r"Last updated on (\d{4}-\d\d-\d\d)\.", words)
        built = datetime.date.fromtimestamp((HTML / name).stat().st_mtime)
        assert abs(datetime.date.fromisoformat(date) - built) <= datetime.timedelta(days=1), name


def test_links_to_the_repository_are_there_only_with_an_address(pages):
    urls = staging.project_urls(ROOT)
    marks = ("/edit/main/", "/issues/new", "mybinder.org", "colab.research.google.com")
    for chapter in chapters.discover(ROOT):
        text = pages[f"{chapter.document}.html"]
        shown = {mark for mark in marks if mark in text}
        assert shown == (set(marks) if "repository" in urls else set()), chapter.name
    canonical = [name for name, text in pages.items() if 'rel="canonical"' in text]
    assert bool(canonical) == ("pages" in urls)


def test_the_scorecard_has_every_claim_with_its_verdict(pages, passports):
    text = pages["pages/scorecard.html"]
    rows = re.findall(r"<tr\b.*?</tr>", text, re.DOTALL)
    claims = [claim for passport in passports for claim in passport["claims"]]
    assert claims
    for claim in claims:
        mark = f'<span class="pre">{claim["id"]}</span>'
        (row,) = [row for row in rows if mark in row]
        assert re.search(rf'class="w2s-verdict[^"]*">{claim["verdict"]}<', row), claim["id"]
    counts = scorecard.count_verdicts(claim["verdict"] for claim in claims)
    untested = len(scorecard.untested(ROOT))
    for verdict, count in counts.items():
        total = count + (untested if verdict == "not tested" else 0)
        for page in ("index.html", "pages/scorecard.html"):
            assert (
                f"<strong>{total}</strong><span>{scorecard.worded(total, verdict).partition(' ')[2]}</span>"
                in pages[page]
            )


def test_each_chapter_carries_the_badges_of_its_claims(pages, passports):
    for chapter in chapters.discover(ROOT):
        own = [claim["verdict"] for p in passports if p["chapter"] == chapter.name for claim in p["claims"]]
        (badges,) = re.findall(r'<p class="w2s-badges">.*?</p>', pages[f"{chapter.document}.html"], re.DOTALL)
        shown = re.findall(r'class="w2s-verdict[^"]*">([^<]+)<', badges)
        assert shown == [scorecard.worded(n, verdict) for verdict, n in scorecard.count_verdicts(own).items()]
