"""axe-core, run in a page of the browser session: what it finds serious or critical.

The inside of formulas is left out: MathJax writes it, each with its own description, and it takes most of the time.
So are rules whose findings axe-core never calls serious.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from w2s_utils.environment import ROOT

SCRIPT = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")

RUN = r"""
const [mode, rules, done] = arguments;
document.documentElement.dataset.theme = mode;
const light = axe._audit.rules.filter((rule) => !["serious", "critical"].includes(rule.impact));
const off = Object.fromEntries(light.map((rule) => [rule.id, {enabled: false}]));
const options = {resultTypes: ["violations"], ...(rules ? {runOnly: rules} : {rules: off})};
axe.run({exclude: ["mjx-container"]}, options).then((found) => done({
  version: axe.version,
  violations: found.violations.map((rule) => ({
    id: rule.id, impact: rule.impact, help: rule.help,
    nodes: rule.nodes.map((node) => ({target: node.target.join(" "), html: node.html.slice(0, 160)})),
  })),
})).catch((error) => done({failure: String(error)}));
"""


@lru_cache
def source() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def violations(chrome: Any, mode: str = "light", rules: list[str] | None = None) -> list[dict[str, Any]]:
    """Violations on the page that is open, in a theme; of some rules, or of all that can be grave."""
    if not chrome.execute_script("return Boolean(window.axe)"):
        chrome.execute_script(source())
    found = chrome.execute_async_script(RUN, mode, rules)
    assert "failure" not in found, found["failure"]
    return found["violations"]


def grave(found: list[dict[str, Any]]) -> list[str]:
    """Serious and critical ones, one line each with the first place."""
    return [
        f"{rule['id']} ({rule['impact']}) in {len(rule['nodes'])} places, first {node['target']}: {node['html']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"][:1]
    ]
