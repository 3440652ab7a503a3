r"""Predicted risks of the four models, and the student's risk term by term.

Notes
-----
Teacher: ridge on n labelled rows, :math:`\bar b = (W + \kappa_w)^{-1} c_w` and covariance
:math:`V = (\tau_w^2/n)\, W (W + \kappa_w)^{-2}` (see `stage`). Student: given the teacher's coefficients b, it is ridge
on N fresh rows with the target :math:`x_w' b`, so ``stage`` applies again with :math:`c = A b`, :math:`A = E[x_s x_w']`
and second moment :math:`b' W b`. Only the second moment of b enters, :math:`\bar b \bar b' + V`, and nothing supposes
that :math:`E[x_w | x_s]` is linear: what no linear function of :math:`x_s` can follow acts on the student as label
noise. With :math:`D = (S + \kappa_s)^{-1}`, the misfit of teacher coefficients with second moment B,

.. math:: q(B) = \mathrm{tr}\, B\,(W - 2 A'DA + A'DSDA),

test moments :math:`S_t, c_t, E[y_t^2]`, and :math:`s = \mathrm{tr}(S D S_t D)/(N - \mathrm{df}_2)`,

.. math:: R_{student} = E[(y_t - x_s' D A \bar b)^2] + s\, q(\bar b \bar b')
                      + \mathrm{tr}(S_t D A V A' D) + s\, q(V) .

The first two terms are what an averaged teacher would give: minus the label noise they are the *bias*. The third is the
teacher's variance where the student follows the teacher, *inherited*; the fourth what is left elsewhere, *reduced* by
about d_s/N. Moments of W, S, A are the unlabelled rows', those in :math:`\bar b` and V the labelled rows'. Where the
distributions differ, the three terms are those of a problem that has the test distribution throughout, and *shift* is
what the difference adds; it may be negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.metrics import FloatOrArray, Risks
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.deterministic_equivalent.moments import Moments
from w2s_utils.theory.deterministic_equivalent.pooled import pooled_risk
from w2s_utils.theory.deterministic_equivalent.single import TrueLabels, diagonal, square, times, turned
from w2s_utils.theory.deterministic_equivalent.stage import Stage
from w2s_utils.theory.intrinsic_dimension.settings import fail


@dataclass(frozen=True)
class Prediction:
    """Predicted risks, and the student's as ``noise + inherited + reduced + bias + shift``.

    Attributes
    ----------
    risks : Risks
        Expected test mean squared errors, label noise included, in squared units of the target. ``ceiling`` is None
        where the unlabelled distribution has no target moments.
    inherited, reduced : float or ndarray
        The teacher's variance that the student follows, and what is left of the rest.
    bias : float or ndarray
        Excess error of a student of the averaged teacher; contains the label noise if ``noise`` was left 0.
    shift : float or ndarray
        What different distributions add; 0 where all three are one.
    noise : float
        As given.
    teacher_variance : float or ndarray
        The part of the teacher's test error that comes from the draw of its labelled rows.
    """

    risks: Risks
    inherited: FloatOrArray
    reduced: FloatOrArray
    bias: FloatOrArray
    shift: FloatOrArray
    noise: float
    teacher_variance: FloatOrArray


class _Taught:
    """What the student needs of one teacher, in its own eigenbasis: later products are vectors."""

    def __init__(self, pair: _Pair, stage: Stage) -> None:
        mean, self.tau2, error, self.spread = pair.teacher.fit(stage)
        self.risk = error + self.spread
        self.follow = pair.cross @ mean  # A b
        self.mean2 = square(pair.W, mean)
        self.unit = float(np.sum(stage.unit * diagonal(pair.W)))
        # A V A' per unit of tau2: its diagonal, or all of it where the test rows are turned
        self.moved = pair.cross2 @ stage.unit
        self.moved_all = (pair.cross * stage.unit) @ pair.cross.T if pair.S_t.ndim == 2 else None


class _Pair:
    """Moments of labelled and unlabelled rows, turned into the eigenbases of the two fits, seen from the test rows."""

    def __init__(self, labeled: Moments, unlabeled: Moments, test: Moments) -> None:
        assert test.strong_target is not None and test.target is not None
        self.teacher = TrueLabels(labeled, test, "weak")
        self.l_s, U_s = unlabeled._strong
        self.test_y2, self.test_c = test.target, U_s.T @ test.strong_target
        if labeled is unlabeled:
            self.cross, self.cross2 = labeled._cross
        else:
            self.cross = U_s.T @ unlabeled.cross @ self.teacher.vectors
            self.cross2 = self.cross**2
        self.W = turned(unlabeled.weak, labeled.weak, self.teacher.values, self.teacher.vectors)
        self.S_t = turned(test.strong, unlabeled.strong, self.l_s, U_s)

    def student(self, stage: Stage, taught: _Taught) -> tuple[float, float, float]:
        """Inherited, reduced, and the error of a student of the averaged teacher."""
        D, l_s = stage.inverse, self.l_s
        mean = D[:, None] * taught.follow
        missed = taught.mean2 - 2 * np.sum(taught.follow * mean) + square(l_s, mean)
        missed_unit = taught.unit - (D * (2 - l_s * D)) @ taught.moved
        if taught.moved_all is None:
            seen = (diagonal(self.S_t) * D**2) @ taught.moved
        else:
            seen = D @ (self.S_t * taught.moved_all) @ D
        own = float(np.sum(stage.unit * diagonal(self.S_t)))
        direct = self.test_y2 - 2 * np.sum(mean * self.test_c) + square(self.S_t, mean)
        # a difference of equal numbers is rounding, which an infinite variance would blow up
        missed_variance = times(taught.tau2, float(missed_unit) if missed_unit > 1e-12 * taught.unit else 0.0)
        return (
            times(taught.tau2, float(seen)),
            own * stage.noise(missed_variance),
            float(direct) + own * stage.noise(max(missed, 0.0)),
        )


def weak_to_strong(
    n: ArrayLike,
    N: ArrayLike,
    *,
    labeled: Moments,
    unlabeled: Moments | None = None,
    test: Moments | None = None,
    teacher_penalty: ArrayLike = 0.0,
    student_penalty: ArrayLike = 0.0,
    baseline_penalty: ArrayLike | None = None,
    ceiling_penalty: ArrayLike | None = None,
    noise: float = 0.0,
) -> Prediction:
    """Predict the risks of the four models from second moments.

    Parameters
    ----------
    n, N : array_like
        Labelled and unlabelled rows, above 0, on either side of the numbers of features; they broadcast with the
        penalties.
    labeled, unlabeled, test : Moments
        Distributions of the labelled rows (with target), of the unlabelled ones (default: as labelled; its target
        moments serve the ceiling alone) and of the test rows (with target; default: as unlabelled, else labelled).
    teacher_penalty, student_penalty, baseline_penalty, ceiling_penalty : array_like
        As in `w2s_utils.regression.fit_ridge`, at least 0, 0 being the minimum-norm limit. Baseline and ceiling use the
        student's by default.
    noise : float
        Variance of the label noise of the test rows, to take out of the bias; 0 leaves it there.

    Returns
    -------
    Prediction
        Asymptotic in the degrees of freedom: expect deviations of order 1/d, inf at the interpolation thresholds.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Notes
    -----
    Derivation in the module's docstring, one fit in `stage`, the ceiling under different distributions in `pooled`.

    Examples
    --------
    >>> d = 50
    >>> pair = Moments(weak=np.eye(2 * d), strong=np.eye(d), cross=np.eye(d, 2 * d), weak_target=np.zeros(2 * d),
    ...                strong_target=np.zeros(d), target=1.0)
    >>> p = weak_to_strong(300, 550, labeled=pair, noise=1.0)
    >>> [round(float(v), 4) for v in (p.risks.teacher, p.risks.student, p.inherited, p.reduced)]
    [1.5, 1.275, 0.25, 0.025]
    """
    unlabeled = labeled if unlabeled is None else unlabeled
    if test is None:
        test = unlabeled if unlabeled.labelled else labeled
    _check(labeled, unlabeled, test)
    baseline_penalty = student_penalty if baseline_penalty is None else baseline_penalty
    ceiling_penalty = student_penalty if ceiling_penalty is None else ceiling_penalty
    positive(n=n, N=N)
    non_negative(teacher_penalty=teacher_penalty, student_penalty=student_penalty, noise=noise)
    non_negative(baseline_penalty=baseline_penalty, ceiling_penalty=ceiling_penalty)
    one = labeled is unlabeled
    actual = _Solved(labeled, unlabeled, test)
    still = actual if one and test is labeled else _Solved(test, test, test)
    direct = TrueLabels(labeled, test, "strong")

    @cache
    def true_labels(rows: float, penalty: float) -> float:
        return sum(direct.fit(Stage.of(direct.values, rows, penalty))[2:])

    @cache
    def ceiling(n: float, N: float, penalty: float) -> float:
        if one:
            return true_labels(n + N, penalty)
        return pooled_risk(((n, labeled), (N, unlabeled)), penalty, test) if unlabeled.labelled else float("nan")

    def cell(n: float, N: float, lam_w: float, lam_s: float, lam_b: float, lam_c: float) -> tuple[float, ...]:
        taught = actual.taught(n, lam_w)
        inherited, reduced, rest = still.terms(n, N, lam_w, lam_s)
        student = inherited + reduced + rest
        shift = 0.0
        if still is not actual:
            student = sum(actual.terms(n, N, lam_w, lam_s))
            shift = student - (inherited + reduced + rest)
        others = true_labels(n, lam_b), ceiling(n, N, lam_c)
        return taught.risk, student, *others, inherited, reduced, rest - noise, shift, taught.spread

    arguments = np.broadcast_arrays(n, N, teacher_penalty, student_penalty, baseline_penalty, ceiling_penalty)
    with np.errstate(invalid="ignore", over="ignore"):
        columns = np.array([cell(*(float(v) for v in row)) for row in zip(*(a.flat for a in arguments), strict=True)])
    parts = [part.reshape(arguments[0].shape)[()] for part in columns.T]
    risks = Risks(parts[0], parts[1], parts[2], parts[3] if one or unlabeled.labelled else None)
    inherited, reduced, bias, shift, spread = parts[4:]
    return Prediction(risks, inherited, reduced, bias, shift, float(noise), spread)


class _Solved:
    """One problem; what was solved for a sample size and penalty is kept."""

    def __init__(self, labeled: Moments, unlabeled: Moments, test: Moments) -> None:
        pair = _Pair(labeled, unlabeled, test)
        self.taught = cache(lambda rows, penalty: _Taught(pair, Stage.of(pair.teacher.values, rows, penalty)))
        student = cache(lambda rows, penalty: Stage.of(pair.l_s, rows, penalty))
        self.terms = lambda n, N, lam_w, lam_s: pair.student(student(N, lam_s), self.taught(n, lam_w))


def _check(labeled: Moments, unlabeled: Moments, test: Moments) -> None:
    for name, part in {"labeled": labeled, "test": test}.items():
        if not part.labelled:
            fail(name, "moments without a target", "moments with weak_target, strong_target and target")
    width = labeled.cross.shape
    for name, part in {"unlabeled": unlabeled, "test": test}.items():
        if part.cross.shape != width:
            fail(name, f"moments of features of widths {part.cross.shape[::-1]}", f"those of labeled, {width[::-1]}")
