"""The embedded scenes, stored and as their recipe makes them, and the weak models that see less of them."""

import gzip
import io
import lzma
import tarfile

import numpy as np
import pytest

from w2s_utils import backbones, datasets, sources
from w2s_utils.backbones import convnets, table
from w2s_utils.datasets import building, embedded, scenes

NAMES = list(scenes.SCENES)
WEAK, STRONG = building.ORDER["scenes_tops"][:5], building.ORDER["scenes_tops"][5:]


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_has_the_groups_of_its_recipe(name):
    found, made = datasets.load(name), scenes.SCENES[name]
    label, background = (found.targets[key].astype(int) for key in ("label", "background"))
    minority = datasets.minority_rows(found)
    assert np.array_equal(minority, label != background)
    assert np.array_equal(found.groups, 2 * label + (background if len(made.classes) == 2 else minority))
    for rows, counts in ((found.pool_rows, (made.aligned, made.other)), (found.test_rows, (made.test, made.test))):
        for k in range(len(made.classes)):
            assert tuple(np.bincount(minority[rows][label[rows] == k])) == counts
    assert len(found.group_names) == found.groups.max() + 1 and len(found.class_names) == len(made.classes)
    assert found.stand_in_for and datasets.backbones_of(name) == list(building.ORDER[name])


@pytest.mark.parametrize("name", NAMES)
def test_pool_and_test_share_no_garment_and_no_background(name):
    found = datasets.load(name)
    rows = [[found.ids[k].split() for k in part] for part in (found.pool_rows, found.test_rows)]
    garments, crops = ([{tuple(row[part]) for row in side} for side in rows] for part in (slice(2), slice(3, 5)))
    assert not garments[0] & garments[1] and not crops[0] & crops[1]
    assert [len(side) for side in garments] == [len(side) for side in rows]


@pytest.mark.parametrize("name", NAMES)
def test_features_of_a_scene_are_few_and_small(name):
    files = sorted((embedded.FOLDER / name).glob("*.npz"))
    assert len(files) == 9 and sum(path.stat().st_size for path in files) < 6e6
    for backbone in building.ORDER[name]:
        found = datasets.features(name, backbone)
        assert found.values.shape[1] == min(found.width, building.SCENE_DIRECTIONS)


def test_all_stored_features_are_below_thirty_megabytes():
    assert sum(path.stat().st_size for path in embedded.FOLDER.rglob("*.npz")) < 30e6


def _fake(monkeypatch, made, names=("train", "t10k")):
    """A recipe on 400 garments of one gray level each and 11 plain crops of land and of ocean."""
    kind = np.arange(400) % 10
    gray = np.repeat(np.arange(400) % 200 + 50, 784).reshape(-1, 28, 28).astype(np.uint8)
    crops = [np.full((11, scenes.SIDE, scenes.SIDE, 3), 30 * k + 1, np.uint8) for k in range(2)]
    monkeypatch.setattr(scenes, "fashion", lambda part: (gray, kind))
    monkeypatch.setattr(scenes, "land_and_ocean", lambda: crops)
    monkeypatch.setitem(scenes.SCENES, "toy", made)
    scenes.scene.cache_clear()
    inputs = scenes.scene("toy")
    scenes.scene.cache_clear()
    return inputs, kind


def test_the_recipe_uses_each_garment_once_and_leaves_out_those_it_was_chosen_on(monkeypatch):
    made = scenes.Scene(((1,), (2, 3)), (0.25, 0.5), 0.5, 4, 2, 3, 8, 5)
    inputs, kind = _fake(monkeypatch, made)
    assert inputs.pool == 12 and np.array_equal(inputs.pool_rows, np.arange(12)) and len(inputs.ids) == 24
    fields = [row.split() for row in inputs.ids]
    garments = [int(row[1]) for row in fields[:12]]
    assert len(set(garments)) == 12 and not set(garments) & set(scenes._chosen_on(made, kind))
    assert len(scenes._chosen_on(made, kind)) == 8
    for garment, label in zip(garments, inputs.targets["label"][:12], strict=True):
        assert kind[garment] in made.classes[int(label)]
        assert (
            garment
            in np.flatnonzero(np.isin(kind, made.classes[int(label)]))[
                len(kind) // 20 * len(made.classes[int(label)]) :
            ]
        )
    assert {int(row[4]) % 2 for row in fields[:12]} == {0} and {int(row[4]) % 2 for row in fields[12:]} == {1}
    assert np.bincount(inputs.groups).tolist() == [7, 5, 5, 7]


def test_pictures_hold_the_garment_on_the_washed_out_background(monkeypatch):
    inputs, _ = _fake(monkeypatch, scenes.Scene(((1,), (2,)), (0.25, 0.5), 0.5, 4, 2, 3, 4, 5))
    for picture, row, background in zip(inputs.images, inputs.ids, inputs.targets["background"], strict=True):
        behind, gray = int(0.5 * (30 * background + 1) + 55), int(row.split()[1]) % 200 + 50
        values, often = np.unique(picture, return_counts=True)
        assert set(values) == {behind, gray}
        side = np.sqrt(often[values.tolist().index(gray)] / 3)
        assert side == round(side) and 28 <= side <= 56


def test_a_transparent_garment_leaves_the_background_and_full_wash_leaves_gray():
    behind = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    empty, full = np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)
    place = {"side": 6, "left": 3, "top": 9}
    assert np.array_equal(scenes.compose(empty, behind, wash=0, **place), behind)
    assert (scenes.compose(empty, behind, wash=1, **place) == 110).all()
    pasted = scenes.compose(full, behind, wash=0, **place)
    assert (pasted[9:15, 3:9] == 255).all() and (pasted != behind).any(2).sum() <= 36


def test_nine_backgrounds_are_types_by_colour(monkeypatch):
    crops = np.random.default_rng(0).integers(0, 3, (90, 4, 4, 3)).astype(np.uint8)
    crops += (25 * (np.arange(90) % 9)).astype(np.uint8)[:, None, None, None]
    monkeypatch.setattr(scenes, "land_and_ocean", lambda: (crops, crops[:0]))
    kinds = scenes._backgrounds(9)
    assert sorted(len(kind) for kind in kinds) == [10] * 9
    assert all(np.ptp(kind.mean((1, 2, 3))) < 3 for kind in kinds)


def test_a_debian_package_is_read_without_installing_it(tmp_path, monkeypatch):
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tar:
        entry = tarfile.TarInfo("./usr/x")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))
    members = ((b"debian-binary", b"2.0"), (b"control.tar.xz", b"?"), (b"data.tar.xz", lzma.compress(inner.getvalue())))
    content = b"!<arch>\n"
    for name, body in members:
        content += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, b"100644", len(body))
        content += body + b"\n" * (len(body) % 2)
    path = tmp_path / "x.deb"
    path.write_bytes(content)
    monkeypatch.setattr(sources, "locate", lambda name: path)
    assert sources.read("x", "./usr/x") == b"hello"
    path.write_bytes(content[: content.index(b"data.tar")])
    with pytest.raises(ValueError, match=r"holds no data\.tar"):
        sources.read("x", "./usr/x")


def test_garments_are_read_from_idx_files(monkeypatch):
    files = {
        "images-idx3": bytes(16) + bytes(range(2)) * 784,
        "labels-idx1": bytes(8) + bytes([7, 9]),
    }
    monkeypatch.setattr(
        scenes, "read", lambda name, member: gzip.compress(next(v for k, v in files.items() if k in member))
    )
    scenes.fashion.cache_clear()
    gray, kind = scenes.fashion("train")
    scenes.fashion.cache_clear()
    assert gray.shape == (2, 28, 28) and kind.tolist() == [7, 9]


def _inverted(stages, widths, expand=2, seed=0):
    """Random weights in the layout of an inverted-residual network, stem included, head not."""
    generator, w, inside, number = np.random.default_rng(seed), {}, 4, 0

    def add(name, *shape):
        w[f"{name}.kernel"] = (generator.standard_normal(shape) / 3).astype(np.float32)
        w[f"{name}.bias"] = generator.standard_normal(shape[-1]).astype(np.float32) / 3

    add("stem", 3, 3, 3, inside)
    for (blocks, _), out in zip(stages, widths, strict=True):
        for _ in range(blocks):
            add(f"block{number}.expand", 1, 1, inside, expand * inside)
            add(f"block{number}.depthwise", 3, 3, expand * inside)
            add(f"block{number}.project", 1, 1, expand * inside, out)
            inside, number = out, number + 1
    return w, inside


@pytest.mark.parametrize(
    ("early", "stages", "scaled"),
    [
        (convnets.mobilenet_v2_block5, convnets._MOBILENET, False),
        (convnets.efficientnet_lite0_block4, convnets._LITE0, True),
    ],
)
def test_an_early_layer_is_that_of_the_network_with_the_rest_passed_through(early, stages, scaled):
    """Later blocks that add nothing, at a stride of 1, and a head that only bounds leave the early output."""
    w, inside = _inverted(stages[:3], (4, 5, 6))
    x = np.random.default_rng(1).random((2, 32, 32, 3)).astype(np.float32)
    found = early(x, w)
    assert found.shape == (2, inside)
    for number in range(sum(blocks for blocks, _ in stages[:3]), sum(blocks for blocks, _ in stages)):
        for part, shape in (("depthwise", (3, 3, inside)), ("project", (1, 1, inside, inside))):
            w[f"block{number}.{part}.kernel"] = np.zeros(shape, np.float32)
            w[f"block{number}.{part}.bias"] = np.zeros(inside, np.float32)
    # the head doubles as a shift into the range it bounds
    w["head.kernel"] = 1e-3 * np.eye(inside, dtype=np.float32)[None, None]
    w["head.bias"] = np.full(inside, 3, np.float32)
    flat = tuple((blocks, 1 if k >= 3 else stride) for k, (blocks, stride) in enumerate(stages))
    prepared = convnets._byte_range(x) if scaled else convnets._unit_range(x)
    whole = convnets._inverted_residuals(prepared, w, flat, same=scaled)
    assert np.allclose((whole - 3) * 1e3, found, atol=2e-3)


def test_weak_models_are_offered_with_the_scenes_only():
    reduced = {row.name for row in backbones.BACKBONES.values() if row.reduced}
    assert reduced == set(WEAK) and not reduced & set(STRONG)
    assert not reduced & set(datasets.backbones_of("waterbirds")) and not reduced & set(
        datasets.backbones_of("utkface")
    )


@pytest.mark.parametrize(("name", "side"), [("squeezenet_32px", 32), ("mobilenet_v2_64px", 64), ("lite0_block4", 112)])
def test_a_weak_model_is_given_its_own_number_of_pixels(name, side, monkeypatch):
    seen = []
    monkeypatch.setattr(table, "batch_of", lambda images, low, high: seen.append((low, high)) or np.zeros((1, 8, 8, 3)))
    monkeypatch.setattr(table, "weights", lambda network: {})
    with pytest.raises(KeyError):
        backbones.backbone(name).load(None)([np.zeros((8, 8, 3), np.uint8)])
    assert seen == [(side, side)]
