"""What the browser draws in an explorer is what w2s_utils.theory says, at any setting of the sliders."""

import csv
import hashlib
import json
import re

import numpy as np
import pytest

from tests import browser, explorerpage
from w2s_utils import explorers
from w2s_utils.environment import ROOT
from w2s_utils.explorers import common, tables
from w2s_utils.figures import style
from w2s_utils.runner import chapters

# columns and signals that come from a table; all others are closed forms
TABLED = {
    "variance_decomposition": set(),
    "gain_theory": {"teacher", "student", "best"},
    "ridge_regularization": {"best", "least"},
    "unifying_view": set(),
}
EXACT, INTERPOLATED = 1e-6, 1e-3
NAMES = list(explorers.MODULES)


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with browser.session(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


@pytest.fixture(scope="module", params=NAMES)
def opened(request, chrome, tmp_path_factory):
    module = explorers.MODULES[request.param]
    chrome.get_log("browser")
    chrome.get(explorerpage.write(tmp_path_factory.mktemp("page"), module).as_uri())
    return module, explorerpage.wait(chrome)


def settings(module, seed):
    """Anywhere between the ends of the sliders, not only at their stops; every fourth at a corner."""
    rng = np.random.default_rng(seed)
    found = {}
    for slider in module.SLIDERS:
        low, high = slider.stops[0], slider.stops[-1]
        value = rng.uniform(low, high) if low <= 0 or high < 30 * low else np.exp(rng.uniform(*np.log([low, high])))
        found[slider.name] = float(rng.choice([low, high]) if seed % 4 == 3 else value)
    return found


def oracle(module, at, x):
    marker = module.SLIDERS[0].name  # where the point sits: no argument of the curves
    return module.expected(x, **{name: value for name, value in at.items() if name != marker})


def largest_error(got, want):
    """Relative, absolute where the theory says 0."""
    return float(np.max(np.abs(np.asarray(got, float) - want) / np.where(np.abs(want) > 0, np.abs(want), 1.0)))


def test_browser_and_theory_agree_at_random_settings(opened, chrome):
    module, _ = opened
    name = module.explorer().name
    worst = {}
    for seed in range(40):
        at = settings(module, seed)
        seen = explorerpage.read(chrome, at)
        x = np.asarray(seen["rows"]["x"], float)
        drawn = np.array([value is not None for value in seen["rows"]["student"]])
        assert len(x) == common.STEPS + 1 and drawn.sum() > 50
        for column, want in oracle(module, at, x[drawn]).items():
            if column in seen["rows"]:
                got = np.array(seen["rows"][column])[drawn]
                # the other columns may be undefined where the student is not
                error = largest_error(got, np.broadcast_to(want, drawn.sum()))
            elif column == "best" and name == "gain_theory":
                error = abs(seen["signals"][column] - float(want))  # a fraction, which may be 0
            else:
                error = largest_error(seen["signals"][column], want)
            worst[column] = max(worst.get(column, 0.0), error)
    print(name, worst)
    for column, error in worst.items():
        assert error <= (INTERPOLATED if column in TABLED[name] else EXACT), (column, error)


def test_the_marker_and_its_sentence_follow_the_sliders(opened, chrome):
    module, _ = opened
    for seed in range(8):
        at = settings(module, 100 + seed)
        seen = explorerpage.read(chrome, at)
        assert "NaN" not in seen["signals"]["readout"] and "undefined" not in seen["signals"]["readout"]
        if module is explorers.MODULES["variance_decomposition"]:
            if at["N"] <= at["d_s"] + 1:
                assert "needs more than" in seen["signals"]["readout"]
                continue
            value = seen["signals"]["kept"]
        else:
            value = seen["signals"]["now"]
        want = float(oracle(module, at, at[module.SLIDERS[0].name])["student"])
        assert value == pytest.approx(want, rel=INTERPOLATED)


def test_shares_do_not_depend_on_labels_or_noise():
    variance = explorers.MODULES["variance_decomposition"]
    at = dict(overlap=30.0, d_w=150.0, d_s=80.0)
    x = np.geomspace(100, 20000, 20)
    for n, sigma2 in ((200, 1e-3), (5000, 7.0)):
        found = variance.expected(x, n=n, sigma2=sigma2, **at)
        for column, values in variance.expected(x, **at).items():
            np.testing.assert_allclose(found[column], values, rtol=1e-12)


def test_no_eval_and_no_complaint(opened, chrome):
    # the page's own attempt is refused, and is all that was refused
    assert chrome.execute_script("return window.evalRefused") is True
    lines = [line["message"] for line in chrome.get_log("browser") if line["level"] in ("WARNING", "SEVERE")]
    assert [line for line in lines if "unsafe-eval" not in line] == [] and len(lines) <= 1


def test_interpolation_is_exact_at_the_grid_and_linear_between(chrome, tmp_path):
    grid = np.linspace(-1, 1, 5)
    assert tables.steps("x", grid.tolist()) == "clamp((x - (-1)) * 2, 0, 3.999999)"
    expression = tables.along("f", "x", 0, 2, 3)
    script = "const f = [1, 3, 9], x = arguments[0], {min, floor} = Math;"
    script += f"const clamp = (v, a, b) => Math.max(a, Math.min(b, v)); return {expression};"
    assert [chrome.execute_script(script, x) for x in (-1, 0, 0.5, 1, 1.5, 2, 9)] == [1, 1, 2, 3, 6, 9, 9]
    script = "const f = [0, 1, 2, 10, 11, 12], r = arguments[0], c = arguments[1], {floor} = Math; return "
    script += tables.across("f", "r", "c", 3)
    assert [chrome.execute_script(script, *at) for at in ((0, 0), (0.5, 0), (0, 1.25), (0.5, 0.5))] == [0, 5, 1.25, 5.5]


@pytest.mark.parametrize("name", NAMES)
def test_an_explorer_is_on_its_chapter_and_small(name):
    explorer = explorers.MODULES[name].explorer()
    assert explorer.name == name
    (chapter,) = [chapter for chapter in chapters.discover(ROOT) if chapter.name == name]
    text = "\n".join(chapters.source(cell) for cell in chapter.notebook["cells"] if cell["cell_type"] == "markdown")
    assert text.count("{w2s-explorer}") == 1 and f"{{w2s-explorer}} {name}\n" in text
    code = [chapters.source(cell) for cell in chapter.notebook["cells"] if cell["cell_type"] == "code"]
    assert sum(f'"{explorer.figure}"' in cell for cell in code) == 1
    html = explorers.fragment(explorer, "explorer.js")
    assert len(html.encode()) <= 300_000
    assert html.count('type="range"') == html.count("<label for=") == len(explorer.sliders)
    assert f'href="#fig-{explorer.figure}"' in html


@pytest.mark.parametrize("name", NAMES)
def test_colours_are_those_of_the_figures(name):
    text = json.dumps(explorers.MODULES[name].explorer().chart)
    known = {*style.COLORS.values(), *style.WRITING.values(), style.INK, style.GREY, style.FAINT, "#FFFFFF"}
    found = set(re.findall(r"#[0-9A-Fa-f]{6}", text))
    assert len(found) > 4 and found <= known
    # what is not the same in both themes is known to the script
    assert {color for color in found if color in style.DARK} >= {style.INK, style.GREY, style.FAINT, "#FFFFFF"}


def test_vendored_files_are_the_published_ones():
    for table in (ROOT / "_vendor" / "vendored.csv", ROOT / "tests" / "vendor" / "vendored.csv"):
        with table.open(encoding="utf-8", newline="") as file:
            recorded = {row["file"]: row for row in csv.DictReader(file)}
        there = {path.relative_to(table.parent).as_posix() for path in table.parent.rglob("*.js")}
        assert set(recorded) == there
        for name, row in recorded.items():
            path = table.parent / name
            assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"], name
            assert (table.parent / row["licence_file"]).is_file() and row["licence"] and row["version"]


def test_a_start_that_is_no_stop_is_refused():
    with pytest.raises(ValueError, match=r"^start = 3 is not allowed: one of the stops of N$"):
        common.Slider("N", "N", "N", (1.0, 2.0), 3.0)
