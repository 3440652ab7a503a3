"""The README's table of chapters says what the committed list of verdicts says."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from w2s_utils import claims
from w2s_utils.environment import ROOT
from w2s_utils.runner import chapters

README = (ROOT / "README.md").read_text(encoding="utf-8")
SAID = re.compile(r"(\d+) (holds? with a correction|holds?|fails?|(?:is |are )?inconclusive|not tested)")


@pytest.mark.parametrize("chapter", chapters.discover(ROOT), ids=lambda chapter: chapter.name)
def test_status_of_a_chapter_is_that_of_its_claims(chapter):
    rows = [line for line in README.splitlines() if f"{chapter.document}.ipynb" in line]
    assert len(rows) == 1, f"{chapter.name}: one row of the README's table"
    said = {}
    for count, words in SAID.findall(rows[0]):
        verdict = {"hold": "holds", "fail": "fails"}.get(words, words.replace("hold with", "holds with"))
        said[re.sub("^(is|are) ", "", verdict)] = int(count)
    expected = Counter(claim.verdict for claim in claims.expected().values() if claim.chapter == chapter.name)
    assert said == dict(expected)


def test_every_command_of_the_readme_names_a_chapter_that_exists():
    known = {chapter.name for chapter in chapters.discover(ROOT)}
    assert set(re.findall(r"w2s run (\w+)", README)) <= known


def test_every_relative_link_exists():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        if target.startswith("figures/") and not (ROOT / "figures").is_dir():
            pytest.skip("figures/ is made by `w2s refresh`")
        assert (ROOT / target).exists(), target
