"""How a figure is kept: its data, alt text, passport, and pictures in light and dark, complete or not at all.

Must not import ``theory`` or ``simulate``.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import resource
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colors as mcolors
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

from w2s_utils import provenance
from w2s_utils.claims import Finding
from w2s_utils.environment import ROOT
from w2s_utils.figures.style import DARK

_STARTED = time.time()
_LIGHT_ENOUGH = 76_000  # bytes of a PNG; 80 kB are allowed


def _recolour(figure: Figure, table: Mapping[str, str]) -> None:
    table = {key.upper(): value for key, value in table.items()}

    @cache  # a few colours, in thousands of places
    def one(rgba: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        code = mcolors.to_hex(rgba)
        return mcolors.to_rgba(table.get(code.upper(), code), alpha=rgba[3])

    def swap(value: Any) -> Any:
        if isinstance(value, str):
            return value if value.lower() in ("none", "auto") else one(mcolors.to_rgba(value))
        if np.ndim(value) > 1:
            return [one(mcolors.to_rgba(row)) for row in value]
        return one(mcolors.to_rgba(value))

    for artist in figure.findobj():
        for part in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get, put = getattr(artist, f"get_{part}", None), getattr(artist, f"set_{part}", None)
            if get is None or put is None:
                continue
            value = get()
            if value is not None and len(value) > 0:
                put(swap(value))


def blank(figure: Figure) -> bool:
    """True when no axes show a finite point; empty and all-nan curves and lone reference lines are no data."""
    return not any(ax.has_data() and np.isfinite(ax.dataLim.get_points()).all() for ax in figure.axes)


def _lay_out(figure: Figure) -> None:
    """Once: constrained layout moves a little each time it runs, and light and dark must match."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    figure.set_layout_engine("none")
    for ax in figure.axes:
        ax._autotitlepos = False  # type: ignore[attr-defined]  # titles stay; looking for a place is a third of drawing


def _png(canvas: FigureCanvasAgg) -> bytes:
    """Drawn once, without savefig, which draws a figure with a layout engine twice."""
    small = io.BytesIO()
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture = picture.quantize(128, method=Image.Quantize.MEDIANCUT)
    picture.save(small, format="png")
    if small.tell() > _LIGHT_ENOUGH:  # the last tenth of the size costs eight times the time
        small = io.BytesIO()
        picture.save(small, format="png", optimize=True)
    return small.getvalue()


def _svg(figure: Figure) -> bytes:
    """Drawn once and without a page, as ``savefig`` would draw it twice."""
    buffer, page, dpi = io.BytesIO(), figure.get_facecolor(), figure.dpi
    figure.set_facecolor("none")
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})  # at 72 points an inch
    figure.set(facecolor=page, dpi=dpi)
    return buffer.getvalue()


def _dark(svg: bytes) -> bytes:
    """The same picture in dark colours, which are written out in it: no need to draw it again."""
    table = {light.lower(): dark.lower() for light, dark in DARK.items()}
    text = re.sub(r"#[0-9a-f]{6}\b", lambda found: table.get(found[0], found[0]), svg.decode())
    return text.encode()


class Published:
    """A published figure as a notebook shows it: the light picture, and the name by which the book finds the rest."""

    def __init__(self, id: str, png: bytes, alt: str):
        self.id, self._png, self._alt = id, png, alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        picture = base64.b64encode(self._png).decode()
        return {"image/png": picture, "text/plain": self._alt}, {"w2s": {"figure": self.id}}


def context() -> dict[str, Any]:
    """What the runner told this chapter: chapter, preset, parameters, output folder, notebook; empty outside it.

    Returns
    -------
    dict

    Raises
    ------
    OSError
        If the file named by ``W2S_CONTEXT`` cannot be read.

    Examples
    --------
    >>> isinstance(context(), dict)
    True
    """
    path = os.environ.get("W2S_CONTEXT")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


@cache
def _made_with() -> dict[str, Any]:
    """Software and machine, looked at once: what is loaded does not change when its files do."""
    return {
        "versions": provenance.versions(),
        "lock": provenance.lock_hash(),
        "blas": provenance.blas(),
        "cpu": provenance.cpu(),
        "package_tree": provenance.tree_hash(Path(__file__).parent.parent),
    }


def _passport(id: str, chapter: str, findings: Sequence[Finding], data: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    told = context()
    parameters = told.get("parameters", {})
    # kilobytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "id": id,
        "chapter": chapter,
        "parameters": parameters,
        "preset": told.get("preset", "interactive"),
        "seed": parameters.get("seed"),
        "data": [dict(entry) for entry in data],
        **_made_with(),
        "notebook": provenance.blob_hash(Path(told["notebook"])) if "notebook" in told else "",
        "seconds": round(time.time() - _STARTED, 1),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        "claims": [finding.to_dict() for finding in findings],
    }


def publish(
    figure: Figure,
    id: str,
    *,
    chapter: str,
    title: str,
    caption: str,
    alt: str,
    table: pd.DataFrame,
    keys: Sequence[str],
    claims: Sequence[Finding] = (),
    data: Sequence[Mapping[str, str]] = (),
) -> Published:
    """Keep a figure with its evidence, complete or not at all.

    Writes ``<output>/<id>/`` with ``figure.json`` (passport), ``data.csv``, and the picture in light and dark, as
    SVG and PNG. The output folder is the runner's; outside the runner it is ``_build/interactive``.

    Parameters
    ----------
    figure : Figure
        Drawn with `figures.use_style`.
    id : str
        Lower case letters, digits and hyphens.
    chapter : str
        Stem of the notebook.
    title, caption, alt : str
        Title; one paragraph of MyST made from the data; plain text for those who do not see the picture, at least
        8 characters.
    table : DataFrame
        The plotted numbers, one row a point. A column ``x`` beside ``x_se`` is Monte-Carlo, the others deterministic.
    keys : sequence of str
        Columns that name a row, no two rows alike.
    claims : sequence of Finding
        What the figure shows.
    data : sequence of mapping
        ``name`` and ``sha256`` of each data file read.

    Returns
    -------
    Published
        To be the last value of the cell.

    Raises
    ------
    ValueError
        For an id, alt text, keys or table that do not fit.
    OSError
        If the folder cannot be written; nothing half-written is left.

    Examples
    --------
    >>> publish(Figure(), "No spaces", chapter="c", title="t", caption="c", alt="a long text",
    ...         table=pd.DataFrame({"n": [1]}), keys=["n"])
    Traceback (most recent call last):
    ...
    ValueError: id = 'No spaces' is not allowed: lower case letters, digits and hyphens
    """
    if not id or any(letter not in "abcdefghijklmnopqrstuvwxyz0123456789-" for letter in id):
        raise ValueError(f"id = {id!r} is not allowed: lower case letters, digits and hyphens")
    caption, alt = " ".join(caption.split()), " ".join(alt.split())
    if len(alt) < 8:
        raise ValueError(f"alt = {alt!r} is not allowed: at least 8 characters")
    missing = [key for key in keys if key not in table]
    if missing or len(keys) == 0 or table.empty or table.duplicated(list(keys)).any():
        raise ValueError(f"keys = {list(keys)} are not allowed: columns of the table that name each row once")
    if table.isna().to_numpy().any():
        raise ValueError(f"table = nan in {list(table.columns[table.isna().any()])} is not allowed: every cell filled")
    if blank(figure):
        raise ValueError(f"figure = {id!r} is blank: nothing is drawn in it")
    passport = _passport(id, chapter, claims, data)
    passport |= {"title": title, "caption": caption, "alt": alt, "keys": list(keys)}
    text = json.dumps(passport, indent=1, ensure_ascii=False, allow_nan=False, default=float)
    canvas = FigureCanvasAgg(figure)  # one for all that is drawn in pixels: its renderer keeps formulas it has parsed
    _lay_out(figure)
    pictures = {"light.png": _png(canvas), "light.svg": _svg(figure)}
    pictures["dark.svg"] = _dark(pictures["light.svg"])
    _recolour(figure, DARK)
    pictures["dark.png"] = _png(canvas)
    _recolour(figure, {dark: light for light, dark in DARK.items()})

    output = Path(context().get("output", ROOT / "_build" / "interactive"))
    draft = output / f".{id}-{os.getpid()}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        table.to_csv(draft / "data.csv", index=False, lineterminator="\n")
        for file, content in pictures.items():
            (draft / file).write_bytes(content)
        (draft / "figure.json").write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(output / id, ignore_errors=True)
        draft.rename(output / id)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or error
        raise OSError(f"figures folder {output} cannot be written: {reason}; make it writable or free space") from None
    return Published(id, pictures["light.png"], alt)
