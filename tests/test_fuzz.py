"""Readers of other people's text and files, fed with damaged ones: accepted, or refused in one line, never a crash."""

import shutil

import numpy as np
import pytest

from tests.fuzzing import answers, damage_tree, damaged
from tests.groupedtrees import bffhq, folders, imagenet9, waterbirds
from tests.nightly import CASES
from tests.test_user_data import digits, faces, sentences  # noqa: F401 (fixtures)
from w2s_utils import datasets
from w2s_utils.datasets import embedded
from w2s_utils.diagnose.files import open_features, read_column
from w2s_utils.diagnose.inputs import read_inputs
from w2s_utils.runner import parameters

CELL = b"""n: int = 2000  # [202, 20000] labelled points
sigma2: float = 0.1  # [0, 10] noise
dataset: str = "blue_marble"  # {blue_marble, utkface} where from
sizes: list[int] = [10, 50, 90]  # [1, 100] overlaps
tuned: bool = False  # choose the penalty
"""
GIVEN = b"400 1e3 -7 0.25 true [10,50,90] blue_marble 1_000 nan inf yes , 0x10 10;20 \xc2\xb2 1e400 ''"


def some(number):
    """Seeds of one reader's share of the cases."""
    return [np.random.default_rng([seed, number]) for seed in range(CASES // number)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("W2S_DATA", raising=False)


def test_parameter_cells_and_values():
    good, refused = parameters.parse(CELL.decode()), 0
    words = GIVEN.split(b" ")
    for rng in some(1):
        text = damaged(CELL, rng).decode("utf-8", "replace")
        refused += answers(lambda text=text: parameters.parse(text), parameters.ParameterError, what=repr(text))
        value = damaged(words[int(rng.integers(len(words)))], rng).decode("utf-8", "replace")
        for name in [*good, value]:
            refused += answers(
                lambda name=name, value=value: parameters.resolve(good, {}, [(name, value)]),
                parameters.ParameterError,
                what=f"-p {name} {value!r}",
            )
    assert refused > CASES  # most are nonsense


def kept(folder, kind, rng):
    rows = rng.standard_normal((40, 3))
    path = folder / f"x{kind}"
    if kind == ".npy":
        np.save(path, rows)
    elif kind == ".npz":
        np.savez(path, features=rows, other=rows[0])
    elif kind == ".csv":
        np.savetxt(path, rows, delimiter=",", header="a,b,c", comments="")
    else:
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.table({name: rows[:, i] for i, name in enumerate("abc")}), path)
    return path


@pytest.mark.parametrize("kind", [".npy", ".npz", ".csv", ".parquet"])
def test_files_of_diagnose(tmp_path, kind):
    path = kept(tmp_path, kind, np.random.default_rng(0))
    content, refused = path.read_bytes(), 0
    for count, rng in enumerate(some(1)):
        path.write_bytes(damaged(content, rng))
        refused += answers(lambda: list(open_features(path).chunks()), ValueError, OSError, what=f"{kind} {count}")
        answers(lambda: read_column(path, "labels"), ValueError, OSError, what=f"{kind} {count}, as labels")
        if count % 10 == 0:
            answers(lambda: read_inputs(path, path, path, path), ValueError, OSError, what=f"{kind} {count}, both")
    assert refused > CASES / 10


TREES = {"utkface": "faces", "colored_mnist_full": "digits", "sst2": "sentences"}
GROUPED = {"waterbirds": waterbirds, "bffhq": bffhq, "imagenet9": imagenet9, "folders": folders}


@pytest.mark.parametrize("name", [*TREES, *GROUPED])
def test_folders_of_data_sets(tmp_path, request, name, capsys):
    folder = GROUPED[name](tmp_path / "whole") if name in GROUPED else request.getfixturevalue(TREES[name])
    refused = 0
    for count, rng in enumerate(some(len(TREES) + len(GROUPED))):
        copy = tmp_path / f"copy{count}"
        shutil.copytree(folder, copy)
        done = damage_tree(copy, rng)
        refused += answers(
            lambda copy=copy: datasets.load(name, data_dir=copy, progress=False), ValueError, OSError, what=done
        )
        shutil.rmtree(copy)
    assert refused > 0 or name == "imagenet9"  # there an odd file is left out, and said


def test_embedded_files(tmp_path):
    name, backbone = "colored_mnist", datasets.backbones_of("colored_mnist")[0]
    folder = tmp_path / "features"
    shutil.copytree(embedded.FOLDER / name, folder / name)
    index = (embedded.FOLDER / "index.json").read_bytes()
    stored = (embedded.FOLDER / name / f"{backbone}.npz").read_bytes()
    refused = 0
    for count, rng in enumerate(some(5)):
        (folder / "index.json").write_bytes(damaged(index, rng) if count % 2 else index)
        (folder / name / f"{backbone}.npz").write_bytes(stored if count % 2 else damaged(stored, rng))
        embedded.index.cache_clear() if hasattr(embedded.index, "cache_clear") else None
        refused += answers(
            lambda: embedded.read_features(name, backbone, folder), ValueError, OSError, what=f"embedded {count}"
        )
    assert refused > CASES / 20
