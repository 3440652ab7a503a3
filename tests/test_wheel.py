"""A wheel, installed where there is no checkout: it lists its chapters and says what it cannot do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests import toybook
from w2s_utils.runner import chapters

ROOT = toybook.ROOT
NEEDED = ("w2s_utils", "chapters", "_toc.yml", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, without asking for anything from the network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in (*NEEDED, "data/claims.csv"):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
        else:
            shutil.copy2(ROOT / name, target)
    call = "from setuptools import build_meta; print(build_meta.build_wheel('..'))"
    ran = subprocess.run([sys.executable, "-c", call], cwd=source, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return folder / ran.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel):
    """A new environment with the wheel; what it depends on is lent by this one, which has no wheel to lend."""
    folder = wheel.parent / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    command = [python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--force-reinstall", wheel]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return python.parent / "w2s"


def w2s(command, *arguments, folder):
    dropped = ("PYTHONPATH", "W2S_VENV", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    return subprocess.run([command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_a_wheel_holds_the_package_the_notebooks_and_the_claims_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for chapter in chapters.discover(ROOT):
        place = f"share/w2s-utils/{chapter.document}.ipynb"
        assert any(name.endswith(place) for name in names), f"pyproject.toml, data-files: {place} is missing"
    tops = {name.split("/")[0] for name in names}
    assert tops == {"w2s_utils", *(top for top in tops if top.endswith((".dist-info", ".data")))}
    assert any(name.endswith("share/w2s-utils/data/claims.csv") for name in names)
    assert wheel.stat().st_size < 5e6


def test_every_part_of_the_book_is_named_in_pyproject():
    files = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    assert {f"share/w2s-utils/chapters/{chapter.part}" for chapter in chapters.discover(ROOT)} <= set(files)


def test_a_fresh_environment_lists_every_chapter_with_its_parameters(installed, tmp_path):
    ran = w2s(installed, "list", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("chapters of the book w2s-utils ") and "clone its repository" in lines[0]
    for chapter in chapters.discover(ROOT):
        assert f"  {chapter.name}" in lines and f"    {chapter.title}" in lines
    assert "    status: 9 hold, 3 hold with a correction" in lines and "    last run: none yet" in lines
    assert any(line.startswith("    -p n: int = ") for line in lines)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run ridge_rate", "build", "pdf", "env", "test", "verify", "refresh"])
def test_what_needs_a_checkout_says_so_in_one_line(installed, tmp_path, command):
    ran = w2s(installed, *command.split(), folder=tmp_path)
    assert ran.returncode == 2 and ran.stdout == ""
    assert ran.stderr.startswith(f"w2s {command.split()[0]}: this is the installed package w2s-utils ")
    assert "needs a checkout of the book" in ran.stderr and ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_report_on_two_models_needs_no_checkout(installed, tmp_path):
    ran = w2s(installed, "diagnose", "absent.npy", "absent.npy", folder=tmp_path)
    assert ran.returncode == 1 and "absent.npy" in ran.stderr and "checkout" not in ran.stderr
