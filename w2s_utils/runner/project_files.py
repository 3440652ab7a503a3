"""Files that repeat what pyproject.toml says: environment.yml, made here, and the others, compared here.

Reads text only; nothing is solved or downloaded, so a conda package that does not exist is not noticed.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

# PyPI name -> conda-forge name, where they differ
CONDA_NAMES = {"matplotlib": "matplotlib-base"}

HEADER = """\
# Generated from pyproject.toml by `w2s refresh`: edit that file, not this one.
# It has been compared with pyproject.toml as text, and has never been solved or installed by CI.
#   conda env create -f environment.yml && conda activate w2s
#   pip install --no-deps -e .
#   export W2S_VENV=off        # then `w2s`, make book and make test stay in this environment
"""


def environment_yml(pyproject: dict[str, Any]) -> str:
    """Text of environment.yml: the run-time and the test requirements in conda's spelling.

    Parameters
    ----------
    pyproject : dict
        pyproject.toml, parsed.

    Returns
    -------
    str
        Same input, same text.

    Raises
    ------
    ValueError
        For a requirement that is malformed or that conda cannot express (an extra, a marker, an address).

    Examples
    --------
    >>> project = {"requires-python": ">=3.11", "dependencies": ["numpy>=2.1,<3", "matplotlib"]}
    >>> print(environment_yml({"project": project}).split("conda-forge")[1])
    <BLANKLINE>
    dependencies:
      - python >=3.11
      - matplotlib-base
      - numpy >=2.1,<3
    <BLANKLINE>
    """
    project = pyproject["project"]
    lines = {_conda(text) for text in _requirements(project)}
    dependencies = [f"python {_specifier(SpecifierSet(project['requires-python']))}", *sorted(lines)]
    listed = "".join(f"  - {line}\n" for line in dependencies)
    return f"{HEADER}name: w2s\nchannels:\n  - conda-forge\ndependencies:\n{listed}"


def disagreements(root: Path) -> list[str]:
    """What the project's files say differently from pyproject.toml, one line each; empty when they agree.

    Parameters
    ----------
    root : Path
        The checkout.

    Returns
    -------
    list of str
        About environment.yml, requirements.lock, and the version in CITATION.cff, .zenodo.json and the package.

    Examples
    --------
    >>> from w2s_utils.environment import ROOT
    >>> disagreements(ROOT)
    []
    """
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return [
        *_environment_disagreements(root, pyproject),
        *_lock_disagreements(root, pyproject),
        *_version_disagreements(root, pyproject["project"]["version"]),
    ]


def _environment_disagreements(root: Path, pyproject: dict[str, Any]) -> list[str]:
    file = root / "environment.yml"
    if not file.is_file():
        return ["environment.yml is missing: `w2s refresh` writes it"]
    try:
        want = environment_yml(pyproject)
    except ValueError as error:
        return [f"pyproject.toml: {error}"]
    have = file.read_text(encoding="utf-8")
    try:
        listed = [str(line) for line in yaml.safe_load(have)["dependencies"]]
    except (yaml.YAMLError, KeyError, TypeError):
        return ["environment.yml is not a list of dependencies in YAML"]
    expected = yaml.safe_load(want)["dependencies"]
    found = [f"environment.yml: {line!r} is not a conda requirement" for line in listed if not _is_conda(line)]
    found += [
        f"environment.yml: {line!r} is not what pyproject.toml asks for"
        for line in listed
        if _is_conda(line) and line not in expected
    ]
    found += [f"environment.yml: {line!r} is missing" for line in expected if line not in listed]
    if not found and have != want:
        found.append("environment.yml is not the text that `w2s refresh` writes")
    return found


def _lock_disagreements(root: Path, pyproject: dict[str, Any]) -> list[str]:
    file = root / "requirements.lock"
    if not file.is_file():
        return ["requirements.lock is missing"]
    locked: dict[str, set[str]] = {}
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)(\s*;.*)?", text)
        if match:
            locked.setdefault(canonicalize_name(match[1]), set()).add(match[2])
        elif text:
            found.append(f"requirements.lock: {text!r} is not name==version")
    # the project itself is built with the locked setuptools, without a download
    for text in [*_requirements(pyproject["project"]), *pyproject["build-system"]["requires"]]:
        try:
            requirement = _parse(text)
            versions = locked.get(canonicalize_name(requirement.name), set())
            bad = [v for v in versions if not requirement.specifier.contains(Version(v), prereleases=True)]
        except InvalidVersion as error:
            found.append(f"requirements.lock: {error}")
        except ValueError as error:
            found.append(f"pyproject.toml: {error}")
        else:
            if not versions:
                found.append(f"requirements.lock: {requirement.name} is missing")
            found += [f"requirements.lock: {requirement.name} {v} does not satisfy {text!r}" for v in sorted(bad)]
    return found


def _version_disagreements(root: Path, version: str) -> list[str]:
    # as text: the files are compared as they are released, not as this process imported them
    places = {
        "CITATION.cff": r"^version:\s*\"?([^\"\s]+)",
        ".zenodo.json": r"\"version\":\s*\"([^\"]+)\"",
        "w2s_utils/__init__.py": r"^__version__\s*=\s*\"([^\"]+)\"",
    }
    found = []
    for name, pattern in places.items():
        file = root / name
        match = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE) if file.is_file() else None
        if match is None:
            found.append(f"{name}: no version found")
        elif match[1] != version:
            found.append(f"{name}: version {match[1]}, pyproject.toml has {version}")
    return found


def _requirements(project: dict[str, Any]) -> list[str]:
    return [*project["dependencies"], *project.get("optional-dependencies", {}).get("test", [])]


def _parse(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(f"{text!r} is not a requirement ({str(error).splitlines()[0]})") from error


def _conda(text: str) -> str:
    requirement = _parse(text)
    if requirement.extras or requirement.marker or requirement.url:
        raise ValueError(f"{text!r} has an extra, a marker or an address, which environment.yml cannot express")
    name = canonicalize_name(requirement.name)
    return f"{CONDA_NAMES.get(name, name)} {_specifier(requirement.specifier)}".rstrip()


def _specifier(specifiers: SpecifierSet) -> str:
    """Lower bound first: a set of specifiers has no order of its own."""
    order = (">", "~", "=", "<", "!")
    return ",".join(sorted(map(str, specifiers), key=lambda text: (order.index(text[0]), text)))


def _is_conda(line: str) -> bool:
    name, _, specifier = line.partition(" ")
    try:
        SpecifierSet(specifier)
    except InvalidSpecifier:
        return False
    return re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) is not None
