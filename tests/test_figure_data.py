"""The results this checkout gives (``_build``) against those it carries (``figures/`` and committed notebooks)."""

import json

import pandas as pd
import pytest

from tests import evidence, toybook
from w2s_utils import claims
from w2s_utils.runner import chapters, compare, reference, scorecard

ROOT = toybook.ROOT
KEPT, MADE = ROOT / "figures", ROOT / "_build" / "figures"
CHAPTERS = {chapter.name: chapter for chapter in chapters.discover(ROOT)}
FIGURES = sorted(path.parent.name for path in KEPT.glob("[!.]*/figure.json"))


@pytest.fixture(scope="module", params=["kept", "made"])
def passports(request):
    """Passports by id, once those of the reference and once those of the last run."""
    folder, command = (KEPT, "w2s refresh") if request.param == "kept" else (MADE, "make book")
    assert folder.is_dir(), f"there is no {folder.relative_to(ROOT)}: run `{command}` first"
    return {passport["id"]: passport for passport in scorecard.passports(folder)}


def test_every_figure_is_kept_and_made():
    assert FIGURES, "there are no reference figures: run `w2s refresh`"
    assert FIGURES == sorted(path.name for path in MADE.glob("[!.]*") if path.is_dir())
    assert FIGURES == sorted(path.name for path in KEPT.iterdir()), "something else lies in figures/"


@pytest.mark.parametrize("name", FIGURES)
def test_a_run_gives_the_numbers_of_the_reference(name):
    passport = json.loads((KEPT / name / "figure.json").read_text())
    new, kept = (pd.read_csv(folder / name / "data.csv") for folder in (MADE, KEPT))
    assert compare.compare_tables(new, kept, passport["keys"]) == []
    assert 0 < len(new) <= len(kept)
    compared = compare.deviations(new, kept, passport["keys"])
    assert {item.kind for item in compared} & {"relative", "z"}, "nothing was compared"


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("folder", [KEPT, MADE], ids=["kept", "made"])
def test_every_folder_is_complete(folder, name):
    assert evidence.folder_problems(folder / name) == []


@pytest.mark.parametrize("name", FIGURES)
def test_the_reference_is_made_at_the_paper_settings_of_its_chapter(name):
    passport = json.loads((KEPT / name / "figure.json").read_text())
    assert passport["preset"] == "paper"
    assert passport["parameters"] == CHAPTERS[passport["chapter"]].values("paper"), "run `w2s refresh`"


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_committed_notebook_is_executed_and_normalised(name):
    chapter = CHAPTERS[name]
    assert evidence.notebook_problems(chapter.path, ROOT) == []
    shown = evidence.figures_shown(chapter.notebook)
    kept = [passport["id"] for passport in scorecard.passports(KEPT) if passport["chapter"] == name]
    assert sorted(shown) == sorted(kept)
    for figure in shown:
        alt = json.loads((MADE / figure / "figure.json").read_text())["alt"]
        outputs = [o for cell in chapter.notebook["cells"] for o in cell.get("outputs", []) if "data" in o]
        assert alt in ["".join(output["data"]["text/plain"]) for output in outputs], f"{figure} is described otherwise"


def test_every_claim_is_in_one_figure_with_its_expected_verdict(passports):
    places = {}
    for passport in passports.values():
        for claim in passport["claims"]:
            places.setdefault(claim["id"], []).append((passport["chapter"], claim["kind"], claim["verdict"]))
    for claim in claims.expected().values():
        found = places.pop(claim.id, [])
        # a claim that nothing here can test may stand in the list only
        wanted = [[(claim.chapter, claim.kind, claim.verdict)], *([[]] if claim.verdict == "not tested" else [])]
        assert found in wanted, claim.id
    assert places == {}, "claims that are not in data/claims.csv"


def test_every_chapter_shows_a_figure_and_settles_two_claims(passports):
    assert CHAPTERS
    assert {passport["chapter"] for passport in passports.values()} <= set(CHAPTERS)
    for name in CHAPTERS:
        own = [passport for passport in passports.values() if passport["chapter"] == name]
        settled = {c["id"] for p in own for c in p["claims"] if c["verdict"] != "not tested"}
        assert own and len(settled) >= 2, f"{name}: {len(own)} figures, {len(settled)} settled claims"


def test_claims_belong_to_chapters_and_have_an_id_and_a_sentence():
    for claim in claims.expected().values():
        assert claim.chapter in CHAPTERS, claim.id
        assert claim.id.split("/")[0] in {"dong2025", "liu2026", "moniri2025", "book"} and claim.id.count("/") == 1
        assert claim.statement.endswith(".") and claim.source


def test_every_paper_setting_contains_the_fast_one():
    for chapter in CHAPTERS.values():
        fast, paper = chapter.values("fast"), chapter.values("paper")
        assert fast.keys() == paper.keys()
        for name, value in fast.items():
            if isinstance(value, list):
                assert set(value) <= set(paper[name]), f"{chapter.name}: {name} at fast is not part of paper"


def test_codecheck_lists_the_reference_figures():
    assert (ROOT / "codecheck.yml").read_text() == scorecard.codecheck(ROOT), "run `w2s refresh`"


def test_the_checks_notice_what_is_wrong(tmp_path):
    notebook = toybook.chapter("toy-figure")
    path = tmp_path / "toy.ipynb"
    path.write_text(json.dumps(notebook))
    assert evidence.notebook_problems(path, tmp_path)[:2] == [
        "execution counts are [None, None, None], not 1 to 3",
        "no cell shows a result",
    ]
    for number, cell in enumerate((c for c in notebook["cells"] if c["cell_type"] == "code"), start=1):
        cell |= {"execution_count": number, "outputs": []}
    said = {"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {"text/plain": "4"}}
    notebook["cells"][-1]["outputs"] = [said]
    path.write_text(reference.dump(notebook))
    assert evidence.notebook_problems(path, tmp_path) == []
    said["data"]["text/plain"] = f"{tmp_path} at 2026-11-22 10:15"
    notebook["cells"][-1]["outputs"].append({"output_type": "stream", "name": "stderr", "text": "a warning"})
    notebook["metadata"]["papermill"] = {}
    path.write_text(reference.dump(notebook))
    found = "; ".join(evidence.notebook_problems(path, tmp_path))
    for problem in ("of kind stderr", "metadata papermill", "2026-11-22 10:15", str(tmp_path)):
        assert problem in found
    assert len(evidence.passport_problems({"id": "x", "seed": "0"}, "x")) == 2
