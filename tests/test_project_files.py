"""What several project files say must be the same: one source, compared here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from w2s_utils.environment import ROOT
from w2s_utils.runner.project_files import CONDA_NAMES, disagreements, environment_yml

COMPARED = (
    "pyproject.toml",
    "requirements.lock",
    "environment.yml",
    "CITATION.cff",
    ".zenodo.json",
    "w2s_utils/__init__.py",
)


@pytest.fixture
def copy(tmp_path):
    """The compared files in a folder of their own."""
    (tmp_path / "w2s_utils").mkdir()
    for name in COMPARED:
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def edit(root, name, old, new):
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_project_agrees_with_itself():
    assert disagreements(ROOT) == []


def test_environment_yml_is_conda_for_the_same_packages():
    with (ROOT / "pyproject.toml").open("rb") as file:
        pyproject = tomllib.load(file)
    text = environment_yml(pyproject)
    content = yaml.safe_load(text)
    assert list(content) == ["name", "channels", "dependencies"]
    assert (content["name"], content["channels"]) == ("w2s", ["conda-forge"])
    project = pyproject["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.match(r"[\w.-]+", line)[0] for line in wanted}
    assert {line.split()[0] for line in content["dependencies"]} == {
        "python",
        *(CONDA_NAMES.get(name, name) for name in names),
    }
    assert "w2s refresh" in text and "never been solved" in text


CHANGES = [
    ("environment.yml", "scipy >=1.14", "scipy >=1.13", "'scipy >=1.13' is not what pyproject.toml asks for"),
    ("environment.yml", "  - pandas >=2.2\n", "", "'pandas >=2.2' is missing"),
    ("environment.yml", "numpy >=", "numpy >> ", "is not a conda requirement"),
    ("environment.yml", "name: w2s", "name: book", "is not the text"),
    ("environment.yml", "dependencies:", "dependencies: [", "not a list of dependencies"),
    ("pyproject.toml", '"scipy>=1.14"', '"scipy>=1.15"', "'scipy >=1.14' is not what pyproject.toml asks for"),
    ("pyproject.toml", '"scipy>=1.14"', '"scipy>=99"', "does not satisfy 'scipy>=99'"),
    ("pyproject.toml", '"scipy>=1.14"', '"scipy>>1"', "'scipy>>1' is not a requirement"),
    ("pyproject.toml", '"scipy>=1.14"', '"scipy[all]>=1.14"', "has an extra, a marker or an address"),
    ("pyproject.toml", '"scipy>=1.14"', '"scipy>=1.14", "sympy"', "requirements.lock: sympy is missing"),
    ("pyproject.toml", "setuptools>=", "setuptools>=9", "requirements.lock: setuptools"),
    ("requirements.lock", "jupyter-book==1.", "jupyter-book==2.", "does not satisfy 'jupyter-book"),
    ("requirements.lock", "pandas==", "pandas>=", "is not name==version"),
    ("requirements.lock", "pandas==", "pandas==x", "Invalid version"),
    ("CITATION.cff", "version: 0", "version: 9", "CITATION.cff: version 9"),
    (".zenodo.json", '"version": "0', '"version": "9', ".zenodo.json: version 9"),
    ("w2s_utils/__init__.py", '__version__ = "0', '__version__ = "9', "w2s_utils/__init__.py: version 9"),
    ("pyproject.toml", 'version = "0', 'version = "8', "pyproject.toml has 8"),
]


@pytest.mark.parametrize(("name", "old", "new", "message"), CHANGES)
def test_a_change_in_one_file_is_caught(copy, name, old, new, message):
    assert disagreements(copy) == []
    edit(copy, name, old, new)
    found = disagreements(copy)
    assert any(message in line for line in found), found
    assert all("\n" not in line for line in found)


@pytest.mark.parametrize("name", COMPARED[1:])
def test_a_missing_file_is_caught(copy, name):
    (copy / name).unlink()
    assert any(line.startswith(name) for line in disagreements(copy))


def test_citation_names_the_three_papers():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["authors"] == [{"name": "the project contributors"}]
    papers = {"2502.05075", "2509.24005", "2505.18346"}
    bib = (ROOT / "references.bib").read_text(encoding="utf-8")
    zenodo = {item["identifier"] for item in json.loads((ROOT / ".zenodo.json").read_bytes())["related_identifiers"]}
    assert zenodo == {f"arXiv:{paper}" for paper in papers}
    for paper in papers:
        assert paper in text and paper in bib


def test_workflow_runs_the_two_commands_on_every_python_with_pinned_actions():
    text = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    with (ROOT / "pyproject.toml").open("rb") as file:
        oldest = tomllib.load(file)["project"]["requires-python"].removeprefix(">=")
    assert jobs["check"]["strategy"]["matrix"]["python"][0] == oldest
    commands = [step.get("run") for step in jobs["check"]["steps"]]
    assert commands.index("make book") < commands.index(".ci/run")
    used = re.findall(r"uses: (.+)", text)
    assert used and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in used)
    assert all("timeout-minutes" in job for job in jobs.values())
    writers = [name for name, job in jobs.items() if "write" in str(job.get("permissions"))]
    assert writers == ["publish"] and all("run" not in step for step in jobs["publish"]["steps"])


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["book"], "python3 -m w2s_utils build --preset fast"),
        (["book", "PRESET=paper"], "python3 -m w2s_utils build --preset paper"),
        (["test", "PYTHON=python3.12"], "python3.12 -m w2s_utils test"),
        (["env"], "python3 -m w2s_utils env"),
        (["pdf"], "python3 -m w2s_utils pdf --preset fast"),
        (["bench"], ".venv/bin/python -m benchmarks"),
        (["bench", "W2S_VENV=off"], "python3 -m benchmarks"),
        ([], "make book"),
    ],
)
def test_make_targets(arguments, command, monkeypatch):
    for name in ("PYTHON", "PRESET", "W2S_VENV", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        monkeypatch.delenv(name, raising=False)
    shown = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert command in shown
