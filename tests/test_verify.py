"""Figures against their reference, the table of it, receipts, and the page that shows them."""

import dataclasses
import json
import shutil

import pytest

from tests import toybook
from w2s_utils import cli
from w2s_utils.runner import chapters, gallery, receipts, reference, scorecard, verify


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two toy chapters with references at the preset they are verified at."""
    content = {name: toybook.chapter(f"{name}-figure") for name in ("good", "other")}
    for chapter in content.values():
        chapter["metadata"]["w2s"]["paper"] = {}
    claims = {f"toy/{name}-figure": "holds" for name in content}
    root = toybook.make_root(tmp_path_factory.mktemp("verify") / "book", content, claims)
    (root / "pyproject.toml").write_text('[project]\nname = "toy"\nrequires-python = ">=3.11"\ndependencies = []\n')
    reference.refresh(root, [], echo=lambda line: None)
    return root


def test_verify_prints_a_table_and_keeps_a_receipt_only_when_asked(root, capsys):
    assert cli.main(["verify", "good-figure"], root) == 0
    out = capsys.readouterr().out
    assert "1 of 1 figures agree with the reference; lock, blas and cpu are the passports'" in out
    assert "good-figure      3       6  1 of 1   agrees" in out and "other-figure" not in out
    assert "receipt: _build/receipts/toy" in out and not (root / "receipts").exists()
    assert cli.main(["verify", "other", "--keep"], root) == 0
    (path,) = (root / "receipts").glob("*.json")
    assert f"receipt: receipts/{path.name}" in capsys.readouterr().out
    receipt = json.loads(path.read_text())
    assert list(receipt["figures"]) == ["other-figure"] and path.stat().st_size < 2000
    entry = receipt["figures"]["other-figure"]
    assert entry["result"] == "agrees" and (entry["rows"], entry["differing"], entry["expected"]) == (3, 0, 1)
    assert str(root) not in path.read_text()
    # a second figure of the same machine joins the first
    assert cli.main(["verify", "good", "--keep"], root) == 0
    (again,) = (root / "receipts").glob("*.json")
    assert list(json.loads(again.read_text())["figures"]) == ["good-figure", "other-figure"]
    capsys.readouterr()


def test_the_table_of_the_last_runs_is_the_same_without_a_new_run(root):
    checks = verify.built(root)
    assert [(check.figure, check.result, check.claims) for check in checks] == [
        ("good-figure", "agrees", 1),
        ("other-figure", "agrees", 1),
    ]
    assert verify.table(checks)[0].split() == "figure rows cells claims result nearest to its limit".split()


def test_a_changed_number_differs_and_fails(root, tmp_path, capsys):
    copy = tmp_path / "book"
    shutil.copytree(root, copy)
    data = copy / "figures" / "good-figure" / "data.csv"
    data.write_text(data.read_text().replace("\n0,4.0,", "\n0,4.1,", 1))
    assert data.read_text().count("4.1") == 1
    assert cli.main(["verify", "good", "--keep"], copy) == 1
    output = capsys.readouterr()
    assert "differs" in output.out and "0 of 1 figures agree" in output.out
    assert "w2s verify: good-figure: x = 0: risk = 4.0, reference 4.1" in output.err
    (receipt,) = receipts.kept(copy)
    assert receipt["figures"]["good-figure"]["result"] == "differs"
    assert receipt["figures"]["good-figure"]["differing"] == 1
    assert receipts.status(copy, receipt, "good-figure") == "differs"


def test_a_receipt_is_about_the_numbers_it_was_compared_with(root, tmp_path):
    copy = tmp_path / "book"
    shutil.copytree(root, copy)
    receipt = receipts.make(copy, verify.built(copy))
    assert receipts.status(copy, receipt, "good-figure") == "agrees"
    assert receipts.status(copy, receipt, "absent") == "none"
    with (copy / "figures" / "good-figure" / "data.csv").open("a") as handle:
        handle.write("3,1.0,0.5,0.01\n")
    assert receipts.status(copy, receipt, "good-figure") == "earlier"


def test_another_set_of_versions_replaces_a_receipt(root, tmp_path):
    receipt = receipts.make(root, verify.built(root))
    path = receipts.write(receipt, tmp_path)
    newer = {**receipt, "versions": {**receipt["versions"], "scipy": "9.9"}, "figures": {}}
    assert receipts.write(newer, tmp_path) == path
    assert json.loads(path.read_text())["figures"] == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "figures": {"x": {}}}', '{"format": 2}'])
def test_a_file_that_is_no_receipt_is_named(tmp_path, text):
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "x.json").write_text(text)
    with pytest.raises(receipts.ReceiptError, match=r"receipts/x.json is not a receipt: `w2s verify --keep`"):
        receipts.kept(tmp_path)


def test_without_a_figure_there_is_no_receipt(root):
    lost = dataclasses.replace(verify.built(root)[0], fresh={}, problems=("the chapter failed",))
    with pytest.raises(receipts.ReceiptError, match="no figure was made"):
        receipts.make(root, [lost])
    assert "differs" in verify.table([lost])[1]


def test_the_page_shows_every_figure_against_every_machine(root, tmp_path):
    copy = tmp_path / "book"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("receipts"))
    found, passports = chapters.discover(copy), scorecard.passports(copy / "figures")
    assert "No receipt has been kept yet" in gallery.receipts_page(copy, passports, found)
    receipt = receipts.make(copy, verify.built(copy)[:1])
    receipts.write(receipt, copy / "receipts")
    receipts.write({**receipt, "cpu": "second", "figures": {}}, copy / "receipts")
    page = gallery.receipts_page(copy, passports, found)
    assert "| Figure | Machine A | Machine B |" in page and "| second |" in page
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| {numref}")}
    assert set(rows) == {"fig-good-figure", "fig-other-figure"}
    assert rows["fig-good-figure"].count("{w2s-receipt}`agrees`") == 1
    assert rows["fig-good-figure"].count("{w2s-receipt}`none`") == 1
    assert rows["fig-other-figure"].count("{w2s-receipt}`none`") == 2


def test_the_receipts_of_the_repository_can_be_read_and_name_no_place():
    kept = receipts.kept(toybook.ROOT)
    assert kept, "there is no receipt: run `w2s verify --keep`"
    for receipt in kept:
        path = toybook.ROOT / "receipts" / receipts.name(receipt)
        assert path.is_file(), "a receipt is named after its machine"
        assert path.stat().st_size < 40_000
        assert not any(mark in path.read_text() for mark in ("/home", "/tmp", "/root", "hostname"))
        known = {passport["id"] for passport in scorecard.passports(toybook.ROOT / "figures")}
        assert set(receipt["figures"]) & known
