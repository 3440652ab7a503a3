"""The hands of `w2s_utils.environment`: run uv or pip, show that time passes, stop cleanly.

Standard library only: this runs before anything is installed. It knows nothing of stamps and plans.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TextIO

HEARTBEAT = 10.0
"""Seconds of silence a reader of a terminal or of a CI log has to bear."""


class SetupError(RuntimeError):
    """The environment cannot be made; the message is one line for the reader."""


class Clock:
    """Print lines that begin with the seconds since the start.

    Examples
    --------
    >>> Clock(sys.stdout)("done")
    [  0.0 s] env: done
    """

    def __init__(self, out: TextIO) -> None:
        self.out, self.start = out, time.monotonic()

    def __call__(self, message: str) -> None:
        print(f"[{time.monotonic() - self.start:5.1f} s] env: {message}", file=self.out, flush=True)


class Steps:
    """Run commands one after the other, their output in a log, and say from time to time what they do.

    Parameters
    ----------
    root : Path
        Folder in which they run.
    log : Path
        Emptied first.
    say : Clock
        Told each step and, every `HEARTBEAT` seconds, the last line of the log.
    keep : tuple of int
        File descriptors the commands inherit; see `alone`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     steps = Steps(Path(folder), Path(folder, "log"), Clock(sys.stdout))
    ...     steps([("counting", [sys.executable, "-c", "print(3)"])])
    [  0.0 s] env: counting
    '3'
    """

    def __init__(self, root: Path, log: Path, say: Clock, keep: tuple[int, ...] = ()) -> None:
        self.root, self.log, self.say, self.keep = root, log, say, keep
        log.write_bytes(b"")

    def __call__(self, commands: list[tuple[str, list[str]]]) -> str:
        """Run them all and return the last line printed; SetupError at the first that fails."""
        for title, command in commands:
            self.say(title)
            if status := self._status(command):
                raise SetupError(f"{title} failed (exit status {status}): {self.last_line()}")
        return self.last_line()

    def last_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "no message")

    def mentions(self, word: str) -> bool:
        return word in self.log.read_text(encoding="utf-8", errors="replace")

    def _status(self, command: list[str]) -> int:
        # a user-wide `pip install --user` default cannot work inside an environment
        environ = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        with self.log.open("ab") as sink:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                pass_fds=self.keep,
            )
            try:
                while True:
                    try:
                        return process.wait(HEARTBEAT)
                    except subprocess.TimeoutExpired:
                        self.say(f"  still at it: {self.last_line()[:90]}")
            finally:
                if process.poll() is None:  # Ctrl-C, SIGTERM: leave nobody behind who writes into .venv
                    process.kill()
                    process.wait()


def install(root: Path, venv: Path, python: Path, *, say: Clock, keep: tuple[int, ...] = ()) -> None:
    """Create or complete an environment: the lock, then the project, editable; check that it imports.

    Setuptools is in the lock, so the project needs neither build isolation nor an index: once the locked
    packages are there the rest works offline, and a real ``w2s`` script (on Windows an .exe) comes out of it.

    Nothing is compiled to bytecode here: all of it takes 30 s of processor time, the third that the book ever
    imports 8 s, at its first import.

    Parameters
    ----------
    root, venv, python : Path
        The checkout, the environment's folder (it exists) and the interpreter it will have.
    say : Clock
        Progress.
    keep : tuple of int
        See `Steps`.

    Raises
    ------
    SetupError
        When pip fails; after a failure of uv pip is tried.

    Examples
    --------
    >>> install(Path("."), Path(".venv"), Path(".venv/bin/python"), say=Clock(sys.stdout))  # doctest: +SKIP
    [  0.0 s] env: creating .venv with uv
    """
    base = base_python()
    locked = ["--no-deps", "--requirement", str(root / "requirements.lock")]
    project = ["--no-deps", "--no-build-isolation", "--no-index", "--editable", str(root)]
    pip = [str(python), "-I", "-m", "pip", "install", "--no-input", "--progress-bar=off", "--no-compile"]
    steps = Steps(root, venv / "w2s-install.log", say, keep)
    try:
        try:
            uv = shutil.which("uv")
            if uv is None:
                raise SetupError("uv is not on PATH")
            uv_pip = [uv, "pip", "install", "--python", str(python)]
            steps(
                [
                    ("creating .venv with uv", [uv, "venv", "--allow-existing", "--python", base, str(venv)]),
                    ("installing requirements.lock with uv", [*uv_pip, *locked]),
                    ("installing the project", [*uv_pip, *project]),
                ]
            )
        except SetupError as error:
            say(f"{error}; taking pip")
            steps(
                [
                    ("creating .venv with venv", [base, "-I", "-m", "venv", str(venv)]),
                    ("installing requirements.lock with pip", [*pip, *locked]),
                    ("installing the project", [*pip, *project]),
                ]
            )
        code = "import sys, w2s_utils; print(sys.implementation.cache_tag)"
        tag = steps([("checking", [str(python), "-I", "-c", code])])
    except SetupError as error:
        hint = "on Debian or Ubuntu: apt-get install python3-venv. " if steps.mentions("ensurepip") else ""
        raise SetupError(f"{error} ({hint}The log: {steps.log})") from error
    if tag != sys.implementation.cache_tag:
        raise SetupError(f"{python} is {tag}, not {sys.implementation.cache_tag}: remove .venv and try again")


def base_python() -> str:
    """The interpreter behind the running one: never that of the environment we may be about to replace."""
    return getattr(sys, "_base_executable", None) or sys.executable


def empty(folder: Path, *, but: str) -> None:
    """Remove what is in `folder` except the file `but`; the folder stays, it may be a link or a mount."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != but:
            entry.unlink()


@contextlib.contextmanager
def alone(file: Path, say: Clock) -> Iterator[tuple[int, ...]]:
    """Hold a lock on `file`, so that two runs in one checkout never write the same environment.

    The descriptor that is yielded goes to the installer too: the lock then outlives a killed parent for as
    long as an orphaned installer is writing. The system drops it with the last process; nothing to clean up.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield ()
        return
    with file.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is at work on .venv; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            yield ()
            return
        yield (handle.fileno(),)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does, through its clean-up."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    old = {}
    with contextlib.suppress(ValueError):  # not the main thread: then nobody sends us signals
        for number in (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")):
            if number is not None:
                old[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
