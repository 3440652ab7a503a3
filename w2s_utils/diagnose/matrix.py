"""A feature matrix on disk, whatever the file: read in chunks, every value checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK = 10_000  # rows; a multiple of 20, so that a chunk has whole rounds of blocks
Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class FeatureFile:
    """A matrix on disk.

    Attributes
    ----------
    name : str
        File name, for messages.
    rows, columns : int
    headers : tuple of str
        Names of the columns, or their numbers from 0.
    read : callable
        ``read(start, stop)``, float32 or float64 rows; calls come in order.
    """

    name: str
    rows: int
    columns: int
    headers: tuple[str, ...]
    read: Callable[[int, int], Array]

    def chunks(self, size: int = CHUNK) -> Iterator[Array]:
        """Rows in order; a value that is not finite is an error that names row and column."""
        for start in range(0, self.rows, size):
            chunk = self.read(start, min(start + size, self.rows))
            # a sum is finite unless an entry is not, or it overflows: then look closer
            with np.errstate(invalid="ignore", over="ignore"):
                total = chunk.sum(dtype=np.float64)
            if not np.isfinite(total):
                bad = np.argwhere(~np.isfinite(chunk))
                if len(bad):
                    row, column = (int(i) for i in bad[0])
                    raise ValueError(
                        f"{self.name}: row {start + row}, column {self.headers[column]}: {chunk[row, column]}; "
                        "every value must be finite"
                    )
            yield chunk
