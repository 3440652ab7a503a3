"""The work of one task: some points, computed wherever the task lands, with the seeds that the points name."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from threadpoolctl import threadpool_limits

from w2s_utils import parallel, provenance
from w2s_utils.sweeps import points

Point = Mapping[str, Any]


@dataclass
class Outcome:
    """What a task sends back: columns by point number, the time it took, or why there is nothing."""

    columns: dict[int, points.Columns] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


@functools.cache
def fingerprint() -> str:
    """What must be the same on every machine of a sweep: sources of the package, and numpy's and scipy's version.

    Returns
    -------
    str

    Examples
    --------
    >>> fingerprint().startswith("w2s_utils ")
    True
    """
    tree = provenance.tree_hash(Path(__file__).resolve().parents[1])
    return f"w2s_utils {tree[:12]}, numpy {np.__version__}, scipy {scipy.__version__}"


def mismatch(expected: str) -> str:
    """Why this worker must not compute, or nothing."""
    found = fingerprint()
    return "" if found == expected else f"a worker has {found}, this machine {expected}; install the same on both"


def seed_of(chapter: str, point: Point) -> np.random.SeedSequence:
    """Seed of a point, from its own values; the number of replicates is no part of it.

    Parameters
    ----------
    chapter : str
    point : mapping
        With the chapter's ``seed``.

    Returns
    -------
    numpy.random.SeedSequence

    Examples
    --------
    >>> one, two = (seed_of("toy", {"n": 4, "trials": t, "seed": 0}) for t in (5, 50))
    >>> one.spawn_key == two.spawn_key
    True
    """
    named = [f"{name}={value}" for name, value in sorted(point.items()) if name not in ("seed", "trials")]
    return parallel.seed_sequence(point["seed"], "sweep", chapter, *named)


def one(chapter: str, point: Point) -> points.Columns:
    """Replicates of one point.

    Parameters
    ----------
    chapter : str
        A key of `points.CHAPTERS`.
    point : mapping
        Values of all of `points.used`.

    Returns
    -------
    dict of str to ndarray, shape (trials,)

    Raises
    ------
    ValueError
        As the simulation, naming the argument.

    Examples
    --------
    >>> point = dict(n=40, N=60, d_w=8, d_s=5, d_sw=2, sigma2=1.0, trials=3, seed=0)
    >>> one("variance_decomposition", point)["student"].shape
    (3,)
    """
    return points.CHAPTERS[chapter](**{**point, "seed": seed_of(chapter, point)})


def some(chapter: str, numbered: Sequence[tuple[int, Point]], expected: str) -> Outcome:
    """A task: points with their numbers. Nothing is raised, so that no scheduler has to carry a traceback."""
    if why := mismatch(expected):
        return Outcome(error=why)
    start, outcome = time.perf_counter(), Outcome()
    with threadpool_limits(1):
        for number, point in numbered:
            try:
                outcome.columns[number] = one(chapter, point)
            except Exception as error:
                lines = str(error).strip().splitlines() or [""]
                outcome.error = f"point {told(point)}: {type(error).__name__}: {lines[0]}"
                break
    outcome.seconds = time.perf_counter() - start
    return outcome


def told(point: Point) -> str:
    """A point in words.

    Examples
    --------
    >>> told({"n": 4, "N": 5})
    'n = 4, N = 5'
    """
    return ", ".join(f"{name} = {value}" for name, value in point.items())
