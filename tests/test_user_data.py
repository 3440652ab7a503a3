"""The papers' data as a reader has it on disk: read as it should be, or refused in one line."""

import gzip
import io

import numpy as np
import pytest
from PIL import Image

from w2s_utils import backbones, datasets
from w2s_utils.datasets import mnist


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("W2S_DATA", raising=False)
    return tmp_path / "cache"


def jpeg(seed=0, mode="RGB", side=24):
    shape = (side, side, 3) if mode == "RGB" else (side, side)
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def faces(tmp_path):
    """Twenty faces in two folders, ages 1 to 20; two of the names lack a field, as in the published set."""
    folder = tmp_path / "faces"
    for age in range(1, 21):
        name = f"{age}_{age % 2}_{age % 5}_20170109{age:09}.jpg.chip.jpg"
        name = f"{age}_{age % 2}_20170109{age:09}.jpg.chip.jpg" if age in (3, 4) else name
        path = folder / f"part{age % 2}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(age))
    return folder


@pytest.fixture
def digits(tmp_path):
    """MNIST's four files with 60 and 40 small digits, the training images gzipped."""
    folder = tmp_path / "digits"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for kind, count in (("train", 60), ("t10k", 40)):
        images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        content = idx(images)
        if kind == "train":
            (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
        else:
            (folder / "t10k-images-idx3-ubyte").write_bytes(content)
        (folder / f"{kind}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.tobytes()


@pytest.fixture
def sentences(tmp_path):
    folder = tmp_path / "sst"
    folder.mkdir()
    lines = [f"a film number {k} that word{k % 9} is odd{k % 7}\t{k % 2}" for k in range(200)]
    (folder / "train.tsv").write_text("sentence\tlabel\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


def refused(call, *parts):
    with pytest.raises(ValueError) as error:
        call()
    message = str(error.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message


# ---------------------------------------------------------------------------------------------- faces


def test_faces_carry_age_gender_and_race(faces, capsys):
    found = datasets.load("utkface", data_dir=faces)
    assert sorted(found.target) == list(range(1, 21)) and found.default_target == "age"
    assert np.array_equal(found.targets["gender"], found.target % 2)
    assert np.isnan(found.targets["race"][np.isin(found.target, (3, 4))]).all()
    assert np.isfinite(found.targets["race"]).sum() == 18
    assert len(found.images) == 20 and found.images[3].shape == (24, 24, 3) and len(found.images[2:5]) == 3
    assert len(found.pool_rows) + len(found.test_rows) == 20 and len(found.test_rows) == 4
    assert found.skipped == () and found.stand_in_for is None and capsys.readouterr().err == ""


def test_the_variable_names_the_folder_too(faces, monkeypatch):
    monkeypatch.setenv("W2S_DATA", str(faces))
    assert len(datasets.load("utkface")) == 20


def test_corrupt_faces_are_skipped_counted_and_named(faces, capsys):
    (faces / "50_0_0_1.jpg.chip.jpg").write_bytes(jpeg()[:-300])
    (faces / "51_0_0_1.jpg.chip.jpg").write_bytes(b"no image at all")
    (faces / "52_0_0_1.jpg.chip.jpg").write_bytes(jpeg(mode="L"))
    (faces / "53_0_0_1.jpg.chip.jpg").write_bytes(b"")
    for _ in range(2):  # the second answer comes from the cache
        found = datasets.load("utkface", data_dir=faces)
        assert len(found) == 20 and 50 not in found.target
        said = capsys.readouterr().err
        assert said.startswith("utkface: 4 corrupt files skipped: 50_0_0_1.jpg.chip.jpg (truncated), 51_0_0_1")
        assert "52_0_0_1.jpg.chip.jpg (1 channels, not 3)" in said and "51_0_0_1.jpg.chip.jpg (not an image)" in said
        assert len(found.skipped) == 4


def test_the_checksum_follows_the_content(faces):
    before = datasets.load("utkface", data_dir=faces).checksum
    path = next(faces.rglob("7_*.jpg"))
    path.write_bytes(jpeg(99, side=25))
    assert datasets.load("utkface", data_dir=faces).checksum != before


def test_a_wrong_folder_of_faces_is_refused(faces, tmp_path):
    (tmp_path / "empty").mkdir()
    layout = ("age_gender_race_date.jpg.chip.jpg", "get it from http", "embedded data sets run without it")
    refused(lambda: datasets.load("utkface"), "needs data_dir (-p data_dir PATH) or W2S_DATA", *layout)
    refused(lambda: datasets.load("utkface", data_dir=tmp_path / "none"), "is not a folder", *layout)
    refused(lambda: datasets.load("utkface", data_dir=tmp_path / "empty"), "holds no file of that kind", *layout)
    (tmp_path / "empty" / "holiday.jpg").write_bytes(jpeg())
    refused(lambda: datasets.load("utkface", data_dir=tmp_path / "empty"), "holds no file of that kind", *layout)
    (tmp_path / "empty" / "9_0_0_1.jpg.chip.jpg").write_bytes(b"")
    refused(lambda: datasets.load("utkface", data_dir=tmp_path / "empty"), "holds no readable image", *layout)


def test_an_age_out_of_range_is_refused(faces):
    (faces / "200_0_0_1.jpg.chip.jpg").write_bytes(jpeg())
    refused(lambda: datasets.load("utkface", data_dir=faces), "age = 200 of 200_0_0_1.jpg.chip.jpg is outside [0, 116]")


def test_features_of_a_readers_images_are_kept_and_uncentred(faces, cache):
    found = datasets.features("utkface", "pixels", data_dir=faces, progress=False)
    raw = backbones.extract("pixels", datasets.load("utkface", data_dir=faces).images, shown=False)
    assert np.array_equal(found.values, raw) and found.width == 588 and (found.mean == 0).all()
    assert np.isclose(found.spectrum_uncentred.sum(), (raw[found.pool_rows].astype(float) ** 2).sum(1).mean())
    (next((cache / "features").iterdir()) / "features.npy").unlink()
    assert np.array_equal(datasets.features("utkface", "pixels", data_dir=faces, progress=False).values, raw)
    refused(
        lambda: datasets.features("utkface", "minilm", data_dir=faces), "backbone = 'minilm' is unknown for utkface"
    )


# --------------------------------------------------------------------------------------------- digits


def test_digits_are_coloured_from_idx_files(digits):
    found = datasets.load("colored_mnist_full", data_dir=digits)
    label, digit, colour = (found.targets[name].astype(int) for name in ("label", "digit", "colour"))
    assert len(found) == 100 and len(found.test_rows) == 10
    assert np.array_equal(label, digit >= 5) and np.array_equal(found.groups, 2 * label + colour)
    raw = mnist.read_idx(digits / "t10k-images-idx3-ubyte", 3)
    for row in (60, 61, 99):
        image = found.images[row]
        assert np.array_equal(image[..., colour[row]], raw[row - 60])
        assert not image[..., 1 - colour[row]].any() and not image[..., 2].any()


def test_noise_and_correlation_are_those_asked_for(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for kind, count in (("train", 20000), ("t10k", 0)):
        (folder / f"{kind}-images-idx3-ubyte").write_bytes(idx(np.zeros((count, 1, 1), np.uint8)))
        (folder / f"{kind}-labels-idx1-ubyte").write_bytes(idx((np.arange(count) % 10).astype(np.uint8)))
    settings = {"data_dir": folder, "label_noise": 0.25, "colour_correlation": 0.8}
    found = datasets.load("colored_mnist_full", **settings, seed=1)
    label, clean, colour = (found.targets[name] for name in ("label", "clean_label", "colour"))
    # four standard deviations of 20,000 draws
    assert abs((label != clean).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 20000)
    assert abs((label == colour).mean() - 0.9) < 4 * np.sqrt(0.9 * 0.1 / 20000)
    again = datasets.load("colored_mnist_full", **settings, seed=1)
    other = datasets.load("colored_mnist_full", **settings, seed=2)
    assert np.array_equal(again.groups, found.groups) and again.checksum == found.checksum
    assert not np.array_equal(other.groups, found.groups) and other.checksum != found.checksum


def test_digits_may_be_images_in_folders(tmp_path, capsys):
    for digit in range(10):
        for number in range(3):
            path = tmp_path / "png" / str(digit) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((28, 28), 10 * digit, np.uint8)).save(path)
    (tmp_path / "png" / "4" / "bad.png").write_bytes(b"")
    found = datasets.load("colored_mnist_full", data_dir=tmp_path / "png")
    assert len(found) == 30 and found.skipped == ("4/bad.png (not an image)",)
    assert all(image.max() == 10 * digit for image, digit in zip(found.images, found.targets["digit"], strict=True))
    assert "1 corrupt file skipped: 4/bad.png" in capsys.readouterr().err
    Image.fromarray(np.zeros((20, 28), np.uint8)).save(tmp_path / "png" / "9" / "3.png")
    refused(lambda: datasets.load("colored_mnist_full", data_dir=tmp_path / "png"), "(20, 28) pixels", "(28, 28)")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("t10k-images-idx3-ubyte", lambda b: b[:-5], "is truncated: 31355 bytes for the shape (40, 28, 28)"),
        ("t10k-images-idx3-ubyte", lambda b: b[:9], "is truncated"),
        ("t10k-images-idx3-ubyte", lambda b: b"\x89PNG" + b[4:], "is not an idx file of bytes with 3 axes"),
        ("t10k-labels-idx1-ubyte", lambda b: b[:-1] + b"\x0c", "digit = 12 of t10k 39 is outside [0, 9]"),
        ("t10k-labels-idx1-ubyte", lambda b: idx(np.zeros(39, np.uint8)), "has 40 rows, "),
        ("train-images-idx3-ubyte.gz", lambda b: b[:-50], "is damaged (EOFError); download it again"),
        ("train-images-idx3-ubyte.gz", lambda b: b"no gzip", "is damaged (BadGzipFile)"),
    ],
)
def test_damaged_digits_are_refused(digits, file, content, message):
    path = digits / file
    path.write_bytes(content(path.read_bytes()))
    refused(lambda: datasets.load("colored_mnist_full", data_dir=digits), message)


def test_shares_out_of_range_and_wrong_folders_are_refused(digits, tmp_path):
    load = datasets.load
    refused(
        lambda: load("colored_mnist_full", data_dir=digits, label_noise=0.6), "label_noise = 0.6 is outside [0, 0.5]"
    )
    refused(
        lambda: load("colored_mnist_full", data_dir=digits, colour_correlation=-2),
        "colour_correlation = -2 is outside [-1, 1]",
    )
    (digits / "train-labels-idx1-ubyte").unlink()
    refused(lambda: load("colored_mnist_full", data_dir=digits), "holds neither", "train-images-idx3-ubyte", "http")
    (tmp_path / "3").mkdir()
    refused(lambda: load("colored_mnist_full", data_dir=tmp_path), "no .png or .jpg in its folders 0 to 9")


# ------------------------------------------------------------------------------------------ sentences


def test_sentences_have_a_label_and_a_fixed_test_part(sentences):
    found = datasets.load("sst2", data_dir=sentences)
    assert len(found) == 200 and found.texts[5] == "a film number 5 that word5 is odd5"
    assert np.array_equal(found.target, np.arange(200) % 2) and found.ids[0] == "line 2"
    assert len(found.test_rows) == 13
    assert np.array_equal(datasets.load("sst2", data_dir=sentences).test_rows, found.test_rows)
    assert datasets.backbones_of("sst2")[0] == "tfidf_lsa"


def test_the_vocabulary_of_a_reader_comes_from_the_pool(sentences):
    texts = [" ".join(f"word{(k * step) % 150}" for step in (1, 7, 11)) for k in range(200)]

    def features(texts):
        table = "sentence\tlabel\n" + "".join(f"{text}\t{k % 2}\n" for k, text in enumerate(texts))
        (sentences / "train.tsv").write_text(table, encoding="utf-8")
        return datasets.features("sst2", "tfidf_lsa", data_dir=sentences, progress=False)

    before = features(texts)
    test = set(datasets.load("sst2", data_dir=sentences).test_rows.tolist())
    after = features([f"new thing {text}" if k in test else text for k, text in enumerate(texts)])
    assert before.values.shape == (200, 128)
    assert np.array_equal(before.values[before.pool_rows], after.values[after.pool_rows])
    refused(lambda: features(["few words"] * 200), "width = 128 must be below the 2 words seen twice or more")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with ''"),
        (b"text,label\na,1\n", "starts with 'text,label'"),
        (b"sentence\tlabel\ngood\t1\nbad\n", "line 3: 'bad' is not sentence<tab>label"),
        (b"sentence\tlabel\ngood\t1\nbad\t2\n", "sst2: label = 2 of line 3 is outside [0, 1]"),
        (b"sentence\tlabel\ngood\t1\n\t0\n", "line 3:"),
        (b"sentence\tlabel\ngood\t1\n", "holds 1 sentences"),
        (b"sentence\tlabel\n\xff\xfe\t1\n", "is not text in UTF-8 (byte 15)"),
    ],
)
def test_a_malformed_table_is_refused(sentences, content, message):
    (sentences / "train.tsv").write_bytes(content)
    refused(lambda: datasets.load("sst2", data_dir=sentences), message)


def test_a_folder_without_the_table_is_refused(tmp_path):
    refused(lambda: datasets.load("sst2", data_dir=tmp_path), "holds no train.tsv", "sentence<tab>label", "http")
