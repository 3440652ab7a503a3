"""Embedded features made anew: `build` is what ``w2s features DATASET BACKBONE`` runs.

Needs the archives of ``data/sources.csv``; imports `w2s_utils.backbones`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils import backbones
from w2s_utils.datasets import embedded, recipes, scenes
from w2s_utils.datasets.features import gram_error, principal_scores, quantise
from w2s_utils.datasets.recipes import Inputs

RECIPES = recipes.RECIPES | scenes.RECIPES
GRAM_TOLERANCE = 5e-3
DIRECTIONS = 256
SCENE_DIRECTIONS = 128
# weak to strong as models go; the data sheets show where a probe on the pool disagrees
ORDER = {
    "blue_marble": ("pixels", "squeezenet", "mobilenet_v2", "efficientnet_lite0", "efficientnet_lite2"),
    "colored_mnist": ("pixels", "squeezenet", "mobilenet_v2", "efficientnet_lite0", "efficientnet_lite2"),
    "movie_snippets": ("tfidf_lsa", "wordllama_64", "wordllama_256", "minilm"),
    **dict.fromkeys(
        scenes.SCENES,
        (
            "lite0_block4",
            "mobilenet_v2_64px_block5",
            "squeezenet_32px",
            "squeezenet_64px",
            "mobilenet_v2_64px",
            "squeezenet",
            "mobilenet_v2",
            "efficientnet_lite2",
        ),
    ),
}


def build(
    dataset: str, backbone: str, *, folder: Path = embedded.FOLDER, say: Callable[[str], None] = print
) -> list[Path]:
    """Make the stored features of a data set by one backbone, and its rows, and enter both in ``index.json``.

    Parameters
    ----------
    dataset, backbone : str
        A row and an entry of `ORDER`.
    folder : Path
        Where ``<dataset>/<backbone>.npz`` goes; ``data/features`` if left out.
    say : callable
        Told what was done.

    Returns
    -------
    list of Path
        Files written.

    Raises
    ------
    MissingSource
        If an archive is missing; the message is the command that gets it.
    ValueError
        If data set or backbone is unknown, or rounding moves X'X by more than `GRAM_TOLERANCE`.
    """
    if dataset not in ORDER:
        raise ValueError(f"data set {dataset!r} has no stored features to make; known: {', '.join(ORDER)}")
    if backbone not in ORDER[dataset]:
        raise ValueError(f"backbone = {backbone!r} is not one of {dataset}; known: {', '.join(ORDER[dataset])}")
    inputs = RECIPES[dataset]()
    raw = raw_features(inputs, backbone)
    scores = principal_scores(raw, inputs.pool_rows, directions_of(dataset))
    codes, scale = quantise(scores.values)
    error = gram_error(codes * scale.astype(np.float64), scores.values)
    if error > GRAM_TOLERANCE:
        raise ValueError(f"rounding moves X'X of {dataset}, {backbone} by {error:.1e}, more than {GRAM_TOLERANCE}")
    rows_path, path = folder / dataset / "dataset.npz", folder / dataset / f"{backbone}.npz"
    rows_sum = embedded.write(rows_path, row_arrays(inputs))
    arrays: dict[str, npt.NDArray[Any]] = {
        "codes": codes,
        "scale": scale,
        "mean": scores.mean.astype(np.float32),
        "spectrum": scores.spectrum,
        "spectrum_uncentred": scores.spectrum_uncentred,
        "fingerprint": fingerprint(raw),
    }
    features_sum = embedded.write(path, arrays)
    kept = float(scores.spectrum[: codes.shape[1]].sum() / scores.spectrum.sum())
    row = {"name": backbone, "width": raw.shape[1], "directions": codes.shape[1], "kept": round(kept, 4)}
    _enter(folder, dataset, rows_sum, {**row, "gram_error": float(f"{error:.1e}"), "sha256": features_sum})
    say(
        f"{dataset}, {backbone}: {len(raw)} rows, {codes.shape[1]} of {raw.shape[1]} directions with {kept:.1%} of "
        f"the variance, X'X moved by {error:.1e}, {path.stat().st_size / 1e6:.2f} MB"
    )
    return [rows_path, path, folder / "index.json"]


def raw_features(
    inputs: Inputs, backbone: str, rows: npt.NDArray[np.int64] | None = None, *, shown: bool = True
) -> npt.NDArray[np.float32]:
    """Features of all rows, or of some, before PCA; vocabularies are learned from the pool all the same."""
    given: Any = inputs.images if inputs.images is not None else inputs.texts
    fit_on = [inputs.texts[k] for k in inputs.pool_rows] if inputs.texts and backbone == "tfidf_lsa" else None
    chosen = given if rows is None else [given[k] for k in rows]
    return backbones.extract(backbone, chosen, fit_on=fit_on, shown=shown)


def directions_of(dataset: str) -> int:
    """How many principal directions are stored at most.

    Examples
    --------
    >>> directions_of("blue_marble"), directions_of("scenes_tops")
    (256, 128)
    """
    return SCENE_DIRECTIONS if dataset in scenes.SCENES else DIRECTIONS


def fingerprint(raw: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Two fixed random directions of the raw features, shape (m, 2): tells whether a rebuilt row is the same.

    Examples
    --------
    >>> fingerprint(np.eye(2, dtype=np.float32)).shape
    (2, 2)
    """
    directions = np.random.default_rng(0).standard_normal((raw.shape[1], 2))
    return (raw.astype(np.float64) @ directions / np.sqrt(raw.shape[1])).astype(np.float32)


def row_arrays(inputs: Inputs) -> dict[str, npt.NDArray[Any]]:
    """What ``dataset.npz`` holds."""
    arrays: dict[str, npt.NDArray[Any]] = {"ids": inputs.ids, "pool_rows": inputs.pool_rows}
    arrays |= {f"target_{name}": values for name, values in inputs.targets.items()}
    return arrays if inputs.groups is None else {**arrays, "groups": inputs.groups}


def _enter(folder: Path, dataset: str, rows_sum: str, row: dict[str, Any]) -> None:
    index = embedded.index(folder)
    known = {each["name"]: each for each in index.get(dataset, {"backbones": []})["backbones"]}
    known[row["name"]] = row
    index[dataset] = {"rows": rows_sum, "backbones": [known[name] for name in ORDER[dataset] if name in known]}
    ordered = {name: index[name] for name in ORDER if name in index}
    path = folder / "index.json"
    new = path.with_name(f".index.json.{os.getpid()}.new")
    new.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    new.replace(path)
