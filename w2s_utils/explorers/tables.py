"""Functions that need a root, as tables that the browser interpolates.

A table is an expression with its numbers in it, made for arguments on even grids; outside, the nearest edge holds.
Must not import ``simulate`` or another module of this package.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def numbers(values: ArrayLike, digits: int) -> list[float]:
    """As plain numbers with that many significant digits, so that their text is short.

    Examples
    --------
    >>> numbers([1 / 3, 2.0], 3)
    [0.333, 2.0]
    """
    return [float(f"{value:.{digits}g}") for value in np.ravel(values)]


def along(table: str, at: str, low: float, high: float, size: int) -> str:
    """Expression that interpolates the signal ``table``, of ``size`` values at even steps from low to high.

    Parameters
    ----------
    table, at : str
        Name of the signal, expression of the argument.
    low, high : float
        Ends of the grid.
    size : int
        Values, at least 2.

    Returns
    -------
    str

    Examples
    --------
    >>> along("f", "x", 0.0, 1.0, 3)
    '(f[min(floor(2 * clamp(x, 0, 1)), 1)] * (1 - ...
    """
    step = (size - 1) / (high - low)
    place = (
        f"{step:g} * clamp({at}, {low:g}, {high:g})"
        if low == 0
        else f"{step:g} * (clamp({at}, {low:g}, {high:g}) - ({low:g}))"
    )
    cell = f"min(floor({place}), {size - 2})"
    part = f"({place} - {cell})"
    return f"({table}[{cell}] * (1 - {part}) + {table}[{cell} + 1] * {part})"


def across(table: str, row: str, column: str, columns: int) -> str:
    """Expression that interpolates a signal of rows of ``columns`` values, at places given in steps.

    Parameters
    ----------
    table : str
        Name of the signal.
    row, column : str
        Expressions of the places, from 0; each is named by a signal, since it occurs many times.
    columns : int
        Length of a row.

    Returns
    -------
    str

    Examples
    --------
    >>> across("f", "r", "c", 4).count("f[")
    4
    """
    left, top = f"floor({column})", f"floor({row})"
    parts = []
    for down in (0, 1):
        for right in (0, 1):
            weight = [f"({row} - {top})" if down else f"(1 - {row} + {top})"]
            weight.append(f"({column} - {left})" if right else f"(1 - {column} + {left})")
            parts.append(f"{table}[{columns} * ({top} + {down}) + {left} + {right}] * {' * '.join(weight)}")
    return f"({' + '.join(parts)})"


def steps(at: str, grid: Sequence[float]) -> str:
    """Expression of the place of a value on an even grid, in steps, inside its last cell at most.

    Examples
    --------
    >>> steps("x", [0.0, 0.5, 1.0])
    'clamp((x - (0)) * 2, 0, 1.999999)'
    """
    size, low, high = len(grid), grid[0], grid[-1]
    return f"clamp(({at} - ({low:.12g})) * {(size - 1) / (high - low):.12g}, 0, {size - 1 - 1e-6:.9g})"
