"""Hashes are Git's own; the rest of a passport's provenance is there and is what the machine says."""

import hashlib
import os
import platform
import shutil
import subprocess

import numpy as np
import pytest

from w2s_utils import provenance
from w2s_utils.environment import ROOT

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder, *arguments: str) -> str:
    # nobody's own settings: an ignore file or a conversion of line ends would change what is hashed
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | plain
    command = ["git", "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def tree(tmp_path):
    """A folder with what makes tree hashes go wrong: order, modes, empty folders, caches, names beyond ASCII."""
    files = {
        "a.py": "one\n",
        "a/x.py": "two\n",
        "a-b.py": "three\n",
        "a0/deep/er/y.txt": "",
        "Z.py": "four\r\n",
        "é.md": "five",
        "no_newline": "six",
    }
    for name, text in files.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (tmp_path / "tree" / "binary.bin").write_bytes(bytes(range(256)))
    (tmp_path / "tree" / "run").write_text("#!/bin/sh\n")
    (tmp_path / "tree" / "run").chmod(0o755)
    return tmp_path / "tree"


def hash_by_git(folder, *paths: str) -> str:
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all", *paths)
    return git(folder, "write-tree")


@needs_git
def test_tree_hash_is_gits(tree):
    before = provenance.tree_hash(tree)
    assert before == hash_by_git(tree)
    # the repository's own folder is hidden, and left out
    assert provenance.tree_hash(tree) == before
    (tree / "a" / "x.py").write_text("another\n")
    assert provenance.tree_hash(tree) == hash_by_git(tree) != before
    (tree / "run").chmod(0o644)
    assert provenance.tree_hash(tree) == hash_by_git(tree)
    (tree / "a" / "x.py").rename(tree / "a" / "w.py")
    assert provenance.tree_hash(tree) == hash_by_git(tree)


@needs_git
def test_folders_without_a_file_and_caches_are_no_part_of_a_tree(tree):
    expected = hash_by_git(tree)
    (tree / "empty" / "inside").mkdir(parents=True)
    (tree / "left" / "__pycache__").mkdir(parents=True)
    (tree / "left" / "__pycache__" / "gone.cpython-313.pyc").write_bytes(b"\0")
    (tree / "a" / "old.pyc").write_bytes(b"\0")
    (tree / ".ipynb_checkpoints").mkdir()
    (tree / ".ipynb_checkpoints" / "x.py").write_text("x")
    (tree / "a" / ".DS_Store").write_text("x")
    assert provenance.tree_hash(tree) == expected


@needs_git
def test_package_tree_is_gits(tmp_path):
    copy = tmp_path / "package"
    shutil.copytree(ROOT / "w2s_utils", copy, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
    assert provenance.tree_hash(ROOT / "w2s_utils") == hash_by_git(copy)


@needs_git
def test_blob_hash_is_gits(tree):
    git(tree, "init", "--quiet")
    for path in sorted(path for path in tree.rglob("*") if path.is_file() and ".git" not in path.parts):
        assert provenance.blob_hash(path) == git(tree, "hash-object", "--no-filters", str(path)), path


def test_known_hashes(tmp_path):
    file = tmp_path / "hello"
    file.write_text("hello\n")
    assert provenance.blob_hash(file) == "ce013625030ba8dba906f756967f9e9ca394464a"
    file.write_bytes(b"")
    assert provenance.blob_hash(file) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert provenance.blob_hash(tmp_path / "missing") == provenance.blob_hash(tmp_path) == ""
    file.unlink()
    assert provenance.tree_hash(tmp_path) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_lock_hash(monkeypatch, tmp_path):
    assert provenance.lock_hash() == hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.lock_hash() == ""


def test_what_the_machine_says():
    versions = provenance.versions()
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == np.__version__
    assert all(isinstance(text, str) and text for text in versions.values())
    assert provenance.blas() and provenance.cpu()
    assert "\n" not in provenance.blas() + provenance.cpu()
