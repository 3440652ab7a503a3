"""Figures are kept complete or not at all, and what does not fit is refused before anything is written."""

import errno
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests.toyfigure import FILES, TABLE, names, passport, publish
from w2s_utils import figures
from w2s_utils.claims import Finding


@pytest.fixture(autouse=True)
def style(monkeypatch):
    monkeypatch.delenv("W2S_CONTEXT", raising=False)
    with matplotlib.rc_context():
        figures.use_style()
        yield


@pytest.fixture
def output(tmp_path, monkeypatch) -> Path:
    """The folder of figures of a chapter that runs outside the runner, in a checkout of its own."""
    monkeypatch.setattr(figures.publishing, "ROOT", tmp_path)
    return tmp_path / "_build" / "interactive"


# complete or not at all


@pytest.mark.parametrize("failing", ["light.svg", "dark.png", "figure.json", "rename"])
def test_a_failing_write_leaves_what_was_there(output, monkeypatch, failing):
    publish(title="Before")
    kept = {path.name: path.read_bytes() for path in (output / "toy-figure").iterdir()}

    def fails(method):
        def wrapped(path, *arguments, **options):
            if failing in (path.name, method):
                raise OSError(errno.ENOSPC, "No space left on device")
            return original[method](path, *arguments, **options)

        return wrapped

    original = {method: getattr(Path, method) for method in ("write_bytes", "write_text", "rename")}
    for method in original:
        monkeypatch.setattr(Path, method, fails(method))
    with pytest.raises(OSError) as error:
        publish(title="After")
    assert str(error.value) == (
        f"figures folder {output} cannot be written: No space left on device; make it writable or free space"
    )
    monkeypatch.undo()
    if failing != "rename":
        assert {path.name: path.read_bytes() for path in (output / "toy-figure").iterdir()} == kept
    assert set(names(output)) <= {"toy-figure"}


def test_an_interrupted_write_leaves_nothing(output, monkeypatch):
    def interrupted(path, *_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish()
    assert names(output) == []


def test_a_killed_run_leaves_no_figure_and_is_cleared_away(output, monkeypatch):
    draft = output / f".toy-figure-{figures.publishing.os.getpid()}"
    draft.mkdir(parents=True)
    (draft / "figure.json").write_text("{")
    assert not (output / "toy-figure").exists()
    publish()
    assert names(output) == ["toy-figure"] and names(output / "toy-figure") == FILES


def test_folders_that_cannot_be_written(output, monkeypatch):
    output.parent.mkdir()
    output.write_text("a file where the folder should be")
    with pytest.raises(
        OSError, match=f"^figures folder {output} cannot be written: .*; make it writable or free space$"
    ):
        publish()
    assert output.read_text() == "a file where the folder should be"
    output.unlink()
    output.mkdir()
    (output / "toy-figure").write_text("a file where the figure should be")
    with pytest.raises(OSError, match="cannot be written: Not a directory"):
        publish()
    assert names(output) == ["toy-figure"]

    def denied(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(OSError, match=f"^figures folder {output} cannot be written: Permission denied; make it"):
        publish()
    assert names(output) == ["toy-figure"]


def test_publishing_again_replaces_everything(output):
    publish()
    (output / "toy-figure" / "left.txt").write_text("from an older version")
    publish(table=TABLE.head(2), title="Again")
    assert names(output / "toy-figure") == FILES
    assert passport(output / "toy-figure")["title"] == "Again"
    assert len(pd.read_csv(output / "toy-figure" / "data.csv")) == 2


# refusals


def with_axes(*calls) -> Figure:
    figure, ax = figures.subplots(figsize=(2, 1.5))
    for name, *arguments in calls:
        getattr(ax, name)(*arguments)
    return figure


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [("plot", [], [])],
        [("plot", [1, 2], [np.nan, np.nan])],
        [("axhline", 1.0)],
        [("text", 0.5, 0.5, "only words")],
        [("set_title", "only a title")],
    ],
)
def test_blank_figures_are_refused(output, calls):
    with pytest.raises(ValueError, match="^figure = 'toy-figure' is blank: nothing is drawn in it$"):
        publish(with_axes(*calls))
    with pytest.raises(ValueError, match="is blank"):
        publish(Figure())
    assert not output.exists()


@pytest.mark.parametrize(
    "call",
    [
        ("plot", [1, 2], [1, np.nan]),
        ("scatter", [1], [1]),
        ("errorbar", [1, 2], [1, 2], [0.1, 0.1]),
        ("bar", [1, 2], [1, 2]),
        ("fill_between", [1, 2], [0, 1], [1, 2]),
        ("imshow", np.eye(3)),
        ("loglog", [1, 10], [1, 10]),
    ],
)
def test_figures_that_show_something_are_not_blank(call):
    assert not figures.publishing.blank(with_axes(("axhline", 1.0), call))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(id="Toy"), "id = 'Toy' is not allowed: lower case letters, digits and hyphens"),
        (dict(id=""), "id = '' is not allowed: lower case letters, digits and hyphens"),
        (dict(id="../toy"), "id = '../toy' is not allowed: lower case letters, digits and hyphens"),
        (dict(alt="a plot"), "alt = 'a plot' is not allowed: at least 8 characters"),
        (dict(alt="  a \n      plot  "), "alt = 'a plot' is not allowed: at least 8 characters"),
        (
            dict(keys=["n", "missing"]),
            "keys = ['n', 'missing'] are not allowed: columns of the table that name each row",
        ),
        (dict(keys=[]), "keys = [] are not allowed"),
        (dict(table=TABLE.assign(n=1)), "keys = ['n'] are not allowed: columns of the table that name each row once"),
        (dict(table=TABLE.head(0)), "keys = ['n'] are not allowed"),
        (
            dict(table=TABLE.assign(risk=[0.1, np.nan, 0.2])),
            "table = nan in ['risk'] is not allowed: every cell filled",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(output, change, message):
    with pytest.raises(ValueError) as error:
        publish(**change)
    assert str(error.value).startswith(message) and "\n" not in str(error.value)
    assert not output.exists()


def test_passports_without_a_number_are_refused_before_anything_is_written(output):
    broken = Finding("toy/x", "A toy.", "exact", float("nan"), *[1.0] * 4, "holds", "simulation")
    with pytest.raises(ValueError, match="not JSON compliant"):
        publish(claims=[broken])
    assert not output.exists()


def test_two_keys_may_name_a_row_together(output):
    publish(table=TABLE.assign(n=[1, 1, 2]), keys=["n", "law"])
    assert passport(output / "toy-figure")["keys"] == ["n", "law"]
