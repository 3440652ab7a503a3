"""Features of a reader's images by several workers: `w2s features` with ``--data``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from w2s_utils import datasets
from w2s_utils.backbones.portions import Portion
from w2s_utils.datasets import Features
from w2s_utils.sweeps import backends, computing


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

    def tell(line: str) -> None:
        say(f"[{time.monotonic() - begin:6.1f} s] {backbone}: {line}")

    def work(backend: backends.Backend) -> Features:
        tell(f"{len(data.ids):,} inputs on {backend.name}")
        return datasets.features(data, backbone, workers=_Checked(backend, computing.fingerprint()))

    return backends.persist(work, scheduler, workers, lambda: "finished batches are kept", tell)


@dataclass
class _Checked:
    """Workers that must have the same version of the package."""

    backend: backends.Backend
    fingerprint: str

    @property
    def workers(self) -> int:
        return self.backend.workers

    def run(self, tasks: Iterator[tuple[Any, ...]], function: Callable[..., Portion]) -> Iterator[Portion]:
        return self.backend.run(((self.fingerprint, function, *task) for task in tasks), _there)


def _there(expected: str, function: Callable[..., Portion], *task: Any) -> Portion:
    if why := computing.mismatch(expected):
        return Portion(error=why)
    with threadpool_limits(1):
        return function(*task)
