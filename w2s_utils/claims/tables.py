"""Verdicts and their evidence as a reader sees them in a chapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from w2s_utils.claims.registry import Finding
from w2s_utils.claims.statistics import BEYOND


def measured(table: Any, name: str) -> dict[str, Any]:
    """Measurements of one column, as the tests of this package take them.

    Parameters
    ----------
    table : DataFrame
        With columns ``name``, ``name_se`` and ``designs``.
    name : str
        What was measured.

    Returns
    -------
    dict
        ``observed``, ``se`` and ``df``, the designs minus one.

    Raises
    ------
    KeyError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> measured(pd.DataFrame({"student": [0.5], "student_se": [0.1], "designs": [40]}), "student")["df"].tolist()
    [39]
    """
    return {"observed": table[name], "se": table[f"{name}_se"], "df": table["designs"] - 1}


def contrasts(steps: Any, sign: Any = 1) -> dict[str, Any]:
    """Differences as `trend` takes them; the effect stated beforehand is half of what exact theory predicts.

    Parameters
    ----------
    steps : DataFrame
        With columns ``step``, ``exact``, ``se`` and ``df``.
    sign : int or array_like
        1 where the claim says up, -1 where it says down.

    Returns
    -------
    dict
        ``effect``, ``se``, ``smallest`` and ``df``.

    Raises
    ------
    KeyError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> steps = pd.DataFrame({"step": [-0.2], "exact": [-0.3], "se": [0.01], "df": [99]})
    >>> contrasts(steps, -1)["effect"].tolist(), contrasts(steps, -1)["smallest"].tolist()
    ([0.2], [0.15])
    """
    return {"effect": sign * steps["step"], "se": steps["se"], "smallest": steps["exact"].abs() / 2, "df": steps["df"]}


class Table:
    """A small table that a notebook shows as Markdown and as text."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[str]]):
        self.header, self.rows = list(header), [list(row) for row in rows]

    def __repr__(self) -> str:
        widths = [max(len(cell) for cell in column) for column in zip(self.header, *self.rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in [self.header, *self.rows]
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_markdown_(self) -> str:
        """A Markdown table: mathematics between dollar signs is rendered wherever Markdown is."""
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def verdicts(findings: Sequence[Finding]) -> Table:
    """The table that nbval compares: claim, kind, expected value to three digits, verdict.

    The value expected of a trend is the effect stated beforehand.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    Table

    Examples
    --------
    >>> from w2s_utils.claims import exact
    >>> verdicts([exact("dong2025/student-variance", 1.0, 1.0, 0.004, df=399, on="simulation")]).rows[0][1:]
    ['exact', '1', 'holds']
    """
    rows = [
        (
            finding.statement,
            finding.kind,
            ("≥ " if finding.kind == "trend" and finding.expected is not None else "") + _digits(finding.expected),
            finding.verdict,
        )
        for finding in findings
    ]
    return Table(["claim", "kind", "expected", "verdict"], rows)


def evidence(findings: Sequence[Finding]) -> Table:
    """The table of measurements: observed, standard error, z, smallest deviation that would have been caught.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    Table

    Examples
    --------
    >>> from w2s_utils.claims import exact
    >>> evidence([exact("dong2025/student-variance", 1.0, 1.0, 0.004, df=399, on="simulation")]).header[1:4]
    ['observed', 'standard error', 'z']
    """
    header = ["claim", "observed", "standard error", "z", "would have caught", "on"]
    rows = [
        (
            f"`{finding.id}`",
            _digits(finding.observed),
            _digits(finding.se),
            _z(finding.z),
            _share(finding.detects),
            finding.on or f"needs {finding.needs}",
        )
        for finding in findings
    ]
    return Table(header, rows)


def _z(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:z.1f}" if abs(value) < BEYOND else "> 37" if value > 0 else "< -37"


def _share(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1%}" if value < 1 else f"{value:.1f} times"
