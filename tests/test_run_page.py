"""A run with other parameters: its page, its comparison with the reference, and what ``w2s list`` says of it."""

import json
import re
from html.parser import HTMLParser

import pytest

from tests import toybook
from w2s_utils import cli
from w2s_utils.runner import against, chapters, reference

EVIL = '<script>alert("x")</script>'


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.loaded = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = dict(attrs)
        self.loaded += [given[name] for name in ("src", "srcset", "href") if given.get(name)]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    content = toybook.chapter("good-figure")
    content["metadata"]["w2s"]["paper"] = {}
    parameters = content["cells"][1]
    parameters["source"] += f"note: str = {EVIL!r}  # <b>free</b> text\n"
    root = toybook.make_root(tmp_path_factory.mktemp("runs") / "book", {"good": content}, {"toy/good-figure": "holds"})
    (root / "pyproject.toml").write_text('[project]\nname = "toy"\nrequires-python = ">=3.11"\ndependencies = []\n')
    mathjax = root / "_vendor" / "mathjax"
    mathjax.mkdir(parents=True)
    (mathjax / "tex-mml-chtml.js").write_text("")
    reference.refresh(root, ["good"], echo=lambda line: None)
    return root


@pytest.fixture(scope="module")
def ran(root, capsys_module=None):
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert cli.main("run good -p seed 3 -p mean 0.9 -p verdict fails".split(), root) == 0
    told = dict(line.split(": ", 1) for line in out.getvalue().splitlines() if not line.startswith("["))
    return told


def test_a_run_leaves_notebook_page_and_figure_with_passport(root, ran):
    page = root / ran["page"]
    assert page.name == "index.html" and (root / ran["notebook"]).parent == page.parent
    passport = json.loads((root / ran["figures"] / "good-figure" / "figure.json").read_text())
    assert passport["parameters"]["seed"] == 3
    # only the seed moves the noise of the mean, and the mean itself by 0.4: all three points, the risk is the same
    assert ran["against the reference"] == "good-figure: 3 of 3 points differ beyond noise"


def test_the_page_escapes_what_it_shows_and_loads_nothing_from_elsewhere(root, ran):
    text = (root / ran["page"]).read_text()
    assert EVIL not in text and "&lt;script&gt;alert" in text and "<b>free" not in text
    page = Page(text)
    assert page.tags.count("script") == 2 and page.tags.count("h1") == 1
    for address in page.loaded:
        assert ":" not in address and (root / ran["page"]).parent.joinpath(address).exists(), address
    assert "w2s run good -p n 4 -p mean 0.9 -p seed 3 -p verdict fails -p note" in text
    assert "3 of 3 points differ beyond noise" in text
    assert "mean = 0.9 (reference: 0.5); seed = 3 (reference: 0)" in text
    assert "fails<br>(at the default parameters: holds)" in text
    assert "<strong>0.9</strong>" in text and "dark.svg" in text


def test_a_new_seed_alone_differs_from_the_reference_by_noise_only(root, capsys):
    assert cli.main("run good -p seed 5".split(), root) == 0
    assert "against the reference: good-figure: none of 3 points differs beyond noise" in capsys.readouterr().out


def test_points_the_reference_lacks_are_counted_but_not_compared(root, tmp_path, ran):
    folder = (root / ran["page"]).parent
    copied = tmp_path / "run" / "figures" / "good-figure"
    copied.mkdir(parents=True)
    for name in ("figure.json", "data.csv"):
        copied.joinpath(name).write_text((folder / "figures" / "good-figure" / name).read_text())
    with (copied / "data.csv").open("a") as handle:
        handle.write("77,1.0,0.5,0.01\n")
    (item,) = against.compare(root, tmp_path / "run")
    assert (item.points, item.shared, item.differing) == (4, 3, 3)
    assert item.sentence == "3 of 3 points differ beyond noise; the other 1 are not in the reference"
    (copied / "data.csv").write_text("x,risk\n77,1.0\n")
    (item,) = against.compare(root, tmp_path / "run")
    assert item.sentence.startswith("not comparable with the reference: ") and item.shared == 0


def test_a_figure_without_reference_is_said_to_have_none(root, tmp_path):
    assert against.compare(tmp_path, (root / "_build")) == []


@pytest.mark.parametrize(("points", "shared", "bad", "text"), [
    (40, 40, 3, "3 of 40 points differ beyond noise"),
    (40, 40, 1, "1 of 40 points differs beyond noise"),
    (40, 40, 0, "none of 40 points differs beyond noise"),
    (60, 40, 0, "none of 40 points differs beyond noise; the other 20 are not in the reference"),
    (60, 0, 0, "none of its 60 points is in the reference: nothing to compare"),
])  # fmt: skip
def test_the_outcome_in_words(points, shared, bad, text):
    assert against._sentence(points, shared, bad) == text


def test_list_names_status_and_last_run_of_any_kind(root, ran, tmp_path, capsys):
    assert cli.main("run good -p seed 7".split(), root) == 0
    capsys.readouterr()
    assert cli.main(["list"], root) == 0
    text = capsys.readouterr().out
    (line,) = re.findall(r"^    last run: .*$", text, re.MULTILINE)
    assert "preset fast -p seed 7" in line and "in _build/runs/good-" in line and "changed since" not in line
    path = root / "chapters" / "toy" / "good.ipynb"
    before = path.read_text()
    path.write_text(before.replace("n is", "n was"))
    try:
        cli.main(["list"], root)
        assert "the sources have changed since" in capsys.readouterr().out
    finally:
        path.write_text(before)
    assert "status: " in text


def test_status_is_that_of_the_committed_claims(tmp_path, capsys):
    root = toybook.make_root(tmp_path / "book", {"one": toybook.chapter("one")})
    table = root / "data" / "claims.csv"
    table.write_text("id,statement,source,kind,verdict,chapter\na,A.,s,exact,holds,one\nb,B.,s,exact,fails,one\n")
    assert cli.main(["list"], root) == 0
    text = capsys.readouterr().out
    assert "    status: 1 holds, 1 fails\n    last run: none yet\n" in text and "default run" not in text
    assert chapters.captions(root)["chapters/toy/one"] == "Toy"
