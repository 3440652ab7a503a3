"""joblib's backend for Dask, with results as they come; the only module that touches its inside.

joblib's own returns nothing before everything is there, so that a killed run would lose what was finished, and waits
for ever on a task whose worker died too often. Imported only where the extra ``dask`` is installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import distributed
import joblib
from joblib._dask import DaskDistributedBackend

_PATIENCE = 10.0  # seconds without a worker, or without a scheduler, before the sweep ends


class _Lost:
    def __init__(self, error: BaseException):
        self.error = error


class Streaming(DaskDistributedBackend):
    """Hands results back as they come, also from a cluster of one worker, and failures too."""

    supports_return_generator = True

    def effective_n_jobs(self, n_jobs: int) -> int:
        """At least 2: with 1 joblib would compute in this process instead."""
        return max(2, super().effective_n_jobs(n_jobs))

    async def _collect(self) -> None:
        while self._continue:
            async for future, result in self.waiting_futures:
                waiting, callback = self._results.pop(future), self._callbacks.pop(future)
                if future.status == "finished":
                    waiting.set_result(result)
                    callback(result)
                else:
                    error = result[1] if future.status == "error" else RuntimeError(f"a task was {future.status}")
                    callback(_Lost(error))
            await asyncio.sleep(0.01)

    def retrieve_result_callback(self, out: Any) -> Any:
        """The value of a finished task; raises for one that is lost."""
        if isinstance(out, _Lost):
            raise out.error
        return super().retrieve_result_callback(out)


def context(client: distributed.Client) -> Callable[[], contextlib.AbstractContextManager[Any]]:
    """The context in which `joblib.Parallel` uses a client."""
    joblib.register_parallel_backend("w2s-dask", Streaming)
    return lambda: joblib.parallel_config("w2s-dask", client=client)


def wait_for_workers(client: distributed.Client) -> int:
    """Threads of the cluster, after some patience; 0 when there are none."""
    end = time.monotonic() + _PATIENCE
    while True:
        count = sum(client.ncores().values())
        if count or time.monotonic() > end:
            return count
        time.sleep(0.1)


def watch(client: distributed.Client, address: str) -> Callable[[], str]:
    """A function that says, at most once a poll, whether the scheduler or all workers have been gone for too long."""
    since: list[float] = []

    def lost() -> str:
        why = ""
        if client.status != "running":
            why = f"the scheduler {address} has gone"
        else:
            try:
                if not client.ncores():
                    why = f"the scheduler {address} has no worker left"
            except Exception:  # whatever the connection died of
                why = f"the scheduler {address} has gone"
        if not why:
            since.clear()
            return ""
        since.append(time.monotonic())
        return why if client.status in ("closed", "connecting") or since[-1] - since[0] > _PATIENCE else ""

    return lost


def leave(client: distributed.Client) -> None:
    """Close a client, whatever state its scheduler is in."""
    with contextlib.suppress(Exception):
        client.close(timeout=2)
