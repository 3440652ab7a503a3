"""What the theory predicts for the reader's two models: penalties first, then risks, terms and curves.

Penalties are chosen as a practitioner would: the teacher's, baseline's and ceiling's for their own test error, the
student's for its own given that teacher. Every error is corrected for over-fitting before the smallest is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_utils._arrays import FloatArray
from w2s_utils.diagnose.dimensions import intrinsic
from w2s_utils.diagnose.estimates import Jackknifed, Population
from w2s_utils.theory.deterministic_equivalent import Moments, true_label_risk, weak_to_strong

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
# penalties tried, as shares of the features' total variance
SHARES = np.logspace(-6, 0, 13)
TERMS = ("teacher", "student", "baseline", "ceiling", "inherited", "reduced", "bias", "teacher_variance")


@dataclass(frozen=True)
class Point:
    """Sample sizes with the penalties chosen for them (those of `w2s_utils.regression.fit_ridge`)."""

    n: int
    N: int
    teacher: float
    student: float
    baseline: float
    ceiling: float


@dataclass(frozen=True, eq=False)
class Analysis:
    """Predictions at the asked sizes (point 0) and along two curves.

    Attributes
    ----------
    points : list of Point
    terms : Jackknifed
        Shape (points, len(TERMS)), in units of the target's variance; without labels, of the label noise.
    taught : tuple of float
        The penalties of teacher and student that are best for the student at point 0, and its error with them.
    """

    points: list[Point]
    terms: Jackknifed
    taught: tuple[float, float, float] | None

    def term(self, name: str, point: int = 0) -> Jackknifed:
        """One predicted number."""
        column = TERMS.index(name)
        return Jackknifed(self.terms.plugin[point, column], self.terms.left_out[:, point, column])

    def ratio(self, name: str, point: int = 0) -> Jackknifed:
        """``gain``, ``pgr`` or ``opr``, of corrected errors."""
        t, s, b, c = (TERMS.index(model) for model in TERMS[:4])
        function = {
            "gain": lambda v: v[point, t] - v[point, s],
            "pgr": lambda v: (v[point, t] - v[point, s]) / (v[point, t] - v[point, c]),
            "opr": lambda v: v[point, b] / v[point, s],
        }[name]
        return self.terms.of(function)

    def better(self, first: int, second: int) -> Jackknifed:
        """Student's error at the second point minus that at the first: positive where the first is better."""
        column = TERMS.index("student")
        return self.terms.of(lambda v: v[second, column] - v[first, column])


def sizes(n: int, N: int) -> list[tuple[int, int]]:
    """The asked sizes, then the curve in n, then the curve in N (without repeating the asked ones).

    Examples
    --------
    >>> sizes(100, 1000)[:4]
    [(100, 1000), (25, 1000), (50, 1000), (200, 1000)]
    """
    others = [factor for factor in FACTORS if factor != 1]
    return (
        [(n, N)]
        + [(max(2, round(n * factor)), N) for factor in others]
        + [(n, max(2, round(N * factor))) for factor in others]
    )


def analyse(population: Population, n: int, N: int, labelled: bool) -> Analysis:
    """Choose penalties and predict.

    Parameters
    ----------
    population : Population
    n, N : int
        Labelled and unlabelled sample sizes the reader has in mind, above 1; may exceed the rows of the files.
    labelled : bool
        Without labels the target is pure noise of variance one, and penalties cut where 99 % of the variance ends.

    Returns
    -------
    Analysis

    Examples
    --------
    >>> from w2s_utils.diagnose.blocks import BlockMoments
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((2000, 6))
    >>> y = x[:, :1] + rng.standard_normal((2000, 1))
    >>> population = Population(BlockMoments.of_chunks([(x, x[:, :3], y)], 2000))
    >>> found = analyse(population, 30, 300, True)
    >>> [round(float(found.term(name).value), 2) for name in ("teacher", "student", "ceiling")]
    [0.64, 0.59, 0.52]
    """
    places = sizes(n, N)
    full = population.samples[0]
    scales = {name: float(np.trace(getattr(full, name)[:-1, :-1])) for name in ("weak", "strong")}
    if labelled:
        points = _tuned(population, places, scales)
    else:
        cut = {name: _cut(getattr(full, f"{name}_values")[:-1]) for name in ("weak", "strong")}
        points = [Point(a, b, cut["weak"], *[cut["strong"]] * 3) for a, b in places]
    unit = full.target or 1.0

    def statistic(moments: Moments) -> FloatArray:
        columns = np.array([(p.n, p.N, p.teacher, p.student, p.baseline, p.ceiling) for p in points]).T
        found = weak_to_strong(
            columns[0],
            columns[1],
            labeled=moments,
            teacher_penalty=columns[2],
            student_penalty=columns[3],
            baseline_penalty=columns[4],
            ceiling_penalty=columns[5],
        )
        r = found.risks
        parts = (r.teacher, r.student, r.baseline, r.ceiling, found.inherited, found.reduced, found.bias)
        return np.array([*parts, found.teacher_variance]).T / unit

    taught = _best_pair(population, n, N, scales, unit) if labelled else None
    return Analysis(points, population.estimate(statistic), taught)


def _tuned(population: Population, places: list[tuple[int, int]], scales: dict[str, float]) -> list[Point]:
    """Penalties with the smallest corrected errors, place by place."""
    n, N = (np.array(column) for column in zip(*places, strict=True))
    weak, strong = (SHARES * scales[name] for name in ("weak", "strong"))

    def own(features: str, rows: FloatArray, penalties: FloatArray) -> FloatArray:
        unique, back = np.unique(rows, return_inverse=True)
        errors = population.estimate(
            lambda m: np.asarray(true_label_risk(unique[:, None], train=m, features=features, penalty=penalties))
        ).value
        return penalties[np.argmin(errors, axis=1)][back]

    # one penalty for the two models that are not looked at: each is solved once, not for every penalty of the student
    unused: Any = dict(baseline_penalty=strong[0], ceiling_penalty=strong[0])
    teacher, baseline, ceiling = own("weak", n, weak), own("strong", n, strong), own("strong", n + N, strong)

    def student(moments: Moments) -> FloatArray:
        grid = weak_to_strong(
            n[:, None], N[:, None], labeled=moments, teacher_penalty=teacher[:, None], student_penalty=strong, **unused
        )
        return np.asarray(grid.risks.student)

    best = strong[np.argmin(population.estimate(student).value, axis=1)]
    rows: Any = zip(n, N, teacher, best, baseline, ceiling, strict=True)
    return [Point(int(a), int(b), *(float(v) for v in rest)) for a, b, *rest in rows]


def _best_pair(
    population: Population, n: int, N: int, scales: dict[str, float], unit: float
) -> tuple[float, float, float]:
    weak, strong = (SHARES * scales[name] for name in ("weak", "strong"))

    def both(moments: Moments) -> FloatArray:
        grid = weak_to_strong(
            n, N, labeled=moments, teacher_penalty=weak[:, None], student_penalty=strong,
            baseline_penalty=strong[0], ceiling_penalty=strong[0],
        )  # fmt: skip
        return np.asarray(grid.risks.student) / unit

    errors = population.estimate(both).value
    i, j = np.unravel_index(int(np.argmin(errors)), errors.shape)
    return float(weak[i]), float(strong[j]), float(errors[i, j])


def _cut(values: FloatArray) -> float:
    """The eigenvalue at which 99 % of the variance is reached: directions beyond it are mostly shrunk away."""
    return float(values[-intrinsic(values)])
