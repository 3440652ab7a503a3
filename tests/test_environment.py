"""The bootstrap: when .venv is made, updated, left alone; how a run that is stopped leaves it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from w2s_utils import _install, environment
from w2s_utils.environment import ROOT, SetupError

TAG = sys.implementation.cache_tag
posix = pytest.mark.skipif(os.name == "nt", reason="signals, shell scripts and file locks of POSIX")


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("W2S_VENV", raising=False)


@pytest.fixture
def checkout(tmp_path):
    """The two files that decide, and nothing else."""
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


@pytest.fixture
def installs(monkeypatch):
    """Replace the installation by one that makes two files; return the calls."""
    calls = []

    def install(root, venv, python, *, say, keep=()):
        calls.append(root)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        (venv / "pyvenv.cfg").write_text(f"version = {sys.version.split()[0]}\n")

    monkeypatch.setattr(_install, "install", install)
    return calls


def made(root):
    return environment.ensure(root, io.StringIO())


def test_made_once_then_at_once_and_without_a_process(checkout, installs, monkeypatch):
    python = made(checkout)
    assert python == environment.venv_python(checkout) and python.exists()
    monkeypatch.setattr(subprocess, "Popen", None)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert made(checkout) == python
        seconds.append(time.perf_counter() - start)
    assert installs == [checkout]
    assert min(seconds) < 0.2


def test_progress_ends_with_where_it_is(checkout, installs):
    out = io.StringIO()
    environment.ensure(checkout, out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "[  0.0 s] env: making .venv: there is none yet"
    assert str(checkout / ".venv") in lines[-1] and " s] env: ready: " in lines[-1]


def edit_lock(root):
    with (root / "requirements.lock").open("a") as lock:
        lock.write("extra==1.0\n")


def edit_scripts(root):
    file = root / "pyproject.toml"
    file.write_text(file.read_text().replace('version = "', 'version = "9'))


def edit_stamp(**values):
    def edit(root):
        stamp = root / ".venv" / environment.STAMP
        stamp.write_text(json.dumps({**json.loads(stamp.read_text()), **values}))

    return edit


@pytest.mark.parametrize(
    ("edit", "action", "why"),
    [
        (lambda root: None, "nothing", "up to date"),
        (edit_lock, "update", "requirements.lock"),
        (edit_scripts, "update", "version or scripts"),
        (lambda root: (root / ".venv" / environment.STAMP).unlink(), "update", "requirements.lock"),
        (lambda root: (root / ".venv" / environment.STAMP).write_text("{"), "remake", "interrupted"),
        (edit_stamp(complete=False), "remake", "interrupted"),
        (edit_stamp(python="cpython-27"), "remake", f"cpython-27 and this is {TAG}"),
        (edit_stamp(root="/elsewhere"), "remake", "/elsewhere"),
        (lambda root: environment.venv_python(root).unlink(), "remake", "its Python is gone"),
    ],
)
def test_plan(checkout, installs, edit, action, why):
    made(checkout)
    edit(checkout)
    got, reason = environment.plan(checkout)
    assert (got, why in reason) == (action, True), reason
    made(checkout)
    assert environment.plan(checkout)[0] == "nothing"


def test_environment_of_another_python_without_stamp_is_remade(checkout, installs):
    made(checkout)
    (checkout / ".venv" / environment.STAMP).unlink()
    (checkout / ".venv" / "pyvenv.cfg").write_text("version_info = 3.8.18\n")
    assert environment.plan(checkout) == ("remake", f"it is for cpython-38 and this is {TAG}")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_stopped_run_is_remade_from_nothing(checkout, installs, monkeypatch, stop):
    made(checkout)
    (checkout / ".venv" / "half").mkdir()
    edit_lock(checkout)
    with monkeypatch.context() as patch:

        def stopped(*args, **kwargs):
            raise stop

        patch.setattr(_install, "install", stopped)
        with pytest.raises(stop):
            made(checkout)
    assert environment.plan(checkout) == ("remake", "an earlier run was interrupted")
    made(checkout)
    assert not (checkout / ".venv" / "half").exists()


def test_refused_update_keeps_what_was_there(checkout, installs, monkeypatch):
    made(checkout)
    edit_lock(checkout)
    with monkeypatch.context() as patch:

        def refused(*args, **kwargs):
            raise SetupError("no network")

        patch.setattr(_install, "install", refused)
        with pytest.raises(SetupError, match="no network"):
            made(checkout)
    assert environment.plan(checkout)[0] == "update"


def test_folder_of_another_kind_is_left_alone(checkout, installs):
    precious = checkout / ".venv" / "precious"
    precious.parent.mkdir()
    precious.touch()
    with pytest.raises(SetupError, match="not a Python environment: move it away"):
        made(checkout)
    assert precious.exists() and not installs
    precious.unlink()
    precious.parent.rmdir()
    precious.parent.touch()
    with pytest.raises(SetupError, match="not a folder"):
        made(checkout)


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_incomplete_checkout(checkout, name):
    (checkout / name).unlink()
    with pytest.raises(SetupError, match=name):
        environment.plan(checkout)


@posix
def test_second_run_waits_for_the_first(checkout, installs):
    fcntl = pytest.importorskip("fcntl")
    out = io.StringIO()
    second = threading.Thread(target=environment.ensure, args=(checkout, out))
    with (checkout / "requirements.lock").open("rb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second.start()
        deadline = time.monotonic() + 5
        while "waiting" not in out.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "another run is at work" in out.getvalue() and not installs
    second.join(5)
    assert installs == [checkout]


@posix
def test_enter_replaces_the_process(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONHOME="/x"))
    seen = []
    monkeypatch.setattr(os, "execv", lambda *args: seen.append(args))
    python = tmp_path / ".venv" / "bin" / "python"
    environment.enter(["build", "--preset", "paper"], python)
    assert seen == [(str(python), [str(python), "-m", "w2s_utils", "build", "--preset", "paper"])]
    assert os.environ["PATH"].split(os.pathsep)[0] == str(python.parent)
    assert os.environ["VIRTUAL_ENV"] == str(tmp_path / ".venv")
    assert os.environ["PYTHONPYCACHEPREFIX"].startswith(str(tmp_path / ".venv"))
    assert not {"PYTHONHOME", "PYTHONDONTWRITEBYTECODE"} & set(os.environ)


def test_off_makes_nothing(checkout, installs, monkeypatch):
    monkeypatch.setenv("W2S_VENV", "off")
    assert made(checkout) == Path(sys.executable)
    assert not installs and not (checkout / ".venv").exists()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no masks of processors")
def test_only_the_processors_of_the_mask_are_counted():
    call = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    call += "from w2s_utils.environment import cores; print(cores())"
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, cwd=environment.ROOT)
    assert done.stdout == "1\n", done.stderr
