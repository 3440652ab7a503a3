"""The `Dataset` type, the embedded data sets and their stored features."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_score

from w2s_utils import datasets
from w2s_utils.datasets import embedded
from w2s_utils.datasets.building import DIRECTIONS, GRAM_TOLERANCE, ORDER, directions_of
from w2s_utils.datasets.features import gram_error, principal_scores, quantise, spectra
from w2s_utils.datasets.scenes import SCENES
from w2s_utils.environment import ROOT

STORED = [(name, backbone) for name in ORDER for backbone in ORDER[name]]


@pytest.fixture
def copy(tmp_path):
    """A small data set in the stored form, in a folder of its own."""
    generator = np.random.default_rng(0)
    rows = {
        "ids": np.array(["a", "b", "c", "d"]),
        "pool_rows": np.array([0, 1, 3]),
        "target_y": np.arange(4.0),
    }
    codes, scale = quantise(generator.standard_normal((4, 2)))
    arrays = {"codes": codes, "scale": scale, "mean": np.zeros(2, np.float32), "spectrum": np.array([2.0, 1.0, 0.5])}
    arrays |= {"spectrum_uncentred": arrays["spectrum"], "fingerprint": np.zeros((4, 2), np.float32)}
    index = {
        "toy": {
            "rows": embedded.write(tmp_path / "toy" / "dataset.npz", rows),
            "backbones": [{"name": "net", "sha256": embedded.write(tmp_path / "toy" / "net.npz", arrays)}],
        }
    }
    (tmp_path / "index.json").write_text(json.dumps(index))
    return tmp_path, arrays


@pytest.mark.parametrize(
    ("name", "rows", "pool", "target", "stand_in"),
    [
        ("blue_marble", 1688, 1250, "elevation", "UTKFace"),
        ("colored_mnist", 5000, 4000, "label", "ColoredMNIST"),
        ("movie_snippets", 10605, 8000, "rating", "SST-2"),
    ],
)
def test_embedded_data_sets_have_rows_targets_and_a_name_for_what_they_replace(name, rows, pool, target, stand_in):
    found = datasets.load(name)
    assert (len(found), len(found.pool_rows), found.default_target, found.stand_in_for) == (
        rows,
        pool,
        target,
        stand_in,
    )
    assert found.target.shape == (rows,) and np.isfinite(found.target).all()
    assert np.array_equal(np.sort(np.r_[found.pool_rows, found.test_rows]), np.arange(rows))
    assert len(set(found.ids)) == rows
    assert found.licence and found.citation and found.source and len(found.checksum) == 64
    assert datasets.backbones_of(name) == list(ORDER[name])


def test_groups_are_label_and_colour_in_equal_numbers():
    digits = datasets.load("colored_mnist")
    label, colour, digit = (digits.targets[name] for name in ("label", "colour", "digit"))
    assert np.array_equal(digits.groups, 2 * label + colour)
    assert np.bincount(digits.groups).tolist() == [1250] * 4 and len(digits.group_names) == 4
    assert np.array_equal(label, digit >= 5)


def test_sentiment_is_defined_where_the_rating_is_clear():
    snippets = datasets.load("movie_snippets")
    rows = np.concatenate([snippets.rows(part, target="sentiment") for part in ("pool", "test")])
    rating, sentiment = snippets.targets["rating"], snippets.targets["sentiment"]
    assert len(rows) == 10072
    assert np.array_equal(np.sort(rows), np.flatnonzero(np.abs(rating) >= 0.5))
    assert np.array_equal(sentiment[rows], rating[rows] > 0)


@pytest.mark.parametrize(("name", "backbone"), STORED)
def test_stored_features_are_the_centred_scores_that_their_spectrum_says(name, backbone):
    found = datasets.features(name, backbone)
    pool = found.values[found.pool_rows].astype(float)
    kept = found.spectrum[: found.values.shape[1]]
    covariance = pool.T @ pool / len(pool)
    # rounding apart: centred on the pool, uncorrelated there, with the listed variances
    assert found.values.dtype == np.float32 and found.values.shape[1] == min(directions_of(name), found.width)
    assert np.abs(pool.mean(0)).max() <= 1e-2 * np.sqrt(kept[0])
    assert np.linalg.norm(covariance - np.diag(kept)) <= GRAM_TOLERANCE * np.linalg.norm(kept)
    second = pool + found.mean
    energy = np.trace(second.T @ second) / len(pool) + found.spectrum[len(kept) :].sum()
    assert energy <= found.spectrum_uncentred.sum() * 1.001
    assert (0.75 if directions_of(name) < DIRECTIONS else 0.85) < found.kept <= 1


def test_directions_are_fitted_on_pool_rows_only():
    generator = np.random.default_rng(0)
    raw = generator.standard_normal((50, 6))
    pool = np.arange(0, 40)
    before = principal_scores(raw, pool, 3)
    raw[40:] *= 100
    after = principal_scores(raw, pool, 3)
    assert np.array_equal(before.directions, after.directions) and np.array_equal(before.mean, after.mean)
    assert np.array_equal(before.values[pool], after.values[pool])
    assert after.values.shape == (50, 3) and len(after.spectrum) == 6
    assert np.allclose(after.values[pool].var(0), after.spectrum[:3])


def test_spectra_are_those_of_numpy():
    raw = np.random.default_rng(1).standard_normal((30, 4)) + 3
    centred, uncentred = spectra(raw)
    assert np.allclose(centred, np.linalg.eigvalsh(np.cov(raw.T, bias=True))[::-1])
    assert np.allclose(uncentred, np.linalg.svd(raw, compute_uv=False) ** 2 / 30)


def test_rounding_is_within_half_a_step_and_a_flat_column_stays_zero():
    values = np.random.default_rng(2).standard_normal((100, 3)) * [1, 1e-6, 0]
    codes, scale = quantise(values)
    assert codes.dtype == np.int8 and np.abs(codes).max() == 127
    assert (np.abs(codes * scale - values) <= scale * 0.501).all() and (codes[:, 2] == 0).all()


def test_the_gram_error_sees_a_coarse_rounding():
    values = np.random.default_rng(3).standard_normal((400, 20))
    codes, scale = quantise(values)
    assert gram_error(codes * scale, values) < GRAM_TOLERANCE
    coarse = np.rint(codes / 64.0) * 64.0 * scale
    assert gram_error(coarse, values) > GRAM_TOLERANCE


def test_the_recorded_gram_error_and_sizes_are_within_their_limits():
    rows = [row for name in ORDER for row in embedded.index()[name]["backbones"]]
    assert len(rows) == len(STORED) and all(0 < row["gram_error"] <= GRAM_TOLERANCE for row in rows)
    sizes = {name: sum(p.stat().st_size for p in (embedded.FOLDER / name).iterdir()) for name in ORDER}
    assert max(sizes.values()) <= 12e6 and sum(sizes.values()) <= 30e6


def test_writing_twice_gives_the_same_bytes(copy):
    folder, arrays = copy
    first = (folder / "toy" / "net.npz").read_bytes()
    time.sleep(1.1)
    embedded.write(folder / "toy" / "net.npz", dict(reversed(arrays.items())))
    assert (folder / "toy" / "net.npz").read_bytes() == first


def test_a_copy_is_read_as_written(copy):
    folder, arrays = copy
    found = embedded.read_features("toy", "net", folder)
    assert np.array_equal(found.values, arrays["codes"] * arrays["scale"])
    assert found.width == 3 and found.pool_rows.tolist() == [0, 1, 3]


def test_a_data_set_that_is_not_stored_is_answered_with_the_command(copy):
    for call in (embedded.read_rows, embedded.backbones_of):
        with pytest.raises(ValueError, match="moon has no stored features; make them by: w2s features moon BACKBONE"):
            call("moon", copy[0])


def test_a_feature_file_with_another_checksum_is_refused(copy):
    folder, arrays = copy
    embedded.write(folder / "toy" / "net.npz", {**arrays, "mean": arrays["mean"] + 1})
    with pytest.raises(ValueError, match=r"toy/net.npz has checksum .* as in index.json; take both from"):
        embedded.read_features("toy", "net", folder)


@pytest.mark.parametrize("change", [("name", "nane"), ("rows", "row"), ("{", "["), ('"sha256": "', '"sha256": ["')])
def test_a_damaged_index_is_refused_in_one_line(copy, change):
    index = copy[0] / "index.json"
    index.write_text(index.read_text().replace(*change))
    with pytest.raises(ValueError, match=r"^[^\n]*index.json is damaged; take it from the repository$"):
        embedded.names(copy[0])


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"not a zip file"])
def test_a_damaged_feature_file_is_refused_in_one_line(copy, damage):
    path = copy[0] / "toy" / "net.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"^[^\n]*toy/net.npz is damaged [^\n]*$"):
        embedded.read_features("toy", "net", copy[0])


def test_a_missing_file_and_an_unknown_backbone_are_named(copy):
    (copy[0] / "toy" / "net.npz").unlink()
    with pytest.raises(ValueError, match="toy/net.npz is missing"):
        embedded.read_features("toy", "net", copy[0])
    with pytest.raises(ValueError, match="'resnet18' has no stored features of toy; stored: net"):
        embedded.read_features("toy", "resnet18", copy[0])


def test_pickled_arrays_are_never_loaded(copy):
    path = copy[0] / "toy" / "net.npz"
    np.savez(path, codes=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="is damaged"):
        embedded.read_features("toy", "net", copy[0])


def test_splits_are_disjoint_nested_and_of_the_pool():
    snippets = datasets.load("movie_snippets")
    large = snippets.split(300, 2000, seed=4, target="sentiment", test=100)
    small = snippets.split(100, 500, seed=4, target="sentiment")
    assert not set(large.labelled) & set(large.unlabelled)
    assert set(large.labelled) | set(large.unlabelled) <= set(snippets.rows("pool", target="sentiment"))
    assert np.array_equal(small.labelled, large.labelled[:100])
    assert np.array_equal(small.unlabelled, large.unlabelled[:500])
    assert len(large.test) == 100 and len(small.test) == len(snippets.rows("test", target="sentiment"))
    assert not np.array_equal(small.labelled, snippets.split(100, 500, seed=5).labelled)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: d.split(400, 1000, seed=0), "n + N = 400 + 1000 is more than the 1250 pool rows of blue_marble"),
        (lambda d: d.split(0, 10, seed=0), "n = 0 must be at least 1"),
        (lambda d: d.split(10, 10, seed=0, test=439), "test = 439 is more than the 438 test rows of blue_marble"),
        (lambda d: d.rows("train"), "part = 'train' is unknown; known: pool, test"),
        (lambda d: d.rows(target="age"), "target = 'age' is unknown to blue_marble; known: abs_latitude, elevation"),
    ],
)
def test_rows_that_are_not_there_are_refused(call, message):
    with pytest.raises(ValueError) as error:
        call(datasets.load("blue_marble"))
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("prefix", [("blue_marble", "colored_mnist", "movie_snippets"), *sorted(SCENES)])
def test_loading_takes_under_a_second_and_300_megabytes(prefix):
    # not ru_maxrss: a child starts with that of the process that made it
    stored = [row for row in STORED if row[0].startswith(prefix)]
    code = (
        "import time; from w2s_utils import datasets; start = time.process_time()\n"
        f"for name, backbone in {stored!r}: datasets.load(name); datasets.features(name, backbone)\n"
        "print(time.process_time() - start)\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    seconds, kilobytes = out.split()
    assert float(seconds) < 1 and float(kilobytes) < 300e3


@pytest.mark.parametrize("name", ORDER)
def test_every_data_sheet_says_what_is_stored(name):
    sheet = (embedded.FOLDER / name / "README.md").read_text(encoding="utf-8")
    for row in embedded.index()[name]["backbones"]:
        assert f"`{row['name']}`" in sheet and f"| {row['width']} |" in sheet
    for word in ("Licence", "SHA-256", "stands in for", "Preprocessing"):
        assert word in sheet


@pytest.mark.parametrize(
    ("name", "backbone", "target", "column"),
    [
        ("blue_marble", "efficientnet_lite2", "elevation", 5),
        ("blue_marble", "squeezenet", "abs_latitude", 6),
        ("colored_mnist", "mobilenet_v2", "label", 5),
        ("movie_snippets", "wordllama_64", "sentiment", 6),
    ],
)
def test_the_probe_of_a_data_sheet_is_recomputed(name, backbone, target, column):
    found = datasets.load(name)
    rows = found.rows("pool", target=target)
    values = datasets.features(name, backbone).values[rows].astype(float)
    values /= np.sqrt((values**2).sum(1).mean())
    folds = KFold(5, shuffle=True, random_state=0)
    probe = RidgeCV(np.logspace(-4, 2, 13))
    score = cross_val_score(probe, values, found.targets[target][rows], cv=folds).mean()
    sheet = (embedded.FOLDER / name / "README.md").read_text(encoding="utf-8")
    line = next(line for line in sheet.splitlines() if line.startswith(f"| `{backbone}` |"))
    assert abs(score - float(line.split("|")[column + 1])) <= 0.0051
