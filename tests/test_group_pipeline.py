"""From a reader's folders of images, through networks of real architecture, to both chapters' tables."""

import numpy as np
import pytest
from PIL import Image

from w2s_utils import backbones
from w2s_utils.backbones import convnets
from w2s_utils.backbones.images import batch_of
from w2s_utils.group_benchmarks import data, enhanced_tables, enhanced_verdicts, pairs, tables, verdicts
from w2s_utils.group_benchmarks.enhanced_runs import enhanced_runs
from w2s_utils.group_benchmarks.runs import benchmark_runs
from w2s_utils.group_benchmarks.theory import predicted_gains

LAM = 0.03
ETAS = ([0.5, 0.25], [0.125, 0.25, 0.5])


def mobilenet(blocks, seed):
    """MobileNetV2's layers with few channels and random weights."""
    rng, w, inside = np.random.default_rng(seed), {}, 8

    def add(name, *shape):
        fan = np.prod(shape[:3]) if len(shape) == 4 else 9
        w[f"{name}.kernel"] = (rng.standard_normal(shape) * np.sqrt(2 / fan)).astype(np.float32)
        w[f"{name}.bias"] = np.full(shape[-1], 0.1, np.float32)

    add("stem", 3, 3, 3, inside)
    for number in range(blocks):
        out = 8 + 2 * number
        add(f"block{number}.expand", 1, 1, inside, 2 * inside)
        add(f"block{number}.depthwise", 3, 3, 2 * inside)
        add(f"block{number}.project", 1, 1, 2 * inside, out)
        inside = out
    add("head", 1, 1, inside, 32)
    return w


def squeezenet(seed):
    """SqueezeNet's layers with few channels and random weights."""
    rng, w, inside = np.random.default_rng(seed), {}, 8

    def add(name, side, channels, out):
        fan = side * side * channels
        w[f"{name}.kernel"] = (rng.standard_normal((side, side, channels, out)) * np.sqrt(2 / fan)).astype(np.float32)
        w[f"{name}.bias"] = np.zeros(out, np.float32)

    add("conv1", 3, 3, inside)
    for number in range(2, 10):
        add(f"fire{number}.squeeze1x1", 1, inside, 4)
        add(f"fire{number}.expand1x1", 1, 4, 8)
        add(f"fire{number}.expand3x3", 3, 4, 8)
        inside = 16
    return w


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Two of the book's architectures as backbones that a reader's images may have."""
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "cache"))
    deep, flat = mobilenet(17, 0), squeezenet(1)
    networks = {
        "tiny_squeezenet": (16, lambda x: convnets.squeezenet(x, flat)),
        "tiny_mobilenet": (32, lambda x: convnets.mobilenet_v2(x, deep)),
    }
    for name, (width, run) in networks.items():

        def load(fit_on, run=run):
            return lambda images: run(batch_of(images, 40, 40))

        row = backbones.Backbone(name, "image", width, "head", lambda name=name: name, load)
        monkeypatch.setitem(backbones.BACKBONES, name, row)
    return tuple(networks)


@pytest.fixture
def folder(tmp_path):
    """Files of white discs and black crosses on warm or cold ground, mostly their own."""
    rng, place = np.random.default_rng(0), np.mgrid[:40, :40]
    for part, counts in (("train", (64, 40)), ("test", (12, 12))):
        for k, kind in enumerate(("cross", "disc")):
            for minority, count in enumerate(counts):
                ground = "warm" if k ^ minority else "cold"
                target = tmp_path / "images" / part / kind / ground
                target.mkdir(parents=True)
                for number in range(count):
                    level = np.array([150, 90, 60] if ground == "warm" else [60, 90, 150])
                    picture = level + rng.normal(0, 25, (40, 40, 3))
                    y, x = (axis - centre for axis, centre in zip(place, rng.integers(14, 26, 2), strict=True))
                    shape = (
                        x**2 + y**2 < 150
                        if k
                        else np.minimum(np.abs(x), np.abs(y)) + (np.maximum(np.abs(x), np.abs(y)) > 12) * 12 < 5
                    )
                    picture[shape] = 245 if k else 10
                    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(target / f"{number}.png")
    return tmp_path / "images"


def test_images_become_tables_and_verdicts(tiny, folder, monkeypatch):
    bench = data.load("folders", data_dir=str(folder), models=tiny)
    assert bench.classes == 2 and len(bench.test) == 48 and np.bincount(bench.groups).tolist() == [12] * 4
    assert [values.shape for values in bench.features.values()] == [(256, 16), (256, 32)]
    bench = pairs.by_strength(bench, ETAS[0], n=16, seeds=[900, 901], penalty=LAM)
    runs = benchmark_runs(bench, *ETAS, n=16, N=64, seeds=range(3), penalty=LAM)
    rule = pairs.pairs_by_rule(runs.accuracies())
    assert len(rule) == 1 and set(runs.models) == set(tiny)
    # ground and shape can be told by random networks: the table is not one of guesses
    assert runs.accuracies().accuracy.max() > 0.7
    curves = tables.gain_curves(runs, runs.pairs)
    assert len(curves) == 2 * 2 * 3 and np.isfinite(curves[["gain", "gain_se", "ceiling"]]).all(axis=None)
    found = verdicts.gain_findings({"folders": runs}, {"folders": runs.pairs}, 0.25)
    assert {one.verdict for one in found} == {"not tested"}  # nothing of it is one of the paper's data sets
    baseline = verdicts.baseline_finding({"folders": runs}, {"folders": runs.pairs}, 0.25)
    assert "folders" in baseline.on
    predicted = predicted_gains(bench, runs.pairs, *ETAS, n=16, N=64, penalty=LAM)
    assert len(predicted) == 6 and np.isfinite(predicted.predicted).all()
    assert len(pairs.pair_table(runs, rule, ETAS[0])) == 1

    # no second look at the files: features come from the cache
    monkeypatch.setattr(convnets, "convolve", None)
    again = data.load("folders", data_dir=str(folder), models=tiny)
    assert all(np.array_equal(again.features[name], bench.features[name]) for name in tiny)

    cases = [(0.5, 0.25), (0.25, 0.5)]
    enhanced = enhanced_runs(bench, cases, runs.pairs, n=16, N=64, seeds=range(3), penalty=LAM)
    table = enhanced_tables.improvement_table(enhanced)
    assert len(table) == 4 and np.isfinite(table[["average", "average_se", "worst"]]).all(axis=None)
    assert len(enhanced_verdicts.comparison_findings({"folders": enhanced})) == len(enhanced_verdicts.COMPARED)


def test_a_sample_that_the_folders_cannot_give_is_refused_with_the_number_missing(tiny, folder):
    bench = data.load("folders", data_dir=str(folder), models=tiny)
    with pytest.raises(ValueError, match="missing|short|lack") as error:
        benchmark_runs(bench, *ETAS, n=100, N=600, seeds=[0], penalty=LAM)
    assert "\n" not in str(error.value)
