"""Stable addresses, commands to copy and reports: what `links` writes is what the pages show."""

import importlib
import inspect
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import toybook
from w2s_utils.runner import chapters, links, pages, parameters, scorecard

ROOT = toybook.ROOT


def test_every_figure_has_an_address_of_its_own_by_paper():
    names = {chapter.name: chapter for chapter in chapters.discover(ROOT)}
    places = [links.anchor(names[p["chapter"]], p["id"]) for p in scorecard.passports(ROOT / "figures")]
    assert places and len(set(places)) == len(places)
    papers = {place.split("/")[1] for place in places}
    assert {"dong2025", "liu2026", "moniri2025"} <= papers <= {"dong2025", "liu2026", "moniri2025", "book"}


def test_a_chapter_without_a_paper_is_the_books(tmp_path):
    for item, paper in (("dong2025 · theorem", "dong2025"), ("one formula, three papers", "book"), ("", "book")):
        path = tmp_path / "c.ipynb"
        path.write_text(json.dumps(toybook.notebook([], item=item)))
        assert links.paper(chapters.Chapter(path)) == paper


@pytest.mark.parametrize("chapter", chapters.discover(ROOT), ids=lambda chapter: chapter.name)
def test_the_command_sets_every_parameter_back_to_what_it_was(chapter):
    import shlex

    for preset in ("fast", "paper"):
        words = shlex.split(links.command(chapter.name, chapter.values(preset)))
        assert words[:3] == ["w2s", "run", chapter.name] and words[3::3] == ["-p"] * len(words[3::3])
        given = list(zip(words[4::3], words[5::3], strict=True))
        assert chapter.values("fast", given) == chapter.values(preset)


def test_odd_values_survive_the_shell():
    import shlex

    for value in ("it's; rm x", "", "a b", "$HOME", "10,50"):
        assert shlex.split(f"-p name {parameters.shown(value)}")[2] == value


@pytest.mark.parametrize("urls", [{}, {"repository": "https://code.example/book.git"}])
def test_a_report_is_filled_in_from_the_passport(tmp_path, urls):
    found = chapters.discover(ROOT)
    passports = scorecard.passports(ROOT / "figures")
    links.write(tmp_path / "links.json", passports, found, urls)
    told = json.loads((tmp_path / "links.json").read_text())
    assert set(told["chapters"]) == {chapter.name for chapter in found}
    for passport in passports:
        own = told["figures"][passport["id"]]
        for word in (
            own["anchor"],
            passport["lock"],
            passport["blas"],
            passport["cpu"],
            f"w2s run {passport['chapter']}",
        ):
            assert word in own["report"]
        assert all(f"{claim['id']}: {claim['verdict']}" in own["report"] for claim in passport["claims"])
        assert bool(own["report_url"]) == bool(urls)
        if urls:
            parts = urlsplit(own["report_url"])
            assert (parts.netloc, parts.path) == ("code.example", "/book/issues/new")
            assert parse_qs(parts.query, strict_parsing=True)["body"][0] == own["report"]
            assert len(own["report_url"]) < 8000, "longer addresses are cut by code hosts"


def test_the_reference_of_the_library_is_complete_and_documented():
    """Every room of the package is on one page; what it exports has a docstring."""
    listed = pages.public_modules(ROOT / "w2s_utils")
    made = pages.api_pages(ROOT)
    for name in listed:
        assert sum(f".. automodule:: {name}\n" in page for page in made.values()) == 1, name
    rooms = {p.stem for p in (ROOT / "w2s_utils").glob("[!_]*") if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert {name.split(".")[1] for name in listed} == rooms - set(pages.HIDDEN)
    bare = []
    for name in listed:
        module = importlib.import_module(name)
        own = [
            n for n, v in vars(module).items() if n[0] != "_" and getattr(v, "__module__", "") == name and callable(v)
        ]
        for public in getattr(module, "__all__", own):
            value = getattr(module, public)
            if callable(value) and not inspect.getdoc(value):
                bare.append(f"{name}.{public}")
    assert bare == []
