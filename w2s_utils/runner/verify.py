"""Compares figures with the committed ones: recomputed with a fresh seed, or as the last run left them.

``w2s verify`` and ``w2s test`` print the same table of it, and `receipts` keeps it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2s_utils.runner import chapters, execute, scorecard
from w2s_utils.runner.chapters import Chapter

SEED_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Check:
    """Outcome of comparing one figure with its reference.

    Attributes
    ----------
    figure, chapter : str
    rows, cells : int
        How much was compared.
    worst, deviation : str
        The column nearest to its limit, and how far it is off.
    problems : tuple of str
        One line for each cell beyond its limit, or why nothing could be compared.
    changed : tuple of str
        Which of lock, blas and cpu are not the reference's.
    claims, expected : int
        Claims of the figure, and how many of them came out with the committed verdict.
    fresh : dict
        Passport of the new figure, empty when there is none.
    """

    figure: str
    chapter: str
    rows: int = 0
    cells: int = 0
    worst: str = ""
    deviation: str = ""
    problems: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    claims: int = 0
    expected: int = 0
    fresh: dict[str, Any] = field(default_factory=dict)

    @property
    def result(self) -> str:
        return "differs" if self.problems else "agrees"


def verify(
    root: Path, figures: list[str], *, workers: int | None = None, echo: Callable[[str], None] = print
) -> list[Check]:
    """Recompute the chapters of some reference figures (all by default) and compare their data.

    A chapter's name stands for all its figures. Each chapter runs at preset ``fast`` with a fresh seed, if it has a
    parameter of that name.
    """
    wanted = _wanted(root, figures)
    names = {passport["chapter"] for passport in wanted}
    jobs = [_fresh(chapter) for chapter in chapters.select(root, sorted(names))] if names else []
    done = {r.job.chapter.name: r for r in execute.run(root, jobs, workers=workers, echo=echo)}
    checks = []
    for passport in wanted:
        result = done[passport["chapter"]]
        if result.status == "failed":
            problem = f"the chapter failed: {result.error}"
            checks.append(Check(passport["id"], passport["chapter"], problems=(problem,)))
        else:
            checks.append(_check(root, passport, result.folder / "figures"))
    return checks


def built(root: Path) -> list[Check]:
    """Compare what the last runs left in ``_build/figures`` with the reference; nothing is recomputed."""
    return [_check(root, passport, root / "_build" / "figures") for passport in _wanted(root, [])]


def table(checks: Sequence[Check]) -> list[str]:
    """The comparison as lines: one per figure, then what of the machine is not the reference's.

    Examples
    --------
    >>> for line in table([Check("pgr", "gap", 40, 120, "mean", "2.1 (z, limit 5)", claims=3, expected=3)]):
    ...     print(line)
    figure   rows   cells  claims   result   nearest to its limit
    pgr        40     120  3 of 3   agrees   mean 2.1 (z, limit 5)
    1 of 1 figures agree with the reference; lock, blas and cpu are the passports'
    """
    width = max((len(check.figure) for check in checks), default=6)
    lines = [f"{'figure':{width}}  {'rows':>5}  {'cells':>6}  {'claims':7}  {'result':7}  nearest to its limit"]
    for check in checks:
        claims = f"{check.expected} of {check.claims}"
        worst = f"{check.worst} {check.deviation}".strip()
        row = f"{check.figure:{width}}  {check.rows:>5}  {check.cells:>6}  {claims:7}  {check.result:7}  {worst}"
        lines.append(row.rstrip())
    agree = sum(check.result == "agrees" for check in checks)
    others = sorted({name for check in checks for name in check.changed})
    same = [name for name in ("lock", "blas", "cpu") if name not in others]
    machine = f"{_words(same)} {'is' if len(same) == 1 else 'are'} the passports'" if same else ""
    if others:
        machine += f"{', ' if machine else ''}{_words(others)} not (of some figures at least)"
    return [*lines, f"{agree} of {len(checks)} figures agree with the reference; {machine}"]


def _words(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _wanted(root: Path, figures: list[str]) -> list[dict[str, Any]]:
    """Passports of the reference figures that some names mean."""
    reference = {passport["id"]: passport for passport in scorecard.passports(root / "figures")}
    meant: dict[str, list[str]] = {name: [name] for name in reference}
    for name, passport in reference.items():
        meant.setdefault(passport["chapter"], []).append(name)
    for name in figures:
        if name not in meant:
            raise chapters.ChapterError(
                f"unknown figure {name}; known: {', '.join(reference) or 'none'}, and the names of chapters"
            )
    asked = [figure for name in figures for figure in meant[name]] or list(reference)
    return [reference[name] for name in dict.fromkeys(asked)]


def _fresh(chapter: Chapter) -> execute.Job:
    values = chapter.values()
    seed = chapter.parameters.get("seed")
    if seed is not None:
        low, high = int(seed.low or 0), int(min(seed.high or SEED_LIMIT, SEED_LIMIT))
        values["seed"] = low + secrets.randbelow(high - low + 1)
    return execute.Job(chapter, values, custom=True)


def _check(root: Path, passport: dict[str, Any], figures: Path) -> Check:
    name, chapter = passport["id"], passport["chapter"]
    folder = figures / name
    if not (folder / "figure.json").is_file():
        return Check(name, chapter, problems=("the chapter no longer makes this figure",))
    import pandas as pd

    from w2s_utils.runner import compare

    fresh = json.loads((folder / "figure.json").read_text(encoding="utf-8"))
    committed = scorecard.committed(root)
    told: dict[str, Any] = {
        "changed": tuple(key for key in ("lock", "blas", "cpu") if fresh.get(key) != passport.get(key)),
        "claims": len(fresh["claims"]),
        "expected": sum(c["verdict"] == committed.get(c["id"], {}).get("verdict") for c in fresh["claims"]),
        "fresh": fresh,
    }
    new = pd.read_csv(folder / "data.csv")
    try:
        cells = compare.deviations(new, pd.read_csv(root / "figures" / name / "data.csv"), passport["keys"])
    except ValueError as error:
        return Check(name, chapter, len(new), problems=(str(error),), **told)
    worst = max(cells, key=compare.Difference.share, default=None)
    problems = tuple(str(item) for item in cells if not item.agrees)
    column = worst.column if worst else ""
    size = f"{worst.deviation:.2g} ({worst.kind}, limit {worst.limit:.2g})" if worst else ""
    return Check(name, chapter, len(new), len(cells), column, size, problems, **told)
