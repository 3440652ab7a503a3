"""A portion of the inputs: some batches, encoded wherever the task lands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from w2s_utils.backbones.images import checked
from w2s_utils.backbones.table import BACKBONES, Backbone, Encoder
from w2s_utils.parallel import task_size

FloatArray = npt.NDArray[np.float32]
Batch = tuple[int, Sequence[Any]]  # number of its first input, and the inputs


@dataclass
class Portion:
    """Features by number of their first input, the time they took, and why there are no more of them."""

    parts: dict[int, FloatArray] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


class Workers(Protocol):
    """Who runs a function on each of many tasks, and yields what it returns as it comes."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""

    def run(self, tasks: Iterator[tuple[Any, ...]], function: Callable[..., Portion]) -> Iterator[Portion]:
        """Portions in any order."""


def encoded(row: Backbone, encode: Encoder, batch: Batch) -> FloatArray:
    """Features of one batch, whose images are read here.

    Raises
    ------
    ValueError
        If an image is malformed or a feature is not finite; the message says which input it is.
    """
    start, inputs = batch
    given = [inputs[k] for k in range(len(inputs))]
    if row.kind == "image":
        given = [checked(image, start + k) for k, image in enumerate(given)]
    part = np.asarray(encode(given), dtype=np.float32)
    if not np.isfinite(part).all():
        bad = start + int(np.flatnonzero(~np.isfinite(part).all(1))[0])
        raise ValueError(f"{row.name} gives a feature that is not finite for input {bad}")
    return part


def portion(name: str, identity: str, batches: Sequence[Batch]) -> Portion:
    """A task: batches of one backbone. Nothing is raised, so that no scheduler has to carry a traceback.

    Parameters
    ----------
    name : str
        A row of `BACKBONES`.
    identity : str
        Of its weights and preprocessing, as the machine that asks has them.
    batches : sequence of (int, sequence)

    Examples
    --------
    >>> one = portion("pixels", "pixels 1", [(0, [np.zeros((28, 28, 3), np.uint8)])])
    >>> one.parts[0].shape, one.error
    ((1, 588), '')
    """
    made, begin = Portion(), time.perf_counter()
    try:
        encode = _encoder(name, identity)
        for batch in batches:
            made.parts[batch[0]] = encoded(BACKBONES[name], encode, batch)
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        made.error = lines[0] if isinstance(error, ValueError) else f"{type(error).__name__}: {lines[0]}"
    made.seconds = time.perf_counter() - begin
    return made


@lru_cache(maxsize=1)
def _encoder(name: str, identity: str) -> Encoder:
    # kept with the identity: large weights are not hashed for every task, and new ones are not taken for those loaded
    row = BACKBONES[name]
    found = row.identity()
    if found != identity:
        raise ValueError(f"a worker has other weights of {name}: {found}, not {identity}")
    return row.load(None)


def tasks(
    row: Backbone, batches: Callable[[int, int], list[Batch]], count: int, pace: dict[str, float], workers: int
) -> Iterator[tuple[str, str, list[Batch]]]:
    """Arguments of `portion`, made when they are sent.

    Parameters
    ----------
    row : Backbone
    batches : callable
        Gives the batches from one number to before another.
    count : int
        How many there are.
    pace : dict
        ``seconds`` of a batch, kept up to date by whoever collects the portions; infinite at first.
    workers : int
    """
    identity, at = row.identity(), 0
    while at < count:
        stop = at + task_size(count - at, pace["seconds"], workers)
        yield row.name, identity, batches(at, stop)
        at = stop
