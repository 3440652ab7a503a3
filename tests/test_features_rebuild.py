"""Stored features against the packages they were made from, on rows drawn anew in every run.

Skipped where the packages are missing; ``python -m w2s_utils.sources`` downloads them.
"""

import json
import os

import numpy as np
import pytest

from w2s_utils import datasets
from w2s_utils.datasets import building, embedded
from w2s_utils.datasets.building import ORDER, fingerprint, raw_features, row_arrays
from w2s_utils.sources import MissingSource, cache_folder

ROWS = 16


@pytest.fixture(scope="module")
def empty_cache(tmp_path_factory):
    """A cache folder with the archives and nothing else, so that weights are converted and features computed."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "sources").symlink_to(cache_folder() / "sources")
    before = os.environ.get("W2S_CACHE")
    os.environ["W2S_CACHE"] = str(folder)
    yield folder
    os.environ.pop("W2S_CACHE")
    if before is not None:
        os.environ["W2S_CACHE"] = before


@pytest.fixture(scope="module")
def inputs(empty_cache):
    made = {}

    def make(name):
        try:
            return made.setdefault(name, building.RECIPES[name]()) if name not in made else made[name]
        except MissingSource as error:
            pytest.skip(str(error))

    return make


@pytest.mark.parametrize("name", ORDER)
def test_rows_are_those_of_the_packages(name, inputs):
    stored, _ = embedded.read_rows(name)
    made = row_arrays(inputs(name))
    assert made.keys() == stored.keys()
    for key, values in made.items():
        if values.dtype.kind == "f":
            assert np.allclose(values, stored[key], rtol=1e-6, atol=1e-9, equal_nan=True), key
        else:
            assert np.array_equal(values, stored[key]), key


@pytest.mark.parametrize(("name", "backbone"), [(name, backbone) for name in ORDER for backbone in ORDER[name]])
def test_a_random_subset_of_features_is_rebuilt(name, backbone, inputs):
    if backbone != "pixels" and backbone != "tfidf_lsa":
        pytest.importorskip("safetensors", reason="safetensors is missing")
    if backbone.startswith(("wordllama", "minilm")):
        pytest.importorskip("tokenizers", reason="tokenizers is missing")
    source = inputs(name)
    seed = int.from_bytes(os.urandom(4))
    rows = np.random.default_rng(seed).permutation(len(source.ids))[:ROWS]
    try:
        raw = raw_features(source, backbone, rows, shown=False)
    except MissingSource as error:
        pytest.skip(str(error))
    stored = embedded.read_fingerprint(name, backbone)
    scale = np.sqrt((stored.astype(float) ** 2).mean())
    assert np.abs(fingerprint(raw) - stored[rows]).max() <= 1e-3 * scale, seed
    # scores are a projection of the features: distances shrink by what was dropped and no more
    features = datasets.features(name, backbone)
    assert raw.shape[1] == features.width
    ratio = _distances(features.values[rows]).sum() / _distances(raw).sum()
    assert features.kept - 0.12 <= ratio <= 1.01, seed
    if features.width == features.values.shape[1]:
        assert abs(ratio - 1) <= 0.01, seed


def test_a_file_is_made_anew_in_another_folder(inputs, tmp_path):
    inputs("blue_marble")  # skips where the packages are missing
    said = []
    written = building.build("blue_marble", "pixels", folder=tmp_path, say=said.append)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "blue_marble/dataset.npz", "blue_marble/pixels.npz", "index.json",
    ]  # fmt: skip
    made, stored = (embedded.read_features("blue_marble", "pixels", folder) for folder in (tmp_path, embedded.FOLDER))
    # a score on the edge of a step may be rounded to the next one
    assert np.allclose(made.values, stored.values, atol=1e-2 * np.abs(stored.values).max())
    assert np.allclose(made.spectrum, stored.spectrum, rtol=1e-6, atol=1e-9 * stored.spectrum[0])
    assert len(said) == 1 and said[0].startswith("blue_marble, pixels: 1688 rows, 256 of 588 directions")
    index = json.loads((tmp_path / "index.json").read_text())
    assert [row["name"] for row in index["blue_marble"]["backbones"]] == ["pixels"]


def _distances(rows):
    rows = rows.astype(float)
    return ((rows[:, None] - rows[None]) ** 2).sum(-1)
