"""Links from a chapter to the symbols it uses, on the page of notation.

A symbol is a formula in the first column of a table on that page. It gets an address there, and every chapter whose
formulas have it gets a link to that address, in a line under its title. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ROW = re.compile(r"^\| (?P<first>(?:\$[^$]+\$(?:, |; )?)+) \|", re.MULTILINE)
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+(?:\n[^$\n]+)?)\$", re.DOTALL)
# a section of the page that holds for some chapters only: its title, and a part or chapters of the book
SCOPES = {
    "Mechanisms": ("mechanisms",),
    "One formula": ("unifying_view", "your_own_models"),
    "Spurious correlations": ("spurious_correlation",),
}


@dataclass(frozen=True)
class Symbol:
    """A symbol of the page: its TeX, its address there, and the section it stands in."""

    tex: str
    address: str
    section: str


def listed(page: str) -> list[Symbol]:
    """Symbols of the page, in its order.

    Examples
    --------
    >>> listed("## Symbols\\n\\n| $n$, $d_w$ | `n` | points |\\n")[1]
    Symbol(tex='d_w', address='symbol-symbols-d-w', section='Symbols')
    """
    found = []
    for section, text in _sections(page):
        for row in _ROW.finditer(text):
            for tex in re.findall(r"\$([^$]+)\$", row["first"]):
                name = re.sub(r"[^A-Za-z0-9]+", "-", f"{section} {_cased(tex)}").strip("-").lower()
                found.append(Symbol(tex, f"symbol-{name}", section))
    return found


def anchored(page: str) -> str:
    """The page with the address of each symbol in front of its row."""
    known = iter(listed(page))

    def mark(row: re.Match[str]) -> str:
        count = row["first"].count("$") // 2
        spans = "".join(f'<span class="w2s-place" id="{next(known).address}"></span>' for _ in range(count))
        return row[0].replace("| ", f"| {spans}", 1)

    return _ROW.sub(mark, page)


def used(symbols: Sequence[Symbol], text: str, part: str, name: str) -> list[Symbol]:
    """Those that occur in the formulas of a chapter; a section of its own part hides the same symbol elsewhere.

    Examples
    --------
    >>> page = listed("## Symbols\\n\\n| $n$ | `n` | points |\\n| $d$ | | size |\\n")
    >>> [symbol.tex for symbol in used(page, "at $n_t = 2$ and $d/n$", "mechanisms", "x")]
    ['n', 'd']
    """
    formulas = " ".join(first or second for first, second in _FORMULA.findall(text))
    chosen: dict[str, Symbol] = {}
    for symbol in symbols:
        scope = SCOPES.get(symbol.section)
        if scope is not None and not {part, name} & set(scope):
            continue
        # no letter, command or index more on either side
        there = re.search(rf"(?<![A-Za-z\\_{{]){re.escape(symbol.tex)}(?![A-Za-z_])", formulas)
        if there:
            chosen[symbol.tex] = symbol
    return list(chosen.values())


def line(symbols: Sequence[Symbol], way: str) -> str:
    """The line of links, as Markdown; empty without symbols."""
    links = " ".join(
        f'<a href="{way}pages/notation.html#{s.address}" aria-label="{_spoken(s.tex)}, in the notation">${s.tex}$</a>'
        for s in symbols
    )
    return f'<span class="w2s-symbols">Symbols: {links}</span>' if links else ""


def _sections(page: str) -> list[tuple[str, str]]:
    parts = re.split(r"^#{1,3} (.+)$", page, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _spoken(tex: str) -> str:
    return " ".join(re.sub(r"[^A-Za-z0-9]+", " ", tex).split())


def _cased(tex: str) -> str:
    """Capital letters told apart from small ones in an address that has only small ones."""
    return re.sub(r"(?<!\\)(?<![A-Za-z\\])([A-Z])(?![A-Za-z])", r"\1-cap", tex.replace(r"\Xi", "Xi-cap"))
