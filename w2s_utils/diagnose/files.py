"""Feature, label and group files: .npy, .npz, .parquet, .csv, read in chunks. Nothing pickled is ever loaded.

Errors are one line that names the file and, where there is one, the column.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from w2s_utils.diagnose import parquet
from w2s_utils.diagnose.matrix import Array, FeatureFile

KINDS = (".npy", ".npz", ".parquet", ".csv")


def open_features(path: str | os.PathLike[str]) -> FeatureFile:
    """Open a feature matrix, one row per example.

    Parameters
    ----------
    path : path
        ``.npy`` (memory-mapped); ``.npz`` with one array, or one named ``features``; ``.parquet`` with numeric columns
        or one column of equal-length lists (needs pyarrow); ``.csv`` with or without a header line.

    Returns
    -------
    FeatureFile

    Raises
    ------
    ValueError
        Naming file and column: unknown type, not a matrix of real numbers, no rows.
    OSError
        If there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "weak.npy"
    ...     np.save(path, np.ones((50, 3)))
    ...     found = open_features(path)
    ...     found.rows, found.columns, found.headers
    (50, 3, ('0', '1', '2'))
    """
    path = Path(path)
    kind = _kind(path)
    if kind in (".npy", ".npz"):
        return _of_array(path.name, _numpy(path, kind))
    if kind == ".csv":
        return _of_frame(path.name, _csv(path))
    return parquet.open_matrix(path)


def read_column(path: str | os.PathLike[str], what: str) -> Array:
    """One value per example: labels or groups, numbers or text.

    Parameters
    ----------
    path : path
        One of `KINDS`; an array of shape (m,) or (m, 1), or a table with one column.
    what : str
        ``labels`` or ``groups``, for messages.

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    ValueError
        Naming the file: unknown type, more than one column, a missing value.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels.csv"
    ...     _ = path.write_text("label\\ncat\\ndog\\n")
    ...     read_column(path, "labels").tolist()
    ['cat', 'dog']
    """
    path = Path(path)
    kind = _kind(path)
    if kind in (".npy", ".npz"):
        values = np.asarray(_numpy(path, kind))
        headers = [str(i) for i in range(values.shape[1] if values.ndim == 2 else 1)]
    else:
        frame = _csv(path) if kind == ".csv" else parquet.read_table(path)
        values, headers = frame.to_numpy(), [str(name) for name in frame.columns]
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"{path.name}: {what} of shape {values.shape}; one value per row is needed")
    if values.dtype.kind == "O":
        values = (
            values.astype(str) if all(isinstance(v, str) for v in values) else _numbers(values, path.name, headers[0])
        )
    if values.dtype.kind not in "biufUS":
        raise ValueError(f"{path.name}: {what} of type {values.dtype}; numbers or text are needed")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"{path.name}: row {row}, column {headers[0]}: {values[row]}; every value must be finite")
    return values.astype(str) if values.dtype.kind == "S" else values


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise ValueError(f"{path.name}: unknown file type {kind or 'without extension'}; one of {', '.join(KINDS)}")
    if not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    return kind


def _numpy(path: Path, kind: str) -> Array:
    try:
        if kind == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False)
        # opened here: numpy leaves a damaged file open
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            names = archive.files
            wanted = "features" if "features" in names else names[0] if len(names) == 1 else None
            if wanted is None:
                raise ValueError(f"holds {', '.join(names) or 'nothing'}; one array, or one named features, is needed")
            return archive[wanted]
    except (ValueError, EOFError, KeyError) as error:
        text = (str(error) or type(error).__name__).splitlines()[0]
        if text.startswith(
            ("Cannot load file", "This file contains pickled")
        ):  # numpy takes whatever it does not know for a pickle
            text = f"not a {kind} file (Python pickles are never loaded)"
        elif "allow_pickle" in text or "Python objects" in text:
            text = "it holds Python objects, which are never loaded"
        raise ValueError(f"{path.name}: {text}") from None
    except Exception as error:  # a damaged zip archive has its own exceptions
        raise ValueError(f"{path.name}: not a readable {kind} file ({type(error).__name__})") from None


def _of_array(name: str, array: Array) -> FeatureFile:
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name}: an array of shape {array.shape}; a matrix, rows being examples, is needed")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: values of type {array.dtype}; real numbers are needed")
    kind = np.float32 if array.dtype.itemsize <= 4 and array.dtype.kind == "f" else np.float64
    headers = tuple(str(i) for i in range(array.shape[1]))
    rows, columns = array.shape
    return FeatureFile(name, rows, columns, headers, lambda start, stop: np.asarray(array[start:stop]).astype(kind))


def _csv(path: Path) -> Any:
    import pandas

    try:
        # a first line that is all numbers is data
        head = pandas.read_csv(path, header=None, nrows=1)
        plain = all(_is_number(value) for value in head.iloc[0])
        return pandas.read_csv(path, header=None if plain else 0)
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: {str(error).splitlines()[0]}") from None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _numbers(values: Any, name: str, header: str) -> Array:
    for row, value in enumerate(values):
        if not _is_number(value):
            raise ValueError(f"{name}: row {row}, column {header}: {str(value)[:40]!r} is not a number")
    return np.asarray(values, dtype=float)


def _of_frame(name: str, frame: Any) -> FeatureFile:
    columns = []
    for header in frame.columns:
        values = frame[header].to_numpy()
        columns.append(values if values.dtype.kind in "biuf" else _numbers(values, name, str(header)))
    if not columns or not len(frame):
        raise ValueError(f"{name}: no rows or no columns; a matrix, rows being examples, is needed")
    made = _of_array(name, np.column_stack(columns))
    return FeatureFile(name, made.rows, made.columns, tuple(str(h) for h in frame.columns), made.read)
