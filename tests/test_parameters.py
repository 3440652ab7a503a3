"""The grammar of the parameters cell and the messages for what it does not allow."""

import pytest

from w2s_utils.runner.parameters import ParameterError, check, convert, parse, resolve

CELL = """\
# a comment of its own line is no help text
n: int = 2000  # [202, 20000] labelled points
sigma2: float = 1e-2  # [1e-6, ] noise, # of labels
seed: int = 0
d_sw: list[int] = [10, 50, 90]  # [, 100] shared directions
dataset: str = "blue_marble"  # {blue_marble, utkface} pictures
fancy: bool = False  # plain help
rates: list[float] = [0.1, 1]  # [0, 1]
names: list[str] = ["a"]  # {a, b}
"""


def test_every_line_of_the_grammar_is_read():
    cell = parse(CELL)
    assert list(cell) == ["n", "sigma2", "seed", "d_sw", "dataset", "fancy", "rates", "names"]
    assert (cell["n"].low, cell["n"].high, cell["n"].help) == (202, 20000, "labelled points")
    assert isinstance(cell["n"].low, int)
    assert (cell["sigma2"].low, cell["sigma2"].high, cell["sigma2"].help) == (1e-6, None, "noise, # of labels")
    assert (cell["seed"].allowed, cell["seed"].help) == ("", "")
    assert cell["d_sw"].allowed == "[, 100]"
    assert cell["dataset"].choices == ("blue_marble", "utkface")
    assert cell["fancy"].help == "plain help"
    assert cell["rates"].default == [0.1, 1.0] and all(type(x) is float for x in cell["rates"].default)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("n", "800", 800),
        ("n", "4e3", 4000),
        ("n", "1_000", 1000),
        ("sigma2", "3", 3.0),
        ("sigma2", "4e-4", 4e-4),
        ("seed", "-1", -1),
        ("d_sw", "10,50,90", [10, 50, 90]),
        ("d_sw", "[7]", [7]),
        ("d_sw", "7,", [7]),
        ("dataset", "utkface", "utkface"),
        ("fancy", "True", True),
        ("fancy", "no", False),
        ("rates", "0,.5", [0.0, 0.5]),
        ("names", "b,a", ["b", "a"]),
    ],
)
def test_text_is_converted(name, text, value):
    found = convert(parse(CELL)[name], text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("n", "10", r"^parameter n = 10 is outside \[202, 20000\]$"),
        ("n", "20001", r"outside \[202, 20000\]"),
        ("n", "2.5", "parameter n = '2.5' must be an integer"),
        ("n", "many", "must be an integer"),
        ("n", "inf", "must be an integer"),
        ("sigma2", "nan", "must be finite"),
        ("sigma2", "0", r"is outside \[1e-06, \]"),
        ("sigma2", "x", "must be a number"),
        ("d_sw", "10,500", r"parameter d_sw = 500 is outside \[, 100\]"),
        ("d_sw", "", "at least one element"),
        ("d_sw", "1,,2", "must be an integer"),
        ("dataset", "mnist", r"parameter dataset = mnist is not one of \{blue_marble, utkface\}"),
        ("fancy", "maybe", "must be true or false"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(name, text, message):
    with pytest.raises(ParameterError, match=message) as error:
        convert(parse(CELL)[name], text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("n = 5", "line 1: expected `name: type = literal"),
        ("import os", "expected `name: type"),
        ("n: int", "expected `name: type"),
        ("n: int = f()", "the value of n is not a literal"),
        ("n: int = 5 +", "line 1"),
        ("n: complex = 5", "n has type complex; allowed: int"),
        ("n: int = 5.0", "must be of type int"),
        ("n: int = True", "must be of type int"),
        ("n: list[int] = 5", "must be a list"),
        ("n: int = 5  # [6, 7]", r"outside \[6, 7\]"),
        ("n: str = 'a'  # [6, 7]", "has no range"),
        ("n: int = 5\nn: int = 6", "n is set twice"),
    ],
)
def test_a_cell_outside_the_grammar_is_refused(cell, message):
    with pytest.raises(ParameterError, match=message):
        parse(cell)


def test_presets_and_given_values_are_laid_over_the_defaults():
    cell = parse(CELL)
    values = resolve(cell, {"n": 4000, "rates": [1]}, [("n", "500"), ("seed", "3")])
    assert (values["n"], values["rates"], values["seed"], values["fancy"]) == (500, [1.0], 3, False)
    with pytest.raises(ParameterError, match="unknown parameter sede; did you mean seed.; known: n, sigma2"):
        resolve(cell, {}, [("sede", "3")])
    with pytest.raises(ParameterError, match="unknown parameter m"):
        resolve(cell, {"m": 1}, [])


def test_an_int_becomes_a_float_where_a_float_is_wanted():
    assert type(check(parse(CELL)["sigma2"], 1)) is float
