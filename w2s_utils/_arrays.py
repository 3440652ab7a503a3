"""Checked numpy arrays: bad features or targets become a one-line error. Imports numpy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def finite_array(name: str, value: npt.ArrayLike, ndims: tuple[int, ...]) -> FloatArray:
    """Return `value` as a float64 array with one of the numbers of axes in `ndims`.

    Parameters
    ----------
    name : str
        What the error calls the argument.
    value : array_like
        Numbers of any width.
    ndims : tuple of int
        Allowed numbers of axes.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ValueError
        If it is not numeric, has another number of axes, is empty, or holds NaN or an infinity.

    Examples
    --------
    >>> finite_array("features", [[1, 2], [3, float("nan")]], (2,))
    Traceback (most recent call last):
        ...
    ValueError: features holds nan at index (1, 1); every value must be finite
    """
    try:
        array = np.asarray(value)
        if np.iscomplexobj(array):
            raise TypeError
        array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a rectangular array of real numbers") from None
    if array.ndim not in ndims:
        allowed = " or ".join(f"{ndim}-D" for ndim in ndims)
        raise ValueError(f"{name} has shape {array.shape}; it must be {allowed}")
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must not be empty")
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{name} holds {array[index]} at index {index}; every value must be finite")
    return array


def same_rows(**arrays: npt.NDArray[np.generic]) -> None:
    """Raise ValueError unless all `arrays` (name=array) have the same number of rows.

    Examples
    --------
    >>> same_rows(features=np.zeros((3, 2)), targets=np.zeros(4))
    Traceback (most recent call last):
        ...
    ValueError: features has 3 rows, targets has 4; the numbers of rows must agree
    """
    if len({len(array) for array in arrays.values()}) > 1:
        counts = ", ".join(
            f"{name} has {len(array)}" + (" rows" if i == 0 else "") for i, (name, array) in enumerate(arrays.items())
        )
        raise ValueError(f"{counts}; the numbers of rows must agree")
