"""``python -m w2s_utils``: on which interpreter a command runs, and what it exits with."""

from __future__ import annotations

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from w2s_utils import __main__ as bootstrap
from w2s_utils import cli, environment
from w2s_utils.environment import ROOT


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("W2S_VENV", raising=False)


def test_imports_nothing_but_the_standard_library():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import w2s_utils.__main__;"
        "names = {name.partition('.')[0] for name in sys.modules} - {'__main__'};"
        "print(sorted(names - set(sys.stdlib_module_names)))"
    )
    command = [sys.executable, "-I", "-S", "-c", code, str(ROOT)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "['w2s_utils']"


def test_bare_interpreter_runs_env(tmp_path):
    code = (
        "import runpy, sys; sys.path.insert(0, sys.argv.pop());"
        "runpy.run_module('w2s_utils', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-I", "-S", "-c", code, "env", str(ROOT)]
    environ = {**os.environ, "W2S_VENV": "off"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "W2S_VENV=off" in done.stdout


def test_old_python_gets_one_line(monkeypatch):
    source = Path(bootstrap.__file__)
    ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 7))  # or it would see a SyntaxError instead
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(source), run_name="__main__")
    message = str(caught.value)
    assert message.startswith("w2s needs Python 3.11 or newer, this is 3.10.13") and "\n" not in message


@pytest.fixture
def handed_over(monkeypatch):
    """Record what the command line and the environment are asked to do."""
    calls = []

    def enter(arguments, python):
        calls.append(("enter", arguments))
        raise SystemExit(5)

    def main(arguments):
        calls.append(("cli", arguments))
        return 7

    monkeypatch.setattr(cli, "main", main)
    monkeypatch.setattr(environment, "enter", enter)
    monkeypatch.setattr(environment, "ensure", lambda root=ROOT, out=None: calls.append("ensure") or Path("p"))
    monkeypatch.setattr(environment, "plan", lambda root=ROOT: ("nothing", ""))
    monkeypatch.setattr(environment, "inside", lambda root=ROOT: False)
    monkeypatch.setattr(environment, "missing_dependencies", lambda root=ROOT: [])
    return calls


@pytest.mark.parametrize("command", ["build", "test"])
def test_build_and_test_go_through_the_environment(handed_over, command):
    with pytest.raises(SystemExit, match="5"):
        bootstrap.main([command, "--jobs", "1"])
    assert handed_over == ["ensure", ("enter", [command, "--jobs", "1"])]


def test_inside_the_environment_there_is_no_second_process(handed_over, monkeypatch):
    monkeypatch.setattr(environment, "inside", lambda root=ROOT: True)
    assert bootstrap.main(["build"]) == 7
    assert handed_over == ["ensure", ("cli", ["build"])]


def test_after_a_change_the_interpreter_starts_afresh(handed_over, monkeypatch):
    monkeypatch.setattr(environment, "inside", lambda root=ROOT: True)
    monkeypatch.setattr(environment, "plan", lambda root=ROOT: ("update", "lock"))
    with pytest.raises(SystemExit, match="5"):
        bootstrap.main(["build"])


def test_other_commands_run_here_when_they_can(handed_over, monkeypatch):
    assert bootstrap.main(["list"]) == 7
    assert handed_over == [("cli", ["list"])]
    monkeypatch.setattr(environment, "missing_dependencies", lambda root=ROOT: ["papermill"])
    with pytest.raises(SystemExit, match="5"):
        bootstrap.main(["list"])


@pytest.mark.parametrize("arguments", [[], ["--help"], ["build", "-h"]])
def test_help_installs_nothing(handed_over, arguments):
    assert bootstrap.main(arguments) == 7
    assert handed_over == [("cli", arguments)]


@pytest.mark.parametrize("value", ["off", "OFF"])
def test_off_stays_in_the_running_interpreter(handed_over, monkeypatch, capsys, value):
    monkeypatch.setenv("W2S_VENV", value)
    assert bootstrap.main(["build"]) == 7
    assert handed_over == [("cli", ["build"])]
    assert bootstrap.main(["env"]) == 0
    assert sys.executable in capsys.readouterr().out
    monkeypatch.setattr(environment, "missing_dependencies", lambda root=ROOT: ["papermill", "numpy"])
    assert bootstrap.main(["build"]) == 1
    assert "lacks papermill, numpy" in capsys.readouterr().err


def test_other_values_are_refused(monkeypatch, capsys):
    monkeypatch.setenv("W2S_VENV", "no")
    for command in ("env", "build", "list"):
        assert bootstrap.main([command]) == 1
        assert capsys.readouterr().err == "w2s env: W2S_VENV = 'no' is not known: leave it unset, or set it to 'off'\n"


def test_ctrl_c_is_130(handed_over, monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "main", interrupted)
    assert bootstrap.main(["list"]) == 130
    assert "Traceback" not in capsys.readouterr().err
