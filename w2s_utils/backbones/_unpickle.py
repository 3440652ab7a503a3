"""Arrays out of foreign pickles, and nothing else: no class named in the file is ever called.

Used once per weight file, by `w2s_utils.backbones.convert`. Only names on the list below are resolved, each to a
function of this module or a numpy type; any other name ends the reading. Standard library and numpy only.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

_STORAGE = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "DoubleStorage": np.dtype("<f8"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
_MAGIC = 0x1950A86A20F9469CFC6C  # first object of a torch file before the zip format


class _Reader(pickle.Unpickler):
    """Resolves listed names only; storages of torch files come from `storage`."""

    def __init__(self, file: io.BytesIO, storage: Callable[[str, np.dtype, int], Any] | None = None) -> None:
        super().__init__(file, encoding="latin1")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("torch") and name in _STORAGE:
            return _STORAGE[name]
        found = _ALLOWED.get((module.replace("numpy._core", "numpy.core"), name))
        if found is None:
            raise ValueError(f"the weight file asks for {module}.{name}; only arrays are allowed")
        return found

    def persistent_load(self, pid: Any) -> Any:
        if self._storage is None or pid[0] != "storage":
            raise ValueError("the weight file refers to objects outside it; only arrays are allowed")
        return self._storage(str(pid[2]), pid[1], int(pid[4]))


def read_arrays(content: bytes) -> Any:
    """Dictionaries, lists and numpy arrays of a pickle made without torch.

    Raises
    ------
    ValueError
        If the pickle names anything but numpy arrays.

    Examples
    --------
    >>> read_arrays(pickle.dumps({"w": [1.5]}))
    {'w': [1.5]}
    """
    return _Reader(io.BytesIO(content)).load()


def read_torch(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """Name to array of a torch state dict, in the zip format or the one before it.

    Raises
    ------
    ValueError
        If the file is neither, or names anything but tensors.
    """
    if zipfile.is_zipfile(io.BytesIO(content)):
        return _read_zip(content)
    return _read_legacy(content)


def _read_zip(content: bytes) -> dict[str, npt.NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        top = inside.removesuffix("data.pkl")

        def storage(key: str, dtype: np.dtype, size: int) -> npt.NDArray[Any]:
            return np.frombuffer(archive.read(f"{top}data/{key}"), dtype, size)

        return dict(_Reader(io.BytesIO(archive.read(inside)), storage).load())


def _read_legacy(content: bytes) -> dict[str, npt.NDArray[Any]]:
    file = io.BytesIO(content)
    if _Reader(file).load() != _MAGIC:
        raise ValueError("the weight file is not a torch state dict")
    for _ in range(2):  # protocol version and byte order
        _Reader(file).load()
    made: dict[str, npt.NDArray[Any]] = {}

    def storage(key: str, dtype: np.dtype, size: int) -> npt.NDArray[Any]:
        return made.setdefault(key, np.empty(size, dtype))

    state = dict(_Reader(file, storage).load())
    for key in _Reader(file).load():
        # the number of elements, then the elements; tensors are views of these storages
        size = int.from_bytes(file.read(8), "little")
        made[key][:] = np.frombuffer(file.read(size * made[key].itemsize), made[key].dtype)
    return state


def _tensor(storage: npt.NDArray[Any], offset: int, size: tuple, stride: tuple, *_: Any) -> npt.NDArray[Any]:
    steps = tuple(step * storage.itemsize for step in stride)
    if offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) >= max(len(storage), 1):
        raise ValueError("the weight file holds a tensor larger than its storage")
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps)


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes an array's bytes in the pickle protocols of Python 2."""
    if encoding != "latin1":
        raise ValueError(f"the weight file asks for the encoding {encoding}; only latin1 is allowed")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    ("_codecs", "encode"): _encode,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
