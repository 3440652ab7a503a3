"""Explorers on the pages of the built book: by keyboard, on a phone, in the dark, without a network or JavaScript."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests import browser, explorerpage, toybook
from w2s_utils import explorers
from w2s_utils.runner import chapters

HTML = toybook.ROOT / "_build" / "html"
NAMES = list(explorers.MODULES)
STUDENT = "[...document.querySelectorAll('.w2s-plot svg path')].map((path) => path.getAttribute('d')).join()"


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with browser.session(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def pages():
    if not (HTML / "index.html").is_file():
        browser.absent("the book is not built: run make book first")
    return {chapter.name: HTML / f"{chapter.document}.html" for chapter in chapters.discover(toybook.ROOT)}


def size(chrome, width):
    metrics = dict(width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.fixture
def opened(chrome, pages):
    def open_page(name, width=1280):
        size(chrome, width)
        chrome.get(pages[name].as_uri())
        return explorerpage.wait(chrome)

    yield open_page
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("name", NAMES)
def test_a_key_moves_slider_curve_and_sentence(chrome, opened, name):
    root = opened(name)
    # the first one moves only the point; the second every curve
    slider = root.find_elements(By.CSS_SELECTOR, 'input[type="range"]')[1]
    readout = root.find_element(By.CLASS_NAME, "w2s-readout")
    WebDriverWait(chrome, 5).until(lambda _: readout.text)
    curve, sentence, said = (
        chrome.execute_script(f"return {STUDENT}"),
        readout.text,
        slider.get_attribute("aria-valuetext"),
    )
    slider.send_keys(*[Keys.ARROW_RIGHT] * 5)
    WebDriverWait(chrome, 5).until(lambda _: readout.text != sentence)
    assert chrome.execute_script(f"return {STUDENT}") != curve
    assert slider.get_attribute("aria-valuetext") != said
    assert slider.get_attribute("aria-valuetext") == root.find_elements(By.CLASS_NAME, "w2s-value")[1].text
    width = "return getComputedStyle(document.activeElement).outlineWidth"
    assert chrome.switch_to.active_element == slider and chrome.execute_script(width) == "3px"
    button = root.find_element(By.TAG_NAME, "button")
    button.send_keys(Keys.ENTER)
    WebDriverWait(chrome, 5).until(lambda _: readout.text == sentence)
    assert chrome.execute_script(f"return {STUDENT}") == curve


@pytest.mark.parametrize("name", NAMES)
def test_every_slider_says_what_it_is(chrome, opened, name):
    root = opened(name)
    chrome.execute_script("arguments[0].querySelectorAll('details').forEach((fold) => fold.open = true)", root)
    sliders = root.find_elements(By.CSS_SELECTOR, 'input[type="range"]')
    assert [slider.accessible_name for slider in sliders] == [s.spoken for s in explorers.MODULES[name].SLIDERS]
    assert root.aria_role == "group" and root.accessible_name == explorers.MODULES[name].explorer().title
    assert root.find_element(By.CLASS_NAME, "w2s-readout").aria_role == "status"


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_needs_no_horizontal_scrolling(chrome, opened, name):
    root = opened(name, width=360)
    assert chrome.execute_script("return document.documentElement.scrollWidth") == 360
    inside = "const box = (e) => e.getBoundingClientRect(), [root] = arguments;"
    inside += "return [...root.querySelectorAll('svg, input, button, p')].filter((e) => e.getClientRects().length)"
    assert chrome.execute_script(inside + ".every((e) => box(e).left >= 0 && box(e).right <= 360)", root)
    assert root.find_element(By.CSS_SELECTOR, ".w2s-plot svg").size["width"] > 290


def test_the_chart_follows_the_theme_and_keeps_its_setting(chrome, opened):
    root = opened("variance_decomposition")
    root.find_element(By.CSS_SELECTOR, "input").send_keys(Keys.HOME)
    ink = "return getComputedStyle(document.querySelector('.w2s-plot .role-axis-label text')).fill"
    colors, places = [], []
    for mode in ("light", "dark"):
        chrome.execute_script("document.documentElement.dataset.theme = arguments[0]", mode)
        if colors:
            WebDriverWait(chrome, 10).until(lambda _: chrome.execute_script(ink) != colors[0])
        colors.append(chrome.execute_script(ink))
        places.append(chrome.execute_script("return arguments[0].view.signal('N')", root))
    assert colors == ["rgb(31, 35, 40)", "rgb(230, 237, 243)"]
    assert places == [explorers.MODULES["variance_decomposition"].SLIDERS[0].stops[0]] * 2


def test_vega_is_loaded_where_it_is_needed_and_when(chrome, pages):
    size(chrome, 1280)
    for name, page in pages.items():
        seen = browser.visit(chrome, page)
        assert not [url for url in seen["requests"] if "/vega/" in url], name  # the explorer is far down the page
        assert any("explorer.js" in url for url in seen["requests"]) == (name in NAMES)
    chrome.get(pages["gain_theory"].as_uri())
    explorerpage.wait(chrome)
    loaded = chrome.execute_script("return [...document.scripts].map((script) => script.src).filter(Boolean)")
    assert sum("/vega/" in url for url in loaded) == 3
    assert all(url.startswith("file:") for url in loaded)
    assert browser.console_problems({"console": chrome.get_log("browser")}) == []


@pytest.mark.parametrize("name", NAMES)
def test_without_javascript_a_sentence_points_to_the_figure(chrome, pages, name):
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chrome.get(pages[name].as_uri())
        root = chrome.find_element(By.CLASS_NAME, "w2s-explorer")
        assert "need JavaScript" in root.text and not root.find_elements(By.CSS_SELECTOR, ".w2s-plot svg")
        assert not root.find_element(By.CSS_SELECTOR, "input").is_displayed()
    finally:
        chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
