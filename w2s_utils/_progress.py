"""What a terminal is shown: how far long work has come, and text that may hold anything. Standard library only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_PATIENCE = 2.0  # seconds before the first line
_PLAIN = 10.0  # seconds between lines where the line cannot be rewritten


def printable(text: str) -> str:
    """One line without control characters: names of files and values of readers may hold line ends and escapes.

    Examples
    --------
    >>> print(printable("a\\nb\\x1b[31m"))
    a\\nb\\x1b[31m
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def progress(items: Iterable[T], total: int, label: str, *, shown: bool = True) -> Iterator[T]:
    """Pass items on; say how many of `total` are done, with the elapsed time, once it takes more than two seconds.

    Examples
    --------
    >>> list(progress("ab", 2, "letters"))
    ['a', 'b']
    """
    start = last = time.monotonic()
    live = sys.stderr.isatty()
    said = False
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if shown and now - start > _PATIENCE and (now - last > (0.2 if live else _PLAIN) or (said and done == total)):
            last, said = now, True
            line = f"[{now - start:6.1f} s] {label}: {done} of {total}"
            print(f"\r{line}" if live and done < total else f"\r{line}\n" if live else line, end="" if live else "\n",
                  file=sys.stderr, flush=True)  # fmt: skip
