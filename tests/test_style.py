"""The style of figures: one serif for words and formulas, colours that colour-blind readers can tell apart."""

import itertools
import re

import matplotlib
import numpy as np
import pytest
from matplotlib import colors as mcolors
from matplotlib import font_manager
from PIL import Image

from tests import toybook
from w2s_utils import figures

# what the three kinds of colour blindness make of linear RGB (Machado, Oliveira, Fernandes 2009, severity 1)
SEEN = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
KEPT = sorted((toybook.ROOT / "figures").glob("[!.]*/figure.json"))


def lab(color, matrix):
    """CIE L*a*b* of a colour as somebody sees it."""
    rgb = np.array(mcolors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(matrix) @ linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(palette, matrix):
    return min(np.linalg.norm(lab(a, matrix) - lab(b, matrix)) for a, b in itertools.combinations(palette, 2))


@pytest.mark.parametrize("kind", SEEN)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_four_models_can_be_told_apart(kind, mode):
    palette = [figures.style.DARK.get(c, c) if mode == "dark" else c for c in figures.COLORS.values()]
    assert nearest(palette, SEEN[kind]) > 10, "a difference of about 2 can just be seen"
    assert nearest(["#2CA02C", "#D62728"], SEEN["deuteranopia"]) < 60 < nearest(["#2CA02C", "#D62728"], SEEN["usual"])


def test_words_and_formulas_are_in_the_same_serif():
    with matplotlib.rc_context():
        figures.use_style()
        rc = matplotlib.rcParams
        assert rc["font.family"] == ["serif"] and rc["mathtext.fontset"] == "stix"
        assert "STIXGeneral" in font_manager.findfont(rc["font.serif"][0], fallback_to_default=False)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.parent.name)
def test_a_figure_is_as_wide_as_the_page_in_both_formats_and_modes(path):
    sizes = set()
    for mode in ("light", "dark"):
        with Image.open(path.with_name(f"{mode}.png")) as picture:
            sizes.add(picture.size)
        head = path.with_name(f"{mode}.svg").read_text(encoding="utf-8")[:2000]
        width, height = (float(x) for x in re.findall(r'(?:width|height)="([\d.]+)pt"', head))
        sizes.add((round(width * 110 / 72), round(height * 110 / 72)))
    assert len(sizes) == 1, "light and dark, SVG and PNG are of one size"
    assert 700 <= sizes.pop()[0] <= 1210


def test_every_figure_of_the_reference_is_drawn_in_the_style():
    assert KEPT
    for path in KEPT:
        text = path.with_name("light.svg").read_text(encoding="utf-8")
        assert set(re.findall(r"STIX|DejaVu\w*", text)) <= {"STIX"}, f"{path.parent.name}: letters of another font"
        assert figures.INK.lower() in text.lower(), path.parent.name
        assert "<text" not in text, f"{path.parent.name}: letters that a reader's machine may not have"
