"""Loading the embedded features: every data set, all feature sets of it at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from benchmarks.harness import ROOT, Memory, Row, Side, alternate
from benchmarks.rates import Needs
from w2s_utils import datasets

SIZES = {
    "full": ("blue_marble", "colored_mnist", "movie_snippets", "scenes_tops", "scenes_nine"),
    "tiny": ("blue_marble",),
}
REPEATS = 3


def load(name: str) -> list[Any]:
    """The data set and all its features."""
    return [datasets.load(name), *(datasets.features(name, backbone) for backbone in datasets.backbones_of(name))]


def works(size: str) -> dict[str, Callable[[], Any]]:
    """Each data set."""
    return {name: partial(load, name) for name in SIZES[size]}


def least(name: str) -> Needs:
    """The files read once, the features written once."""
    stored = sum(path.stat().st_size for path in (ROOT / "data" / "features" / name).iterdir())
    return Needs(bytes=stored + sum(features.values.nbytes for features in load(name)[1:]))


def rows(size: str, memory: Memory) -> list[Row]:
    """Measure the two rows."""
    sides = works(size)
    for work in sides.values():
        work()
    seconds = {name: median(times) for name, times in alternate(sides, REPEATS).items()}
    slowest = max(seconds, key=seconds.__getitem__)
    peaks = {name: memory(name) for name in sides}
    known = [peak for peak in peaks.values() if peak is not None]
    loaded = [Side(f"features of {name}", seconds[name], "data set", peaks[name], least(name)) for name in sides]
    time = Row(
        id="features-time",
        claim=f"loading all embedded features of a data set, the slowest of {len(sides)} ({slowest})",
        value=seconds[slowest],
        target=1.0,
        at_least=False,
        sides=sorted(loaded, key=lambda side: -side.seconds),
        details={},
        measure="s",
    )
    if not known:
        return [time]
    largest = Row(
        id="features-memory",
        claim="memory of a process that loads them",
        value=max(known),
        target=300.0,
        at_least=False,
        sides=[],
        details={},
        measure="MB",
    )
    return [time, largest]
