"""What is wrong with a committed notebook, a passport or a picture: lists of problems, empty when all is well."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from w2s_utils import claims
from w2s_utils.runner import chapters, reference

FILES = {"figure.json", "data.csv", "light.svg", "dark.svg", "light.png", "dark.png"}
PASSPORT: dict[str, Any] = {
    "id": str, "chapter": str, "parameters": dict, "preset": str, "seed": (int, type(None)), "data": list,
    "versions": dict, "lock": str, "blas": str, "cpu": str, "package_tree": str, "notebook": str,
    "seconds": (int, float), "memory": int, "claims": list, "title": str, "caption": str, "alt": str, "keys": list,
}  # fmt: skip
NUMBER = (int, float, type(None))
CLAIM: dict[str, Any] = {
    "id": str, "statement": str, "kind": str, "expected": NUMBER, "observed": NUMBER, "se": NUMBER, "z": NUMBER,
    "detects": NUMBER, "verdict": str, "on": str, "needs": str,
}  # fmt: skip
HASHES = {"lock": 64, "package_tree": 40, "notebook": 40}
# a path of some machine, or a moment
OBJECT = re.compile(r"\bText\(|<[\w.]+ object|<matplotlib| at 0x")  # the value of a last line that only draws
LOCAL = re.compile(r"/(?:home|Users|tmp|root|private|var)/\w|[A-Z]:\\\\|\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def notebook_problems(path: Path, root: Path) -> list[str]:
    """Why a committed notebook is not one that ``w2s refresh`` has written."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in code for output in cell["outputs"]]
    found = []
    counts = [cell["execution_count"] for cell in code]
    if not code or counts != list(range(1, len(code) + 1)):
        found.append(f"execution counts are {counts}, not 1 to {len(code)}")
    if not any(output["output_type"] == "execute_result" for output in outputs):
        found.append("no cell shows a result")
    kinds = {output.get("name", output["output_type"]) for output in outputs} - {"execute_result", "display_data"}
    found += [f"an output is of kind {kind}" for kind in sorted(kinds - {"stdout"})]
    volatile = {name for cell in [notebook, *notebook["cells"]] for name in cell["metadata"]} & set(reference.VOLATILE)
    found += [f"metadata {name} depends on the run" for name in sorted(volatile)]
    said = json.dumps([notebook["metadata"], [{**output, "data": _texts(output)} for output in outputs]])
    found += [f"an output holds {match!r}" for match in LOCAL.findall(said) + re.findall(re.escape(str(root)), text)]
    shown = ["".join(output.get("data", {}).get("text/plain", "")) for output in outputs]
    found += [f"an output shows the object {text[:60]!r}" for text in shown if OBJECT.search(text)]
    for picture in pictures(notebook):
        if len(picture) >= reference.PNG_LIMIT:
            found.append(f"a picture has {len(picture)} bytes")
        found += picture_problems(picture)
    if reference.dump(notebook) != text:
        found.append("the file is not as w2s refresh writes it")
    return found


def _texts(output: dict[str, Any]) -> dict[str, Any]:
    return {kind: data for kind, data in output.get("data", {}).items() if kind != "image/png"}


def pictures(notebook: dict[str, Any]) -> list[bytes]:
    """Every PNG of a notebook's outputs."""
    found = [
        output["data"]["image/png"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    return [base64.b64decode("".join(data)) for data in found]


def figures_shown(notebook: dict[str, Any]) -> list[str]:
    """Ids of the figures that a notebook shows, in its order."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return [output["metadata"]["w2s"]["figure"] for output in outputs if "w2s" in output.get("metadata", {})]


def picture_problems(data: bytes) -> list[str]:
    """Why a PNG shows nothing: it is broken, too small, or of (nearly) one colour."""
    try:
        picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int64)
    except (OSError, binascii.Error) as error:
        return [f"not a picture: {error}"]
    _, counts = np.unique(picture @ [65536, 256, 1], return_counts=True)
    drawn = 1 - counts.max() / counts.sum()
    found = [] if min(picture.shape[:2]) >= 150 else [f"a picture of {picture.shape[1]} x {picture.shape[0]} pixels"]
    return found if drawn > 0.02 else [*found, f"a blank picture: {drawn:.1%} of it is drawn"]


def folder_problems(folder: Path) -> list[str]:
    """Why a figure's folder is incomplete."""
    names = {path.name for path in folder.iterdir()}
    found = [f"files differ: {sorted(names ^ FILES)}"] if names != FILES else []
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    for mode in ("light", "dark"):
        found += [f"{mode}.png: {line}" for line in picture_problems(contents.get(f"{mode}.png", b""))]
        drawn = ElementTree.fromstring(contents[f"{mode}.svg"]).iter("{http://www.w3.org/2000/svg}path")
        if sum(1 for _ in drawn) < 10:
            found.append(f"{mode}.svg: next to nothing is drawn")
    if contents["light.svg"] == contents["dark.svg"] or contents["light.png"] == contents["dark.png"]:
        found.append("light and dark are the same picture")
    return found + passport_problems(json.loads(contents["figure.json"]), folder.name)


def passport_problems(passport: dict[str, Any], id: str) -> list[str]:
    """Why a passport lacks what it must say."""
    found = _shape(passport, PASSPORT, "figure.json")
    if found:
        return found
    if passport["id"] != id or not re.fullmatch(r"[a-z0-9-]+", id):
        found.append(f"id = {passport['id']!r} in folder {id}")
    if passport["preset"] not in ("fast", "paper"):
        found.append(f"preset = {passport['preset']!r}")
    lengths = {name: len(passport[name]) for name in HASHES}
    if lengths != HASHES or not all(re.fullmatch("[0-9a-f]+", passport[name]) for name in HASHES):
        found.append(f"hashes have lengths {lengths}, not {HASHES}")
    empty = [name for name in ("title", "caption", "versions", "blas", "cpu", "keys") if not passport[name]]
    found += [f"{name} is empty" for name in empty]
    if len(passport["alt"]) < 8:
        found.append(f"alt = {passport['alt']!r}")
    for claim in passport["claims"]:
        wrong = _shape(claim, CLAIM, claim.get("id", "a claim"))
        found += wrong or [f"{claim['id']}: {line}" for line in _claim_problems(claim)]
    return found


def _claim_problems(claim: dict[str, Any]) -> list[str]:
    found = []
    if claim["kind"] not in claims.KINDS or claim["verdict"] not in claims.VERDICTS:
        found.append(f"kind {claim['kind']!r} or verdict {claim['verdict']!r} is not known")
    if claim["verdict"] == "not tested":
        return found if claim["needs"] else [*found, "not tested, and it does not say what that would need"]
    missing = [name for name in ("expected", "observed", "se", "z", "detects", "on") if claim[name] in (None, "")]
    return found + [f"{name} is missing" for name in missing]


def _shape(given: dict[str, Any], wanted: dict[str, Any], where: str) -> list[str]:
    found = [f"{where}: keys differ: {sorted(set(given) ^ set(wanted))}"] if set(given) != set(wanted) else []
    wrong = [name for name in wanted if name in given and not isinstance(given[name], wanted[name])]
    return found + [f"{where}: {name} = {given[name]!r} is of the wrong type" for name in wrong]


def source_of(notebook: dict[str, Any]) -> str:
    return "\n".join(chapters.source(cell) for cell in notebook["cells"])
