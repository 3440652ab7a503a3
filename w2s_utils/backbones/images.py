"""Images checked, resized and stacked. Imports numpy and pillow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

FloatArray = npt.NDArray[np.float32]


def checked(image: Any, number: int = 0) -> npt.NDArray[np.uint8]:
    """An image as (rows, columns, 3), uint8.

    Parameters
    ----------
    image : ndarray
    number : int
        Its position, for the message.

    Raises
    ------
    ValueError
        If it has another shape or type.

    Examples
    --------
    >>> checked(np.zeros((28, 28), np.uint8), number=7)
    Traceback (most recent call last):
        ...
    ValueError: image 7 has shape (28, 28) and type uint8; (rows, columns, 3) and uint8 are needed
    """
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or 0 in array.shape:
        raise ValueError(
            f"image {number} has shape {array.shape} and type {array.dtype}; (rows, columns, 3) and uint8 are needed"
        )
    return array


def batch_of(images: Sequence[Any], smallest: int, largest: int, *, first: int = 0) -> FloatArray:
    """Square float32 images in [0, 1], resized with Pillow's bilinear filter where their sides are out of range.

    Parameters
    ----------
    images : sequence of ndarray, each (rows, columns, 3), uint8
    smallest, largest : int
        Range of the common side, in pixels; the side of the first image, brought into it, is taken for all.
    first : int
        Position of the first one, for messages.

    Returns
    -------
    ndarray, shape (len(images), side, side, 3)
    """
    arrays = [checked(image, first + k) for k, image in enumerate(images)]
    side = int(np.clip(max(arrays[0].shape[:2]), smallest, largest))
    return np.stack([_resized(a, side) for a in arrays]).astype(np.float32) / np.float32(255)


def _resized(image: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    if image.shape[:2] == (side, side):
        return image
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR))
