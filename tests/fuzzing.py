"""Damage for files and texts, the same for the same seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SECONDS = 5
TOKENS = [b"nan", b"-inf", b"1e999", b"", b"0", b"-1", b"99999999999999999999", b"\x00", b"\xff\xfe", b'"', b",", b"\n"]
TOKENS += [b"\t", b"'", b"(", b"}", "é\u202e😀".encode(), b"<script>", b"__import__('os')", b"../..", b"%s%n", b"\\"]


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """`content` with one to four random wounds: bytes changed, cut, doubled, moved or put in."""
    made = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not made:
            return bytes(rng.bytes(int(rng.integers(0, 40))))
        at, to = sorted(int(i) for i in rng.integers(0, len(made) + 1, 2))
        kind = rng.integers(0, 7)
        if kind == 0:  # a few bytes changed, more often near the front, where the header is
            for _ in range(int(rng.integers(1, 9))):
                where = int(len(made) * rng.random() ** 3)
                made[min(where, len(made) - 1)] = int(rng.integers(0, 256))
        elif kind == 1:
            del made[at:]
        elif kind == 2:
            del made[at : min(to, at + 64)]
        elif kind == 3:
            made[at:at] = made[at : min(to, at + 200)]
        elif kind == 4:
            made[at:at] = TOKENS[int(rng.integers(len(TOKENS)))]
        elif kind == 5:  # one number or word replaced
            words = bytes(made).replace(b"\n", b" ").replace(b",", b" ").replace(b"\t", b" ").split(b" ")
            old = words[int(rng.integers(len(words)))]
            if old:
                made = bytearray(bytes(made).replace(old, TOKENS[int(rng.integers(len(TOKENS)))], 1))
        else:
            made[at:at] = rng.bytes(int(rng.integers(1, 30)))
    return bytes(made)


def damage_tree(folder: Path, rng: np.random.Generator) -> str:
    """Damage one file of a folder, remove it, rename it, or make a folder of it; returns what was done."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[int(rng.integers(len(files)))]
    kind = rng.integers(0, 8)
    if kind == 0:
        path.unlink()
        return f"removed {path.name}"
    if kind == 1:
        path.unlink()
        path.mkdir()
        return f"made a folder of {path.name}"
    if kind == 2:
        new = damaged(path.name.encode(), rng).decode("utf-8", "ignore").replace("/", "_").replace("\x00", "")[:80]
        if new.strip(". ") and not (path.parent / new).exists():
            path.rename(path.parent / new)
        return f"renamed {path.name} to {new!r}"
    path.write_bytes(damaged(path.read_bytes(), rng))
    return f"damaged {path.name}"


def answers(call: Callable[[], object], *allowed: type[Exception], what: str) -> bool:
    """Whether `call` refused: with one of `allowed`, in one line, within five seconds; another error is raised."""
    start = time.process_time()
    try:
        call()
    except allowed as error:
        message = str(error)
        assert message and "\n" not in message and len(message) < 1000, f"{what}: {message!r}"
        refused = True
    else:
        refused = False
    took = time.process_time() - start
    assert took < SECONDS, f"{what}: {took:.1f} s"
    return refused
