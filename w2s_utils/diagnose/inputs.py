"""From files to block moments: rows that match, columns that say something, labels as numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from w2s_utils._arrays import FloatArray
from w2s_utils.diagnose.blocks import BLOCKS, BlockMoments, Chunk
from w2s_utils.diagnose.files import open_features, read_column
from w2s_utils.diagnose.lengths import Sample
from w2s_utils.diagnose.matrix import Array, FeatureFile

CLASSES = 20  # more different values than this, and numbers are a target, not classes


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the report is made from.

    Attributes
    ----------
    weak, strong : FeatureFile
    blocks : dict of BlockMoments
        Under ``all``; with groups under ``majority`` and ``minority`` as well.
    task : str or None
        What the target is, in words; None without labels.
    groups : tuple of (str, int), or None
        Name and rows of majority and minority.
    samples : dict of ndarray
        ``weak``, ``strong``: evenly spread rows of both files.
    """

    weak: FeatureFile
    strong: FeatureFile
    blocks: dict[str, BlockMoments]
    task: str | None
    groups: tuple[tuple[str, int], tuple[str, int]] | None
    samples: dict[str, FloatArray]


def read_inputs(
    weak: str | os.PathLike[str],
    strong: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    groups: str | os.PathLike[str] | None = None,
    *,
    allow_degenerate: bool = False,
    threads: int = 1,
) -> Inputs:
    """Read, check and sum up the files, in one pass over the features.

    Parameters
    ----------
    weak, strong : path
        Features of the same examples in the same order, see `files.open_features`.
    labels, groups : path, optional
        One value per example. Text or up to 20 different integers are classes (one-hot), other numbers a target;
        groups have two values, the rarer being the minority, and need labels.
    allow_degenerate : bool
        Accept constant and duplicate columns. They do no harm: a penalised fit ignores the first, and counts the
        second as one feature of twice the weight.
    threads : int
        For matrix products, at least 1.

    Returns
    -------
    Inputs

    Raises
    ------
    ValueError
        Naming file and column.
    OSError
        If a file is missing.

    Examples
    --------
    >>> read_inputs("weak.txt", "strong.npy")
    Traceback (most recent call last):
    ...
    ValueError: weak.txt: unknown file type .txt; one of .npy, .npz, .parquet, .csv
    """
    files = open_features(weak), open_features(strong)
    rows = files[0].rows
    if files[1].rows != rows:
        raise ValueError(f"{files[0].name} has {rows} rows, {files[1].name} has {files[1].rows}; they must agree")
    if rows < 2 * BLOCKS:
        raise ValueError(f"{files[0].name}: {rows} rows are too few; at least {2 * BLOCKS} are needed")
    if groups is not None and labels is None:
        raise ValueError("--groups needs --labels: the best share of the minority depends on the target")
    target, task, who = None, None, None
    if labels is not None:
        target, task = _target(_matching(labels, "labels", rows), os.path.basename(labels))
    member = None
    if groups is not None:
        member, who = _members(_matching(groups, "groups", rows), os.path.basename(groups))
    columns, samples = [_Columns(file) for file in files], [Sample(rows) for _ in files]

    def chunks() -> Iterator[Chunk]:
        start = 0
        for a, b in zip(files[0].chunks(), files[1].chunks(), strict=True):
            for x, seen, sample in zip((a, b), columns, samples, strict=True):
                seen.add(x)
                sample.add(x)
            yield a, b, None if target is None else target[start : start + len(a)]
            start += len(a)

    with threadpool_limits(threads, "blas"):
        if member is None:
            blocks = {"all": BlockMoments.of_chunks(chunks(), rows)}
        else:
            blocks = BlockMoments.of_groups(chunks(), rows, member)
    if not allow_degenerate:
        for seen in columns:
            seen.check()
    kept = {name: sample.rows for name, sample in zip(("weak", "strong"), samples, strict=True)}
    return Inputs(files[0], files[1], blocks, task, who, kept)


def _matching(path: str | os.PathLike[str], what: str, rows: int) -> Array:
    values = read_column(path, what)
    if len(values) != rows:
        raise ValueError(f"{os.path.basename(path)} has {len(values)} {what}, the features have {rows} rows")
    return values


def _target(values: Array, name: str) -> tuple[FloatArray, str]:
    kinds, codes = np.unique(values, return_inverse=True)
    if len(kinds) < 2:
        raise ValueError(f"{name}: every label is {kinds[0]}; at least two different ones are needed")
    text = values.dtype.kind == "U"
    if text and len(kinds) > len(values) // 5:
        raise ValueError(f"{name}: {len(kinds)} different texts in {len(values)} rows are no classes")
    whole = text or values.dtype.kind in "biu" or bool(np.all(values == np.round(values)))
    if text or (whole and len(kinds) <= CLASSES):
        if len(kinds) == 2:
            return codes[:, None].astype(np.float64), f"two classes, {kinds[0]} and {kinds[1]}, as 0 and 1"
        one_hot: FloatArray = np.eye(len(kinds))[codes]
        return one_hot, f"{len(kinds)} classes, one-hot"
    return values[:, None].astype(float), "a number"


def _members(values: Array, name: str) -> tuple[Array, tuple[tuple[str, int], tuple[str, int]]]:
    kinds, counts = np.unique(values, return_counts=True)
    if len(kinds) != 2:
        raise ValueError(f"{name}: {len(kinds)} different groups; exactly two, majority and minority, are needed")
    minority = int(np.argmin(counts))
    if counts[minority] < 2 * BLOCKS:
        raise ValueError(
            f"{name}: group {kinds[minority]} has {counts[minority]} rows; at least {2 * BLOCKS} are needed"
        )
    pair = ((str(kinds[1 - minority]), int(counts[1 - minority])), (str(kinds[minority]), int(counts[minority])))
    return values == kinds[minority], pair


class _Columns:
    """Watches for columns that never change, and for columns that equal another one."""

    def __init__(self, file: FeatureFile) -> None:
        self.file = file
        self.first: Array | None = None
        self.low = self.high = np.empty(0)
        self.sums = np.zeros((2, file.columns))
        self.rng = np.random.default_rng(0)

    def add(self, chunk: Array) -> None:
        low, high = chunk.min(0), chunk.max(0)
        if self.first is None:
            self.first, self.low, self.high = chunk[:64].copy(), low, high
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        # two random sums over all rows: equal columns have equal ones up to rounding
        self.sums += self.rng.standard_normal((2, len(chunk))).astype(chunk.dtype) @ chunk

    def check(self) -> None:
        assert self.first is not None
        way_out = "drop it, or pass --allow-degenerate"
        for column in np.flatnonzero(self.low == self.high):
            value = float(self.low[column])
            raise ValueError(f"{self.file.name}: column {self.file.headers[column]} is constant ({value:g}); {way_out}")
        order = np.lexsort((self.sums[1], self.sums[0]))
        size = np.abs(self.sums).max(1) + np.finfo(float).tiny
        for i, j in zip(order[:-1], order[1:], strict=True):
            close = np.all(np.abs(self.sums[:, i] - self.sums[:, j]) <= 1e-5 * size)
            if close and np.array_equal(self.first[:, i], self.first[:, j]):
                low, high = sorted((int(i), int(j)))
                names = self.file.headers
                raise ValueError(f"{self.file.name}: column {names[high]} repeats column {names[low]}; {way_out}")
