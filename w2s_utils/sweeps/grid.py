"""The points of a sweep: ``--sweep NAME=a..b:count`` or ``--sweep NAME=v1,v2,...``, crossed. Standard library only."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from w2s_utils.runner.parameters import Parameter, ParameterError, check, closest, convert

LIMIT = 1_000_000  # points of one sweep
_FORM = "NAME=a..b:count or NAME=v1,v2,..., e.g. n=400..4000:20 or d_sw=10,50,90"


def values(parameter: Parameter, text: str) -> list[Any]:
    """Values of one axis, each checked by the parameter's own grammar.

    Parameters
    ----------
    parameter : Parameter
        A scalar.
    text : str
        ``a..b:count``, evenly spaced with both ends (integers are rounded, and named once), or a comma list.

    Returns
    -------
    list

    Raises
    ------
    ParameterError
        For malformed text, a value out of range or a value given twice.

    Examples
    --------
    >>> n = Parameter("n", "int", 400, low=1, high=5000)
    >>> values(n, "400..4000:4"), values(n, "10,50")
    ([400, 1600, 2800, 4000], [10, 50])
    """
    if ".." not in text:
        found = [convert(parameter, part) for part in text.split(",")]
        for value in found:
            if found.count(value) > 1:
                raise ParameterError(f"sweep {parameter.name}={text} names {value} twice; allowed: once")
        return found
    ends, _, count = text.partition(":")
    low, _, high = ends.partition("..")
    if parameter.element not in ("int", "float"):
        raise ParameterError(f"sweep {parameter.name}={text}: {parameter.name} is no number; allowed: a list v1,v2")
    if not count.strip().isdecimal() or not 2 <= int(count) <= LIMIT:
        raise ParameterError(
            f"sweep {parameter.name}={text}: count = {count!r} is not allowed: an integer from 2 to {LIMIT}"
        )
    first, last = convert(parameter, low), convert(parameter, high)
    steps = int(count) - 1
    spaced = [first + (last - first) * k / steps for k in range(steps)] + [last]
    if parameter.element == "int":
        spaced = [round(value) for value in spaced]
    return list(dict.fromkeys(check(parameter, value) for value in spaced))


def axes(declared: Mapping[str, Parameter], used: Sequence[str], given: Sequence[str]) -> dict[str, list[Any]]:
    """The axes of a sweep, in the order given.

    Parameters
    ----------
    declared : mapping of str to Parameter
        Parameters of the chapter.
    used : sequence of str
        Those that enter a point.
    given : sequence of str
        What followed each ``--sweep``.

    Returns
    -------
    dict of str to list

    Raises
    ------
    ParameterError
        For an axis that is malformed, unknown, given twice, a list, or that no point depends on.

    Examples
    --------
    >>> axes({"n": Parameter("n", "int", 4)}, ["n"], ["n=2..4:3"])
    {'n': [2, 3, 4]}
    """
    found: dict[str, list[Any]] = {}
    scalars = [name for name in used if name in declared and not declared[name].is_list]
    for text in given:
        name, equals, rest = (part.strip() for part in text.partition("="))
        if not (name and equals and rest):
            raise ParameterError(f"sweep {text!r} is not allowed: {_FORM}")
        if name in found:
            raise ParameterError(f"sweep {name} is given twice; allowed: once")
        if name in declared and declared[name].is_list and name in used:
            raise ParameterError(f"sweep {name}: a list, whose values are crossed anyway; use -p {name} v1,v2,...")
        if name not in scalars:
            hint = closest(name, scalars)
            raise ParameterError(f"sweep {name} is not allowed{hint}; scalars of a point: {', '.join(scalars)}")
        found[name] = values(declared[name], rest)
    return found


def points(fixed: Mapping[str, Any], swept: Mapping[str, Sequence[Any]], used: Sequence[str]) -> list[dict[str, Any]]:
    """Every combination; a list among the fixed values is an axis too, with the name of its parameter.

    Parameters
    ----------
    fixed : mapping
        Values of all parameters of the chapter.
    swept : mapping of str to sequence
        From `axes`; these take precedence.
    used : sequence of str
        Names that enter a point, in the order of the columns.

    Returns
    -------
    list of dict
        The last axis varies fastest.

    Raises
    ------
    ParameterError
        For more than a million points.

    Examples
    --------
    >>> points({"n": 4, "d": [1, 2], "other": 0}, {"n": [5, 6]}, ["n", "d"])
    [{'n': 5, 'd': 1}, {'n': 5, 'd': 2}, {'n': 6, 'd': 1}, {'n': 6, 'd': 2}]
    """
    lists = {name: fixed[name] for name in used if isinstance(fixed[name], list)}
    crossed = {**swept, **lists}
    count = 1
    for axis in crossed.values():
        count *= len(axis)
    if count > LIMIT:
        raise ParameterError(f"the sweep has {count} points; allowed: at most {LIMIT}")
    plain = {name: fixed[name] for name in used}
    return [
        {name: (plain | dict(zip(crossed, combination, strict=True)))[name] for name in used}
        for combination in itertools.product(*crossed.values())
    ]
