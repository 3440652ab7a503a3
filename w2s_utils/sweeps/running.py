"""A sweep from its command line to its table: what is missing is computed in tasks, and kept as it comes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from w2s_utils import parallel
from w2s_utils.environment import cores
from w2s_utils.runner import cache, locks
from w2s_utils.runner.chapters import Chapter, ChapterError
from w2s_utils.runner.parameters import ParameterError
from w2s_utils.sweeps import backends, computing, grid, points, summary
from w2s_utils.sweeps.store import Store

_LINE_SECONDS = 2.0  # between lines of progress


def run(
    root: Path,
    chapter: Chapter,
    given: Sequence[tuple[str, str]],
    sweeps: Sequence[str],
    *,
    preset: str = "fast",
    scheduler: str | None = None,
    workers: int | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Compute the points of a sweep that are not there yet.

    Parameters
    ----------
    root : Path
        Checkout; rows go to ``root/_build/runs/<chapter>-<hash>/points.parquet``.
    chapter : Chapter
    given : sequence of (name, value)
        What followed each ``-p``.
    sweeps : sequence of str
        What followed each ``--sweep``.
    preset : str
        Whose parameters those that are not given have.
    scheduler : str, optional
        As `backends.open_backend`.
    workers : int, optional
        On this machine; all cores by default.
    say : callable
        Receives lines.

    Returns
    -------
    Path
        One row per point and replicate.

    Raises
    ------
    ValueError
        Naming what is not allowed; `ParameterError` and `ChapterError` are of this kind.
    backends.LostWorkers
        When scheduler or workers went away; finished points are kept.
    """
    try:
        used = points.used(chapter.name)
    except ValueError as error:
        raise ChapterError(str(error)) from None
    values = chapter.values(preset, list(given))
    try:
        swept = grid.axes(chapter.parameters, used, sweeps)
        numbered = grid.points(values, swept, used)
    except ParameterError as error:
        raise ParameterError(f"{chapter.name}: {error}") from None
    _require_parquet()
    _check(chapter.name, numbered)
    content: dict[str, Any] = {
        "chapter": chapter.name,
        "preset": preset,
        "parameters": {name: values[name] for name in used},
    }
    content |= {"sweep": swept, "points": len(numbered)}
    folder = _folder(root, content)
    cache.require_writable([folder])
    key = hashlib.sha256(f"{computing.fingerprint()} {json.dumps(content, sort_keys=True)}".encode()).hexdigest()
    with locks.held(locks.of(root, folder), lambda: say("another w2s is at this sweep: waiting")):
        store = Store(folder, key, numbered)
        store.load()
        _tell_loaded(store, say)
        if len(store.finished) < len(numbered):
            store.describe(content)
            _compute(chapter.name, store, scheduler, workers or cores(), say)
        target = store.close()
        for line in summary.lines(store, [*swept, *(n for n in used if isinstance(values[n], list))]):
            say(line)
    for path in (target, folder / summary.FILE):
        say(f"{'rows' if path == target else 'summary'}: {path.relative_to(root)}")
    return target


def _folder(root: Path, content: dict[str, Any]) -> Path:
    digest = hashlib.sha256(json.dumps(["sweep", content], sort_keys=True).encode()).hexdigest()
    return root / "_build" / "runs" / f"{content['chapter']}-{digest[:10]}"


def _require_parquet() -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ValueError("--sweep writes Parquet files and needs pyarrow: pip install '.[dask]'") from None


def _check(name: str, numbered: Sequence[dict[str, Any]]) -> None:
    """Joint limits of the parameters, point by point, before anything is drawn."""
    for point in numbered:
        try:
            points.check(name, point)
        except ValueError as error:
            raise ParameterError(f"{name}: point {computing.told(point)}: {error}") from None


def _tell_loaded(store: Store, say: Callable[[str], None]) -> None:
    for path in store.damaged:
        say(f"damaged and removed: {path.name}; its points are computed again")
    if store.stale:
        say("made by another version of the library: its points are computed again")
    if store.finished:
        say(f"finished before: {len(store.finished)} of {len(store.points)} points")


def _compute(name: str, store: Store, scheduler: str | None, workers: int, say: Callable[[str], None]) -> None:
    start, before, total = time.monotonic(), len(store.finished), len(store.points)

    def stamp() -> str:
        return f"[{time.monotonic() - start:6.1f} s] {name}"

    def kept() -> str:
        return f"{len(store.finished)} of {total} points are kept"

    def work(backend: backends.Backend) -> None:
        say(f"{stamp()}: {total - len(store.finished)} points on {backend.name}")
        _collect(name, store, backend, lambda done: say(f"{stamp()}: {done} of {total} points"))

    try:
        backends.persist(work, scheduler, workers, kept, lambda line: say(f"{stamp()}: {line}"))
    except OSError as error:
        reason = error.strerror or str(error)
        told = f"rows cannot be written into {store.folder.name}: {reason}"
        raise RuntimeError(f"{told}; {kept()}") from None
    say(f"{stamp()}: {total - before} points done")


def _collect(name: str, store: Store, backend: backends.Backend, progress: Callable[[int], None]) -> None:
    missing = [number for number in range(len(store.points)) if number not in store.finished]
    pace = {"seconds": float("inf")}  # of a point, as last measured
    last = time.monotonic()
    tasks = _tasks(name, store, missing, backend.workers, pace)
    for outcome in backend.run(tasks, computing.some):
        if outcome.columns:
            store.add(outcome.columns)
            pace["seconds"] = outcome.seconds / len(outcome.columns)
        if outcome.error:
            raise ValueError(f"{outcome.error}; {len(store.finished)} of {len(store.points)} points are kept")
        if time.monotonic() - last > _LINE_SECONDS:
            last = time.monotonic()
            progress(len(store.finished))


def _tasks(
    name: str, store: Store, missing: list[int], workers: int, pace: dict[str, float]
) -> Iterator[tuple[str, list[tuple[int, dict[str, Any]]], str]]:
    """Tasks of `parallel.TASK_SECONDS`, once the first single points have told how long one takes."""
    at = 0
    while at < len(missing):
        size = parallel.task_size(len(missing) - at, pace["seconds"], workers)
        yield name, [(number, store.points[number]) for number in missing[at : at + size]], computing.fingerprint()
        at += size
