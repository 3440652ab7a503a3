"""A toy book in a temporary folder: small chapters that only need the standard library and matplotlib."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

PUBLISH = """\
import json, math, os
from pathlib import Path
import matplotlib.pyplot as plt
from IPython.display import Image, display
context = json.loads(Path(os.environ["W2S_CONTEXT"]).read_text())
folder = Path(context["output"]) / FIGURE
folder.mkdir(parents=True)
for mode in ("light", "dark"):
    with plt.style.context("default" if mode == "light" else "dark_background"):
        figure, axes = plt.subplots(figsize=(6, 3.5))
        axes.plot(range(10), [n / (x + 1) for x in range(10)], color="#0072B2")
        axes.set(xlabel="x", ylabel="risk")
        figure.savefig(folder / f"{mode}.svg", transparent=True)
        figure.savefig(folder / f"{mode}.png")
        plt.close(figure)
rows = "".join(f"{x},{n / (x + 1)!r},{mean + 0.005 * math.sin(seed)!r},0.01\\n" for x in range(3))
(folder / "data.csv").write_text("x,risk,mean,mean_se\\n" + rows)
claims = [
    {"id": f"toy/{FIGURE}", "statement": "The risk falls like $1/x$.", "kind": "exact", "expected": 0.1 * n,
     "observed": 0.1 * n, "se": None, "z": None, "detects": None, "verdict": verdict, "on": "simulation",
     "needs": None},
]
passport = {
    "id": FIGURE, "chapter": context["chapter"], "parameters": context["parameters"],
    "preset": context["preset"], "seed": seed, "data": [], "versions": {},
    "lock": "0", "blas": "toy", "cpu": "toy", "package_tree": "0",
    "notebook": "0", "seconds": 0.1, "memory": 1, "claims": claims, "title": "Risk against x",
    "caption": "The risk $r(x) = n/x$ with `n` from the parameters. **Line:** theory.",
    "alt": "A curve that falls from left to right", "keys": ["x"],
}
(folder / "figure.json").write_text(json.dumps(passport))
display(Image(filename=folder / "light.png"), metadata={"w2s": {"figure": FIGURE}})
"""

PARAMETERS = """\
n: int = 4  # [2, 100] points
mean: float = 0.5  # [0, 1] centre
seed: int = 0  # [0, 2000000000] seed
verdict: str = "holds"  # {holds, fails} what to say
"""


def code(name: str, source: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    metadata = {"tags": list(tags)} if tags else {}
    cell = {"cell_type": "code", "id": name, "metadata": metadata, "source": source}
    return {**cell, "outputs": [], "execution_count": None}


def text(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def notebook(cells: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "w2s": settings}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def chapter(figure: str, title: str = "Toy", extra: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """A chapter that draws one figure with one claim."""
    prose = f"# {title}\n\nOne sentence, and $E = mc^2$, see {{numref}}`fig-{figure}`.\n\n$$\\int_0^1 x\\,dx$$"
    publish = f'FIGURE = "{figure}"\n' + PUBLISH
    cells = [
        text("title", prose),
        code("parameters", PARAMETERS, ("parameters",)),
        *extra,
        code("draw", publish, ("hide-input",)),
        code("say", "print('n is', n)"),
    ]
    return notebook(cells, item="toy2026 · theorem", paper={"n": 8})


def make_root(root: Path, chapters: dict[str, dict[str, Any]], claims: dict[str, str] | None = None) -> Path:
    """Write notebooks, their table of contents and their expected verdicts."""
    folder = root / "chapters" / "toy"
    folder.mkdir(parents=True)
    for name, content in chapters.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(content))
    pages = ("scorecard", "gallery", "receipts", "notation", "sources", "checks", "limits", "api")
    parts = {
        "Toy": [f"chapters/toy/{name}" for name in chapters],
        "Pages": [f"pages/{name}" for name in pages],
    }
    toc = "format: jb-book\nroot: intro\nparts:\n"
    for caption, files in parts.items():
        toc += f"  - caption: {caption}\n    chapters:\n" + "".join(f"      - file: {name}\n" for name in files)
    (root / "_toc.yml").write_text(toc)
    (root / "data").mkdir()
    rows = "".join(f"{name},A toy.,toy,exact,{verdict}\n" for name, verdict in (claims or {}).items())
    (root / "data" / "claims.csv").write_text("id,statement,source,kind,verdict\n" + rows)
    return root


def add_book(root: Path) -> Path:
    """Add what the real book is made with."""
    for name in ("_ext", "_static", "_vendor", "pages"):
        shutil.copytree(ROOT / name, root / name, dirs_exist_ok=True)
    for name in ("_config.yml", "intro.md", "references.bib"):
        shutil.copy2(ROOT / name, root / name)
    for page in (root / "pages").glob("*.md"):
        # its own chapters are others
        page.write_text(re.sub(r"\{doc\}`[^`]*chapters/[^`]*`", "a chapter", page.read_text()))
    return root
