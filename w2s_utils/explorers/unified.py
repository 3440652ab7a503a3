"""Explorer of the one formula: what the student's error is made of, against the labels its teacher had.

Both models have the same number of dimensions and flat spectra, so that effective penalties are roots of a square
equation and every curve is an expression. Must not import ``simulate``.

References
----------
.. [1] The book's own formula, `w2s_utils.theory.deterministic_equivalent`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.explorers.common import (
    Axis,
    Curve,
    Explorer,
    Slider,
    curves,
    decades,
    drawing,
    even,
    label,
    mark,
)
from w2s_utils.figures.style import GREY
from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory.deterministic_equivalent import Moments, weak_to_strong

_LOW, _HIGH = 1.1, 50.0  # labelled rows per dimension that are drawn

SLIDERS = (
    Slider("rows", "labelled rows $n/d$", "labelled rows per dimension", decades(_LOW, _HIGH), 2.0, "{:g}"),
    Slider(
        "overlap",
        r"shared dimensions $d_{s\wedge w}/d$",
        "shared dimensions, percent of each model's",
        even(2, 98, 2),
        24.0,
        "{:.0f}%",
    ),
    Slider(
        "lost",
        "target out of the student's sight",
        "share of the target that the student cannot see, percent",
        even(0, 60, 1),
        10.0,
        "{:.0f}%",
    ),
    Slider("more", "unlabelled rows $N/d$", "unlabelled rows per dimension", decades(1.2, 100), 10.0, "{:g}"),
    Slider("lam_t", "teacher's penalty", "teacher's penalty", decades(0.001, 10), 0.001, "{:g}", more=True),
    Slider("lam_s", "student's penalty", "student's penalty", decades(0.001, 10), 0.001, "{:g}", more=True),
    Slider(
        "sigma2",
        r"label noise $\sigma^2$",
        "variance of the label noise over the target's",
        decades(0.1, 10),
        1.0,
        "{:g}",
        more=True,
    ),
)


def expected(
    x: ArrayLike, *, overlap: float, lost: float, more: float, lam_t: float, lam_s: float, sigma2: float
) -> dict[str, FloatOrArray]:
    """Excess errors from `w2s_utils.theory`, for a target of variance 1.

    Parameters
    ----------
    x : array_like
        Labelled rows per dimension.
    overlap : float
        Correlation dimension, percent of each model's dimension, from 2 to 98.
    lost : float
        Percent of the target that lies in directions only the teacher has.
    more : float
        Unlabelled rows per dimension.
    lam_t, lam_s, sigma2 : float
        Penalties, and variance of the label noise.

    Returns
    -------
    dict of ndarray
        Columns ``teacher``, ``student``, ``bias``, ``followed`` (bias and inherited variance).

    Examples
    --------
    >>> at = dict(overlap=24, lost=10, more=10, lam_t=0.001, lam_s=0.001, sigma2=1.0)
    >>> {name: round(float(value), 3) for name, value in expected(2, **at).items()}
    {'teacher': 0.992, 'student': 0.432, 'bias': 0.111, 'followed': 0.349}
    """
    d = 50
    # one direction is shared, one is the teacher's own; all others meet at the angle that makes up the overlap
    cosines = np.full(d, np.sqrt((overlap / 100 * d - 1) / (d - 2)))
    cosines[:2] = 1, 0
    beta = np.zeros(d)
    beta[:2] = np.sqrt(1 - lost / 100), np.sqrt(lost / 100)
    moments = Moments(np.eye(d), np.eye(d), np.diag(cosines), beta, cosines * beta, 1 + sigma2)
    found = weak_to_strong(
        d * np.asarray(x, float),
        d * more,
        labeled=moments,
        noise=sigma2,
        teacher_penalty=lam_t,
        student_penalty=lam_s,
    )
    return {
        "teacher": np.asarray(found.risks.teacher) - sigma2,
        "student": np.asarray(found.risks.student) - sigma2,
        "bias": found.bias,
        "followed": np.asarray(found.bias) + np.asarray(found.inherited),
    }


def explorer() -> Explorer:
    """The explorer of the chapter ``unifying_view``.

    Returns
    -------
    Explorer

    Examples
    --------
    >>> [slider.name for slider in explorer().sliders if not slider.more]
    ['rows', 'overlap', 'lost', 'more']
    """

    def kappa(lam: str, gamma: str) -> str:
        u = f"({lam} + {gamma} - 1)"
        s = f"sqrt(pow({u}, 2) + 4 * {lam})"
        # the root without cancellation, as in marchenko_pastur.solve
        return f"({u} >= 0 ? ({s} + {u}) / 2 : 2 * {lam} / ({s} - {u}))"

    def model(rows: str, of: str) -> dict[str, str]:
        """Errors at a number of rows, each step named; ``of`` stands before the names."""
        own, left = f"{of}own", f"{of}left"
        return {
            own: f"1 / (1 + {kappa('lam_t', f'1 / ({rows})')})",  # what the teacher keeps of a direction
            f"{of}tau2": f"(sigma2 + pow(1 - {own}, 2)) / (1 - pow({own}, 2) / ({rows}))",
            f"{of}teacher": f"{of}tau2 - sigma2",
            f"{of}spread": f"{of}tau2 * pow({own}, 2) / ({rows})",  # the teacher's variance
            left: f"pow({own}, 2) * (hidden + (1 - hidden) * pow(1 - kept, 2))",  # what misses the averaged teacher
            f"{of}bias": f"hidden + (1 - hidden) * pow(1 - {own} * kept, 2) + echo * {left}",
            f"{of}followed": f"{of}bias + {of}spread * shared * pow(kept, 2)",
            f"{of}student": f"{of}followed + {of}spread * echo * (1 - shared + shared * pow(1 - kept, 2))",
        }

    now = model("rows", "now_")
    percent = "format({} / now_teacher, '.1%')"
    derived = {
        "shared": "overlap / 100",
        "hidden": "lost / 100",
        "kept": f"1 / (1 + {kappa('lam_s', '1 / more')})",
        "echo": "pow(kept, 2) / (more - pow(kept, 2))",  # the share that comes back as the student's own variance
        **now,
        "now": "now_student",
        "readout": "'With ' + format(rows, '~g') + ' labelled rows per dimension the student’s error is ' + "
        "(now < now_teacher ? format(1 - now / now_teacher, '.1%') + ' below' : "
        "format(now / now_teacher - 1, '.1%') + ' above') + ' its teacher’s. Its parts, as shares of "
        "the teacher’s error: bias ' + "
        f"{percent.format('now_bias')} + ', inherited variance ' + {percent.format('(now_followed - now_bias)')} + "
        f"', reduced variance ' + {percent.format('(now - now_followed)')} + '.'",
    }
    columns = {"x": f"{_LOW} * pow({_HIGH / _LOW:.15g}, datum.t)"}
    drawn = model("datum.x", "datum.")
    columns |= {name.removeprefix("datum."): expression for name, expression in drawn.items()}
    x = Axis("labelled rows per dimension", (_LOW, _HIGH), log=True, ticks=(1, 2, 5, 10, 20, 50), format="~g")
    y = Axis("excess error over the target’s variance", (0.005, 20.0), log=True, ticks=(0.01, 0.1, 1, 10), format="~g")
    lines = [
        Curve("bias", GREY, "bound"),
        Curve("followed", "student", "leading"),
        Curve("teacher", "teacher"),
        Curve("student", "student"),
    ]
    side = "rows > 7 ? 'right' : 'left'"
    start = model(f"{_LOW}", "start_")
    derived |= start
    layers = [
        curves(columns, x, y, lines),
        *mark("rows", "now_teacher", "'teacher'", color="teacher", above="now_teacher >= now", align=side),
        *label(f"{_LOW}", "start_bias", "'bias'", color=GREY, above="false"),
        *mark("rows", "now", "'student'", color="student", above="now > now_teacher", align=side),
    ]
    return Explorer(
        name="unifying_view",
        title="What is the student's error made of, and when does it win?",
        moves="With few labels the teacher's variance is large, and a student that shares few dimensions leaves most "
        "of it behind. With many labels only bias is left: what the student cannot see.",
        reading="Solid: teacher and student. Dashed: the student's bias. From there to the dotted line: variance "
        "inherited; from there to the solid line: variance reduced. Shaded: what the student saves. All samples are "
        "alike here, so nothing is shifted.",
        figure="when-it-helps",
        sliders=SLIDERS,
        chart=drawing(
            layers,
            SLIDERS,
            derived,
            says="Excess errors of teacher and student against labelled rows per dimension, the student's by parts.",
        ),
    )
