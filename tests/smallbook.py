"""A copy of the project whose only chapters are tiny ones that use the real library: something to break."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import toybook

PARAMETERS = """\
n: int = 60  # [2, 1000] labelled points, more than d_w + 1
N: int = 100  # [2, 1000] unlabelled points, more than d_s + 1
d_w: int = 20  # [1, 50] dimension of the weak features
d_s: int = 10  # [1, 50] dimension of the strong features
d_sw: int = 5  # [0, 50] shared dimensions
sigma2: float = 1.0  # [-10, 10] variance of the label noise
trials: int = 400  # [20, 10000] designs drawn at each point
seed: int = 0  # [0, 1000000] seed of all draws
"""

SIMULATE = """\
from w2s_utils import claims, figures
from w2s_utils.comparison import gaussian_pair_table
from w2s_utils.theory import intrinsic_dimension as theory

figures.use_style()
pair = dict(d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2, target_scale=0.0, n=n)
points = [pair | dict(N=size) for size in (N, 2 * N // 5)]
table = gaussian_pair_table(points, seed=seed, trials=trials, label_noise="averaged")
formula = theory.student_variance(table.n, table.N, d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2)
findings = [
    claims.exact("small/student-variance", formula, **claims.measured(table, "student_variance"), on="simulation"),
    claims.exact("small/teacher", table.teacher_exact, **claims.measured(table, "teacher"), on="simulation"),
]
"""

DRAW = """\
fig, ax = figures.subplots(figsize=(4, 2.5))
figures.line(ax, table.N, formula, color="student")
figures.points(ax, table.N, table.student_variance, table.student_variance_se, color="student")
"""

PUBLISH = """\
figures.publish(
    fig,
    FIGURE,
    chapter=CHAPTER,
    title="Small",
    caption=f"Variance against $N$ at $n = {n}$.",
    alt="The variance falls as points are added.",
    table=table[["n", "N", "student_variance", "student_variance_se", "teacher_exact"]],
    keys=["n", "N"],
    claims=findings,
)
"""

HOLD = """\
import time
from pathlib import Path
hold = Path("../../hold")
if hold.exists():
    Path("../../held").touch()
while hold.exists():
    time.sleep(0.05)
"""

CLAIMS = """\
id,statement,source,kind,verdict,chapter
small/student-variance,The student's variance is the formula.,toy,exact,holds,small
small/teacher,The teacher's risk is the formula.,toy,exact,holds,small
"""


def chapter(name: str = "small", figure: str = "small-figure", hold: bool = False) -> dict[str, Any]:
    """The tiny chapter; with `hold` it waits, its figure already published, while a file ``hold`` exists."""
    cells = [
        toybook.text("title", "# Small\n\nThe variance $\\sigma^2 d_w/n$."),
        toybook.code("parameters", PARAMETERS, ("parameters",)),
        toybook.code("simulate", SIMULATE),
        toybook.code("draw", DRAW),
        toybook.code("publish", f'FIGURE, CHAPTER = "{figure}", "{name}"\n{PUBLISH}'),
        toybook.code("verdict", "claims.verdicts(findings)"),
    ]
    waits = [toybook.code("hold", HOLD)] if hold else []
    return toybook.notebook([*cells, *waits], item="toy", paper={"trials": 800})


def make_root(root: Path, chapters: dict[str, dict[str, Any]] | None = None) -> Path:
    """Copy what a run reads, and write the small chapters, their claims and their table of contents."""
    toybook.make_root(root, chapters or {"small": chapter()})
    shutil.copytree(toybook.ROOT / "w2s_utils", root / "w2s_utils", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock", "CITATION.cff"):
        shutil.copy2(toybook.ROOT / name, root)
    (root / "data" / "claims.csv").write_text(CLAIMS)
    return root


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "w2s_utils", *arguments]


def environment() -> dict[str, str]:
    """Variables of the test run without those that would lead back to the real checkout."""
    dropped = ("PYTHONPATH", "PYTHONSAFEPATH", "W2S_CONTEXT", "W2S_JOBS")
    return {**{k: v for k, v in os.environ.items() if k not in dropped}, "W2S_VENV": "off"}


def w2s(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The ``w2s`` command of the copy, in a process of its own."""
    return subprocess.run(command(*arguments), cwd=root, env=environment(), capture_output=True, text=True, timeout=300)


def edit(path: Path, old: str, new: str) -> str:
    """Replace a text that must be there exactly once; return what the file was."""
    before = path.read_text(encoding="utf-8")
    assert before.count(old) == 1, f"{path.name} holds {old!r} {before.count(old)} times"
    path.write_text(before.replace(old, new), encoding="utf-8")
    return before


def write_chapter(root: Path, name: str, content: dict[str, Any]) -> None:
    (root / "chapters" / "toy" / f"{name}.ipynb").write_text(json.dumps(content))
