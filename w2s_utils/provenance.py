"""Where a figure comes from: versions, lock file, linear algebra, processor, source tree, notebook.

Hashes of the source are Git's own, so that ``git rev-parse HEAD:w2s_utils`` names the tree a figure was made with;
they are computed from the files, and need no Git.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import threadpoolctl

from w2s_utils.environment import ROOT

_PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "scikit-learn", "w2s-utils")


def _object(kind: str, content: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).digest()


def blob_hash(path: Path) -> str:
    """Git blob hash of a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        40 hexadecimal digits, empty if there is no such file.

    Examples
    --------
    >>> blob_hash(Path("no such file"))
    ''
    """
    return _object("blob", path.read_bytes()).hex() if path.is_file() else ""


def tree_hash(folder: Path) -> str:
    """Git tree hash of a folder, caches, hidden files and folders without a file left out.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
        40 hexadecimal digits.

    Examples
    --------
    >>> len(tree_hash(ROOT / "w2s_utils"))
    40
    """
    return _object("tree", _tree(folder)).hex()


def _tree(folder: Path) -> bytes:
    """Content of a Git tree object, empty for a folder that holds no file."""
    entries = []
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__" or path.suffix == ".pyc":
            continue
        if path.is_dir():
            if below := _tree(path):
                entries.append((path.name + "/", b"40000", path.name, _object("tree", below)))
        else:
            mode = b"100755" if path.stat().st_mode & 0o100 else b"100644"
            entries.append((path.name, mode, path.name, _object("blob", path.read_bytes())))
    return b"".join(mode + b" " + name.encode() + b"\0" + digest for _, mode, name, digest in sorted(entries))


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> "numpy" in versions()
    True
    """
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            pass
    return found


def lock_hash() -> str:
    """SHA-256 of the lock file, empty where there is none.

    Returns
    -------
    str

    Examples
    --------
    >>> len(lock_hash()) in (0, 64)
    True
    """
    lock = ROOT / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""


def blas() -> str:
    """Name, version and kernel of the linear algebra library numpy runs on.

    Returns
    -------
    str

    Examples
    --------
    >>> isinstance(blas(), str)
    True
    """
    found = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    names = {f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip() for pool in found}
    return ", ".join(sorted(names))


def cpu() -> str:
    """Name of the processor.

    Returns
    -------
    str

    Examples
    --------
    >>> len(cpu()) > 0
    True
    """
    info = Path("/proc/cpuinfo")
    if sys.platform == "linux" and info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
