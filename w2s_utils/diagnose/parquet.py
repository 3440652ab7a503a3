"""Parquet files by pyarrow, which is asked for only here and only when such a file is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from w2s_utils.diagnose.matrix import CHUNK, Array, FeatureFile


def _arrow(path: Path) -> Any:
    try:
        import pyarrow.parquet as arrow
    except ImportError:
        raise ValueError(f"{path.name}: reading .parquet needs pyarrow (pip install 'w2s-utils[parquet]')") from None
    return arrow


def _unreadable(path: Path, why: str) -> ValueError:
    """One line of what pyarrow says in several."""
    return ValueError(f"{path.name}: not a readable .parquet file ({why})")


def read_table(path: Path) -> Any:
    """All columns of a table, as a pandas frame; `ValueError` when it cannot be read."""
    arrow = _arrow(path)
    try:
        return arrow.read_table(path).to_pandas()
    except Exception as error:  # pyarrow's own exceptions cannot be named without importing it
        raise _unreadable(path, type(error).__name__) from None


def open_matrix(path: Path) -> FeatureFile:
    """Numeric columns, or one column of equal-length lists; `ValueError` naming file and column otherwise."""
    arrow = _arrow(path)
    try:
        file = arrow.ParquetFile(path)
    except Exception as error:  # pyarrow's own exceptions cannot be named without importing it
        raise _unreadable(path, type(error).__name__) from None
    names, rows = file.schema_arrow.names, file.metadata.num_rows
    lists = len(names) == 1 and "list" in str(file.schema_arrow.types[0])
    for header, kind in zip(names, file.schema_arrow.types, strict=True):
        if not lists and not str(kind).startswith(("int", "uint", "float", "double", "bool", "halffloat")):
            raise ValueError(f"{path.name}: column {header} of type {kind}; real numbers are needed")

    def matrix(batch: Any) -> Array:
        if not lists:
            return np.column_stack([column.to_numpy(zero_copy_only=False) for column in batch.columns])
        column = batch.column(0)
        flat = column.flatten().to_numpy(zero_copy_only=False)
        if len(batch) == 0 or len(flat) % len(batch):
            raise ValueError(f"{path.name}: column {names[0]}: lists of different lengths")
        return flat.reshape(len(batch), -1)

    def batches(size: int) -> Iterator[Any]:
        try:
            yield from file.iter_batches(batch_size=size)
        except Exception as error:  # a damaged page, found while reading
            raise _unreadable(path, type(error).__name__) from None

    def stream() -> Iterator[Array]:
        for batch in batches(CHUNK):
            made = matrix(batch)
            yield made.astype(np.float32 if made.dtype.itemsize <= 4 and made.dtype.kind == "f" else np.float64)

    if rows == 0 or not names:
        raise ValueError(f"{path.name}: no rows or no columns; a matrix, rows being examples, is needed")
    first = next(batches(1), None)
    if first is None:
        raise _unreadable(path, "it holds fewer rows than it says")
    width = matrix(first).shape[1]
    headers = tuple(f"{names[0]}[{i}]" for i in range(width)) if lists else tuple(names)
    held: list[Array] = []
    source = stream()

    def read(start: int, stop: int) -> Array:
        # batches end where row groups do: collect what a chunk needs
        while sum(map(len, held)) < stop - start:
            piece = next(source, None)
            if piece is None:
                raise _unreadable(path, "it holds fewer rows than it says")
            held.append(piece)
        joined = np.concatenate(held) if len(held) > 1 else held[0]
        held[:] = [joined[stop - start :]]
        return joined[: stop - start]

    return FeatureFile(path.name, rows, width, headers, read)
