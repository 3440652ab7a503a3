"""The list of claims, and the tables in which a reader sees what became of them."""

import dataclasses
import json
import re

import pandas as pd
import pytest

from w2s_utils import claims
from w2s_utils.claims import Finding
from w2s_utils.environment import ROOT

ID = "dong2025/student-variance"
EXACT = Finding("toy/exact", "A sentence, exact.", "exact", 2.0, 2.002, 0.01, 0.2, 0.027, "holds", "simulation")
UNTESTED = Finding("toy/number", "A sentence, number.", "number", *[None] * 5, "not tested", "", "the data")


# the list


def test_listed_claims():
    listed = claims.expected()
    assert len(listed) >= 30
    stems = {path.stem for path in (ROOT / "chapters").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}
    for id, claim in listed.items():
        source, _, name = id.partition("/")
        assert source in ("book", "dong2025", "liu2026", "moniri2025") and name, id
        assert " " not in name, id
        assert claim.kind in claims.KINDS and claim.verdict in claims.VERDICTS, id
        assert claim.statement.endswith(".") and claim.source.strip(), id
        assert claim.chapter in stems, id
    assert len({claim.statement for claim in listed.values()}) == len(listed)


def test_every_chapter_has_two_claims_that_are_tested():
    listed = claims.expected().values()
    for path in (ROOT / "chapters").glob("*/*.ipynb"):
        tested = [claim for claim in listed if claim.chapter == path.stem and claim.verdict != "not tested"]
        assert len(tested) >= 2, path.stem


def test_every_claim_is_named_in_the_notebook_of_its_chapter():
    named = {}
    for path in (ROOT / "chapters").glob("*/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        if "group_benchmarks" in source:  # two chapters share their verdicts
            verdicts = (ROOT / "w2s_utils" / "group_benchmarks").glob("*verdicts.py")
            source += "".join(module.read_text(encoding="utf-8") for module in verdicts)
        # a name may be put together: f"dong2025/{ratio}-lower-bound" names two claims
        texts = re.findall(r'"([^"\s]*(?:\{[^{}"]*\}[^"\s]*)*/[^"\s]*)"', source)
        named[path.stem] = [".+".join(map(re.escape, re.split(r"\{[^{}]*\}", text))) for text in texts]
    for id, claim in claims.expected().items():
        assert any(re.fullmatch(pattern, id) for pattern in named[claim.chapter]), id


HEADER = "id,statement,source,kind,verdict,chapter\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a/b,S.,talk,exact,holds,c\na/b,T.,talk,exact,holds,c\n", "claims.csv: a/b is listed twice"),
        ("a/b,S.,talk,exactly,holds,c\n", "claims.csv: a/b: kind 'exactly' or verdict 'holds' is not known"),
        ("a/b,S.,talk,exact,Holds,c\n", "claims.csv: a/b: kind 'exact' or verdict 'Holds' is not known"),
    ],
)
def test_lists_that_are_refused(tmp_path, rows, message):
    path = tmp_path / "claims.csv"
    path.write_text(HEADER + rows)
    with pytest.raises(ValueError) as error:
        claims.expected(path)
    assert str(error.value) == message


def test_list_without_chapters(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text('id,statement,source,kind,verdict\na/b,"One, two.",talk,bound,fails\n')
    assert claims.expected(path) == {"a/b": claims.Claim("a/b", "One, two.", "talk", "bound", "fails", "")}


# the tables


def test_tables_as_text_and_as_markdown():
    findings = [EXACT, UNTESTED]
    assert repr(claims.verdicts(findings)) == (
        "claim                kind    expected  verdict\n"
        "A sentence, exact.   exact   2         holds\n"
        "A sentence, number.  number            not tested"
    )
    assert repr(claims.evidence(findings)) == (
        "claim         observed  standard error  z    would have caught  on\n"
        "`toy/exact`   2         0.01            0.2  2.7%               simulation\n"
        "`toy/number`                                                    needs the data"
    )
    assert claims.verdicts(findings)._repr_markdown_() == (
        "| claim | kind | expected | verdict |\n"
        "| --- | --- | --- | --- |\n"
        "| A sentence, exact. | exact | 2 | holds |\n"
        "| A sentence, number. | number |  | not tested |"
    )
    assert repr(claims.verdicts([])) == "claim  kind  expected  verdict"


@pytest.mark.parametrize(("z", "text"), [(36.94, "36.9"), (-36.94, "-36.9"), (1e3, "> 37"), (-1e3, "< -37")])
def test_what_no_probability_resolves_is_said_to_be_beyond(z, text):
    assert repr(claims.evidence([dataclasses.replace(EXACT, z=z)])).count(f" {text} ") == 1


def test_cells_do_not_break_the_table():
    table = claims.Table(["a|b", "c"], [["$|f|^2$", "x"], ["", "y"]])
    head, rule, *rows = table._repr_markdown_().split("\n")
    assert (head, rule) == ("| a\\|b | c |", "| --- | --- |")
    assert rows == ["| $\\|f\\|^2$ | x |", "|  | y |"]
    with pytest.raises(ValueError):
        repr(claims.Table(["one"], [["a", "b"]]))


def test_contrasts_expect_half_of_what_theory_predicts():
    steps = pd.DataFrame({"step": [-0.2, 0.1], "exact": [-0.3, 0.2], "se": [0.01, 0.02], "df": [99, 9]})
    taken = claims.contrasts(steps, [-1, 1])
    assert {name: list(values) for name, values in taken.items()} == {
        "effect": [0.2, 0.1],
        "se": [0.01, 0.02],
        "smallest": [0.15, 0.1],
        "df": [99, 9],
    }


def test_measured_columns():
    table = pd.DataFrame({"pgr": [0.5, 0.6], "pgr_se": [0.01, 0.02], "designs": [40, 12], "pgr_exact": [0.5, 0.6]})
    assert claims.measured(table, "pgr")["df"].tolist() == [39, 11]
    by_name = claims.exact(ID, table.pgr_exact, **claims.measured(table, "pgr"), on="simulation")
    assert by_name == claims.exact(ID, [0.5, 0.6], observed=[0.5, 0.6], se=[0.01, 0.02], df=[39, 11], on="simulation")
