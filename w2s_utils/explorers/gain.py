"""Explorer of the gain under spurious correlations: risks of teacher and student against the unlabelled fraction.

The exact limit needs the root of one scalar equation for each sample, `resolvent_moments`; it is a table here.
Must not import ``simulate``.

References
----------
.. [1] liu2026, theorems on teacher and student; the exact limit is this book's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.explorers import tables
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
    roomy,
)
from w2s_utils.figures.style import GREY
from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory import spurious_correlation as theory

P_T, P_S = 4, 3  # as the chapter
_EDGE, _SIZE = 0.8, 41  # of the tables, in p d_z/n

SLIDERS = (
    Slider(
        "eta_u",
        r"unlabelled fraction $\eta_u$",
        "minority fraction, unlabelled data",
        even(0, 0.5, 0.01),
        0.1,
        "{:.2f}",
    ),
    Slider(
        "eta_l", r"labelled fraction $\eta_\ell$", "minority fraction, labelled data", even(0, 0.5, 0.01), 0.1, "{:.2f}"
    ),
    Slider("eta_t", r"test fraction $\eta_t$", "minority fraction, test data", even(0, 1, 0.05), 0.5, "{:.2f}"),
    Slider(
        "mu_T2",
        r"group mean the teacher sees $\lVert\mu_T\rVert^2$",
        "squared group mean the teacher sees",
        decades(0.1, 50),
        10.0,
        "{:g}",
    ),
    Slider(
        "mu_S2",
        r"group mean the student sees $\lVert\mu_S\rVert^2$",
        "squared group mean the student sees",
        decades(0.1, 50),
        0.1,
        "{:g}",
        more=True,
    ),
    Slider(
        "similarity",
        r"similarity $\lVert\Xi\rVert_F^2/p_S$",
        "similarity of the two models",
        even(0, 0.6, 0.02),
        0.1,
        "{:.2f}",
        more=True,
    ),
    Slider(
        "gamma",
        r"labelled ratio $\gamma_z$",
        "dimension over labelled points",
        even(0.005, 0.2, 0.005),
        0.05,
        "{:.3f}",
        more=True,
    ),
    Slider(
        "nu",
        r"unlabelled ratio $\nu_z$",
        "dimension over unlabelled points",
        even(0.005, 0.2, 0.005),
        0.005,
        "{:.3f}",
        more=True,
    ),
)


def pair(*, mu_T2: float, mu_S2: float, similarity: float) -> dict[str, Any]:
    """Representations of the chapter's shape, ``Xi mu_S`` along ``mu_T``.

    Examples
    --------
    >>> pair(mu_T2=4.0, mu_S2=1.0, similarity=0.5)["mu_T"].tolist()
    [2.0, 0.0, 0.0]
    """
    mu_T, mu_S = np.zeros(P_T - 1), np.zeros(P_S - 1)
    mu_T[0], mu_S[0] = np.sqrt(mu_T2), np.sqrt(mu_S2)
    return dict(mu_T=mu_T, mu_S=mu_S, Xi=np.eye(P_T - 1, P_S - 1) * np.sqrt(similarity * P_S / (P_S - 1)))


def expected(
    x: ArrayLike, *, eta_l: float, eta_t: float, mu_T2: float, mu_S2: float, similarity: float, gamma: float, nu: float
) -> dict[str, FloatOrArray]:
    """Risks over ``sigma_y2 gamma``, from `w2s_utils.theory`.

    Parameters
    ----------
    x : array_like
        Minority fraction of the unlabelled data, in [0, 1].
    eta_l, eta_t, mu_T2, mu_S2, similarity, gamma, nu : float
        As the sliders; ``similarity`` at most 0.6, ``gamma`` below 1/4, ``nu`` below 1/3.

    Returns
    -------
    dict of ndarray
        Columns ``teacher``, ``student`` (exact limit), ``teacher_printed``, ``student_printed`` (leading order), and
        the scalar ``best``, the fraction in [0, 1/2] with the smallest exact risk.

    Examples
    --------
    >>> setting = dict(eta_l=0.1, eta_t=0.5, mu_T2=10.0, mu_S2=0.1, similarity=0.1, gamma=0.05, nu=0.005)
    >>> round(float(expected(0.1, **setting)["teacher"]), 4)
    7.586
    """
    x = np.asarray(x, float)
    both = pair(mu_T2=mu_T2, mu_S2=mu_S2, similarity=similarity)
    found: dict[str, FloatOrArray] = {}
    for order, suffix in (("proportional", ""), ("leading", "_printed")):
        teacher = theory.teacher_risk(eta_l, eta_t, mu_T=both["mu_T"], gamma=gamma, order=order)
        found[f"teacher{suffix}"] = np.broadcast_to(teacher / gamma, x.shape)
        found[f"student{suffix}"] = (
            theory.student_risk(eta_l, x, eta_t, gamma=gamma, nu=nu, order=order, **both) / gamma
        )
    found["best"] = np.asarray(theory.optimal_eta_u(eta_l, eta_t, nu=nu, **both))
    return found


@lru_cache
def moments() -> dict[str, list[float]]:
    """Tables of ``m1/m0`` against ``p ratio`` in [0, 0.8], for teacher and student.

    Examples
    --------
    >>> sorted(moments()), moments()["rise_T"][0]
    (['rise_S', 'rise_T'], 1.0)
    """
    found = {}
    for name, p in (("rise_T", P_T), ("rise_S", P_S)):
        m0, m1 = theory.resolvent_moments(np.linspace(0, _EDGE, _SIZE) / p, p)
        found[name] = tables.numbers(m1 / m0, 7)
    return found


def explorer() -> Explorer:
    """The explorer of the chapter ``gain_theory``.

    Returns
    -------
    Explorer

    Examples
    --------
    >>> [slider.name for slider in explorer().sliders if not slider.more]
    ['eta_u', 'eta_l', 'eta_t', 'mu_T2']
    """

    def student(eta: str, kind: str = "") -> str:
        m0, m1, s0, s1 = ("1", "1", "1", "1") if kind else ("m0", "m1", "s0", "s1")
        seen = f"Xi2 + pow(({eta} - eta_l) * sqrt(mu_T2) + (eta_t - {eta}) * through, 2)"
        fresh = f"{s0} + {s1} * ({P_S - 1} + pow(eta_t - {eta}, 2) * mu_S2)"
        return f"{m0} + {m1} * ({seen}) + nu * {m1} * apart * ({fresh})"

    derived = {
        **{name: repr(values) for name, values in moments().items()},
        "m0": f"1 / (1 - {P_T} * gamma)",
        "m1": f"m0 * {tables.along('rise_T', f'{P_T} * gamma', 0, _EDGE, _SIZE)}",
        "s0": f"1 / (1 - {P_S} * nu)",
        "s1": f"s0 * {tables.along('rise_S', f'{P_S} * nu', 0, _EDGE, _SIZE)}",
        "Xi2": f"{P_S} * similarity",
        "through": f"sqrt(Xi2 / {P_S - 1} * mu_S2)",
        "apart": f"{P_T - 1} - Xi2",
        "shift": "pow(eta_t - eta_l, 2) * mu_T2",
        "teacher_now": f"m0 + m1 * ({P_T - 1} + shift)",
        "kappa": "nu * s1 * apart * mu_S2",
        "gap": "sqrt(mu_T2) - through",
        "best": "clamp((gap * (eta_l * sqrt(mu_T2) - eta_t * through) + kappa * eta_t) / (gap * gap + kappa), 0, 0.5)",
        "now": student("eta_u"),
        "least": student("best"),
        "top": roomy("teacher_now"),
        "readout": "'At an unlabelled fraction of ' + format(eta_u, '.2f') + ' the student’s risk is ' + "
        "(now < teacher_now ? "
        "format(1 - now / teacher_now, '.0%') + ' below' : format(now / teacher_now - 1, '.0%') + ' above') + "
        "' its teacher’s. The best fraction is ' + format(best, '.2f') + (least < teacher_now ? ', with ' + "
        "format(1 - least / teacher_now, '.0%') + ' below.' : ', where it does not win either.')",
    }
    columns = {
        "x": "datum.t / 2",
        "teacher": "teacher_now",
        "student": student("datum.x"),
        "teacher_printed": f"{P_T} + shift",
        "student_printed": student("datum.x", "printed"),
    }
    x = Axis("minority fraction of the unlabelled data", (0, 0.5), ticks=(0, 0.1, 0.2, 0.3, 0.4, 0.5))
    y = Axis("excess risk, over noise variance times γ", (0, "top"))
    lines = [
        Curve("teacher_printed", "teacher", "leading"),
        Curve("student_printed", "student", "leading"),
        Curve("teacher", "teacher"),
        Curve("student", "student"),
    ]
    layers = [
        curves(columns, x, y, lines),
        *label(
            "0.5",
            "teacher_now",
            "'teacher'",
            color="teacher",
            above="now <= teacher_now || eta_u < 0.25",
            align="'right'",
        ),
        *mark(
            "best",
            "least",
            "abs(best - eta_u) > 0.06 ? 'best' : ''",
            color=GREY,
            above="false",
            align="'center'",
            hollow=True,
        ),
        *mark(
            "eta_u",
            "now",
            "'student'",
            color="student",
            above="now > teacher_now || abs(best - eta_u) <= 0.06 && now < 0.7 * teacher_now",
            align="eta_u > 0.3 ? 'right' : 'left'",
        ),
    ]
    return Explorer(
        name="gain_theory",
        title="Which unlabelled data help the student most?",
        moves=r"Move $\eta_u$ away from $\eta_\ell$: the student's risk is a parabola, whose lowest point stays near "
        r"$\eta_\ell$ as long as the student sees little of the group mean. Raise $\gamma_z$ to see the exact limit "
        "leave the printed formula.",
        reading="Solid: exact limit for a mean shift. Dotted: the printed leading order. Shaded: the gain. "
        f"Open circle: the best fraction. Here $p_T = {P_T}$, $p_S = {P_S}$.",
        figure="gain-against-unlabelled-fraction",
        sliders=SLIDERS,
        chart=drawing(
            layers, SLIDERS, derived, says="Excess risks of teacher and student against the minority fraction."
        ),
    )
