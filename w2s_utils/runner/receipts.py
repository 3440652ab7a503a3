"""Receipts: which figures one machine has recomputed, and how they compared with the reference.

A receipt is a small JSON file, one per machine and set of versions. Those in ``receipts/`` are kept with the
repository and shown in the book; it names no host, no user and no folder.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from w2s_utils.runner import cache
from w2s_utils.runner.verify import Check

FORMAT = 1
MACHINE = ("cpu", "cores", "system", "blas", "versions")
FIGURE = {"chapter", "date", "seed", "rows", "cells", "differing", "result", "claims", "expected", "nearest"}
FIGURE |= {"reference", "package_tree"}


class ReceiptError(ValueError):
    """A kept receipt cannot be read; the message is one line."""


def make(root: Path, checks: Sequence[Check]) -> dict[str, Any]:
    """The receipt of some comparisons on this machine.

    Parameters
    ----------
    root : Path
        Checkout.
    checks : sequence of Check
        At least one of them with a passport: machine and versions are those it names.

    Returns
    -------
    dict
        ``format``, the machine (``cpu``, ``cores``, ``system``, ``blas``, ``versions``) and ``figures``.

    Raises
    ------
    ReceiptError
        When no figure was made.
    """
    made = [check.fresh for check in checks if check.fresh]
    if not made:
        raise ReceiptError("no figure was made, so there is nothing to keep a receipt of")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {
        "format": FORMAT,
        "cpu": made[0]["cpu"],
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "blas": made[0]["blas"],
        "versions": made[0]["versions"],
        "figures": {check.figure: _entry(root, check, today) for check in checks},
    }


def _entry(root: Path, check: Check, today: str) -> dict[str, Any]:
    return {
        "chapter": check.chapter,
        "date": today,
        "seed": check.fresh.get("seed"),
        "rows": check.rows,
        "cells": check.cells,
        "differing": len(check.problems),
        "result": check.result,
        "claims": check.claims,
        "expected": check.expected,
        "nearest": f"{check.worst} {check.deviation}".strip(),
        "reference": reference_hash(root, check.figure),
        "package_tree": check.fresh.get("package_tree", ""),
    }


def reference_hash(root: Path, figure: str) -> str:
    """sha256 of a reference figure's data, empty where there is none; a receipt is about these numbers only."""
    path = root / "figures" / figure / "data.csv"
    return cache.file_hash(path) if path.is_file() else ""


def name(receipt: Mapping[str, Any]) -> str:
    """File name of a receipt: processor, linear algebra kernel and Python.

    Examples
    --------
    >>> name({"cpu": "Some(R) CPU @ 2.00GHz", "blas": "openblas 0.3.30 Haswell", "versions": {"python": "3.11.7"}})
    'some-r-cpu-2-00ghz-openblas-haswell-python-3-11.json'
    """
    blas = receipt["blas"].split(",")[0].split()
    python = ".".join(receipt["versions"].get("python", "").split(".")[:2])
    words = " ".join([receipt["cpu"], *blas[:1], *blas[2:], "python", python])
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") + ".json"


def write(receipt: Mapping[str, Any], folder: Path) -> Path:
    """Write a receipt, adding to one of the same machine and versions that is already there."""
    path = folder / name(receipt)
    content = dict(receipt)
    if path.is_file():
        old = _load(path)
        if all(old[part] == receipt[part] for part in MACHINE):
            content["figures"] = {**old["figures"], **receipt["figures"]}
    content["figures"] = dict(sorted(content["figures"].items()))
    cache.write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def kept(root: Path) -> list[dict[str, Any]]:
    """The receipts of the repository, by file name.

    Raises
    ------
    ReceiptError
        For a file that is no receipt.
    """
    return [_load(path) for path in sorted((root / "receipts").glob("*.json"))]


def _load(path: Path) -> dict[str, Any]:
    try:
        receipt = json.loads(path.read_text(encoding="utf-8"))
        whole = receipt["format"] == FORMAT and all(part in receipt for part in MACHINE)
        whole = whole and all(set(entry) == FIGURE for entry in receipt["figures"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise ReceiptError(f"receipts/{path.name} is not a receipt: `w2s verify --keep` writes them")
    return receipt


def status(root: Path, receipt: Mapping[str, Any], figure: str) -> str:
    """What a receipt says of a figure as it is now: agrees, differs, earlier (other reference numbers) or none."""
    entry = receipt["figures"].get(figure)
    if entry is None:
        return "none"
    return entry["result"] if entry["reference"] == reference_hash(root, figure) else "earlier"
