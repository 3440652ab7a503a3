"""The package without a checkout, as a wheel installs it: what it knows of the book, and what it cannot do.

Standard library only. A wheel carries the chapters' notebooks and the list of claims under ``share/w2s-utils``, for
``w2s list``; running chapters takes the checkout, whose lock file, data and reference figures belong together.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from w2s_utils import __version__
from w2s_utils.environment import ROOT

ANYWHERE = ("list", "diagnose")
"""Commands that need no checkout."""


def in_checkout(root: Path = ROOT) -> bool:
    """True when the package lies in a checkout of the book.

    Examples
    --------
    >>> in_checkout(Path("/nowhere"))
    False
    """
    return (root / "pyproject.toml").is_file() and (root / "requirements.lock").is_file()


def book() -> Path | None:
    """Folder of the chapters that came with the wheel, None without them."""
    try:
        files = distribution("w2s-utils").files or []
    except PackageNotFoundError:
        return None
    found = [Path(str(file.locate())).resolve() for file in files if file.name == "_toc.yml"]
    return next((path.parent for path in found if path.is_file()), None)


def refusal(command: str) -> str:
    """Why a command cannot run here, in one line."""
    return (
        f"this is the installed package w2s-utils {__version__}, and `w2s {command}` needs a checkout of the book: "
        f"clone its repository and run `python -m w2s_utils {command}` in it (without one: {', '.join(ANYWHERE)})"
    )
