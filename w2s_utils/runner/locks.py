"""Locks between processes, released by the system when their holder ends, however it ends. Standard library only."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

_POLL = 0.05


def of(root: Path, folder: Path) -> Path:
    """Where the lock of a folder of results is: in one place for all, so that the folder may be replaced.

    Parameters
    ----------
    root : Path
        Checkout.
    folder : Path
        In ``_build/runs`` or ``_build/cache/<preset>``.
    """
    return root / "_build" / "locks" / f"{folder.parent.name}-{folder.name}"


def take(path: Path) -> IO[bytes] | None:
    """The lock of a path, or None while another process has it; close the file to give it back.

    Parameters
    ----------
    path : Path
        A file of its own, which stays.

    Returns
    -------
    file or None

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mine = take(Path(folder) / "lock")
    ...     other = take(Path(folder) / "lock")
    ...     mine.close()
    >>> other is None
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a+b")
    try:
        if os.name == "nt":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


@contextlib.contextmanager
def held(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock; ``waiting`` is called once if another process has it."""
    handle = take(path)
    if handle is None:
        waiting()
        while handle is None:
            time.sleep(_POLL)
            handle = take(path)
    try:
        yield
    finally:
        handle.close()
