"""A headless Chromium with the network closed, and what it finds on one page of a built book."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# what a page may load; chrome: is the browser's own start page
LOCAL = ("file", "data", "blob", "about", "chrome")

PROBE = r"""
const done = arguments[arguments.length - 1];
const all = (selector) => [...document.querySelectorAll(selector)];
const shown = (item) => item.getClientRects().length > 0;
const loaded = (image) => image.complete ? null : new Promise((resolve) => {
  image.addEventListener("load", resolve); image.addEventListener("error", resolve); setTimeout(resolve, 5000);
});
async function pictures(mode) {
  document.documentElement.dataset.theme = mode;
  const images = all("img").filter(shown);
  images.forEach((image) => { image.loading = "eager"; });
  await Promise.all(images.map(loaded));
  return images.map((image) => ({src: image.getAttribute("src"), width: image.naturalWidth}));
}
function leftovers() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  const raw = /\\[(\[]|\\begin\{|\$[^$]+\$|\{[a-z:0-9-]+\}`|^\s*(:::|```)/m;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const code = node.parentElement.closest("pre, code, script, style, noscript, template, textarea, mjx-container");
    const match = code ? null : raw.exec(node.data);
    if (match) found.push(node.data.slice(Math.max(0, match.index - 20), match.index + 60).trim());
  }
  return found;
}
(async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  const math = all(".math");
  done({
    light: await pictures("light"),
    dark: await pictures("dark"),
    math: math.length,
    unrendered: math.filter((m) => !m.querySelector("mjx-container")).map((m) => m.textContent.slice(0, 60)),
    leftovers: leftovers(),
    errors: all("mjx-merror, [data-mjx-error]").map((e) => e.dataset.mjxError || e.textContent.slice(0, 60))
      .concat(all("mjx-container *").filter((e) => e.style.color === "red").map((e) => e.textContent || "undefined")),
    alts: all("img").map((i) => [i.getAttribute("src"), i.getAttribute("alt")]),
    pairs: all(".only-light").map((light) => [light, light.parentElement.querySelector(".only-dark")])
      .map(([light, dark]) => [light.getAttribute("src"), dark && dark.getAttribute("src")]),
    ids: all("[id]").map((e) => e.id).concat(all("a[name]").map((e) => e.name)),
    links: all("a[href], area[href], link[href]").map((a) => [a.getAttribute("href"), a.href]),
  });
})().catch((error) => done({failure: String(error)}));
"""


def find() -> tuple[str, str]:
    """Paths of browser and driver; without them the test is skipped, or fails when a browser is required."""
    browser = os.environ.get("W2S_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = os.environ.get("W2S_CHROMEDRIVER") or shutil.which("chromedriver")
    for name, path, variable in (("browser", browser, "W2S_BROWSER"), ("chromedriver", driver, "W2S_CHROMEDRIVER")):
        if path is None:
            absent(f"no {name} found: install Debian's chromium and chromium-driver, or set {variable}")
        elif not shutil.which(path):
            absent(f"{variable} = {path} is not a program")
    return str(browser), str(driver)


def absent(reason: str) -> NoReturn:
    """Skip, or fail when a browser is required, with one line that says what is missing."""
    if os.environ.get("W2S_REQUIRE_BROWSER") == "1":
        pytest.fail(f"W2S_REQUIRE_BROWSER=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@contextmanager
def session(profile: Path) -> Iterator[Any]:
    """A browser that logs its console and every request."""
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service

    browser, driver = find()
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    try:
        # a path is given, so that selenium looks for no driver of its own on the network
        service = Service(driver, log_output=subprocess.DEVNULL)
        chrome = webdriver.Chrome(options=options, service=service)
    except WebDriverException as error:
        absent(f"{browser} does not start: {str(error.msg).splitlines()[0]}")
    try:
        chrome.set_page_load_timeout(120)
        chrome.set_script_timeout(120)
        yield chrome
    finally:
        chrome.quit()


def visit(chrome: Any, page: Path) -> dict[str, Any]:
    """Open a page, switch it between light and dark, and tell what was seen."""
    for log in ("browser", "performance"):
        chrome.get_log(log)  # what the page before left
    chrome.get(page.as_uri())
    seen = chrome.execute_async_script(PROBE)
    assert "failure" not in seen, f"{page}: {seen['failure']}"
    events = [json.loads(entry["message"])["message"] for entry in chrome.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    ended = [event["params"] for event in events if event["method"] == "Network.loadingFailed"]
    failed = {item["requestId"]: item["errorText"] for item in ended}
    requests = {item["request"]["url"]: failed.get(item["requestId"], "") for item in sent}
    return {**seen, "console": chrome.get_log("browser"), "requests": requests}


def math_problems(seen: dict[str, Any]) -> list[str]:
    found = [f"not rendered: {text}" for text in seen["unrendered"]]
    found += [f"raw in the text: {text}" for text in seen["leftovers"]]
    return found + [f"MathJax error: {text}" for text in seen["errors"]]


def console_problems(seen: dict[str, Any]) -> list[str]:
    # nothing is excused: the theme's own lines are all of level INFO
    return [f"{line['level']}: {line['message']}" for line in seen["console"] if line["level"] in ("WARNING", "SEVERE")]


def request_problems(seen: dict[str, Any]) -> list[str]:
    return [url for url in seen["requests"] if urlsplit(url).scheme not in LOCAL]


def failed_requests(seen: dict[str, Any]) -> list[str]:
    return [f"{url}: {error}" for url, error in seen["requests"].items() if error]


def image_problems(seen: dict[str, Any]) -> list[str]:
    found = [f"{src}: alt text {alt!r}" for src, alt in seen["alts"] if len((alt or "").strip()) < 8]
    return found + [f"{i['src']}: not loaded" for mode in ("light", "dark") for i in seen[mode] if not i["width"]]


def theme_problems(seen: dict[str, Any]) -> list[str]:
    shown = {mode: {image["src"] for image in seen[mode]} for mode in ("light", "dark")}
    found = []
    for pair in seen["pairs"]:
        for mode, own, other in (("light", *pair), ("dark", *reversed(pair))):
            if own not in shown[mode] or other in shown[mode]:
                found.append(f"{mode} mode shows {sorted(shown[mode] & set(pair))} of {pair}")
    return found


def link_problems(seen: dict[str, Any], page: Path, ids: dict[Path, set[str]]) -> list[str]:
    """Links to files that do not exist, or to places that a visited page does not have."""
    found = []
    for written, address in seen["links"]:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "mailto"):
            continue
        target = Path(unquote(parts.path))
        if parts.scheme != "file" or not target.is_file():
            found.append(f"{written}: there is no such file")
        elif (anchor := unquote(parts.fragment)) and target.suffix == ".html" and anchor not in ids.get(target, set()):
            found.append(f"{written}: {target.name} has no place of that name")
    return found
