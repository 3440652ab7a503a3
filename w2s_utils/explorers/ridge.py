"""Explorer of ridge teacher and ridge student: their errors against the student's penalty.

The student's best penalty is the root of an equation, `best_student_penalty`; here a small table gives a start from
which Newton's method finishes. Must not import ``simulate``.

References
----------
.. [1] moniri2025, captions of Figures 1, 4 and 5; the formulas are this book's.
"""

from __future__ import annotations

from functools import lru_cache

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
    label,
    mark,
    roomy,
)
from w2s_utils.figures.style import GREY
from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory import regularization as theory

_LOW, _HIGH = 0.001, 30.0  # the student's penalties that are drawn
_SLACK = np.linspace(-8, 8, 33)  # log odds of half the teacher's slack
_RATIO = np.linspace(np.log(0.1), np.log(5), 45)  # log gamma_s

SLIDERS = (
    Slider("lam_s", r"student's penalty $\lambda_s$", "student's penalty", decades(_LOW, _HIGH), 0.5, "{:g}"),
    Slider(
        "strength",
        r"teacher's penalty $\lambda_t/\lambda_t^\star$",
        "teacher's penalty over its best one",
        decades(0.01, 10),
        0.1,
        "{:g}",
    ),
    Slider(
        "gamma_s",
        r"student's $\gamma_s = d/n_s$",
        "dimension over pseudo-labelled points",
        decades(0.1, 5),
        1.5,
        "{:g}",
    ),
    Slider("gamma_t", r"teacher's $\gamma_t = d/n_t$", "dimension over labelled points", decades(0.1, 5), 0.5, "{:g}"),
    Slider(
        "sigma2", r"label noise $\sigma^2$", "variance of the label noise", decades(0.05, 5), 1.0, "{:g}", more=True
    ),
)


def expected(
    x: ArrayLike, *, strength: float, gamma_s: float, gamma_t: float, sigma2: float
) -> dict[str, FloatOrArray]:
    """Errors from `w2s_utils.theory`.

    Parameters
    ----------
    x : array_like
        Student's penalty.
    strength : float
        Teacher's penalty over the optimal one.
    gamma_s, gamma_t, sigma2 : float
        As in `student_error`.

    Returns
    -------
    dict of ndarray
        Columns ``teacher``, ``student``, ``optimal`` (the best ridge teacher), and the scalars ``best``, the student's
        best penalty within the drawn range, and ``least``, its error.

    Examples
    --------
    >>> found = expected(0.5, strength=0.1, gamma_s=1.5, gamma_t=0.5, sigma2=1.0)
    >>> {name: round(float(value), 3) for name, value in found.items()}
    {'teacher': 0.734, 'student': 0.697, 'optimal': 0.414, 'best': 0.597, 'least': 0.696}
    """
    x = np.asarray(x, float)
    optimum = theory.optimal_teacher_penalty(gamma_t=gamma_t, sigma2=sigma2)
    setting = dict(gamma_t=gamma_t, sigma2=sigma2)
    both = dict(setting, gamma_s=gamma_s)
    best = np.clip(theory.best_student_penalty(strength * optimum, **both), _LOW, _HIGH)
    return {
        "teacher": np.broadcast_to(theory.teacher_error(strength * optimum, **setting), x.shape),
        "student": theory.student_error(strength * optimum, x, **both),
        "optimal": np.broadcast_to(theory.teacher_error(optimum, **setting), x.shape),
        "best": best,
        "least": theory.student_error(strength * optimum, best, **both),
    }


@lru_cache
def best_penalties() -> list[float]:
    """Log of the student's best penalty, within a wide range; rows by slack, columns by ``gamma_s``.

    Examples
    --------
    >>> len(best_penalties())
    1485
    """
    half = 1 / (1 + np.exp(-_SLACK))[:, None]
    return tables.numbers(
        np.log(np.clip(theory.penalty_of_slack(2 * half, np.exp(_RATIO)), _LOW / 100, 100 * _HIGH)), 5
    )


def explorer() -> Explorer:
    """The explorer of the chapter ``ridge_regularization``.

    Returns
    -------
    Explorer

    Examples
    --------
    >>> [slider.name for slider in explorer().sliders]
    ['lam_s', 'strength', 'gamma_s', 'gamma_t', 'sigma2']
    """

    def discriminant(lam: str, gamma: str) -> str:
        return f"sqrt(pow({lam} + {gamma} - 1, 2) + 4 * ({lam}))"

    def kappa(lam: str, gamma: str) -> str:
        # the root without cancellation, as in marchenko_pastur.solve
        u, s = f"({lam} + {gamma} - 1)", discriminant(lam, gamma)
        return f"({u} >= 0 ? ({s} + {u}) / 2 : 2 * ({lam}) / ({s} - {u}))"

    def teacher(lam: str) -> str:
        k = kappa(lam, "gamma_t")
        return f"(pow({k}, 2) + sigma2 * gamma_t) / ((1 + {k}) * {discriminant(lam, 'gamma_t')})"

    def student(lam: str) -> str:
        k, s = kappa(lam, "gamma_s"), discriminant(lam, "gamma_s")
        own = f"gamma_s * norm2 * pow({k}, 2) / ((1 + {k}) * {s})"
        return f"pow(1 - overlap / (1 + {k}), 2) + (spread + {own}) / pow(1 + {k}, 2)"

    def newton(log_lam: str) -> str:
        # on lam (1 + kappa)/s^2 = half, both sides as log odds, which is nearly linear in log lam
        def side(log_lam: str) -> str:
            lam = f"exp({log_lam})"
            value = f"{lam} * (1 + {kappa(lam, 'gamma_s')}) / pow({discriminant(lam, 'gamma_s')}, 2)"
            return f"log(1 / (1 / ({value}) - 1))"

        here, step = side(log_lam), 1e-4
        return f"clamp({log_lam} - {step} * ({here} - odds) / ({side(f'({log_lam} + {step})')} - {here}), -14, 9)"

    derived = {
        "table": repr(best_penalties()),
        "star": "sigma2 * gamma_t",
        "lam_t": "strength * star",
        "overlap": f"1 / (1 + {kappa('lam_t', 'gamma_t')})",
        "error_t": teacher("lam_t"),
        "error_star": teacher("star"),
        "spread": "gamma_t * (sigma2 + error_t) * pow(overlap, 2)",
        "norm2": "spread + pow(overlap, 2)",
        "half": f"(star - lam_t) * overlap / ({discriminant('lam_t', 'gamma_t')} * norm2)",
        "odds": "log(half / (1 - half))",
        "row": tables.steps("odds", _SLACK.tolist()),
        "column": tables.steps("log(gamma_s)", _RATIO.tolist()),
        "start": tables.across("table", "row", "column", len(_RATIO)),
        "closer": newton("start"),
        "close": newton("closer"),
        "found": newton("close"),
        "best": f"half <= 0 ? {_LOW} : half >= 1 ? {_HIGH} : clamp(exp(found), {_LOW}, {_HIGH})",
        "now": student("lam_s"),
        "least": student("best"),
        "wins": "least < error_t * (1 - 1e-6)",
        "top": roomy("max(error_t, error_star)"),
        "readout": "'With penalty ' + format(lam_s, '.2~g') + ' the student’s error is ' + (now < error_t ? "
        "format(1 - now / error_t, '.1%') + ' below' : format(now / error_t - 1, '.1%') + ' above') + "
        "' its teacher’s. ' + "
        "(half <= 0 ? 'No penalty would help: this teacher is regularised enough.' : wins ? "
        "'The best penalty, ' + format(best, '.2~g') + ', saves ' + format(1 - least / error_t, '.1%') + '.' : "
        "'No penalty would help: pseudo-labels are too few.')",
    }
    columns = {
        "x": f"{_LOW} * pow({_HIGH / _LOW:g}, datum.t)",
        "teacher": "error_t",
        "student": student("datum.x"),
        "optimal": "error_star",
    }
    x = Axis("student’s penalty", (_LOW, _HIGH), log=True, ticks=(0.001, 0.01, 0.1, 1, 10), format="~g")
    y = Axis("error, in units of the target’s square", (0, "top"))
    lines = [Curve("optimal", GREY, "bound"), Curve("teacher", "teacher"), Curve("student", "student")]
    layers = [
        curves(columns, x, y, lines),
        *label(
            f"{_HIGH}",
            "error_t",
            "'teacher'",
            color="teacher",
            above=f"{student(str(_HIGH))} < error_t",
            align="'right'",
        ),
        *label(
            f"{_LOW}",
            "error_star",
            "strength > 0.8 && strength < 1.3 ? '' : 'best ridge teacher'",
            color=GREY,
            above="false",
        ),
        *mark(
            "best",
            "wins ? least : NaN",
            "abs(log(best / lam_s)) > 1 ? 'best' : ''",
            color=GREY,
            above="false",
            align="'center'",
            hollow=True,
        ),
        *mark(
            "lam_s", "now", "'student'", color="student", above="now > error_t", align="lam_s > 0.3 ? 'right' : 'left'"
        ),
    ]
    return Explorer(
        name="ridge_regularization",
        title="Which penalty lets the student beat its teacher?",
        moves=r"Weaken the teacher's penalty and a window of student penalties opens; raise $\gamma_s$, with fewer "
        "pseudo-labels, and it closes again.",
        reading="Solid: exact limits. Shaded: where the student is better than its teacher. Open circle: its best "
        "penalty. Dashed: the best ridge teacher.",
        figure="ridge-regularization",
        sliders=SLIDERS,
        chart=drawing(
            layers,
            SLIDERS,
            derived,
            says="Errors of a ridge teacher and its ridge student against the student's penalty.",
        ),
    )
