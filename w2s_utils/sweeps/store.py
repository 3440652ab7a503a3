"""Rows of a sweep on disk: a Parquet file per finished task, one file of all points at the end.

Every file is written under another name, flushed and renamed; it holds the key of the sweep, page checksums and a
checksum of its rows. So a killed run leaves nothing half-written under a final name, and a file that is damaged later
is made anew unless what it says is what was written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from w2s_utils.runner import cache
from w2s_utils.sweeps.points import Columns

POINTS, PARTS, SHEET = "points.parquet", "parts", "sweep.json"
_KEY, _DIGEST = b"w2s", b"w2s_rows"


class Store:
    """The rows of one sweep.

    Parameters
    ----------
    folder : Path
        Of this sweep alone.
    key : str
        Of everything the numbers depend on: rows with another key are of no use.
    points : list of dict
        Each with ``trials``, the number of its rows.
    """

    def __init__(self, folder: Path, key: str, points: list[dict[str, Any]]):
        self.folder, self.key, self.points = folder, key, points
        self.finished: dict[int, pd.DataFrame] = {}
        self.damaged: list[Path] = []
        self.stale = 0

    def load(self) -> None:
        """Read what earlier runs finished; damaged files are removed and named in ``damaged``."""
        for left in self.folder.rglob(".*.new"):
            left.unlink(missing_ok=True)
        for path in [self.folder / POINTS, *sorted((self.folder / PARTS).glob("*.parquet"))]:
            if not path.is_file():
                continue
            table = self._read(path)
            if table is None:
                path.unlink(missing_ok=True)
                continue
            for number, rows in table.groupby("point", sort=False):
                at = int(number)
                if at < len(self.points) and len(rows) == self.points[at]["trials"]:
                    self.finished[at] = rows.reset_index(drop=True)

    def _read(self, path: Path) -> pd.DataFrame | None:
        import pyarrow
        import pyarrow.parquet

        try:
            table = pyarrow.parquet.read_table(path, page_checksum_verification=True, partitioning=None)
        except (pyarrow.ArrowException, OSError, ValueError):
            self.damaged.append(path)
            return None
        told = table.schema.metadata or {}
        if told.get(_KEY) != self.key.encode():
            self.stale += 1
            return None
        rows: pd.DataFrame = table.to_pandas()
        if told.get(_DIGEST) != _digest(rows):  # page checksums leave out the names and types at the end of the file
            self.damaged.append(path)
            return None
        return rows

    def add(self, columns: Mapping[int, Columns]) -> None:
        """Keep finished points: on disk first, then here.

        Raises
        ------
        OSError
            When they cannot be written; what is there already stays.
        """
        tables = {number: self._rows(number, made) for number, made in columns.items()}
        self._write(self.folder / PARTS / f"{min(tables):07d}.parquet", pd.concat(tables.values(), ignore_index=True))
        self.finished |= tables

    def _rows(self, number: int, made: Columns) -> pd.DataFrame:
        point = {name: value for name, value in self.points[number].items() if name != "trials"}
        replicates = np.arange(self.points[number]["trials"])
        return pd.DataFrame({"point": number, **point, "replicate": replicates, **made})

    def _write(self, path: Path, table: pd.DataFrame) -> None:
        import pyarrow
        import pyarrow.parquet

        made = pyarrow.Table.from_pandas(table, preserve_index=False)
        ours = {_KEY: self.key.encode(), _DIGEST: _digest(made.to_pandas())}
        made = made.replace_schema_metadata({**(made.schema.metadata or {}), **ours})
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            with new.open("wb") as handle:
                pyarrow.parquet.write_table(made, handle, compression="zstd", write_page_checksum=True)
                handle.flush()
                os.fsync(handle.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)

    def close(self) -> Path:
        """Put all points into one file, in order; the parts are removed once it is there."""
        target = self.folder / POINTS
        parts = list((self.folder / PARTS).glob("*.parquet"))
        if parts or not target.is_file():
            self._write(target, pd.concat([self.finished[at] for at in sorted(self.finished)], ignore_index=True))
            for path in parts:
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (self.folder / PARTS).rmdir()
        return target

    def describe(self, content: Mapping[str, Any]) -> None:
        """Write what the sweep is, for the reader."""
        cache.write_text(self.folder / SHEET, json.dumps({**content, "key": self.key}, indent=1) + "\n")


def _digest(rows: pd.DataFrame) -> bytes:
    """SHA-256 of names, types and values."""
    names = json.dumps([[name, str(kind)] for name, kind in rows.dtypes.items()])
    values = pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes()
    return hashlib.sha256(names.encode() + values).hexdigest().encode()
