"""The report as a dictionary: what JSON holds, and what the page shows."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

import w2s_utils
from w2s_utils.diagnose.analysis import SHARES, Analysis, analyse
from w2s_utils.diagnose.dimensions import dimensions, unexplained
from w2s_utils.diagnose.estimates import Jackknifed, Population
from w2s_utils.diagnose.groups import GroupCurve, group_curve
from w2s_utils.diagnose.inputs import Inputs, read_inputs
from w2s_utils.diagnose.lengths import caution, unevenness
from w2s_utils.diagnose.verdict import verdict

MODELS = ("teacher", "student", "baseline", "ceiling")
# above this, what over-fitting took away is so much that what is left of it may matter
LEANS = 0.3

Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Report:
    """What `diagnose` found.

    Attributes
    ----------
    content : dict
        JSON: ``first_line``, ``verdict`` (three sentences), ``input``, ``sizes``, ``dimensions``, ``risks``, ``terms``,
        ``gain``, ``pgr``, ``opr``, ``penalties``, ``unexplained``, ``curves``, ``more``, ``groups``, ``unevenness``,
        ``few_rows`` (too few for a verdict), ``cautions``.
        Estimates are ``{"value", "se", "plugin"}``; errors in units of the target's variance, expected over samples:
        the outcome of one training scatters around them, often by more than ``se``.
    """

    content: Json


def diagnose(
    weak: str | os.PathLike[str],
    strong: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    groups: str | os.PathLike[str] | None = None,
    *,
    n: int | None = None,
    unlabeled: int | None = None,
    allow_degenerate: bool = False,
    threads: int = 2,
) -> Report:
    """Predict, from the features of two frozen models, whether weak-to-strong training will pay.

    Parameters
    ----------
    weak, strong : path
        Features of the same examples, row by row: ``.npy``, ``.npz``, ``.parquet`` or ``.csv``.
    labels, groups : path, optional
        One value per row. Without labels there are dimensions and variance terms only.
    n, unlabeled : int, optional
        Labelled and unlabelled rows the reader will train with, at least 2; may exceed the files. By default a fifth of
        the rows and the rest.
    allow_degenerate : bool
        Accept constant and duplicate columns.
    threads : int
        At least 1.

    Returns
    -------
    Report

    Raises
    ------
    ValueError, OSError
        Naming file and column, or the argument.

    Notes
    -----
    Models are linear heads with an intercept, fitted by ridge to centred features; classes are fitted as one-hot
    vectors by squared error. The formula is `w2s_utils.theory.deterministic_equivalent`, moments are corrected for
    over-fitting as in `blocks.Population`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> rng = np.random.default_rng(0)
    >>> z = rng.standard_normal((3000, 12))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = pathlib.Path(folder)
    ...     np.save(place / "weak.npy", z + rng.standard_normal((3000, 12)))
    ...     np.save(place / "strong.npy", z[:, :8])
    ...     np.save(place / "labels.npy", z[:, 0] + rng.standard_normal(3000))
    ...     found = diagnose(place / "weak.npy", place / "strong.npy", place / "labels.npy", n=60, unlabeled=2000)
    >>> found.content["gain"]["value"] > 2 * found.content["gain"]["se"], len(found.content["verdict"])
    (True, 3)
    """
    for name, value in {"n": n, "unlabeled": unlabeled}.items():
        if value is not None and value < 2:
            raise ValueError(f"{name} = {value} is not allowed: at least 2")
    start = time.monotonic()
    inputs = read_inputs(weak, strong, labels, groups, allow_degenerate=allow_degenerate, threads=threads)
    blocks = inputs.blocks["all"]
    n = max(2, blocks.total // 5) if n is None else n
    unlabeled = max(2, blocks.total - n) if unlabeled is None else unlabeled
    population = Population(blocks, threads)
    found = analyse(population, n, unlabeled, inputs.task is not None)
    content = _content(inputs, population, found)
    if inputs.groups is not None:
        curve = group_curve(inputs.blocks, found.points[0], population.samples[0].target or 1.0)
        content["groups"] = _groups(inputs, curve)
        if curve.reduced:
            content["cautions"].append("Groups were compared on the first 128 principal directions of each model.")
    content["verdict"] = verdict(content)
    content["seconds"] = round(time.monotonic() - start, 2)
    return Report(content)


def _content(inputs: Inputs, population: Population, found: Analysis) -> Json:
    rows, labelled = population.rows, inputs.task is not None
    point, full = found.points[0], population.samples[0]
    content: Json = {
        "first_line": "Predicted from labels and features."
        if labelled
        else "No labels were given: dimensions and variance terms only, per unit of label noise.",
        "version": w2s_utils.__version__,
        "input": {
            "weak": {"file": inputs.weak.name, "columns": inputs.weak.columns},
            "strong": {"file": inputs.strong.name, "columns": inputs.strong.columns},
            "rows": rows,
            "target": inputs.task,
            "target_variance": float(full.target or 1.0) if labelled else None,
        },
        "sizes": {"n": point.n, "N": point.N},
        "dimensions": dimensions(full, rows),
        "terms": {name: _pair(found.term(name)) for name in ("inherited", "reduced", "teacher_variance")},
        "groups": None,
        "cautions": [],
    }
    if found.term("reduced").value < 0:
        content["terms"]["reduced"]["value"] = 0.0
    content["penalties"] = _penalties(found)
    content["curves"] = _curves(found, labelled)
    content["unevenness"] = _unevenness(inputs, full)
    uneven = caution(content["unevenness"])
    if uneven is not None:
        content["cautions"].append(uneven)
    if content["dimensions"]["d_sw"] is None:
        content["cautions"].append("Too few rows for a correlation dimension: more than d_w + d_s are needed.")
    if not labelled:
        return content
    content["terms"]["bias"] = _pair(found.term("bias"))
    content["risks"] = {name: _pair(found.term(name)) for name in MODELS}
    content |= {name: _pair(found.ratio(name)) for name in ("gain", "pgr", "opr")}
    content["more"] = _more(found)
    content["unexplained"] = _unexplained(population, full.target or 1.0)
    lean = max(
        abs(part["value"] - part["plugin"]) / max(abs(part["value"]), 1e-12) for part in content["risks"].values()
    )
    # with as many directions as rows, what is left of over-fitting exceeds the standard errors many times
    full_rank = max(int(np.count_nonzero(v[:-1])) for v in (full.weak_values, full.strong_values)) >= rows - 1
    content["few_rows"] = bool(lean > LEANS or full_rank)
    if content["few_rows"]:
        content["cautions"].append(
            f"The rows are few for these features: correcting over-fitting moved a predicted error by {lean:.0%}. "
            "Give more rows, or fewer features."
        )
    edge = [name for name, scale in (("teacher", "weak"), ("student", "strong")) if _at_edge(found, full, name, scale)]
    if edge:
        content["cautions"].append(f"The best penalty of the {' and the '.join(edge)} is the largest that was tried.")
    return content


def _pair(estimate: Jackknifed) -> Json:
    plugin = estimate.plugin if estimate.fitted is None else estimate.fitted
    return {"value": float(estimate.value), "se": float(estimate.se), "plugin": float(plugin)}


def _penalties(found: Analysis) -> Json:
    """Penalties of the mean squared error; scikit-learn's Ridge takes them times the number of rows, ``alpha``."""
    point = found.points[0]
    rows = {"teacher": point.n, "student": point.N, "baseline": point.n, "ceiling": point.n + point.N}
    made: Json = {
        name: {"penalty": getattr(point, name), "alpha": getattr(point, name) * rows[name]} for name in MODELS
    }
    if found.taught is not None:
        made["for_the_student"] = dict(zip(("teacher", "student", "risk"), found.taught, strict=True))
    return made


def _curves(found: Analysis, labelled: bool) -> list[Json]:
    """Every point of both curves; the asked sizes come first."""
    made = []
    for i, point in enumerate(found.points):
        row: Json = {"n": point.n, "N": point.N}
        row |= {name: _pair(found.term(name, i)) for name in ("inherited", "reduced", "teacher_variance")}
        if labelled:
            row |= {name: _pair(found.term(name, i)) for name in (*MODELS, "bias")}
            row |= {name: _pair(found.ratio(name, i)) for name in ("gain", "pgr", "opr")}
        made.append(row)
    return made


def _more(found: Analysis) -> Json:
    """What doubling either sample takes off the student's error, and which of the two takes off more."""
    asked = found.points[0]
    places = {(point.n, point.N): i for i, point in enumerate(found.points)}
    labels, unlabeled = places[2 * asked.n, asked.N], places[asked.n, 2 * asked.N]
    return {
        "labels": _pair(found.better(labels, 0)),
        "unlabeled": _pair(found.better(unlabeled, 0)),
        "difference": _pair(found.better(labels, unlabeled)),
    }


def _unexplained(population: Population, unit: float) -> Json:
    estimate = population.estimate(lambda m: unexplained(m) / unit)
    noise = _pair(estimate.of(lambda v: v[2]))
    weak, strong = (_pair(estimate.of(lambda v, i=i: v[i] - v[2])) for i in (0, 1))  # type: ignore[misc]
    return {"noise": noise, "approximation_weak": weak, "approximation_strong": strong}


def _unevenness(inputs: Inputs, full: Any) -> Json:
    made = {}
    for name, rows in inputs.samples.items():
        values, vectors = getattr(full, f"_{name}")
        # the constant, by construction the largest direction, is no column of the files
        value = unevenness(rows, values[:-1], vectors[:-1, :-1])
        made[name] = {"value": value, "gaussian": 2 / max(1, int(np.count_nonzero(values[:-1])))}
    return made


def _at_edge(found: Analysis, full: Any, model: str, features: str) -> bool:
    scale = float(np.trace(getattr(full, features)[:-1, :-1]))
    return getattr(found.points[0], model) >= 0.999 * SHARES[-1] * scale


def _groups(inputs: Inputs, curve: GroupCurve) -> Json:
    assert inputs.groups is not None
    (major, many), (minor, few) = inputs.groups
    value, se = curve.risks.value, curve.risks.se
    now = curve.risks.of(lambda v: v.mean(1))
    i, j = int(np.argmin(value.mean(1))), int(np.argmin(np.abs(curve.shares - curve.observed)))
    return {
        "majority": {"name": major, "rows": many},
        "minority": {"name": minor, "rows": few},
        "observed_share": curve.observed,
        "best_share_balanced": curve.best_balanced,
        "best_share_worst": curve.best_worst,
        "saved_balanced": _pair(now.of(lambda v: v[j] - v[i])),
        "curve": [
            {"share": float(s), "majority": float(v[0]), "minority": float(v[1]), "se": [float(e) for e in error]}
            for s, v, error in zip(curve.shares, value, se, strict=True)
        ],
    }
