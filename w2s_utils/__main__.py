"""``python -m w2s_utils``: the ``w2s`` command on a machine that has nothing but Python.

``env``, ``build``, ``pdf`` and ``test`` always run in ``.venv``, made first when need be; so does any other command
when the running interpreter lacks the dependencies. ``W2S_VENV=off`` stays in the running interpreter.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  (before any import an older Python could stumble over)
    found = "{}.{}.{} ({})".format(*sys.version_info[:3], sys.executable)
    sys.exit("w2s needs Python 3.11 or newer, this is " + found + "; another: make book PYTHON=python3.12")

from w2s_utils import __version__, _installed, environment

ALWAYS_IN_VENV = (["env"], ["build"], ["pdf"], ["test"])


def main(arguments: list[str] | None = None) -> int:
    """Bring the environment up, then hand over to `w2s_utils.cli.main`.

    Parameters
    ----------
    arguments : list of str, optional
        Default is the command line.

    Returns
    -------
    int
        The exit status: the command's own, 1 when the environment cannot be made, 130 after Ctrl-C.

    Examples
    --------
    >>> main(["env"])  # doctest: +SKIP
    env: up to date: /home/reader/book/.venv (Python 3.11.7)
    0
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments == ["env"] and _installed.in_checkout():
            return _env()
        if not _asks_for_help(arguments):
            if not _installed.in_checkout():
                return _without_checkout(arguments)
            _bring_up(arguments)
        from w2s_utils import cli

        return cli.main(arguments)
    except environment.SetupError as error:
        print(f"w2s env: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("w2s: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _env() -> int:
    if environment.switched_off():
        print(f"env: W2S_VENV=off, nothing to make; the Python in use is {sys.executable}")
        return 0
    current = environment.plan()[0] == "nothing"
    python = environment.ensure(out=sys.stdout)
    if current:
        print(f"env: up to date: {python.parent.parent} (Python {sys.version.split()[0]})")
    return 0


def _without_checkout(arguments: list[str]) -> int:
    """From a wheel: list the chapters that came with it; run what needs no book; refuse the rest in one line."""
    from w2s_utils import cli

    command = arguments[0]
    book = _installed.book()
    if command not in _installed.ANYWHERE or book is None:
        # the parser has the first word, and leaves after a command it does not know
        print(f"w2s {cli.parser().parse_args(arguments).command}: {_installed.refusal(command)}", file=sys.stderr)
        return 2
    if command == "list":
        print(f"chapters of the book w2s-utils {__version__} belongs to; to run them, clone its repository")
        return cli.main(arguments, book)
    return cli.main(arguments)


def _bring_up(arguments: list[str]) -> None:
    """Return in an interpreter that can run the command, or become one that can."""
    if environment.switched_off():
        missing = environment.missing_dependencies()
        if missing:
            raise environment.SetupError(f"W2S_VENV=off, but {sys.executable} lacks {', '.join(missing)}")
        return
    always = arguments[:1] in ALWAYS_IN_VENV
    if always or environment.missing_dependencies():
        changed = environment.plan()[0] != "nothing"
        python = environment.ensure(out=sys.stdout if always else None)  # `w2s list | ...` stays clean
        # after a change even the environment's own interpreter must start afresh
        if changed or not environment.inside():
            environment.enter(arguments, python)


def _asks_for_help(arguments: list[str]) -> bool:
    """Help costs no installation where the command line's own modules can be imported."""
    if arguments and not {"-h", "--help"} & set(arguments):
        return False
    try:
        import w2s_utils.cli  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
