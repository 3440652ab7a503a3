"""Links from chapters to the notation, and the sentences of the landing page."""

import re

import pytest

from w2s_utils.environment import ROOT
from w2s_utils.runner import landing, symbols
from w2s_utils.runner.chapters import discover
from w2s_utils.runner.scorecard import passports

NOTATION = (ROOT / "pages" / "notation.md").read_text(encoding="utf-8")


def test_every_symbol_has_an_address_of_its_own():
    found = symbols.listed(NOTATION)
    addresses = [symbol.address for symbol in found]
    assert len(found) > 50 and len(set(addresses)) == len(addresses)
    assert re.findall(r'id="(symbol-[^"]+)"', symbols.anchored(NOTATION)) == addresses
    # nothing else on the page changes
    assert re.sub(r'<span class="w2s-place" id="[^"]+"></span>', "", symbols.anchored(NOTATION)) == NOTATION


def test_every_scoped_section_is_on_the_page():
    assert set(symbols.SCOPES) <= {symbol.section for symbol in symbols.listed(NOTATION)}


@pytest.mark.parametrize(
    ("part", "name", "sections"),
    [
        ("mechanisms", "weighted_ridge", ["Mechanisms"]),
        ("synthesis", "unifying_view", ["One formula"]),
        ("intrinsic_dimension", "ridge_rate", ["Symbols"]),
    ],
)
def test_a_section_of_the_own_part_hides_the_same_symbol_elsewhere(part, name, sections):
    page = "".join(f"## {title}\n\n| $x$ | | one |\n\n" for title in ("Symbols", "Mechanisms", "One formula"))
    assert [s.section for s in symbols.used(symbols.listed(page), "$x + 1$", part, name)] == sections


@pytest.mark.parametrize(("formula", "there"), [("$d_w$", True), ("$d_{w}$", False), ("$d_ws$", False), ("d_w", False)])
def test_a_symbol_is_found_in_formulas_and_whole(formula, there):
    page = symbols.listed("## Symbols\n\n| $d_w$ | | size |\n")
    assert bool(symbols.used(page, formula, "mechanisms", "x")) is there


def test_findings_count_the_verdicts_of_their_chapters():
    chapters = discover(ROOT)
    found = passports(ROOT / "figures")
    text = landing.findings(found, chapters)
    lines = [line for line in text.splitlines() if line.startswith("- **")]
    assert len(lines) == len(landing.FINDINGS)
    for line, (_, _, names) in zip(lines, landing.FINDINGS, strict=True):
        claims = sum(len(passport["claims"]) for passport in found if passport["chapter"] in names)
        counted = line.rpartition(": ")[2]
        assert sum(int(number) for number in re.findall(r"(?:^|, )(\d+) ", counted)) == claims


def test_subjects_without_chapters_are_left_out():
    chapters = [chapter for chapter in discover(ROOT) if chapter.name == "weighted_ridge"]
    text = landing.findings([], chapters)
    assert text.count("- **") == 1 and "Penalties" in text and "w2s-hero" not in text
