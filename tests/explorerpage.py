"""An explorer on a page of its own, under a policy that forbids eval, and what the browser computes there."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from w2s_utils.environment import ROOT
from w2s_utils.explorers import fragment

POLICY = "script-src file: 'unsafe-inline'; object-src 'none'"

TRY = "try { new Function('1'); } catch (error) { window.evalRefused = true; }"

READ = r"""
const [settings, done] = arguments, root = document.querySelector(".w2s-explorer");
(async () => {
  for (const [name, value] of Object.entries(settings)) root.view.signal(name, value);
  await root.view.runAsync();
  const found = {signals: {}, rows: {}};
  for (const name of Object.keys(root.view.getState({signals: () => true}).signals)) {
    const value = root.view.signal(name);
    if (typeof value === "number" || typeof value === "string") found.signals[name] = value;
  }
  for (const name of Object.keys(root.view._runtime.data)) {
    const rows = root.view.data(name);
    if (rows?.length > 100 && "lower" in rows[0])
      for (const key of Object.keys(rows[0])) found.rows[key] = rows.map((row) => row[key]);
  }
  done(found);
})().catch((error) => done({failure: String(error)}));
"""


def write(folder: Path, module: ModuleType) -> Path:
    """The page, with copies of the scripts it loads."""
    scripts = folder / "_static"
    shutil.copytree(ROOT / "_vendor" / "vega", scripts / "vega", dirs_exist_ok=True)
    shutil.copytree(ROOT / "_ext" / "static" / "explorer", scripts / "explorer", dirs_exist_ok=True)
    explorer = module.explorer()
    page = folder / f"{explorer.name}.html"
    page.write_text(
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{explorer.name}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><script>{TRY}</script></head><body>'
        f"{fragment(explorer, '_static/explorer/explorer.js')}</body></html>",
        encoding="utf-8",
    )
    return page


def wait(chrome: Any) -> Any:
    """The explorer of the page, once it is drawn."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    root = chrome.find_element(By.CLASS_NAME, "w2s-explorer")
    chrome.execute_script("arguments[0].scrollIntoView()", root)
    WebDriverWait(chrome, 30).until(lambda _: root.get_attribute("data-ready"))
    return root


def read(chrome: Any, settings: dict[str, float]) -> dict[str, Any]:
    """Signals, and columns of the curves, at a setting of the sliders."""
    seen = chrome.execute_async_script(READ, settings)
    assert "failure" not in seen, seen["failure"]
    return seen
