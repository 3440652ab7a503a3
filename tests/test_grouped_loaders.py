"""Waterbirds, BFFHQ, ImageNet-9 and folders, read from the layouts in which readers have them."""

import sys

import numpy as np
import pytest

from tests.groupedtrees import bffhq, folders, imagenet9, picture, waterbirds
from w2s_utils import datasets
from w2s_utils.datasets.imagenet9 import foreground

TREES = {"waterbirds": waterbirds, "bffhq": bffhq, "imagenet9": imagenet9, "bg_coco": folders, "folders": folders}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("W2S_CACHE", str(tmp_path_factory.mktemp("cache")))


def load(name, folder, **settings):
    return datasets.load(name, data_dir=folder, progress=False, **settings)


@pytest.mark.parametrize("name", TREES)
def test_groups_follow_from_class_and_background_and_images_are_read(name, tmp_path):
    found = load(name, TREES[name](tmp_path))
    label, background = found.targets["label"], found.targets["background"]
    minority = datasets.minority_rows(found)
    assert np.array_equal(minority, background != found.aligned[label.astype(int)])
    second = minority if name == "imagenet9" else background
    assert np.array_equal(found.groups, 2 * label + second)
    assert len(found.group_names) == 2 * len(found.class_names) and len(set(found.group_names)) == len(
        found.group_names
    )
    assert found.stand_in_for is None and found.default_target == "label"
    assert found.images[0].shape == (10, 12, 3) and found.images[0].dtype == np.uint8
    assert np.array_equal(np.sort(np.r_[found.pool_rows, found.test_rows]), np.arange(len(found)))
    assert found.checksum == load(name, tmp_path).checksum
    features = datasets.features(found, "pixels", progress=False)
    assert features.values.shape == (len(found), 588)


def test_waterbirds_takes_split_y_and_place_from_the_table(tmp_path):
    found = load("waterbirds", waterbirds(tmp_path))
    assert (len(found.pool_rows), len(found.test_rows)) == (12, 12)
    assert found.group_names[1] == "land bird on water" and found.class_names == ("land bird", "water bird")
    row = list(found.ids).index("000.Bird/Bird_0.jpg")
    assert (found.targets["label"][row], found.targets["background"][row]) == (0, 1)
    assert datasets.minority_fraction(found) == pytest.approx(4 / 12)
    more = load("waterbirds", tmp_path, validation=True)
    assert (len(more.pool_rows), len(more.test_rows)) == (24, 12) and more.checksum != found.checksum


def test_waterbirds_is_found_one_folder_below(tmp_path):
    waterbirds(tmp_path / "waterbird_complete95_forest2water2")
    assert len(load("waterbirds", tmp_path)) == 24


def _edit(path, old, new):
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("001.Bird/Bird_1.jpg,1,", "001.Bird/Bird_1.jpg,2,", "1 of 36 rows have a y other than 0, 1: 2 of 001.Bird"),
        ("place,place_filename", "spot,place_filename", "lacks the column place; it has img_id"),
        ("001.Bird/Bird_1.jpg", "gone.jpg", "1 of 36 files of metadata.csv are missing: gone.jpg"),
        ("001.Bird/Bird_1.jpg", "000.Bird/Bird_0.jpg", "1 of 36 files are listed twice: 000.Bird/Bird_0.jpg"),
    ],
)
def test_waterbirds_refuses_a_table_that_is_wrong(old, new, message, tmp_path):
    _edit(waterbirds(tmp_path) / "metadata.csv", old, new)
    with pytest.raises(ValueError, match=message):
        load("waterbirds", tmp_path)


def test_waterbirds_without_a_row_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_text("img_filename,y,place,split\n")
    with pytest.raises(ValueError, match="holds no row"):
        load("waterbirds", tmp_path)
    (tmp_path / "metadata.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text file"):
        load("waterbirds", tmp_path)


def test_bffhq_takes_age_and_gender_from_the_name_and_the_division_from_folders(tmp_path):
    found = load("bffhq", bffhq(tmp_path))
    assert (len(found.pool_rows), len(found.test_rows)) == (12, 4)
    assert found.aligned.tolist() == [0, 1] and datasets.minority_fraction(found) == pytest.approx(2 / 12)
    row = list(found.ids).index("0.5pct/conflict/1/11_1_0.png")
    assert (found.targets["label"][row], found.targets["background"][row]) == (1, 0)
    assert all(found.ids[k].startswith("test/") for k in found.test_rows)
    assert len(load("bffhq", tmp_path / "0.5pct", validation=True).pool_rows) == 16


def test_bffhq_may_hold_its_test_images_itself(tmp_path):
    found = load("bffhq", bffhq(tmp_path, beside=False))
    assert found.ids[0].startswith("align/") and len(found.test_rows) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_a_file_name_with_line_ends_and_escapes_is_refused_in_one_line(tmp_path):
    bffhq(tmp_path)
    (tmp_path / "test" / "12_0_0.png").rename(tmp_path / "test" / "12\n\x1b[31m_0.png")
    with pytest.raises(ValueError, match=r"12\\n\\x1b\[31m_0.png has no age and gender"):
        load("bffhq", tmp_path / "0.5pct")


def test_bffhq_refuses_folders_that_contradict_names(tmp_path):
    bffhq(tmp_path)
    picture(tmp_path / "0.5pct/align/0/99_0_1.png")
    with pytest.raises(ValueError, match="1 of 13 files contradict their folder align or conflict: align/0/99_0_1.png"):
        load("bffhq", tmp_path)


@pytest.mark.parametrize("name", ["face.png", "5_2_0.png"])
def test_bffhq_refuses_a_name_without_age_and_gender(name, tmp_path):
    picture(bffhq(tmp_path) / "0.5pct/align/0" / name)
    with pytest.raises(ValueError, match="no age and gender of 0 or 1 in its name"):
        load("bffhq", tmp_path)


def test_bffhq_asks_which_version_and_for_test_images(tmp_path):
    bffhq(tmp_path)
    with pytest.raises(ValueError, match="hold no folder test"):
        (tmp_path / "test").rename(tmp_path / "other")
        load("bffhq", tmp_path)
    picture(tmp_path / "1pct/align/0/0_0_0.png")
    picture(tmp_path / "1pct/conflict/0/0_0_1.png")
    with pytest.raises(ValueError, match="2 versions of BFFHQ; give one of them"):
        load("bffhq", tmp_path)


def test_imagenet9_never_has_a_foreground_on_both_sides(tmp_path):
    found = load("imagenet9", imagenet9(tmp_path / "bg_challenge").parent)
    sides = [{foreground(tmp_path / found.ids[k]) for k in rows} for rows in (found.pool_rows, found.test_rows)]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 12
    assert found.class_names == ("dog", "bird", "wheeled vehicle") and len(found.group_names) == 6
    assert datasets.minority_fraction(found) == 0.5
    assert set(found.targets["background"]) == {0, 1, 2, 3}


def test_imagenet9_with_training_images_is_divided_as_published(tmp_path):
    found = load("imagenet9", imagenet9(tmp_path, parts=("train", "val")))
    assert all("/train/" in found.ids[k] for k in found.pool_rows)
    assert all("/val/" in found.ids[k] for k in found.test_rows)
    assert len(found.pool_rows) == len(found.test_rows) == 24


def test_imagenet9_refuses_other_classes_and_missing_folders(tmp_path):
    imagenet9(tmp_path)
    (tmp_path / "mixed_rand/val/00_dog").rename(tmp_path / "mixed_rand/val/00_cat")
    with pytest.raises(ValueError, match="differ in 2 classes: 00_cat, 00_dog"):
        load("imagenet9", tmp_path)
    (tmp_path / "mixed_rand").rename(tmp_path / "mixed_next")
    with pytest.raises(ValueError, match="holds no folders mixed_same and mixed_rand"):
        load("imagenet9", tmp_path)


def test_folders_take_the_most_frequent_background_for_a_classs_own_unless_told(tmp_path):
    found = load("folders", folders(tmp_path))
    assert found.class_names == ("camel", "cow") and found.aligned.tolist() == [1, 0]
    assert found.group_names[0] == "camel on grass"
    assert datasets.minority_fraction(found) == pytest.approx(2 / 9)
    told = load("folders", tmp_path, aligned={"cow": "sand", "camel": "grass"})
    assert datasets.minority_fraction(told) == pytest.approx(7 / 9) and told.checksum != found.checksum
    assert len(load("folders", tmp_path, validation=True).pool_rows) == 13


def test_folders_with_three_backgrounds_have_two_groups_a_class(tmp_path):
    more = {(part, kind, "snow"): 1 for part in ("train", "test") for kind in ("cow", "camel")}
    found = load("folders", folders(tmp_path, more))
    assert found.group_names[3] == "cow on another background"
    assert np.array_equal(found.groups % 2, datasets.minority_rows(found))


@pytest.mark.parametrize(
    ("counts", "settings", "message"),
    [
        ({("train", "cow", "sand"): 4}, {}, r"class cow comes equally often \(4 images\) with grass, sand"),
        ({("test", "cow", "sand"): 0}, {}, "1 of 4 groups have no test image, among them cow on sand"),
        ({("train", "camel", "grass"): 0}, {}, "1 of 4 groups have no pool image, among them camel on grass"),
        ({("test", "horse", "sand"): 1}, {}, "differ in 1 classes: horse"),
        ({}, {"aligned": {"cow": "grass"}}, "must have the keys camel, cow"),
        ({}, {"aligned": {"cow": "moon", "camel": "sand"}}, "the background 'moon'; there are grass, sand"),
    ],
)
def test_folders_refuse_what_has_no_meaning(counts, settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load("folders", folders(tmp_path, counts), **settings)


def test_folders_refuse_stray_images_and_missing_parts(tmp_path):
    picture(folders(tmp_path) / "train" / "cow" / "stray.png")
    with pytest.raises(ValueError, match="1 of 10 images are not in <class>/<background>/: cow/stray.png"):
        load("folders", tmp_path)
    (tmp_path / "train").rename(tmp_path / "learn")
    with pytest.raises(ValueError, match="holds no folder train; expected for folders: train/<class>/<background>/"):
        load("folders", tmp_path)


def test_one_class_or_background_is_refused(tmp_path):
    for part in ("train", "test"):
        picture(tmp_path / part / "cow" / "grass" / "1.png")
    with pytest.raises(ValueError, match="1 classes and 1 backgrounds; at least 2 of each"):
        load("folders", tmp_path)


def test_a_corrupt_image_is_left_out_and_named_and_a_gray_one_is_read(tmp_path, capsys):
    folders(tmp_path)
    (tmp_path / "train/cow/grass/0.png").write_bytes(b"no image")
    picture(tmp_path / "train/cow/grass/9.png", mode="L")
    found = load("folders", tmp_path)
    assert found.skipped == ("train/cow/grass/0.png (not an image)",)
    assert "1 corrupt file skipped" in capsys.readouterr().err
    assert found.images[list(found.ids).index("train/cow/grass/9.png")].shape == (10, 12, 3)


@pytest.mark.parametrize("name", TREES)
def test_a_folder_without_the_data_is_refused_with_what_it_should_hold(name, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=f"expected for {name}: .*get it from"):
        load(name, tmp_path)
    monkeypatch.delenv("W2S_DATA", raising=False)
    with pytest.raises(ValueError, match="needs data_dir"):
        load(name, None)
