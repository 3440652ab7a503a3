"""Seeds that depend on what is computed, never on who computes it, and a parallel map.

The numbers are the same whatever the number of workers: every point gets its own seed from the values that name
it, and the linear algebra runs on one thread.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

_QUIET_SECONDS = 2.0
TASK_SECONDS = 0.7  # work of a task sent to a worker: half a second, and some for a pace that was taken too slow


def seed_sequence(seed: int, *path: object) -> np.random.SeedSequence:
    """Return the seed of one point of one figure.

    Parameters
    ----------
    seed : int
        The chapter's seed, non-negative.
    *path : str, int or float
        What names the point, e.g. ``"pgr", d_sw, n, N``. The same names give the same numbers in every preset.

    Returns
    -------
    numpy.random.SeedSequence
        To be passed on as ``seed``.

    Raises
    ------
    ValueError
        If ``seed`` is negative or not an integer.

    Examples
    --------
    >>> a = seed_sequence(0, "pgr", 10, 400)
    >>> b = seed_sequence(0, "pgr", 10, 401)
    >>> bool(np.random.default_rng(a).random() == np.random.default_rng(b).random())
    False
    """
    if isinstance(seed, bool) or int(seed) != seed or seed < 0:
        raise ValueError(f"seed = {seed} is not allowed: an integer >= 0")
    name = "/".join(str(part.item() if isinstance(part, np.generic) else part) for part in path)
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.SeedSequence(int(seed), spawn_key=(int.from_bytes(digest[:8], "big"),))


def generator(seed: int | np.random.SeedSequence, index: int) -> np.random.Generator:
    """Return the generator of replicate ``index`` under ``seed``; replicates are independent and order-free.

    Parameters
    ----------
    seed : int or SeedSequence
        Seed of the point.
    index : int
        Number of the replicate, from 0.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    ValueError
        If ``seed`` is a negative integer.

    Examples
    --------
    >>> generator(0, 3).random() == generator(0, 3).random()
    True
    """
    parent = seed if isinstance(seed, np.random.SeedSequence) else seed_sequence(seed)
    child = np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, index))
    return np.random.default_rng(child)


def default_jobs() -> int:
    """Return the number of workers: the environment variable ``W2S_JOBS``, by default 1.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the variable is not a positive integer.

    Examples
    --------
    >>> default_jobs() >= 1
    True
    """
    text = os.environ.get("W2S_JOBS", "1")
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"W2S_JOBS = {text} is not allowed: a positive integer")
    return int(text)


def task_size(left: int, seconds: float, workers: int) -> int:
    """How many pieces of work to send to a worker at once: `TASK_SECONDS` of it, but no worker idles at the end.

    Parameters
    ----------
    left : int
        Pieces that are left, at least 1.
    seconds : float
        Of a piece, as last measured; infinite before that.
    workers : int

    Returns
    -------
    int
        From 1 to ``left``.

    Examples
    --------
    >>> task_size(100, 0.1, 2), task_size(100, 1e-4, 4), task_size(100, float("inf"), 4)
    (7, 25, 1)
    """
    enough = max(1, int(-(-TASK_SECONDS // max(seconds, 1e-6))))
    return min(enough, max(1, -(-left // workers)))


def _call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    with threadpool_limits(1):
        return function(**arguments)


def end_with(parent: int) -> None:
    """End this process when its parent is gone, killed with no time to end it: nobody would take its results.

    Parameters
    ----------
    parent : int
        Number of the process that started this one. Where parents are not renewed (Windows) nothing happens.

    Examples
    --------
    >>> end_with(os.getppid())
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _stream(function: Callable[..., Any], settings: Sequence[Mapping[str, Any]], jobs: int) -> Iterator[Any]:
    if jobs == 1:
        with threadpool_limits(1):  # once: it looks through the libraries of the process
            yield from (function(**setting) for setting in settings)
        return
    import joblib

    # every process that joblib starts must find this set before it imports numpy
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    calls = (joblib.delayed(_call)(function, setting) for setting in settings)
    with joblib.parallel_config("loky", initializer=end_with, initargs=(os.getpid(),)):
        yield from joblib.Parallel(n_jobs=min(jobs, max(1, len(settings))), return_as="generator")(calls)


def run(
    function: Callable[..., Any],
    settings: Sequence[Mapping[str, Any]],
    *,
    jobs: int | None = None,
    label: str = "",
) -> list[Any]:
    """Call ``function(**setting)`` for every setting, in order, on ``jobs`` processes.

    Parameters
    ----------
    function : callable
        A function of a module (processes must be able to import it).
    settings : sequence of mappings
        Keyword arguments, one mapping a point, each with its own ``seed``.
    jobs : int, optional
        Worker processes; by default `default_jobs`.
    label : str
        Shown with count and elapsed time on standard error when the work takes over two seconds.

    Returns
    -------
    list
        Results in the order of ``settings``.

    Raises
    ------
    Exception
        The first exception raised by ``function``.

    Examples
    --------
    >>> run(pow, [{"base": 2, "exp": 3}, {"base": 3, "exp": 2}])
    [8, 9]
    """
    jobs = default_jobs() if jobs is None else jobs
    if jobs < 1:
        raise ValueError(f"jobs = {jobs} is not allowed: at least 1")
    start, results = time.perf_counter(), []
    shown = start
    for result in _stream(function, settings, jobs):
        results.append(result)
        now = time.perf_counter()
        if sys.stderr.isatty() and now - start > _QUIET_SECONDS and now - shown > 0.5:
            print(
                f"\r{label or function.__name__}: {len(results)}/{len(settings)}, {now - start:.0f} s",
                end="",
                file=sys.stderr,
            )
            shown = now
    if shown > start:
        print(file=sys.stderr)
    return results
