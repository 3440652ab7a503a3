"""`load`, `features` and `backbones_of`: one call for embedded data and for a reader's own."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from w2s_utils import backbones
from w2s_utils._progress import printable
from w2s_utils.backbones.portions import Workers
from w2s_utils.datasets import embedded
from w2s_utils.datasets.catalogue import CATALOGUE, Entry
from w2s_utils.datasets.dataset import Dataset
from w2s_utils.datasets.features import Features, digest, spectra


def load(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    label_noise: float = 0.0,
    colour_correlation: float = 0.0,
    seed: int = 0,
    validation: bool = False,
    aligned: Mapping[str, str] | None = None,
    progress: bool = True,
) -> Dataset:
    """Targets of a data set, its division into pool and test rows, and its inputs where they are at hand.

    Parameters
    ----------
    name : str
        Embedded: ``"blue_marble"`` (targets elevation, in gray levels 0 to 255 of the elevation raster, and
        abs_latitude, latitude, longitude, in degrees), ``"colored_mnist"`` (label, 1 for digits from 5 on;
        digit; colour, 0 red and 1 green, independent of the label; groups ``2 * label + colour``),
        ``"movie_snippets"`` (rating, about -3.9 to 3.9; sentiment, 0 or 1, NaN where it is between -0.5 and 0.5),
        ``"scenes_tops"``, ``"scenes_wear"``, ``"scenes_shoe"``, ``"scenes_nine"`` (label and background, both from 0;
        the background of class k is k; groups ``2 * label + background``, nine classes: ``2 * label + 1`` on
        another background than their own).
        A reader's own, from `data_dir`: ``"utkface"`` (age in years, gender, race), ``"colored_mnist_full"``
        (as colored_mnist), ``"sst2"`` (label, 0 or 1); with label and background ``"waterbirds"``, ``"bffhq"``,
        ``"imagenet9"``, and ``"bg_coco"`` and ``"folders"``, laid out as ``split/class/background/``.
    data_dir : path, optional
        Folder of a reader's data; the variable ``W2S_DATA`` if left out. Embedded sets ignore it.
    label_noise : float, default 0
        colored_mnist_full only: share of labels flipped before the colours are drawn, in [0, 0.5].
    colour_correlation : float, default 0
        colored_mnist_full only: correlation of colour and (noisy) label, in [-1, 1].
    seed : int, default 0
        colored_mnist_full only: seed of flips and colours.
    validation : bool, default False
        waterbirds, bffhq, bg_coco, folders only: add the validation images to the pool.
    aligned : mapping of str to str, optional
        bg_coco, folders only: the background that is each class's own, by name; by frequency if left out.
    progress : bool, default True
        Say on stderr how far the files have been checked.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If the name is unknown, no folder is given, or the folder does not hold the data; the message says
        what it should hold and where to get it.

    Examples
    --------
    >>> load("imagenet")
    Traceback (most recent call last):
        ...
    ValueError: data set 'imagenet' is unknown; embedded: ...; from data_dir: utkface, colored_mnist_full, sst2, ...
    """
    entry = _entry(name)
    if not entry.layout:
        return _embedded(entry)
    try:
        return _own(name, data_dir, label_noise, colour_correlation, validation, aligned, seed, progress)
    except ValueError as error:
        raise ValueError(printable(str(error))) from None  # it may name a file, whose name may hold anything


def _own(
    name: str,
    data_dir: str | os.PathLike[str] | None,
    label_noise: float,
    colour_correlation: float,
    validation: bool,
    aligned: Mapping[str, str] | None,
    seed: int,
    progress: bool,
) -> Dataset:
    """Data of a reader."""
    from w2s_utils.datasets import bffhq, folders, imagenet9, mnist, sst2, utkface, waterbirds

    if name == "utkface":
        return utkface.load(data_dir=data_dir, shown=progress)
    if name == "sst2":
        return sst2.load(data_dir=data_dir)
    if name == "waterbirds":
        return waterbirds.load(data_dir=data_dir, validation=validation, shown=progress)
    if name == "bffhq":
        return bffhq.load(data_dir=data_dir, validation=validation, shown=progress)
    if name == "imagenet9":
        return imagenet9.load(data_dir=data_dir, shown=progress)
    if name in ("bg_coco", "folders"):
        return folders.load(name, data_dir=data_dir, aligned=aligned, validation=validation, shown=progress)
    return mnist.load(
        data_dir=data_dir, label_noise=label_noise, colour_correlation=colour_correlation, seed=seed, shown=progress
    )


def features(
    dataset: str | Dataset,
    backbone: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: bool = True,
    workers: Workers | None = None,
) -> Features:
    """Frozen features of every row of a data set, in the row order of `load`.

    Parameters
    ----------
    dataset : str or Dataset
        A name as for `load`, or what `load` returned (needed when it was loaded with other settings).
    backbone : str
        One of `backbones_of`.
    data_dir : path, optional
        As for `load`; features of a reader's data are computed once and kept in the cache folder.
    progress : bool, default True
        Say progress with elapsed time on stderr while features are computed.
    workers : object, optional
        Several workers for a reader's data, as in `backbones.extract`; ``w2s features`` brings them.

    Returns
    -------
    Features

    Raises
    ------
    ValueError
        If the backbone is unknown for the data set, its weights are missing, or a stored file is damaged or of
        another checksum.

    Examples
    --------
    >>> features("blue_marble", "squeezenet")
    <Features of blue_marble by squeezenet: 1688 rows, 256 of 512 directions>
    """
    name = dataset if isinstance(dataset, str) else dataset.name
    entry = _entry(name)
    if not entry.layout:
        return embedded.read_features(name, backbone)
    known = backbones_of(name)
    if backbone not in known:
        raise ValueError(f"backbone = {backbone!r} is unknown for {name}; known: {', '.join(known)}")
    rows = load(name, data_dir=data_dir, progress=progress) if isinstance(dataset, str) else dataset
    inputs = rows.images if rows.images is not None else rows.texts
    assert inputs is not None
    fit_on = [rows.texts[k] for k in rows.pool_rows] if rows.texts is not None and backbone == "tfidf_lsa" else None
    values = backbones.extract(backbone, inputs, checksum=rows.checksum, fit_on=fit_on, shown=progress, workers=workers)
    centred, uncentred = spectra(values[rows.pool_rows])
    width = values.shape[1]
    mean = np.zeros(width, np.float32)
    return Features(name, backbone, values, mean, centred, uncentred, width, rows.pool_rows, digest(values))


def backbones_of(name: str) -> list[str]:
    """Backbones whose features of a data set can be asked for.

    Parameters
    ----------
    name : str
        As for `load`.

    Returns
    -------
    list of str
        Weak to strong: for embedded sets as measured, see their data sheets; for a reader's, as commonly
        ranked, nothing of which is measured here.

    Examples
    --------
    >>> backbones_of("sst2")
    ['tfidf_lsa', 'wordllama_64', 'wordllama_256', 'minilm']
    """
    entry = _entry(name)
    if not entry.layout:
        return embedded.backbones_of(name)
    kind = "text" if name == "sst2" else "image"
    return [row.name for row in backbones.BACKBONES.values() if row.kind == kind and not row.reduced]


def _entry(name: str) -> Entry:
    if name not in CATALOGUE:
        kept = ", ".join(key for key, entry in CATALOGUE.items() if not entry.layout)
        own = ", ".join(key for key, entry in CATALOGUE.items() if entry.layout)
        raise ValueError(f"data set {name!r} is unknown; embedded: {kept}; from data_dir: {own}")
    return CATALOGUE[name]


def _embedded(entry: Entry) -> Dataset:
    arrays, checksum = embedded.read_rows(entry.name)
    ids, pool = arrays["ids"], arrays["pool_rows"]
    return Dataset(
        name=entry.name,
        targets={key.removeprefix("target_"): arrays[key] for key in arrays if key.startswith("target_")},
        default_target=entry.default_target,
        pool_rows=pool,
        test_rows=np.setdiff1d(np.arange(len(ids)), pool),
        ids=ids,
        checksum=checksum,
        licence=entry.licence,
        citation=entry.citation,
        source=entry.source,
        stand_in_for=entry.stand_in_for,
        groups=arrays.get("groups"),
        group_names=entry.group_names,
        # in the scenes the background of class k is number k
        aligned=np.arange(len(entry.class_names)) if entry.class_names else None,
        class_names=entry.class_names,
    )
