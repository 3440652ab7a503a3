"""Pictures of the pages a reader sees first, for a person to look at: ``_build/screenshots``, kept by CI."""

import io

import numpy as np
import pytest
from PIL import Image

from tests import browser, toybook

HTML = toybook.ROOT / "_build" / "html"
FOLDER = toybook.ROOT / "_build" / "screenshots"
CHAPTER = "chapters/intrinsic_dimension/performance_gap_recovery.html"
DESK, PHONE = (1440, 1000), (390, 844)
# name: page, size, mode, place to scroll to
SHOTS = {
    "landing-light": ("index.html", DESK, "light", ""),
    "landing-dark": ("index.html", DESK, "dark", ""),
    "chapter-light": (CHAPTER, DESK, "light", ""),
    "chapter-dark": (CHAPTER, DESK, "dark", ""),
    "figure-light": (CHAPTER, DESK, "light", "fig/dong2025/performance-gap-recovery"),
    "figure-dark": (CHAPTER, DESK, "dark", "fig/dong2025/performance-gap-recovery"),
    "scorecard-light": ("pages/scorecard.html", DESK, "light", ""),
    "gallery-light": ("pages/gallery.html", DESK, "light", "intrinsic-dimension"),
    "receipts-dark": ("pages/receipts.html", DESK, "dark", ""),
    "landing-phone": ("index.html", PHONE, "light", ""),
    "chapter-phone": (CHAPTER, PHONE, "dark", "fig/dong2025/performance-gap-recovery"),
}
EXPLORER = ".w2s-explorer"
SETTLE = """
const [mode, place, done] = [arguments[0], arguments[1], arguments[arguments.length - 1]];
document.documentElement.dataset.mode = document.documentElement.dataset.theme = mode;
document.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });
const math = window.MathJax && MathJax.startup ? MathJax.startup.promise : null;
Promise.all([math, ...[...document.images].map((image) => image.decode().catch(() => null))]).then(() => {
  const target = place.startsWith(".") ? document.querySelector(place) : document.getElementById(place);
  if (target) target.scrollIntoView({behavior: "instant"});
  setTimeout(() => done({found: !place || Boolean(target), wide: document.documentElement.scrollWidth,
    inner: window.innerWidth}), 300);
});
"""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    if not (HTML / "index.html").is_file():
        browser.absent("the book is not built: run make book first")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with browser.session(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


def take(chrome, name, page, size, mode, place):
    """Keep a picture of what a window of that size shows; what the page says of itself, and the picture."""
    width, height = size
    device = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    chrome.get((HTML / page).as_uri())
    seen = chrome.execute_async_script(SETTLE, mode, place)
    picture = Image.open(io.BytesIO(chrome.get_screenshot_as_png())).convert("RGB")
    picture.save(FOLDER / f"{name}.png", optimize=True)
    return seen, picture


@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_is_taken_and_shows_a_page(chrome, name):
    page, size, mode, place = SHOTS[name]
    seen, picture = take(chrome, name, page, size, mode, place)
    assert seen["found"], f"{page} has no place {place}"
    # a window may take a few pixels for its own scroll bar
    assert picture.size[1] == size[1] and abs(picture.size[0] - size[0]) <= 20
    assert seen["wide"] <= seen["inner"], f"{page} is {seen['wide']} wide in a window of {seen['inner']}"
    light = np.asarray(picture).mean()
    assert (light > 180) if mode == "light" else (light < 90)
    assert len(picture.convert("P").getcolors()) > 8, "nothing is drawn"


def test_an_explorer_is_pictured_where_there_is_one(chrome):
    pages = [page for page in sorted(HTML.glob("chapters/*/*.html")) if "w2s-explorer" in page.read_text()]
    if not pages:
        pytest.skip("no chapter has an explorer")
    seen, picture = take(chrome, "explorer-light", pages[0].relative_to(HTML).as_posix(), DESK, "light", EXPLORER)
    assert seen["found"] and np.asarray(picture).std() > 10
