"""Workers of a sweep, all behind joblib: processes of this machine, a Dask cluster on it, or one elsewhere."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import queue
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TypeVar

import joblib

from w2s_utils import parallel
from w2s_utils.sweeps import no_interrupt

Result = TypeVar("Result")
LOCAL, PROCESSES = "local", "processes"
_ADDRESS = re.compile(r"(tcp|tls)://[^/\s]+:\d+")
_PATIENCE = 3.0  # seconds for tasks under way to end when their results are not wanted any more
_RESTARTS = 3
_POLL = 0.5  # seconds between looks at the scheduler while no result comes


class LostWorkers(RuntimeError):
    """Workers or their scheduler have gone; the message is one line."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; the message says what is kept."""


@dataclass
class Backend:
    """Where tasks go.

    Attributes
    ----------
    name : str
        In words.
    workers : int
        Tasks that run at once.
    enter : callable
        Returns the context in which `joblib.Parallel` uses these workers.
    lost : callable
        Says why no result will come any more, or nothing.
    closes : bool
        Whether joblib has to be told when nobody wants more results: its own processes do, a cluster is closed.
    """

    name: str
    workers: int
    enter: Callable[[], contextlib.AbstractContextManager[Any]]
    lost: Callable[[], str] = field(default=lambda: "")
    closes: bool = False

    def run(self, tasks: Iterator[tuple[Any, ...]], function: Callable[..., Result]) -> Iterator[Result]:
        """Results as they come. A thread takes them from joblib, so that this one can also look at the scheduler."""
        results: queue.Queue[Result | BaseException | None] = queue.Queue()
        left = threading.Event()  # whoever reads the results has stopped

        def take() -> None:
            try:
                with self.enter():
                    many = joblib.Parallel(
                        n_jobs=self.workers, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
                    )
                    outcomes = many(joblib.delayed(function)(*task) for task in tasks)
                    for outcome in outcomes:
                        if self.closes and left.is_set():
                            with warnings.catch_warnings(action="ignore"):
                                outcomes.close()  # else it goes on sending tasks to workers that end, aloud
                            return
                        results.put(outcome)
                results.put(None)
            except BaseException as error:
                results.put(error)

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        try:
            with _noted_interrupts() as noted:
                while True:
                    try:
                        got = results.get(timeout=_POLL)
                    except queue.Empty:
                        if why := self.lost():
                            raise LostWorkers(why) from None
                        continue
                    finally:
                        if noted.is_set():
                            raise KeyboardInterrupt
                    if got is None:
                        return
                    if isinstance(got, BaseException):
                        why = self.lost() or f"{type(got).__name__}: {(str(got).splitlines() or ['no message'])[0]}"
                        raise LostWorkers(why) from None
                    yield got
        finally:
            left.set()
            if self.closes:
                taker.join(_PATIENCE)


@contextlib.contextmanager
def _noted_interrupts() -> Iterator[threading.Event]:
    """An interrupt sets the event, a second one is raised: raised in a callback of the garbage collector, as Dask has
    them, the first would be lost."""
    noted, both = threading.Event(), (signal.SIGINT, signal.SIGTERM)
    # in another thread, whoever started it deals with signals; where one is ignored, it stays so
    ours = both if threading.current_thread() is threading.main_thread() else ()
    before = {number: handler for number in ours if callable(handler := signal.getsignal(number))}

    def note(number: int, frame: FrameType | None) -> None:
        if noted.is_set():
            raise KeyboardInterrupt
        noted.set()

    for number in before:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def has_dask() -> bool:
    """Whether the extra ``dask`` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("dask", "distributed"))


@contextlib.contextmanager
def open_backend(scheduler: str | None, workers: int) -> Iterator[Backend]:
    """Start or join the workers of a sweep; end those that were started.

    Parameters
    ----------
    scheduler : str or None
        Address of a Dask scheduler (``tcp://host:port``), ``"local"`` for a cluster on this machine, ``"processes"``
        for joblib's own; None for ``"local"`` where Dask is installed, else ``"processes"``.
    workers : int
        How many to start on this machine.

    Yields
    ------
    Backend

    Raises
    ------
    ValueError
        When Dask is needed and not installed, for an address that is none, or without an answer from it.
    LostWorkers
        When the cluster has no worker.

    Examples
    --------
    >>> with open_backend("processes", 1) as backend:
    ...     backend.name
    '1 process of this machine'
    """
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # before a worker imports numpy
    chosen = scheduler or (LOCAL if has_dask() else PROCESSES)
    if chosen == PROCESSES:
        name = f"{workers} process{'es' if workers > 1 else ''} of this machine"
        begin = {"initializer": _begin, "initargs": (os.getpid(),)}
        yield Backend(name, workers, lambda: joblib.parallel_config("loky", **begin), closes=True)
        return
    if not has_dask():
        raise ValueError(f"--scheduler {chosen} needs Dask: pip install '.[dask]', or use --scheduler processes")
    with _dask(chosen, workers) as backend:
        yield backend


def _begin(parent: int) -> None:
    no_interrupt.ignore()
    parallel.end_with(parent)


@contextlib.contextmanager
def _dask(chosen: str, workers: int) -> Iterator[Backend]:
    import dask
    import distributed

    from w2s_utils.sweeps import dask_backend

    for logger in (
        "distributed",
        *[name for name in logging.root.manager.loggerDict if name.startswith("distributed.")],
    ):
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)  # what goes wrong is said here, once
    for logger in ("asyncio", "tornado.application"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    dask.config.set({"distributed.worker.preload": [no_interrupt.__name__]})
    dask.config.set({"distributed.scheduler.allowed-failures": 10, "distributed.comm.timeouts.connect": "10s"})
    with contextlib.ExitStack() as stack:
        address: Any = chosen
        if chosen == LOCAL:
            address = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL, worker_dashboard_address=None,
                )
            )  # fmt: skip
        elif not _ADDRESS.fullmatch(chosen):
            raise ValueError(f"--scheduler {chosen} is not allowed: tcp://host:port, {LOCAL} or {PROCESSES}")
        try:
            client = distributed.Client(address, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise ValueError(f"--scheduler {chosen}: no scheduler answers there: {type(error).__name__}") from None
        stack.callback(dask_backend.leave, client)
        count = dask_backend.wait_for_workers(client)
        if not count:
            raise LostWorkers(f"the scheduler at {chosen} has no worker: start some with `dask worker {chosen}`")
        kind = "a Dask cluster on this machine" if chosen == LOCAL else f"the Dask cluster {chosen}"
        name = f"{count} worker{'s' if count > 1 else ''} of {kind}"
        yield Backend(name, count, dask_backend.context(client), dask_backend.watch(client, chosen))


def persist(
    work: Callable[[Backend], Result],
    scheduler: str | None,
    workers: int,
    kept: Callable[[], str],
    say: Callable[[str], None],
) -> Result:
    """Do work that keeps what is finished, and begin again with new processes when one was killed.

    Parameters
    ----------
    work : callable
        Given the workers.
    scheduler, workers
        As for `open_backend`.
    kept : callable
        Says what would not be computed again.
    say : callable
        Receives a line when the work goes on with new processes.

    Raises
    ------
    LostWorkers, Interrupted
        With what is kept.
    """
    for attempt in range(_RESTARTS + 1):
        try:
            with open_backend(scheduler, workers) as backend:
                return work(backend)
        except LostWorkers as error:
            # a killed process ends joblib's whole pool: a new one goes on
            if "TerminatedWorker" not in str(error) or attempt == _RESTARTS:
                raise LostWorkers(f"{error}; {kept()}, the same command goes on from there") from None
            say(f"a worker process was killed; {kept()}, going on with new ones")
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {kept()}, the same command goes on from there") from None
    raise AssertionError("the last attempt returns or raises")
