"""Published figures: six files, passport, two colour schemes that match, marks that mean the same everywhere."""

import base64
import io
import json
import re
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import colors as mcolors
from PIL import Image

from tests.toyfigure import CLAIM, FILES, TABLE, draw_marks, draw_rich, passport, publish
from w2s_utils import figures, provenance
from w2s_utils.environment import ROOT

PASSPORT = (
    "id chapter parameters preset seed data versions lock blas cpu package_tree notebook seconds memory claims".split()
)
ADDED = ["title", "caption", "alt", "keys"]


@pytest.fixture(autouse=True)
def style(monkeypatch):
    monkeypatch.delenv("W2S_CONTEXT", raising=False)
    with matplotlib.rc_context():
        figures.use_style()
        yield


@pytest.fixture
def output(tmp_path, monkeypatch) -> Path:
    """The folder of figures of a chapter that runs outside the runner, in a checkout of its own."""
    monkeypatch.setattr(figures.publishing, "ROOT", tmp_path)
    return tmp_path / "_build" / "interactive"


# what is kept


def test_six_files_and_what_is_in_them(output):
    shown = publish(data=[{"name": "blue_marble", "sha256": "0" * 64}])
    folder = output / "toy-figure"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [path.name for path in output.iterdir()] == ["toy-figure"]
    found = passport(folder)
    assert list(found) == PASSPORT + ADDED
    assert found["claims"] == [CLAIM.to_dict()]
    assert (found["id"], found["chapter"], found["keys"]) == ("toy-figure", "toy", ["n"])
    assert (found["title"], found["caption"], found["alt"]) == ("A toy", "Circles: three points.", "A curve that rises")
    assert found["data"] == [{"name": "blue_marble", "sha256": "0" * 64}]
    assert (found["parameters"], found["preset"], found["seed"], found["notebook"]) == ({}, "interactive", None, "")
    assert found["versions"] == provenance.versions() and found["lock"] == provenance.lock_hash()
    assert found["package_tree"] == provenance.tree_hash(ROOT / "w2s_utils")
    assert found["seconds"] >= 0 and found["memory"] > 2**20
    table = pd.read_csv(folder / "data.csv")
    pd.testing.assert_frame_equal(table, TABLE, check_exact=True)
    assert (folder / "data.csv").read_bytes().count(b"\r") == 0

    bundle, metadata = shown._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == (folder / "light.png").read_bytes()
    assert bundle["text/plain"] == "A curve that rises"
    assert metadata == {"w2s": {"figure": "toy-figure"}}


def test_runner_says_where_and_with_what(tmp_path, monkeypatch):
    notebook = tmp_path / "toy.ipynb"
    notebook.write_text("{}")
    told = dict(
        chapter="toy", preset="paper", parameters=dict(n=5, seed=7), notebook=str(notebook), custom=False, jobs=2
    )
    context = tmp_path / "context.json"
    context.write_text(json.dumps(told | dict(output=str(tmp_path / "out"))))
    monkeypatch.setenv("W2S_CONTEXT", str(context))
    publish()
    found = passport(tmp_path / "out" / "toy-figure")
    assert (found["preset"], found["parameters"], found["seed"]) == ("paper", {"n": 5, "seed": 7}, 7)
    assert found["notebook"] == provenance.blob_hash(notebook)
    monkeypatch.setenv("W2S_CONTEXT", str(tmp_path / "missing.json"))
    with pytest.raises(FileNotFoundError):
        publish()


def test_pictures_are_light_and_dark_of_one_size_and_small(output):
    publish(draw_rich())
    folder = output / "toy-figure"
    light, dark = (Image.open(folder / f"{mode}.png").convert("RGB") for mode in ("light", "dark"))
    assert light.size == dark.size == (1100, 682)
    assert light.getpixel((0, 0)) == (255, 255, 255)
    assert dark.getpixel((0, 0)) == (0x14, 0x18, 0x1E)
    assert np.asarray(light).mean() > 200 and np.asarray(dark).mean() < 60
    assert max((folder / f"{mode}.png").stat().st_size for mode in ("light", "dark")) < 80_000
    texts = {mode: (folder / f"{mode}.svg").read_text(encoding="utf-8").lower() for mode in ("light", "dark")}
    sizes = {mode: text[text.index("<svg") :].split(">")[0] for mode, text in texts.items()}
    assert sizes["light"] == sizes["dark"]
    for before, after in figures.style.DARK.items():
        if before.lower() in texts["light"]:
            assert before.lower() not in texts["dark"] and after.lower() in texts["dark"], before
    assert figures.INK.lower() in texts["light"]


def test_dark_pictures_can_be_read():
    """Every colour of writing stands out from the page, in both schemes (contrast of 4.5, grey lines of 3)."""

    def luminance(color: str) -> float:
        rgb = np.array(mcolors.to_rgb(color))
        return float(np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    def contrast(a: str, b: str) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    for color in (figures.INK, *figures.WRITING.values()):
        assert contrast(color, "#FFFFFF") > 4.5, color
        assert contrast(figures.style.DARK[color], figures.style.DARK["#FFFFFF"]) > 4.5, color
    assert contrast(figures.style.DARK[figures.GREY], figures.style.DARK["#FFFFFF"]) > 3


def test_same_figure_same_bytes(output):
    publish(draw_marks(), "first")
    publish(draw_marks(), "second")
    for name in ("light.svg", "dark.svg", "light.png", "dark.png", "data.csv"):
        assert (output / "first" / name).read_bytes() == (output / "second" / name).read_bytes(), name
    text = (output / "first" / "light.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in text and "<text" not in text


def test_recolouring_is_undone(output):
    assert len(set(figures.style.DARK.values())) == len(figures.style.DARK)
    assert not set(figures.style.DARK.values()) & {*figures.style.DARK, *figures.COLORS.values()}
    figure = draw_marks()
    publish(figure)
    light, dark = ((output / "toy-figure" / f"{mode}.svg").read_bytes() for mode in ("light", "dark"))
    assert figures.publishing._svg(figure) == light
    # nothing moves between the two schemes: the dark picture is the light one with other colours
    for before, after in figures.style.DARK.items():
        light, dark = (text.replace(after.lower().encode(), before.lower().encode()) for text in (light, dark))
    plain = [re.sub(rb'(id="|url\(#|href="#)[^")]*', rb"\\1", text) for text in (light, dark)]
    assert plain[0] == plain[1]


# marks


def test_marks_mean_the_same_everywhere():
    _, ax = figures.subplots()
    figures.points(ax, [1, 2], [1.0, 2.0], [0.1, 0.2], color="student", label="s")
    figures.points(ax, [1, 2], [1.0, 2.0], [0.1, 0.2], color="teacher", raw=True)
    (circles, _, (bars,)), (diamonds, *_) = ax.containers
    assert (circles.get_marker(), diamonds.get_marker()) == ("o", "D")
    assert circles.get_color() == figures.COLORS["student"]
    # bars of two standard errors
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()], [[0.8, 1.2], [1.6, 2.4]])
    for kind, dashes in (("exact", None), ("published", (1, 1.6)), ("leading", (1, 1.6)), ("bound", (5, 2))):
        figures.line(ax, [1, 2], 3.0, color="#123456", kind=kind)
        drawn = ax.lines[-1]
        assert drawn.get_color() == "#123456" and drawn.get_ydata().tolist() == [3.0, 3.0]
        assert drawn.is_dashed() == (dashes is not None)
        if dashes:
            np.testing.assert_allclose(drawn._unscaled_dash_pattern[1], dashes)
    with pytest.raises(KeyError):
        figures.line(ax, [1, 2], [1, 2], color="student", kind="guess")
    figures.name(ax, 1.0, 2.0, "student", color="student", ha="right")
    note = ax.texts[-1]
    assert (note.get_color(), note.get_ha(), note.xy) == (figures.WRITING["student"], "right", (1.0, 2.0))


def test_log_axes_have_plain_labels():
    figure, ax = figures.subplots()
    ax.plot([100, 2000], [1, 2])
    ax.set_xscale("log")
    figures.plain_ticks(ax.xaxis)
    figure.canvas.draw()
    shown = [label.get_text() for label in ax.get_xticklabels()]
    assert {"100", "200", "500", "1000", "2000"} <= set(shown)
    assert not any("$" in text or "e" in text for text in shown)


def test_figures_are_not_shown_by_pyplot():
    import matplotlib.pyplot as plt

    open_before = plt.get_fignums()
    figure, axes = figures.subplots(1, 2, sharey=True)
    assert plt.get_fignums() == open_before and axes.shape == (2,)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert buffer.getvalue()[:4] == b"\x89PNG"
