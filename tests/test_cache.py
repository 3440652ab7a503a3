"""What makes a stored result stale or incomplete."""

import json

import pytest

from tests import toybook
from w2s_utils.runner import cache, chapters


@pytest.fixture
def root(tmp_path):
    root = toybook.make_root(tmp_path / "book", {"small": toybook.chapter("small-figure")})
    (root / "w2s_utils").mkdir()
    (root / "w2s_utils" / "module.py").write_text("a = 1\n")
    (root / "requirements.lock").write_text("numpy==2\n")
    return root


def current(root, preset="fast", **changes):
    (chapter,) = chapters.discover(root)
    return cache.key(chapter, {**chapter.values(preset), **changes}, preset, cache.tree_hash(root))


def edit(root, change):
    path = root / "chapters" / "toy" / "small.ipynb"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2))


@pytest.mark.parametrize(
    "name",
    ["w2s_utils/module.py", "w2s_utils/new.py", "data/claims.csv", "data/features/toy/net.npz", "requirements.lock"],
)
def test_the_key_changes_with_every_file_a_chapter_may_read(root, name):
    before = current(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("changed\n")
    assert current(root) != before


def test_the_key_changes_with_parameters_preset_source_and_tags(root):
    keys = [current(root), current(root, "paper"), current(root, n=5)]
    edit(root, lambda nb: nb["cells"][-1].update(source="print('n was', n)"))
    keys.append(current(root))
    edit(root, lambda nb: nb["cells"][-1]["metadata"].update(tags=["hide-input"]))
    keys.append(current(root))
    edit(root, lambda nb: nb["metadata"]["w2s"].update(paper={"n": 9}))
    keys.append(current(root))
    assert len(set(keys)) == len(keys)


def test_the_key_ignores_outputs_and_formatting(root):
    before = current(root)
    edit(root, lambda nb: nb["cells"][-1].update(outputs=[{"output_type": "stream", "name": "stdout", "text": "1"}]))
    edit(root, lambda nb: nb["cells"][-1].update(source=["print('n is', ", "n)"]))
    assert current(root) == before


def make_result(folder):
    (folder / "figures" / "a").mkdir(parents=True)
    (folder / "figures" / "a" / "data.csv").write_text("x\n1\n")
    (folder / "small.ipynb").write_text("{}")
    return cache.store(folder, {"key": "k", "seconds": 1.0})


def test_a_whole_result_is_found_under_its_key_only(tmp_path):
    entry = make_result(tmp_path)
    assert cache.load(tmp_path, "k") == entry
    assert cache.load(tmp_path, "other") is None
    assert cache.load(tmp_path) == entry


@pytest.mark.parametrize("name", ["figures/a/data.csv", "small.ipynb", "entry.json"])
@pytest.mark.parametrize("damage", ["delete", "change", "empty"])
def test_a_damaged_result_is_a_miss(tmp_path, name, damage):
    make_result(tmp_path)
    path = tmp_path / name
    if damage == "delete":
        path.unlink()
    else:
        path.write_text("" if damage == "empty" else '{"key": "k"}')
    assert cache.load(tmp_path, "k") is None


def test_folders_are_replaced_whole_and_leave_nothing_beside_them(tmp_path):
    for name, text in (("new", "2"), ("old", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(text)
    cache.copy(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "file").read_text() == "2"
    stamp = (tmp_path / "old" / "file").stat().st_mtime_ns
    cache.copy(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "file").stat().st_mtime_ns == stamp
    cache.replace(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_runs_with_own_parameters_have_a_folder_of_their_own(root):
    (chapter,) = chapters.discover(root)
    default = cache.slot(root, chapter, {"n": 1}, "fast", custom=False)
    one, other = (cache.slot(root, chapter, {"n": n}, "fast", custom=True) for n in (1, 2))
    assert default == root / "_build" / "cache" / "fast" / "small"
    assert one.parent == other.parent == root / "_build" / "runs"
    assert one != other and one.name.startswith("small-")
