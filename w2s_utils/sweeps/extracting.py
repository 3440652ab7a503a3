"""Features of a reader's images by several workers: `w2s features` with ``--data``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from w2s_utils import datasets
from w2s_utils.backbones.portions import Portion
from w2s_utils.datasets import Dataset, Features
from w2s_utils.sweeps import backends, computing
from w2s_utils.sweeps.running import Interrupted

_RESTARTS = 3


def extract(
    name: str, backbone: str, *, data_dir: Path, scheduler: str | None, workers: int, say: Callable[[str], None] = print
) -> Features:
    """Compute a reader's features on several workers and keep them in the cache, where chapters find them.

    Parameters
    ----------
    name : str
        A data set that is read from a folder, as for `datasets.load`.
    backbone : str
    data_dir : Path
        Its folder; workers elsewhere must see it under the same path.
    scheduler : str or None
        As for `backends.open_backend`.
    workers : int
        To be started on this machine.
    say : callable
        Receives lines of progress.

    Returns
    -------
    Features

    Raises
    ------
    ValueError
        As `datasets.load` and `datasets.features`, and if a worker has another version of the package.
    LostWorkers, Interrupted
        With what is kept: batches that are finished are not computed again.
    """
    begin = time.monotonic()
    data = datasets.load(name, data_dir=data_dir.resolve())
    for attempt in range(_RESTARTS + 1):
        try:
            with backends.open_backend(scheduler, workers) as backend:
                say(f"[{time.monotonic() - begin:6.1f} s] {backbone}: {len(data.ids):,} inputs on {backend.name}")
                return _through(backend, data, backbone)
        except backends.LostWorkers as error:
            # a killed process ends joblib's whole pool: a new one goes on
            if "TerminatedWorker" not in str(error) or attempt == _RESTARTS:
                raise backends.LostWorkers(f"{error}; {_KEPT}") from None
            say(f"[{time.monotonic() - begin:6.1f} s] a worker process was killed; going on with new ones")
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {_KEPT}") from None
    raise AssertionError("the last attempt returns or raises")


_KEPT = "finished batches are kept, the same command goes on from there"


def _through(backend: backends.Backend, data: Dataset, backbone: str) -> Features:
    def mapper(tasks: Iterator[tuple[Any, ...]], function: Callable[..., Portion]) -> Iterator[Portion]:
        return backend.run(((computing.fingerprint(), function, *task) for task in tasks), _there)

    return datasets.features(data, backbone, mapper=mapper)


def _there(expected: str, function: Callable[..., Portion], *task: Any) -> Portion:
    if expected != computing.fingerprint():
        return Portion(
            error=f"a worker has {computing.fingerprint()}, this machine {expected}; install the same on both"
        )
    with threadpool_limits(1):
        return function(*task)
