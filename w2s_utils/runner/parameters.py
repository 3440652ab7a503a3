"""The ``parameters`` cell of a chapter: read its grammar, convert and check what the reader passes.

One line per parameter, ``name: type = literal  # [lo, hi] help``, ``# {a, b, c} help`` or ``# help``.
Uses the standard library only and never executes the cell.
"""

from __future__ import annotations

import ast
import difflib
import io
import math
import re
import shlex
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from w2s_utils._progress import printable

SCALARS: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
TYPES = (*SCALARS, "list[int]", "list[float]", "list[str]")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_WANTED = {"bool": "true or false", "int": "an integer", "float": "a number", "str": "text"}
_RANGE = re.compile(r"\[\s*([^,\[\]]*?)\s*,\s*([^,\[\]]*?)\s*\]\s*(.*)", re.DOTALL)
_CHOICES = re.compile(r"\{([^{}]*)\}\s*(.*)", re.DOTALL)


class ParameterError(ValueError):
    """A parameter is unknown, malformed or outside what its chapter allows; the message is one line."""

    def __init__(self, message: str) -> None:
        # a value may hold anything: line ends and control characters are shown, and only the start of it
        super().__init__(printable(message[:600]))


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell.

    Attributes
    ----------
    name, type : str
        The name and one of `TYPES`.
    default : object
        Value in the cell, already of that type.
    low, high : float or None
        Inclusive limits of the value, or of every element of a list.
    choices : tuple or None
        The only values allowed.
    help : str
        What is left of the comment.
    """

    name: str
    type: str
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] | None = None
    help: str = ""

    @property
    def is_list(self) -> bool:
        return self.type.startswith("list[")

    @property
    def element(self) -> str:
        """Name of the type of one element."""
        return self.type[5:-1] if self.is_list else self.type

    @property
    def allowed(self) -> str:
        """What is allowed, in words; empty when anything of the right type is."""
        if self.choices is not None:
            return "{" + ", ".join(map(str, self.choices)) + "}"
        if self.low is None and self.high is None:
            return ""
        low, high = ("" if limit is None else f"{limit:.12g}" for limit in (self.low, self.high))
        return f"[{low}, {high}]"


def parse(source: str) -> dict[str, Parameter]:
    """Read a parameters cell.

    Parameters
    ----------
    source : str
        Source of the cell.

    Returns
    -------
    dict of str to Parameter
        In the order of the cell.

    Raises
    ------
    ParameterError
        When a line is outside the grammar, or a default is outside its own range.

    Examples
    --------
    >>> cell = parse("n: int = 2000  # [202, 20000] labelled points")
    >>> cell["n"].default, cell["n"].allowed, cell["n"].help
    (2000, '[202, 20000]', 'labelled points')
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ParameterError(f"parameters cell, line {error.lineno}: {error.msg}") from None
    comments = {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip()
    }
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        parameter = _parse_line(statement, comments.get(statement.end_lineno or 0, ""))
        if parameter.name in found:
            raise ParameterError(f"parameters cell: {parameter.name} is set twice")
        check(parameter, parameter.default)
        found[parameter.name] = parameter
    return found


def convert(parameter: Parameter, text: str) -> Any:
    """Turn the text of ``-p NAME TEXT`` into a checked value.

    Examples
    --------
    >>> convert(parse("d_sw: list[int] = [10]  # [0, 100] shared")["d_sw"], "10,50,90")
    [10, 50, 90]
    >>> convert(parse("n: int = 2000  # [202, 20000]")["n"], "10")
    Traceback (most recent call last):
    w2s_utils.runner.parameters.ParameterError: parameter n = 10 is outside [202, 20000]
    """
    if not parameter.is_list:
        return check(parameter, _scalar(parameter, text))
    parts = [part.strip() for part in text.strip().strip("[]").split(",")]
    if parts and parts[-1] == "":
        parts.pop()
    return check(parameter, [_scalar(parameter, part) for part in parts])


def check(parameter: Parameter, value: Any) -> Any:
    """Check type, range and choices of a Python value; return it, an int as a float if need be."""
    if parameter.is_list:
        if not isinstance(value, list):
            raise ParameterError(f"parameter {parameter.name} = {value!r} must be a list, e.g. 10,50,90")
        if not value:
            raise ParameterError(f"parameter {parameter.name} must have at least one element")
    values: list[Any] = value if parameter.is_list else [value]
    checked = []
    for item in values:
        if parameter.element == "float" and type(item) is int:
            item = float(item)
        if type(item).__name__ != parameter.element:
            raise ParameterError(f"parameter {parameter.name} = {item!r} must be of type {parameter.element}")
        if parameter.element == "float" and not math.isfinite(item):
            raise ParameterError(f"parameter {parameter.name} = {item} must be finite")
        if parameter.choices is not None and item not in parameter.choices:
            raise ParameterError(f"parameter {parameter.name} = {item} is not one of {parameter.allowed}")
        too_low = parameter.low is not None and item < parameter.low
        if too_low or (parameter.high is not None and item > parameter.high):
            raise ParameterError(f"parameter {parameter.name} = {item} is outside {parameter.allowed}")
        checked.append(item)
    return checked if parameter.is_list else checked[0]


def resolve(
    declared: Mapping[str, Parameter], preset: Mapping[str, Any], given: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """All values of one run: the cell's defaults, then what the preset changes, then what the reader gives.

    Examples
    --------
    >>> resolve(parse("n: int = 400\\nseed: int = 0"), {"n": 4000}, [("seed", "7")])
    {'n': 4000, 'seed': 7}
    >>> resolve(parse("n: int = 400"), {}, [("m", "7")])
    Traceback (most recent call last):
    w2s_utils.runner.parameters.ParameterError: unknown parameter m; known: n
    """
    values = {name: parameter.default for name, parameter in declared.items()}
    for name, value in preset.items():
        values[name] = check(_known(declared, name), value)
    seen: dict[str, str] = {}
    for name, text in given:
        if name in seen:
            raise ParameterError(f"parameter {name} is given twice: {seen[name]} and {text}; allowed: once")
        seen[name] = text
        values[name] = convert(_known(declared, name), text)
    return values


def text_of(value: Any) -> str:
    """A value as the text that `convert` takes.

    Examples
    --------
    >>> text_of([10, 50]), text_of(0.01), text_of(True), text_of("")
    ('10,50', '0.01', 'true', '')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def shown(value: Any) -> str:
    """The same as it is typed after ``-p NAME``, quoted for a shell where that is needed.

    Examples
    --------
    >>> shown([10, 50]), shown(""), shown("my data")
    ('10,50', "''", "'my data'")
    """
    return shlex.quote(text_of(value))


def closest(name: str, known: Iterable[str]) -> str:
    """``"; did you mean x?"`` when a known name is near, else an empty string."""
    match = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {match[0]}?" if match else ""


def _known(declared: Mapping[str, Parameter], name: str) -> Parameter:
    if name not in declared:
        names = ", ".join(declared) or "none"
        raise ParameterError(f"unknown parameter {name}{closest(name, declared)}; known: {names}")
    return declared[name]


def _parse_line(statement: ast.stmt, comment: str) -> Parameter:
    if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value):
        raise ParameterError(
            f"parameters cell, line {statement.lineno}: expected `name: type = literal  # [lo, hi] help`"
        )
    name, kind = statement.target.id, ast.unparse(statement.annotation)
    if kind not in TYPES:
        raise ParameterError(f"parameters cell: {name} has type {kind}; allowed: {', '.join(TYPES)}")
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        raise ParameterError(f"parameters cell: the value of {name} is not a literal") from None
    bare = Parameter(name, kind, default)
    if isinstance(default, list):
        default = [float(x) if bare.element == "float" and type(x) is int else x for x in default]
    elif kind == "float" and type(default) is int:
        default = float(default)
    if match := _RANGE.match(comment):
        if bare.element not in ("int", "float"):
            raise ParameterError(f"parameters cell: {name} is of type {kind}, which has no range")
        low, high = (_limit(bare, text) for text in match.group(1, 2))
        return Parameter(name, kind, default, low=low, high=high, help=match[3].strip())
    if match := _CHOICES.match(comment):
        choices = tuple(_scalar(bare, part.strip()) for part in match[1].split(","))
        return Parameter(name, kind, default, choices=choices, help=match[2].strip())
    return Parameter(name, kind, default, help=comment)


def _limit(parameter: Parameter, text: str) -> float | None:
    if not text:
        return None
    value = float(_scalar(Parameter(parameter.name, "float", 0.0), text))
    return int(value) if parameter.element == "int" and value.is_integer() else value


def _scalar(parameter: Parameter, text: str) -> Any:
    kind = parameter.element
    try:
        if kind == "bool":
            return _WORDS[text.strip().lower()]
        if kind == "int":
            return int(text) if re.fullmatch(r"\s*[+-]?[\d_]+\s*", text) else _whole(float(text))
        return SCALARS[kind](text)
    except (ValueError, KeyError):
        wanted = _WANTED[kind]
        raise ParameterError(f"parameter {parameter.name} = {text!r} must be {wanted}") from None


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError
    return int(value)
