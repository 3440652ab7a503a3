"""The book's own environment, ``.venv``: is it the right one? If not, make it from ``requirements.lock``.

Standard library only: this runs before anything is installed. ``.venv/w2s-stamp.json`` says what an
environment was made from. It is written twice, ``{"complete": false}`` before the first change and the
fingerprint after the last, so that what a killed run leaves is never taken for a finished environment.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NoReturn, TextIO

from w2s_utils import _install
from w2s_utils._install import SetupError

__all__ = [
    "ROOT",
    "SetupError",
    "ensure",
    "enter",
    "fingerprint",
    "inside",
    "missing_dependencies",
    "plan",
    "switched_off",
    "venv_python",
]

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the folder that holds the package, the chapters and ``requirements.lock``."""

STAMP = "w2s-stamp.json"


def venv_python(root: Path = ROOT) -> Path:
    """Path of the interpreter inside the environment, whether or not it exists.

    Examples
    --------
    >>> venv_python(Path("book")).parts[:2]
    ('book', '.venv')
    """
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def inside(root: Path = ROOT) -> bool:
    """True when the running interpreter is the environment's own.

    Examples
    --------
    >>> inside(Path("/nowhere"))
    False
    """
    return Path(sys.prefix).resolve() == (root / ".venv").resolve()


def cores() -> int:
    """Processors that this process may use: fewer than the machine has under a batch system or ``taskset``.

    Examples
    --------
    >>> 1 <= cores() <= (os.cpu_count() or 1)
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def switched_off() -> bool:
    """True when ``W2S_VENV=off``: the reader brings an environment, e.g. conda's from environment.yml.

    Raises
    ------
    SetupError
        For any other value; making ``.venv`` all the same could be the opposite of what was meant.

    Examples
    --------
    >>> switched_off() == bool(os.environ.get("W2S_VENV"))
    True
    """
    value = os.environ.get("W2S_VENV", "")
    if value.lower() not in ("", "off"):
        raise SetupError(f"W2S_VENV = {value!r} is not known: leave it unset, or set it to 'off'")
    return bool(value)


def missing_dependencies(root: Path = ROOT) -> list[str]:
    """Packages that pyproject.toml asks for and the running interpreter lacks (versions are not compared).

    Examples
    --------
    >>> isinstance(missing_dependencies(), list)
    True
    """
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in _project(root)["dependencies"]]
    return [name for name in names if not _is_installed(name)]


def fingerprint(root: Path = ROOT) -> dict[str, str]:
    """What a finished environment depends on.

    The checkout's path is part of it: the scripts of an environment name their interpreter by full path, and
    in a copied checkout would run the original's.

    Examples
    --------
    >>> sorted(fingerprint())
    ['lock', 'project', 'python', 'root']
    """
    lock = root / "requirements.lock"
    if not lock.is_file():
        raise SetupError(f"{lock} is missing: this command needs a complete checkout of the book")
    project = _project(root)
    installed = json.dumps([project["name"], project["version"], project.get("scripts", {})])
    return {
        "lock": hashlib.sha256(lock.read_bytes()).hexdigest(),
        "project": hashlib.sha256(installed.encode()).hexdigest(),
        "python": str(sys.implementation.cache_tag),
        "root": str(root.resolve()),
    }


def plan(root: Path = ROOT) -> tuple[str, str]:
    """Decide what has to be done, without starting a process.

    Returns
    -------
    tuple of str
        ``("nothing" | "update" | "remake", why)``. An environment somebody else made for the right Python is
        updated in place; one that a killed run left is remade: half a package looks like a whole one.

    Examples
    --------
    >>> plan()[0] in {"nothing", "update", "remake"}
    True
    """
    want = fingerprint(root)
    venv = root / ".venv"
    if not venv.exists():
        return "remake", "there is none yet"
    if not venv.is_dir():
        raise SetupError(f"{venv} is not a folder: move it away")
    try:
        have = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except FileNotFoundError:
        have = {"python": _foreign_tag(venv), "root": want["root"]}
    except ValueError:
        have = {"complete": False}
    if have.get("complete") is False:
        return "remake", "an earlier run was interrupted"
    if not venv_python(root).exists():  # follows the link to the Python it was made from
        return "remake", "its Python is gone"
    if have.get("python") != want["python"]:
        return "remake", f"it is for {have.get('python')} and this is {want['python']}"
    if have.get("root") != want["root"]:
        return "remake", f"it was made in {have.get('root')}"
    if have.get("lock") != want["lock"]:
        return "update", "it was not made from this requirements.lock"
    if have != want:
        return "update", "the project's version or scripts changed"
    return "nothing", "up to date"


def ensure(root: Path = ROOT, out: TextIO | None = None) -> Path:
    """Make or update the environment; return its interpreter. Immediate when nothing changed.

    Parameters
    ----------
    root : Path
        The checkout.
    out : text stream, optional
        Where progress goes; default is standard error.

    Returns
    -------
    Path
        The interpreter of ``.venv``, or the running one when ``W2S_VENV=off``.

    Raises
    ------
    SetupError
        With one line that says what failed and where the log is.

    Examples
    --------
    >>> ensure()  # doctest: +SKIP
    PosixPath('/home/reader/book/.venv/bin/python')
    """
    if switched_off():
        return Path(sys.executable)
    if plan(root)[0] != "nothing":
        say = _install.Clock(out or sys.stderr)
        try:
            with _install.alone(root / "requirements.lock", say) as keep, _install.stopped_by_signals():
                action, why = plan(root)  # again: the run we may have waited for did the work
                if action == "nothing":
                    say(f"{why}: {root / '.venv'}")
                else:
                    _make(root, action, why, say, keep)
        except OSError as error:
            raise SetupError(f"{error.filename or root / '.venv'}: {error.strerror or error}") from error
    return venv_python(root)


def enter(arguments: list[str], python: Path) -> NoReturn:
    """Become ``python -m w2s_utils arguments``; signals and the exit status are then that process's own.

    Examples
    --------
    >>> enter(["list"], venv_python())  # doctest: +SKIP
    """
    os.environ["VIRTUAL_ENV"] = str(python.parent.parent)
    os.environ["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    os.environ.pop("PYTHONHOME", None)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        # meant for source folders; here each of our processes would compile its imports again, for 3 to 8 s
        os.environ["PYTHONPYCACHEPREFIX"] = str(python.parent.parent / "pycache")
    command = [str(python), "-m", "w2s_utils", *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # there exec gives the terminal back before the program is done
        raise SystemExit(subprocess.call(command))
    os.execv(command[0], command)


def _make(root: Path, action: str, why: str, say: _install.Clock, keep: tuple[int, ...]) -> None:
    venv, stamp = root / ".venv", root / ".venv" / STAMP
    if venv.is_dir() and any(venv.iterdir()) and not (stamp.exists() or (venv / "pyvenv.cfg").exists()):
        raise SetupError(f"{venv} is not a Python environment: move it away")
    say(f"{'making' if action == 'remake' else 'updating'} .venv: {why}")
    venv.mkdir(exist_ok=True)
    made_from = fingerprint(root)  # before the work: a lock edited meanwhile means another update
    _write(stamp, {"complete": False})
    if action == "remake":
        _install.empty(venv, but=STAMP)
    try:
        _install.install(root, venv, venv_python(root), say=say, keep=keep)
    except SetupError:
        if action == "update":
            stamp.unlink()  # refused, not killed: what was there still stands, the next run updates again
        raise
    _write(stamp, made_from)
    say(f"ready: {venv} (Python {sys.version.split()[0]})")


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    partial.replace(path)


def _project(root: Path) -> dict[str, Any]:
    file = root / "pyproject.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError) as error:
        raise SetupError(f"{file} cannot be read: {error}") from error


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _foreign_tag(venv: Path) -> str:
    """`sys.implementation.cache_tag` of an environment without a stamp, as its pyvenv.cfg tells it."""
    try:
        cfg = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return "no Python"
    version = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", cfg, flags=re.MULTILINE)
    return f"cpython-{version[1]}{version[2]}" if version else "no Python"
