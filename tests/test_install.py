"""The installation itself, with false tools: what uv and pip are told, failures, signals."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time

import pytest

from w2s_utils import _install, environment
from w2s_utils.environment import ROOT, SetupError

TAG = sys.implementation.cache_tag
posix = pytest.mark.skipif(os.name == "nt", reason="signals and shell scripts of POSIX")


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("W2S_VENV", raising=False)


@pytest.fixture
def checkout(tmp_path):
    """The two files that decide, and nothing else."""
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


# Two programs that write down their arguments. The Python makes a folder for `-m venv` and answers the final check.
PYTHON = """#!/bin/sh
echo "python $*" >> "{log}"
case "$*" in
  *"-m venv"*) mkdir -p "{venv}/bin"; cp "$0" "{venv}/bin/python";;
  *"-m pip"*) {pip};;
  *" -c "*) echo {tag};;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >> "{log}"
{fail}
case "$1" in venv) mkdir -p "{venv}/bin"; cp "{python}" "{venv}/bin/python";; esac
"""


@pytest.fixture
def tools(checkout, monkeypatch):
    """Put a false uv and a false base Python in place; return a function that runs them and gives the calls."""
    folder, log = checkout / "tools", checkout / "calls"
    folder.mkdir()

    def run(uv="", pip=":", tag=TAG):
        values = {"log": log, "venv": checkout / ".venv", "python": folder / "base", "pip": pip, "tag": tag}
        programs = {"base": PYTHON.format(**values)}
        if uv is not None:
            programs["uv"] = UV.format(fail=uv, **values)
        for name, text in programs.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        monkeypatch.setattr(_install, "base_python", lambda: str(folder / "base"))
        monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/usr/bin", "/bin"]))
        if uv is None:
            monkeypatch.setattr(_install.shutil, "which", lambda name: None)
        environment.ensure(checkout, io.StringIO())
        return log.read_text().splitlines()

    return run


@posix
def test_uv_does_the_work_when_present(tools, checkout):
    venv, lock, project, check = tools()
    assert venv.startswith("uv venv ") and f"--python {checkout}/tools/base" in venv
    assert lock.startswith("uv pip install") and f"--no-deps --requirement {checkout}/requirements.lock" in lock
    assert project.startswith("uv pip") and "--no-deps --no-build-isolation --no-index --editable" in project
    assert check.startswith("python -I -c")
    assert environment.plan(checkout)[0] == "nothing"


@posix
@pytest.mark.parametrize("uv", [None, "exit 3"])
def test_pip_when_uv_is_absent_or_fails(tools, checkout, uv):
    venv, lock, project, _ = [line for line in tools(uv) if line.startswith("python")]
    assert "-m venv" in venv
    assert "-m pip install" in lock and f"--no-deps --requirement {checkout}/requirements.lock" in lock
    assert "--no-build-isolation --no-index --editable" in project
    assert environment.plan(checkout)[0] == "nothing"


@posix
def test_failure_is_one_line_with_the_reason_and_the_log(tools, checkout):
    with pytest.raises(SetupError) as caught:
        tools(None, pip="echo The virtual environment was not created: ensurepip is not available; exit 1")
    message = str(caught.value)
    assert "\n" not in message and "exit status 1" in message
    assert "apt-get install python3-venv" in message and str(checkout / ".venv/w2s-install.log") in message
    assert environment.plan(checkout)[0] == "remake"


@posix
def test_environment_of_the_wrong_python_is_refused(tools):
    with pytest.raises(SetupError, match="is cpython-27, not"):
        tools(tag="cpython-27")


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_installation_leaves_no_process(tmp_path, number, status):
    code = """
import signal, sys
from pathlib import Path
from w2s_utils import _install, __main__ as bootstrap, environment
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
def ensure():
    with _install.stopped_by_signals():
        steps = _install.Steps(Path("."), Path("log"), _install.Clock(sys.stdout))
        steps([("waiting", ["sh", "-c", "echo $$ > child; exec sleep 60"])])
bootstrap._env = ensure
sys.exit(bootstrap.main(["env"]))
"""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environ, stderr=subprocess.PIPE)
    child = tmp_path / "child"
    deadline = time.monotonic() + 10
    while not (child.exists() and child.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(number)
    _, errors = run.communicate(timeout=10)
    assert run.returncode == status, errors
    with pytest.raises(ProcessLookupError):
        os.kill(int(child.read_text()), 0)


def test_a_word_now_and_then_during_a_long_step(tmp_path, monkeypatch):
    monkeypatch.setattr(_install, "HEARTBEAT", 0.2)
    out = io.StringIO()
    code = "import time; print('Collecting numpy', flush=True); time.sleep(0.8)"
    _install.Steps(tmp_path, tmp_path / "log", _install.Clock(out))([("installing", [sys.executable, "-c", code])])
    assert "still at it: Collecting numpy" in out.getvalue()
