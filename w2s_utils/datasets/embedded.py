"""The data sets that come with the book: ``data/features/<data set>/`` read, checked and written.

``index.json`` lists data sets and their backbones, weak to strong, with the SHA-256 of what each file holds.
A data set is ``dataset.npz`` (targets, groups, ids, pool rows), a backbone ``<backbone>.npz`` (int8 scores).
Imports numpy only, and nothing is unpickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils.datasets.features import Features, digest
from w2s_utils.environment import ROOT

FOLDER = ROOT / "data" / "features"


def index(folder: Path = FOLDER) -> dict[str, Any]:
    """Content of ``index.json``: per data set ``rows`` (SHA-256) and ``backbones`` (name, width, kept, sha256).

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = folder / "index.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        texts = [entry["rows"] for entry in found.values()]
        texts += [row[name] for entry in found.values() for row in entry["backbones"] for name in ("name", "sha256")]
        whole = all(isinstance(text, str) for text in texts)
    except FileNotFoundError:
        return {}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(f"{_short(path)} is damaged; take it from the repository")
    return found


def names(folder: Path = FOLDER) -> list[str]:
    """Embedded data sets, by name.

    Examples
    --------
    >>> names(Path("nowhere"))
    []
    """
    return list(index(folder))


def backbones_of(name: str, folder: Path = FOLDER) -> list[str]:
    """Backbones with stored features of an embedded data set, weak to strong."""
    return [row["name"] for row in _listed(name, folder)["backbones"]]


def read_rows(name: str, folder: Path = FOLDER) -> tuple[dict[str, npt.NDArray[Any]], str]:
    """Arrays of ``dataset.npz`` (targets are called ``target_<name>``) and their checksum.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or not the one ``index.json`` lists.
    """
    wanted = _listed(name, folder)["rows"]
    arrays = _read(folder / name / "dataset.npz")
    return arrays, _require(folder / name / "dataset.npz", arrays, wanted)


def read_features(name: str, backbone: str, folder: Path = FOLDER) -> Features:
    """Stored features, dequantised.

    Raises
    ------
    ValueError
        If there are none by that backbone, or the file is missing, damaged, or not the one ``index.json`` lists.
    """
    rows = {row["name"]: row for row in _listed(name, folder)["backbones"]}
    if backbone not in rows:
        raise ValueError(f"backbone = {backbone!r} has no stored features of {name}; stored: {', '.join(rows)}")
    path = folder / name / f"{backbone}.npz"
    arrays = _read(path)
    checksum = _require(path, arrays, rows[backbone]["sha256"])
    pool_rows = read_rows(name, folder)[0]["pool_rows"]
    return Features(
        name,
        backbone,
        arrays["codes"].astype(np.float32) * arrays["scale"],
        arrays["mean"],
        arrays["spectrum"],
        arrays["spectrum_uncentred"],
        len(arrays["spectrum"]),
        pool_rows,
        checksum,
    )


def read_fingerprint(name: str, backbone: str, folder: Path = FOLDER) -> npt.NDArray[np.float32]:
    """Stored fingerprints of the raw features, shape (m, 2), by which a rebuilt row is recognised."""
    fingerprint: npt.NDArray[np.float32] = _read(folder / name / f"{backbone}.npz")["fingerprint"]
    return fingerprint


def write(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Write arrays as a compressed ``.npz`` whose bytes depend on nothing but them; return their checksum.

    The file is written under another name, then renamed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return checksum_of(arrays)


def checksum_of(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """SHA-256 of named arrays in the order of their names."""
    return digest(*(array for name in sorted(arrays) for array in (np.asarray(name), arrays[name])))


def _listed(name: str, folder: Path) -> dict[str, Any]:
    known = index(folder)
    if name not in known:
        raise ValueError(f"{name} has no stored features; make them by: w2s features {name} BACKBONE")
    found: dict[str, Any] = known[name]
    return found


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        # opened here: numpy leaves a damaged file open
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise ValueError(f"{_short(path)} is missing; it is part of the repository") from None
    except Exception as error:  # what a damaged archive raises comes from zipfile, zlib, tokenize and numpy
        raise ValueError(f"{_short(path)} is damaged ({type(error).__name__}); take it from the repository") from None


def _require(path: Path, arrays: Mapping[str, npt.NDArray[Any]], wanted: str) -> str:
    found = checksum_of(arrays)
    if found != wanted:
        raise ValueError(
            f"{_short(path)} has checksum {found[:12]}..., not {wanted[:12]}... as in index.json; "
            "take both from the same revision"
        )
    return found


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])
