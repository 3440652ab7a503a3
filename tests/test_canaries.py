"""Things that must turn the checks red: each is done to a copy of the project with one small chapter, green before."""

import io
import json
import subprocess

import numpy as np
import pytest
from PIL import Image

from tests import evidence, smallbook
from w2s_utils.runner import chapters, checks, processes, reference

RISKS = "w2s_utils/theory/intrinsic_dimension/risks.py"
FORMULA = "return sigma2 / (n - d_w - 1) * overlap"
SIZES = """\
    overlap = effective_overlap(N, d_w=d_w, d_s=d_s, d_sw=d_sw, evaluate=evaluate)
    n, d_w, sigma2 = floats(n, d_w, sigma2)
"""
MUTATIONS = {
    "the sign of a term": (FORMULA, "return sigma2 / (n - d_w + 1) * overlap"),
    "n and N swapped": (SIZES, SIZES.replace("overlap(N,", "overlap(n,").replace("floats(n,", "floats(N,")),
    "a factor of 1.2": (FORMULA, "return 1.2 * sigma2 / (n - d_w - 1) * overlap"),
}
RED = "small: claim small/student-variance: expected 'holds', observed 'fails' (figure small-figure)\n"
NBVAL = ("-n", "0", "-p", "no:cacheprovider", "--color=no", "chapters/toy/small.ipynb")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A copy in which the chapter has run and every check is green; each test leaves it so."""
    root = smallbook.make_root(tmp_path_factory.mktemp("canaries") / "book")
    done = smallbook.w2s(root, "run", "small")
    assert (done.returncode, done.stderr) == (0, "") and "2 hold" in done.stdout, done.stdout + done.stderr
    (chapter,) = chapters.discover(root)
    executed = json.loads((root / "_build" / "executed" / "toy" / "small.ipynb").read_text())
    chapter.path.write_text(reference.dump(reference.normalise(chapter.notebook, executed, str(root))))
    return root


@pytest.fixture
def changed(root):
    """A function that edits a file of the copy; what it did is undone afterwards."""
    before = {}

    def change(name, old, new):
        text = smallbook.edit(root / name, old, new)
        before.setdefault(root / name, text)

    yield change
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def nbval(root):
    """The notebook check exactly as ``w2s test`` starts it, in this one process."""
    own = {**smallbook.environment(), **processes.environment(root, 1), "PYTHONPATH": str(root)}
    command = checks.commands(list(NBVAL))["pytest"]
    return subprocess.run(command, cwd=root, env=own, capture_output=True, text=True, timeout=300)


def test_the_unbroken_copy_is_green_and_cached(root):
    again = smallbook.w2s(root, "run", "small")
    assert again.returncode == 0 and "cached, 2 hold" in again.stdout and "start" not in again.stdout
    assert evidence.folder_problems(root / "_build" / "figures" / "small-figure") == []
    assert evidence.notebook_problems(root / "chapters" / "toy" / "small.ipynb", root) == []
    checked = nbval(root)
    assert checked.returncode == 0 and " passed in " in checked.stdout.splitlines()[-1], checked.stdout


def test_an_edited_package_is_not_taken_from_a_warm_cache(root, changed):
    smallbook.w2s(root, "run", "small")
    assert "cached" in smallbook.w2s(root, "run", "small").stdout
    changed("w2s_utils/regression.py", "from __future__ import annotations\n", "from __future__ import annotations\n\n")
    again = smallbook.w2s(root, "run", "small")
    assert "small  start (fast)" in again.stdout and "cached" not in again.stdout
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_formula_turns_the_run_red(root, changed, name):
    changed(RISKS, *MUTATIONS[name])
    red = smallbook.w2s(root, "run", "small")
    assert "cached" not in red.stdout, "the chapter was not run again"
    assert (red.returncode, red.stderr) == (1, RED), red.stdout
    assert "1 holds, 1 fails" in red.stdout
    again = smallbook.w2s(root, "run", "small")
    assert "cached" in again.stdout and (again.returncode, again.stderr) == (1, RED), "red only once"


def test_a_blank_figure_turns_the_run_red(root):
    blank = smallbook.chapter("blank", "blank-figure")
    (draw,) = [cell for cell in blank["cells"] if cell["id"] == "draw"]
    first, *drawn = draw["source"].splitlines(keepends=True)
    assert "subplots" in first and len(drawn) == 2
    draw["source"] = first
    smallbook.write_chapter(root, "blank", blank)
    try:
        red = smallbook.w2s(root, "run", "blank")
    finally:
        (root / "chapters" / "toy" / "blank.ipynb").unlink()
    assert red.returncode == 1
    (line,) = [line for line in red.stdout.splitlines() if "failed" in line]
    assert "cell 5: ValueError: figure = 'blank-figure' is blank: nothing is drawn in it; partial notebook:" in line
    assert not (root / "_build" / "figures" / "blank-figure").exists()


def test_a_picture_that_came_out_blank_is_noticed(root):
    buffer = io.BytesIO()
    Image.fromarray(np.full((300, 400, 3), 255, np.uint8)).save(buffer, "PNG")
    assert evidence.picture_problems(buffer.getvalue()) == ["a blank picture: 0.0% of it is drawn"]
    picture = root / "_build" / "figures" / "small-figure" / "light.png"
    before = picture.read_bytes()
    try:
        picture.write_bytes(buffer.getvalue())
        assert "light.png: a blank picture" in "; ".join(evidence.folder_problems(picture.parent))
    finally:
        picture.write_bytes(before)


def test_an_unexecuted_notebook_is_noticed(root):
    path = root / "chapters" / "toy" / "small.ipynb"
    before = path.read_text()
    notebook = json.loads(before)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in code:
        assert cell["execution_count"]
        cell["outputs"] = []
    try:
        # outputs removed: nbval compares, and misses them
        path.write_text(reference.dump(notebook))
        checked = nbval(root)
        assert checked.returncode == 1 and "FAILED chapters/toy/small.ipynb" in checked.stdout, checked.stdout
        assert " failed, " in checked.stdout.splitlines()[-1]
        # never executed: nbval compares nothing, which is why the committed notebooks have a check of their own
        for cell in code:
            cell["execution_count"] = None
        path.write_text(reference.dump(notebook))
        found = evidence.notebook_problems(path, root)
        assert "execution counts are [None, None, None, None, None], not 1 to 5" in found
        assert "no cell shows a result" in found
    finally:
        path.write_text(before)


def test_a_verdict_edited_in_the_committed_notebook_is_noticed(root, changed):
    changed("chapters/toy/small.ipynb", "| The student's variance is the formula. | exact | 0.167 | holds |", "| x |")
    checked = nbval(root)
    assert checked.returncode == 1 and "1 failed" in checked.stdout.splitlines()[-1], checked.stdout
