"""What the data chapters run on, and that a reader's own data takes the same way."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from w2s_utils import datasets
from w2s_utils.bench import bench
from w2s_utils.comparison_data import over_splits
from w2s_utils.published import against_published


@pytest.mark.parametrize("name", ["blue_marble", "colored_mnist", "movie_snippets"])
def test_an_embedded_study_fits_its_data(name):
    data = bench(name)
    study = data.study
    points = study.scan()
    assert max(n for n, _ in points) <= study.labeled
    assert max(N for _, N in points) <= len(data.rows) - study.labeled - study.test
    assert data.embedded and study.student in data.models and study.student not in data.teachers
    assert [entry["name"] for entry in data.files] == [name, *(f"{name}/{backbone}" for backbone in data.models)]
    assert all(len(entry["sha256"]) == 64 for entry in data.files)
    kept = set(study.scan(9))
    assert kept < set(points)
    assert {(n, study.N) for n in study.n_ends} | {(study.n, N) for N in study.N_ends} <= kept
    assert 0.03 < data.test_share < 0.05


@pytest.mark.parametrize(("name", "known"), [("blue_marble", "pixels, "), ("movie_snippets", "tfidf_lsa, ")])
def test_a_student_that_is_no_backbone_is_answered_with_the_list(name, known):
    with pytest.raises(ValueError, match=f"student = 'resnet18' is no backbone of {name}; known: {known}"):
        bench(name, student="resnet18")
    with pytest.raises(ValueError, match="teacher = 'bert' is no backbone of"):
        bench(name, teachers=("bert",))


def test_regression_targets_are_standardised_and_directions_cut():
    data = bench("blue_marble", d_w=7)
    assert abs(data.targets.mean()) < 1e-12 and data.targets.std() == pytest.approx(1)
    assert data.head_features("pixels").shape == (1688, 7)
    assert data.head_features("pixels", "strong").shape == (1688, 55)
    table = data.sweep([(40, 100)], splits=2, noise=[0.0, 1.0])
    assert len(table) == 2 * 2 * len(data.teachers)


def test_rows_without_a_target_are_left_out():
    data = bench("movie_snippets")
    assert len(data.rows) == 10072 and set(data.targets) == {0.0, 1.0}


@pytest.fixture
def faces(tmp_path, monkeypatch):
    """A folder of forty tiny faces, and networks that are not there replaced by drawn features."""
    rng = np.random.default_rng(0)
    for k in range(40):
        picture = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8))
        picture.save(tmp_path / f"{20 + k}_{k % 2}_{k % 5}_2017011{k:04d}.jpg.chip.jpg", quality=95)

    def features(dataset, backbone, **_):
        ages = dataset.target[:, None]
        drawn = np.random.default_rng(len(backbone)).standard_normal((len(ages), 6)) + ages * [1, 0, 0, 0, 0, 0]
        return SimpleNamespace(values=drawn, width=6)

    monkeypatch.setattr(datasets, "features", features)
    return tmp_path


def test_the_papers_data_goes_the_same_way(faces):
    sizes = dict(
        n=12, N=18, labels=(8, 12), unlabeled=(10, 18), labeled=12, test=4, noise_n=8, n_ends=(8, 12), N_ends=(10, 18)
    )
    data = bench("utkface", data_dir=str(faces), teachers=("resnet18", "resnet101"), **sizes)
    assert not data.embedded and len(data.rows) == 40
    assert data.targets.max() == 59, "ages are left in years"
    splits = data.splits(2)
    fixed = set(np.flatnonzero(np.isin(data.rows, data.data.test_rows)))
    assert all(set(split.test) <= fixed and not fixed & set(split.labeled) for split in splits)
    assert not np.array_equal(splits[0].labeled, splits[1].labeled)
    table = data.sweep(data.study.scan(), splits=2)
    assert set(table.weak) == {"resnet18", "resnet101"} and np.isfinite(table.student).all()
    assert against_published("utkface", over_splits(table)).empty


def test_differences_from_quoted_values():
    run = {"weak": "resnet18", "noise": 0.0, "tuned": False, "n": 2000, "N": 10000, "teacher": 220.0, "teacher_se": 2.0}
    import pandas as pd

    found = against_published("utkface", pd.DataFrame([run]))
    assert found.quantity.tolist() == ["teacher error"] and found.difference[0] == pytest.approx(3.8)


def test_a_missing_folder_and_an_unknown_study_are_named(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="has no study; known: blue_marble, utkface"):
        bench("faces")
    with pytest.raises(ValueError, match="holds no file of that kind"):
        bench("utkface", data_dir=str(tmp_path))
