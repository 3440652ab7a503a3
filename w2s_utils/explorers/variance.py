"""Explorer of the variance theorem: what share of its teacher's variance the student keeps, against N.

Must not import ``simulate``.

References
----------
.. [1] dong2025, variance theorem.
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
from w2s_utils.theory import intrinsic_dimension as theory

SLIDERS = (
    Slider("N", "unlabelled points $N$", "unlabelled points", decades(50, 20000), 4000.0, "{:,.0f}"),
    Slider(
        "overlap",
        "shared directions",
        "shared directions, percent of the smaller model's",
        even(0, 100, 1),
        10.0,
        "{:.0f}%",
    ),
    Slider("d_w", "teacher's dimension $d_w$", "teacher's dimension", even(20, 400, 10), 200.0, "{:.0f}"),
    Slider("d_s", "student's dimension $d_s$", "student's dimension", even(20, 400, 10), 100.0, "{:.0f}"),
)
_START, _END = 20, 20000


def expected(
    x: ArrayLike, *, overlap: float, d_w: float, d_s: float, n: float = 2000, sigma2: float = 1.0
) -> dict[str, FloatOrArray]:
    """Variances over the teacher's, from `w2s_utils.theory`; neither ``n`` nor ``sigma2`` matters.

    Parameters
    ----------
    x : array_like
        Unlabelled points, more than ``d_s + 1``.
    overlap : float
        Shared directions, percent of the smaller dimension.
    d_w, d_s, n, sigma2 : float
        As in `student_variance`.

    Returns
    -------
    dict of ndarray
        Columns ``teacher``, ``student`` (fresh points), ``sample`` (the unlabelled sample), ``inherited``.

    Examples
    --------
    >>> round(float(expected(4000, overlap=10, d_w=200, d_s=100)["student"]), 4)
    0.0744
    """
    setting: dict[str, ArrayLike] = dict(d_w=d_w, d_s=d_s, d_sw=overlap / 100 * min(d_w, d_s), sigma2=sigma2)
    teacher = theory.teacher_variance(n, d_w=d_w, sigma2=sigma2)
    x = np.asarray(x, float)
    return {
        "teacher": np.ones_like(x),
        "student": theory.student_variance(n, x, evaluate="population", **setting) / teacher,
        "sample": theory.student_variance(n, x, evaluate="unlabeled", **setting) / teacher,
        "inherited": np.full_like(x, overlap / 100 * min(d_w, d_s) / d_w),
    }


def explorer() -> Explorer:
    """The explorer of the chapter ``variance_decomposition``.

    Returns
    -------
    Explorer

    Examples
    --------
    >>> [slider.name for slider in explorer().sliders]
    ['N', 'overlap', 'd_w', 'd_s']
    """

    def student(N: str) -> str:
        return f"share + d_s * (1 - share) / ({N} - d_s - 1)"

    derived = {
        "d_sw": "overlap / 100 * min(d_w, d_s)",
        "share": "d_sw / d_w",
        "enough": "N > d_s + 1",
        "kept": f"enough ? {student('N')} : NaN",
        "readout": "!enough ? 'The student has ' + d_s + ' features: it needs more than ' + (d_s + 1) + ' points.' : "
        "'With ' + format(N, ',') + ' unlabelled points and ' + format(d_sw, '.3~g') + ' shared dimensions, ' + "
        "'the student has ' + "
        "(kept < 10 ? format(kept, '.1%') : format(kept, '.0f') + ' times') + "
        "' of its teacher’s variance on fresh points; ' + format(share, '.1%') + ' is inherited.'",
    }
    columns = {
        "x": f"{_START} * pow({_END // _START}, datum.t)",
        "teacher": "1",
        "student": f"datum.x > d_s + 1 ? {student('datum.x')} : null",
        "sample": "datum.x >= d_s ? share + d_s * (1 - share) / datum.x : null",
        "inherited": "share",
    }
    x = Axis("unlabelled points N", (_START, _END), log=True, ticks=(20, 100, 1000, 10000), format=",")
    y = Axis("variance over the teacher’s", (0.002, 3.0), log=True, ticks=(0.01, 0.1, 1), format="~%")
    lines = [
        Curve("inherited", GREY, "bound"),
        Curve("sample", "student", "leading"),
        Curve("teacher", "teacher"),
        Curve("student", "student"),
    ]
    side = "N > 6000 ? 'right' : 'left'"
    layers = [
        curves(columns, x, y, lines),
        *label(f"{_END}", "1", "'teacher'", color="teacher", align="'right'"),
        *label(f"{_END}", "share > 0.003 ? share : NaN", "'inherited'", color=GREY, above="false", align="'right'"),
        *mark("N", "kept", "'student'", color="student", above="kept <= 0.6 || kept > 1", align=side),
    ]
    return Explorer(
        name="variance_decomposition",
        title="How much of its teacher's variance does the student keep?",
        moves="Shared directions set the floor; more unlabelled points bring the student down to it. The size of the "
        "labelled sample and $\\sigma^2$ cancel in the ratio.",
        reading="Solid: exact, on fresh points. Dotted: on the student's own unlabelled sample. Dashed: the part that "
        "no amount of unlabelled data removes. Shaded: what the student saves.",
        figure="variance-decomposition",
        sliders=SLIDERS,
        chart=drawing(
            layers, SLIDERS, derived, says="Variance of the student over its teacher's, against unlabelled points."
        ),
    )
