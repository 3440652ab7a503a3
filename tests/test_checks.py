"""``w2s test``: what it starts, in which order, and with which status it ends."""

import subprocess

import pytest

from tests import toybook
from w2s_utils import cli
from w2s_utils.runner import checks


@pytest.fixture
def started(monkeypatch):
    """Commands that would be started; `started.status` says how each of them ends."""

    class Started(list):
        status = {}

    calls = Started()

    def fake(command, cwd, env):
        (name,) = {"ruff", "mypy", "pytest"} & set(command)
        calls.append((name, command, cwd, env))
        return subprocess.CompletedProcess(command, calls.status.get(name, 0))

    monkeypatch.setattr(checks.subprocess, "run", fake)
    return calls


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        ({}, []),
        ({"ruff": 1}, ["ruff check"]),
        ({"mypy": 1}, ["mypy"]),
        ({"pytest": 1}, ["pytest"]),
        ({"pytest": 5, "ruff": 2}, ["ruff check", "pytest"]),
        ({"pytest": -9}, ["pytest"]),
    ],
)
def test_each_check_alone_turns_the_whole_red(started, capsys, monkeypatch, tmp_path, status, failed):
    started.status = status
    lines = []
    assert checks.run(tmp_path, [], lines.append) == failed
    assert [name for name, *_ in started] == ["ruff", "mypy", "pytest"], "every check runs, whatever came before"
    assert lines[-1] == "pytest ...", "after pytest's closing line nothing is printed"
    assert [line.split(" (")[0] for line in lines if "(" in line] == [
        f"{name} {'FAILED' if name in failed else 'ok'}" for name in ("ruff check", "mypy")
    ]
    root = toybook.make_root(tmp_path / "book", {})
    for built in (0, 1):
        monkeypatch.setitem(cli._COMMANDS, "build", lambda *_, built=built: built)
        assert cli.main(["test"], root) == (1 if failed or built else 0)
        assert capsys.readouterr().out.splitlines()[-1] == "pytest ..."


def test_an_interrupted_build_starts_no_check(started, monkeypatch, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli._COMMANDS, "build", interrupted)
    assert cli.main(["test"], toybook.make_root(tmp_path / "book", {})) == 130
    assert started == []


def test_pytest_gets_workers_notebooks_and_what_the_caller_adds(started, monkeypatch, tmp_path):
    monkeypatch.setenv("W2S_REQUIRE_BROWSER", "1")
    monkeypatch.setitem(cli._COMMANDS, "build", lambda *_: 0)
    cli.main(["test", "--", "-k", "theory", "-x"], toybook.make_root(tmp_path / "book", {}))
    _, command, cwd, variables = started[-1]
    assert cwd == tmp_path / "book"
    assert command[-3:] == ["-k", "theory", "-x"]
    # cells of one notebook must stay together, in order, on one worker
    assert command[command.index("--dist") + 1] == "loadscope" and int(command[command.index("-n") + 1]) >= 1
    assert {"--nbval", "--nbval-current-env"} <= set(command)
    assert variables["W2S_REQUIRE_BROWSER"] == "1" and variables["OPENBLAS_NUM_THREADS"] == "1"


def test_pytest_runs_doctests_of_the_package_and_fails_on_warnings(pytestconfig):
    assert pytestconfig.getini("testpaths") == ["tests", "w2s_utils", "chapters"]
    assert pytestconfig.getini("filterwarnings") == ["error"]
    options = pytestconfig.getini("addopts")
    assert {"--doctest-modules", "--strict-markers", "--strict-config"} <= set(options)


def test_only_chapters_hold_notebooks_for_nbval():
    folders = (toybook.ROOT / name for name in ("tests", "w2s_utils"))
    assert [path for folder in folders for path in folder.rglob("*.ipynb")] == []
