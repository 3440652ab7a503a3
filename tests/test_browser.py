"""The built book, opened as a reader opens it: every page in headless Chromium, from disk, with the network closed."""

import json

import pytest

from tests import browser, toybook

HTML = toybook.ROOT / "_build" / "html"
FIGURES = toybook.ROOT / "_build" / "figures"

# one of everything that must be noticed
DEFECTS = r"""<!doctype html><html data-theme="light"><head><title>Defects</title></head><body>
<p id="here">Raw \(x^2\), also $y^2$ and {cite}`nobody`; code is left alone: <code>\(z\)</code></p>
<span class="math">\alpha</span>
<mjx-container><mjx-merror data-mjx-error="Missing argument">\frac</mjx-merror></mjx-container>
<script>console.error("a script complains"); undefinedFunction();</script>
<script src="https://example.org/outside.js"></script><script src="nowhere.js"></script>
<img class="only-light" src="light.svg" alt="long enough"><img class="only-dark" src="dark.svg" alt="short">
<a href="#here">fine</a> <a href="#nowhere">no place</a> <a href="nowhere.html">no file</a>
<a href="https://example.org/">elsewhere</a></body></html>
"""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with browser.session(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def book(chrome):
    """What was seen on each page, by its path."""
    if not (HTML / "index.html").is_file():
        browser.absent("the book is not built: run make book first")
    pages = sorted(page for page in HTML.rglob("*.html") if "_static" not in page.parts)
    return {page: browser.visit(chrome, page) for page in pages}


def complaints(book, check):
    return [f"{page.relative_to(HTML)}: {line}" for page, seen in book.items() for line in check(seen)]


def test_the_probe_notices_every_defect(chrome, tmp_path):
    (tmp_path / "defects.html").write_text(DEFECTS)
    (tmp_path / "light.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    page = tmp_path / "defects.html"
    seen = browser.visit(chrome, page)
    found = "\n".join(browser.math_problems(seen))
    assert found.count("raw in the text") == 1 and "Raw \\(x^2" in found and "\\(z" not in found
    assert "not rendered: \\alpha" in found and "MathJax error: Missing argument" in found
    console = "\n".join(browser.console_problems(seen))
    assert "a script complains" in console and "undefinedFunction" in console and "nowhere.js" in console
    assert browser.request_problems(seen) == ["https://example.org/outside.js"]
    assert len(browser.failed_requests(seen)) == 3
    assert browser.image_problems(seen) == ["dark.svg: alt text 'short'"] + ["dark.svg: not loaded"] * 2
    assert len(browser.theme_problems(seen)) == 2
    assert browser.link_problems(seen, page, {page: set(seen["ids"])}) == [
        "#nowhere: defects.html has no place of that name",
        "nowhere.html: there is no such file",
    ]


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_a_missing_browser_is_skipped_or_fails_in_one_line(monkeypatch, required, outcome):
    monkeypatch.setenv("W2S_REQUIRE_BROWSER", required)
    for path, variable, reason in (
        ("", "", "no browser found: install Debian's chromium and chromium-driver, or set W2S_BROWSER"),
        ("", "/no/such/browser", "W2S_BROWSER = /no/such/browser is not a program"),
    ):
        monkeypatch.setenv("PATH", path)
        monkeypatch.setenv("W2S_BROWSER", variable)
        with pytest.raises(outcome) as error:
            browser.find()
        assert str(error.value) == ("W2S_REQUIRE_BROWSER=1, but " if required else "") + reason


def test_math_is_rendered_on_every_page(book):
    assert complaints(book, browser.math_problems) == []
    chapters = {page: seen["math"] for page, seen in book.items() if "chapters" in page.parts}
    assert chapters and all(chapters.values())


def test_no_page_complains_on_the_console(book):
    assert complaints(book, browser.console_problems) == []


def test_no_page_asks_another_host_and_all_it_asks_for_is_there(book):
    assert all(seen["requests"] for seen in book.values()), "the log of requests is empty"
    assert complaints(book, browser.request_problems) == []
    assert complaints(book, browser.failed_requests) == []


def test_every_image_has_a_description_and_is_loaded(book):
    assert complaints(book, browser.image_problems) == []


def test_light_and_dark_each_show_their_own_figure(book):
    assert complaints(book, browser.theme_problems) == []
    shown = {page.stem: {light.split("/")[-2] for light, _ in seen["pairs"]} for page, seen in book.items()}
    made = [json.loads(path.read_text()) for path in FIGURES.glob("[!.]*/figure.json")]
    assert made
    for passport in made:
        assert passport["id"] in shown[passport["chapter"]] & shown["gallery"], f"{passport['id']} is not shown"


def test_internal_links_lead_somewhere(book):
    ids = {page: set(seen["ids"]) for page, seen in book.items()}
    found = [
        f"{page.relative_to(HTML)}: {line}"
        for page, seen in book.items()
        for line in browser.link_problems(seen, page, ids)
    ]
    assert found == []
    assert sum(len(seen["links"]) for seen in book.values()) > 10 * len(book)


def test_search_finds_a_chapter(chrome, book):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    chrome.get((HTML / "search.html").as_uri() + "?q=variance")
    links = "#search-results li a"
    found = WebDriverWait(chrome, 20).until(lambda chrome: chrome.find_elements(By.CSS_SELECTOR, links))
    assert any("variance_decomposition.html" in (link.get_attribute("href") or "") for link in found)


@pytest.fixture
def rerun(chrome, book):
    """The rerun block of a chapter, in a window of a desk."""
    from selenium.webdriver.common.by import By

    chrome.get((HTML / "chapters" / "intrinsic_dimension" / "variance_decomposition.html").as_uri())
    chrome.execute_script("document.getElementById('rerun').scrollIntoView()")
    return chrome.find_element(By.CSS_SELECTOR, ".w2s-rerun")


def test_the_command_of_a_chapter_is_copied_from_the_keyboard(chrome, rerun):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    line = rerun.find_element(By.CSS_SELECTOR, ".w2s-line code").text
    assert line.startswith(".venv/bin/w2s run variance_decomposition -p n 2000 -p N 4000 ")
    button = rerun.find_element(By.CSS_SELECTOR, ".w2s-line .w2s-copy")
    button.send_keys(Keys.ENTER)
    WebDriverWait(chrome, 5).until(lambda _: button.text == "Copied")
    assert chrome.switch_to.active_element == button
    rerun.find_element(By.CSS_SELECTOR, "summary").send_keys(Keys.ENTER)
    field = rerun.find_element(By.NAME, "n")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.CONTROL, "v")
    assert field.get_attribute("value") == line


def test_the_command_follows_the_form_and_says_what_is_out_of_range(chrome, rerun):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    line = rerun.find_element(By.CSS_SELECTOR, ".w2s-line code")
    said = rerun.find_element(By.CSS_SELECTOR, ".w2s-said")
    rerun.find_element(By.CSS_SELECTOR, "summary").send_keys(Keys.SPACE)
    field = rerun.find_element(By.NAME, "n")

    def enter(text):
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    enter("800")
    assert "variance_decomposition -p n 800 -p N 4000 " in line.text and said.text == ""
    for text, problem in (("7.5", "n must be an integer"), ("many", "n must be an integer"), ("3", "n is outside [")):
        enter(text)
        assert said.text.startswith(problem) and field.get_attribute("aria-invalid") == "true"
    enter("900; rm x")
    assert "-p n '900; rm x' -p" in line.text
    enter("900")
    assert said.text == "" and field.get_attribute("aria-invalid") == "false"
    labels = chrome.execute_script("return [...arguments[0].elements].map((e) => e.labels.length)", rerun.find_element(
        By.TAG_NAME, "form"
    ))  # fmt: skip
    assert labels and set(labels) == {1}


def test_stable_addresses_lead_to_figures_even_past_pictures_that_load_late(chrome, book):
    made = [json.loads(path.read_text()) for path in FIGURES.glob("[!.]*/figure.json")]
    pages = {page: set(seen["ids"]) for page, seen in book.items()}
    gallery = pages[HTML / "pages" / "gallery.html"]
    for passport in made:
        (page,) = (page for page in pages if page.stem == passport["chapter"])
        (place,) = (name for name in pages[page] if name.startswith("fig/") and name.endswith(f"/{passport['id']}"))
        assert place in gallery and f"fig-{passport['id']}" in pages[page], "old addresses keep working"
    chapter = HTML / "chapters" / "intrinsic_dimension" / "utkface_regression.html"
    chrome.get_log("browser")  # what earlier tests left there
    for place in ("fig/dong2025/utkface-pairs", "fig-utkface-pairs"):
        chrome.get("about:blank")
        chrome.get(f"{chapter.as_uri()}#{place}")
        chrome.execute_async_script("setTimeout(arguments[arguments.length - 1], 1500)")
        top = chrome.execute_script("return document.getElementById('fig-utkface-pairs').getBoundingClientRect().top")
        assert -50 < top < 400, f"#{place} leads {top} pixels away from its figure"
        assert browser.console_problems({"console": chrome.get_log("browser")}) == []
