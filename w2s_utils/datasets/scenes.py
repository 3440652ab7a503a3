"""How the embedded scenes were made: garments of Fashion-MNIST pasted on washed-out crops of land and ocean.

Sizes and wash were chosen so that the effect of the paper shows; their sheets in ``data/features`` say how. Needs the
archives of ``data/sources.csv``. Imports numpy, pillow and scikit-learn.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from w2s_utils.datasets.earth import SIDE, land_and_ocean
from w2s_utils.datasets.recipes import Inputs
from w2s_utils.sources import read

Images = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]
_GRAY = 110.0


@dataclass(frozen=True)
class Scene:
    """Classes of garments, their looks and their numbers.

    Attributes
    ----------
    classes : tuple of tuple of int
        Numbers of the garments in Fashion-MNIST, per class.
    size : tuple of float
        Smallest and largest side of a garment, as a share of the picture.
    wash : float
        Share of gray in the background, in [0, 1]: 0 leaves it as it is.
    aligned, other : int
        Pool images per class on the background of that class and on others.
    test : int
        Test images per class on either; both numbers are multiples of the number of other backgrounds.
    chosen_on : int
        Images of the trial test set on which size and wash were chosen; their garments are left out.
    seed : int
    """

    classes: tuple[tuple[int, ...], ...]
    size: tuple[float, float]
    wash: float
    aligned: int
    other: int
    test: int
    chosen_on: int
    seed: int


SCENES = {
    "scenes_tops": Scene(((0, 3), (2, 4)), (0.5, 0.8), 0.6, 1600, 850, 500, 1000, 1),
    "scenes_wear": Scene(((0, 2, 3, 4, 6), (5, 7, 9)), (0.4, 0.7), 0.5, 630, 340, 500, 1000, 2),
    "scenes_shoe": Scene(((5,), (7,)), (0.5, 0.8), 0.6, 630, 340, 500, 1000, 3),
    "scenes_nine": Scene(tuple((k,) for k in (0, 1, 2, 3, 4, 5, 7, 8, 9)), (0.5, 0.8), 0.5, 140, 80, 112, 1080, 4),
}


def compose(garment: Images, background: Images, *, side: int, left: int, top: int, wash: float) -> Images:
    """One picture: a garment, transparent where it is black, on a background mixed with gray.

    Parameters
    ----------
    garment : ndarray of uint8, shape (28, 28)
    background : ndarray of uint8, shape (rows, columns, 3)
    side, left, top : int
        Where the garment goes, in pixels.
    wash : float
        Share of gray in the background, in [0, 1].

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 3)

    Examples
    --------
    >>> empty, blue = np.zeros((28, 28), np.uint8), np.full((4, 4, 3), (0, 0, 200), np.uint8)
    >>> compose(empty, blue, side=2, left=1, top=1, wash=0.5)[2, 2].tolist()
    [55, 55, 155]
    """
    picture = (1 - wash) * background.astype(np.float32) + wash * _GRAY
    gray = np.asarray(Image.fromarray(garment).resize((side, side), Image.Resampling.BICUBIC)).astype(np.float32)
    gray = gray[..., None]
    # the cut-outs are black outside, with soft edges
    opacity = np.clip((gray - 8) / 40, 0, 1)
    window = np.s_[top : top + side, left : left + side]
    picture[window] = (1 - opacity) * picture[window] + opacity * gray
    return picture.clip(0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=1)
def scene(name: str) -> Inputs:
    """Pictures of a scene with their class and background; pool first, then test.

    Garments of the pool are from the second half of Fashion-MNIST's training images, less those on which size and
    wash were chosen, each used once; those of the test rows are from its test images. Backgrounds of the pool are
    every other crop, those of the test rows the rest.

    Parameters
    ----------
    name : str
        A key of `SCENES`.
    """
    made = SCENES[name]
    kinds = _backgrounds(len(made.classes))
    pictures: list[Images] = []
    rows: list[tuple[int, int]] = []
    ids: list[str] = []
    for part, counts in (("train", (made.aligned, made.other)), ("t10k", (made.test, made.test))):
        generator = np.random.default_rng([made.seed, len(ids) > 0])
        gray, kind_of = fashion(part)
        stacks = [_garments(made, part, kind_of, number, generator) for number in range(len(made.classes))]
        for label, background, count in _cells(len(made.classes), *counts):
            crops = kinds[background][part == "t10k" :: 2]
            for _ in range(count):
                garment, crop = next(stacks[label]), int(generator.integers(len(crops)))
                smallest, largest = (int(share * SIDE) for share in made.size)
                side = int(generator.integers(smallest, largest + 1))
                left, top = generator.integers(0, SIDE - side + 1, 2).tolist()
                flips = generator.random(2) < 0.5
                below, above = crops[crop], gray[garment]
                below, above = (below[:, ::-1] if flips[0] else below), (above[:, ::-1] if flips[1] else above)
                pictures.append(compose(above, below, side=side, left=left, top=top, wash=made.wash))
                rows.append((label, background))
                ids.append(f"{part} {garment} on {background} {2 * crop + (part == 't10k')}")
        if part == "train":
            pool = len(ids)
    label, background = np.array(rows).T
    targets = {"label": label.astype(np.float64), "background": background.astype(np.float64)}
    # two backgrounds: (class, background); more: (class, its own background or another)
    second = background if len(kinds) == 2 else (label != background)
    groups = (2 * label + second).astype(np.int64)
    return Inputs(
        pool,
        np.array(ids),
        targets,
        images=np.stack(pictures),
        groups=groups,
        given_pool=np.arange(pool, dtype=np.int64),
    )


RECIPES: dict[str, Callable[[], Inputs]] = {name: functools.partial(scene, name) for name in SCENES}


@functools.cache
def fashion(part: str) -> tuple[Images, IntArray]:
    """Garments (m, 28, 28) of Fashion-MNIST, part "train" or "t10k", and their kinds (m,) from 0 to 9."""
    folder = "./usr/share/datasets/fashion-mnist"
    images, kinds = (
        gzip.decompress(read("dataset-fashion-mnist", f"{folder}/{part}-{name}-ubyte.gz"))
        for name in ("images-idx3", "labels-idx1")
    )
    gray = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return gray, np.frombuffer(kinds, np.uint8, offset=8).astype(np.int64)


def _cells(classes: int, aligned: int, other: int) -> Iterator[tuple[int, int, int]]:
    """Class, background and number of images of every group; the background of class k is number k."""
    for label in range(classes):
        yield label, label, aligned
        for background in range(classes):
            if background != label:
                yield label, background, other // (classes - 1)


def _garments(made: Scene, part: str, kind_of: IntArray, number: int, generator: np.random.Generator) -> Iterator[int]:
    fitting = np.flatnonzero(np.isin(kind_of, made.classes[number]))
    if part == "train":
        fitting = np.setdiff1d(fitting[len(fitting) // 2 :], _chosen_on(made, kind_of))
    return iter(generator.permutation(fitting).tolist())


def _chosen_on(made: Scene, kind_of: IntArray) -> IntArray:
    """Garments of the trial test sets: the first of a permutation of each class, seed 1."""
    generator, found = np.random.default_rng(1), []
    share = made.chosen_on // 2 // len(made.classes)
    others = len(made.classes) - 1
    for kinds in made.classes:
        fitting = np.flatnonzero(np.isin(kind_of, kinds))
        found.append(generator.permutation(fitting[len(fitting) // 2 :])[: share + share // others * others])
    return np.concatenate(found)


def _backgrounds(classes: int) -> list[Images]:
    """Crops per background: land and ocean, or as many types of them by colour (k-means) as there are classes."""
    land, ocean = land_and_ocean()
    if classes == 2:
        return [land, ocean]
    from sklearn.cluster import KMeans

    crops = np.concatenate([land, ocean[::3]])
    colours = np.concatenate([crops.mean((1, 2)), crops.std((1, 2))], 1)
    kind = KMeans(classes, n_init=4, random_state=0).fit_predict(colours)
    return [crops[kind == number] for number in range(classes)]
