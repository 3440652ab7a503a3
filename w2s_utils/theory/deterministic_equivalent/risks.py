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
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils._arrays import FloatArray
from w2s_utils.metrics import FloatOrArray, Risks
from w2s_utils.theory._ranges import non_negative, positive
from w2s_utils.theory.deterministic_equivalent.moments import Moments
from w2s_utils.theory.deterministic_equivalent.pooled import pooled_risk
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


class _Pair:
    """Moments of labelled and unlabelled rows, turned into the eigenbases of the two fits, seen from the test rows."""

    def __init__(self, labeled: Moments, unlabeled: Moments, test: Moments) -> None:
        assert labeled.weak_target is not None and labeled.target is not None
        assert test.weak_target is not None and test.strong_target is not None and test.target is not None
        self.l_w, U_w = labeled._weak
        self.l_s, U_s = unlabeled._strong
        self.y2, self.test_y2 = labeled.target, test.target
        self.c_w = U_w.T @ labeled.weak_target
        self.test_c_w, self.test_c_s = U_w.T @ test.weak_target, U_s.T @ test.strong_target
        self.cross = U_s.T @ unlabeled.cross @ U_w
        self.cross2 = self.cross**2
        self.W = _turned(unlabeled.weak, labeled.weak, self.l_w, U_w)
        self.test_W = _turned(test.weak, labeled.weak, self.l_w, U_w)
        self.S_t = _turned(test.strong, unlabeled.strong, self.l_s, U_s)

    def teacher(self, stage: Stage) -> tuple[FloatArray, FloatArray, float]:
        """Mean and variance of the coefficients, test error of the mean."""
        mean = stage.inverse[:, None] * self.c_w
        tau2 = stage.noise(max(self.y2 - 2 * np.sum(mean * self.c_w) + _square(self.l_w, mean), 0.0))
        return mean, tau2 * stage.unit, self.test_y2 - 2 * np.sum(mean * self.test_c_w) + _square(self.test_W, mean)

    def student(self, stage: Stage, mean: FloatArray, variance: FloatArray) -> tuple[float, float, float]:
        """Inherited, reduced, and the error of a student of the averaged teacher."""
        D, l_s, A = stage.inverse, self.l_s, self.cross
        follow = D[:, None] * (A @ mean)
        missed = _square(self.W, mean) - 2 * np.sum((A @ mean) * follow) + _square(l_s, follow)
        passed = (D * (2 - l_s * D)) @ self.cross2  # diagonal of 2 A'DA - A'DSDA
        with np.errstate(invalid="ignore"):
            # never negative but by rounding, which an infinite variance would turn into nan
            missed_variance = float(np.sum(_product(variance, np.maximum(_diagonal(self.W) - passed, 0.0))))
            if self.S_t.ndim == 1:
                seen = (self.S_t * D**2) @ self.cross2
            else:
                moved = D[:, None] * A
                seen = np.einsum("ij,ij->j", moved, self.S_t @ moved)
            inherited = float(np.sum(_product(variance, seen)))
        unit = float(np.sum(stage.unit * _diagonal(self.S_t)))
        own = unit * stage.noise(max(missed, 0.0))
        direct = self.test_y2 - 2 * np.sum(follow * self.test_c_s) + _square(self.S_t, follow)
        return inherited, unit * stage.noise(max(missed_variance, 0.0)), direct + own


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
    unlabeled_given = unlabeled
    unlabeled = labeled if unlabeled is None else unlabeled
    if test is None:
        test = unlabeled if unlabeled.labelled else labeled
    _check(labeled, unlabeled, test)
    baseline_penalty = student_penalty if baseline_penalty is None else baseline_penalty
    ceiling_penalty = student_penalty if ceiling_penalty is None else ceiling_penalty
    positive(n=n, N=N)
    non_negative(teacher_penalty=teacher_penalty, student_penalty=student_penalty, noise=noise)
    non_negative(baseline_penalty=baseline_penalty, ceiling_penalty=ceiling_penalty)
    actual = _Pair(labeled, unlabeled, test)
    shifted = not (labeled is test and unlabeled is test)
    still = _Pair(test, test, test) if shifted else actual
    direct = _Strong(labeled, test)
    same = unlabeled_given is None or unlabeled is labeled
    stage = lru_cache(maxsize=None)(lambda which, rows, penalty: Stage.of(spectra[which], rows, penalty))
    spectra = {"w": actual.l_w, "s": actual.l_s, "b": direct.values, "still w": still.l_w, "still s": still.l_s}

    def cell(n: float, N: float, lam_w: float, lam_s: float, lam_b: float, lam_c: float) -> tuple[float, ...]:
        first = stage("w", n, lam_w)
        mean, variance, error = actual.teacher(first)
        spread = float(np.sum(_product(variance, _diagonal(actual.test_W))))
        terms = actual.student(stage("s", N, lam_s), mean, variance)
        student, rest = sum(terms), terms
        if shifted:
            rest = still.student(stage("still s", N, lam_s), *still.teacher(stage("still w", n, lam_w))[:2])
        shift = student - sum(rest) if shifted else 0.0
        ceiling = float("nan")
        if same:
            ceiling = direct.risk(stage("b", n + N, lam_c))
        elif unlabeled.labelled:
            ceiling = pooled_risk(((n, labeled), (N, unlabeled)), lam_c, test)
        baseline = direct.risk(stage("b", n, lam_b))
        return error + spread, student, baseline, ceiling, rest[0], rest[1], rest[2] - noise, shift, spread

    arguments = np.broadcast_arrays(n, N, teacher_penalty, student_penalty, baseline_penalty, ceiling_penalty)
    with np.errstate(invalid="ignore", over="ignore"):
        columns = np.array([cell(*(float(v) for v in row)) for row in zip(*(a.flat for a in arguments), strict=True)])
    parts = [part.reshape(arguments[0].shape)[()] for part in columns.T]
    ceiling = parts[3] if same or unlabeled.labelled else None
    risks = Risks(teacher=parts[0], student=parts[1], baseline=parts[2], ceiling=ceiling)
    inherited, reduced, bias, shift, spread = parts[4:]
    return Prediction(risks, inherited, reduced, bias, shift, float(noise), spread)


class _Strong:
    """The strong model fitted to true labels."""

    def __init__(self, labeled: Moments, test: Moments) -> None:
        assert labeled.strong_target is not None and labeled.target is not None
        assert test.strong_target is not None and test.target is not None
        self.values, U = labeled._strong
        self.y2, self.test_y2 = labeled.target, test.target
        self.c, self.test_c = U.T @ labeled.strong_target, U.T @ test.strong_target
        self.S_t = _turned(test.strong, labeled.strong, self.values, U)

    def risk(self, stage: Stage) -> float:
        mean = stage.inverse[:, None] * self.c
        tau2 = stage.noise(max(self.y2 - 2 * np.sum(mean * self.c) + _square(self.values, mean), 0.0))
        spread = float(np.sum(_product(tau2 * stage.unit, _diagonal(self.S_t))))
        return float(self.test_y2 - 2 * np.sum(mean * self.test_c) + _square(self.S_t, mean)) + spread


def _turned(matrix: FloatArray, own: FloatArray, values: FloatArray, vectors: FloatArray) -> FloatArray:
    """The matrix in the eigenbasis of ``own``: a vector where it is ``own`` itself."""
    return values if matrix is own else vectors.T @ matrix @ vectors


def _diagonal(matrix: FloatArray) -> FloatArray:
    return matrix if matrix.ndim == 1 else np.diagonal(matrix)


def _square(matrix: FloatArray, columns: FloatArray) -> float:
    """Quadratic form, summed over columns; ``matrix`` may be its diagonal."""
    moved = matrix[:, None] * columns if matrix.ndim == 1 else matrix @ columns
    return float(np.sum(columns * moved))


def _product(variance: FloatArray, by: FloatArray) -> FloatArray:
    """Element by element, an infinite variance times nothing being nothing."""
    return np.where(np.abs(by) > 0, variance * by, 0.0)


def _check(labeled: Moments, unlabeled: Moments, test: Moments) -> None:
    for name, part in {"labeled": labeled, "test": test}.items():
        if not part.labelled:
            fail(name, "moments without a target", "moments with weak_target, strong_target and target")
    width = labeled.cross.shape
    for name, part in {"unlabeled": unlabeled, "test": test}.items():
        if part.cross.shape != width:
            fail(name, f"moments of features of widths {part.cross.shape[::-1]}", f"those of labeled, {width[::-1]}")
