"""Features of two models on the same rows and a target: what `comparison_predicted` compares on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_utils import datasets, parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.datasets import embedded

DIRECTIONS = 128  # leading stored principal directions
_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Pair:
    """Features of a weak and a strong model on the same rows, and the target.

    Attributes
    ----------
    data, weak, strong : str
        Names.
    x_w, x_s, y : ndarray, shapes (m, D_w), (m, D_s), (m, k)
        Classes of more than two kinds are one-hot columns.
    files : list of dict
        ``name`` and ``sha256``, for a passport.
    """

    data: str
    weak: str
    strong: str
    x_w: FloatArray
    x_s: FloatArray
    y: FloatArray
    files: list[dict[str, str]]


def embedded_pairs(teachers: int = 1, directions: int = DIRECTIONS) -> list[Pair]:
    """Pairs of every data set that comes with the book: the last backbone learns from the second one.

    Parameters
    ----------
    teachers : int
        How many teachers each student has: the second backbone, then the first, then the others in their order.
    directions : int
        Leading stored principal directions used, at least 1.

    Returns
    -------
    list of Pair

    Examples
    --------
    >>> first = embedded_pairs()[0]
    >>> first.data, first.weak, first.strong
    ('blue_marble', 'squeezenet', 'efficientnet_lite2')
    """
    pairs = []
    for name in embedded.names():
        data, known = datasets.load(name), datasets.backbones_of(name)
        rows = np.flatnonzero(np.isfinite(data.target))
        strong = datasets.features(name, known[-1])
        for backbone in [known[1], known[0], *known[2:-1]][:teachers]:
            weak = datasets.features(name, backbone)
            x_w, x_s = (np.asarray(model.values[rows, :directions], float) for model in (weak, strong))
            files = [(name, data.checksum)]
            files += [(f"{name}/{model.backbone}", model.checksum) for model in (weak, strong)]
            listed = [{"name": file, "sha256": sha} for file, sha in files]
            pairs.append(Pair(name, backbone, known[-1], x_w, x_s, _columns(data.target[rows]), listed))
    return pairs


def gaussian_twin(pair: Pair, seed: int) -> Pair:
    """Gaussian rows whose population moments are the second moments of a pair's rows: what moments alone imply.

    Parameters
    ----------
    pair : Pair
    seed : int

    Returns
    -------
    Pair
        As many rows, called ``<data>, Gaussian``.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((500, 2)) ** 3
    >>> twin = gaussian_twin(Pair("cubes", "a", "b", x, x[:, :1], x[:, :1], []), 0)
    >>> twin.data, bool(abs(twin.x_w.var() / x.var() - 1) < 0.3)
    ('cubes, Gaussian', True)
    """
    joint = np.hstack([pair.x_w, pair.x_s, pair.y])
    joint = joint - joint.mean(0)
    rng = parallel.generator(parallel.seed_sequence(seed, "Gaussian rows", pair.data, pair.weak), 0)
    drawn = rng.standard_normal((len(joint), len(joint))) @ joint / np.sqrt(len(joint))
    ends = np.cumsum([pair.x_w.shape[1], pair.x_s.shape[1]])
    x_w, x_s, y = np.split(drawn, ends, axis=1)
    return Pair(f"{pair.data}, Gaussian", pair.weak, pair.strong, x_w, x_s, y, pair.files)


def unevenness(features: FloatArray) -> float:
    """How much rows differ in length, seen through the inverse second moment: variance over squared mean.

    Parameters
    ----------
    features : array_like, shape (m, d)

    Returns
    -------
    float
        About 2/d for Gaussian rows; the formula supposes that it is small.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((4000, 10))
    >>> round(unevenness(x), 1), unevenness(x * np.exp(x[:, :1])) > 1
    (0.2, True)
    """
    x = features - features.mean(0)
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    kept = values > 1e-10 * values[-1]
    lengths = ((x @ vectors[:, kept]) ** 2 / values[kept]).sum(1)
    return float(lengths.var() / lengths.mean() ** 2)


def _columns(target: FloatArray) -> FloatArray:
    kinds, codes = np.unique(target, return_inverse=True)
    if 2 < len(kinds) <= _CLASSES:
        return np.eye(len(kinds))[codes]
    return ((target - target.mean()) / target.std())[:, None]
