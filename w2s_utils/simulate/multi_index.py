"""A weak teacher that learns an easy feature, a pre-trained student that already has a hard one (moniri2025).

The target is ``f_e(<beta_e, x>) + f_h(<beta_h, x>)`` with Gaussian inputs. The teacher makes one gradient step on its
first layer and fits its head: it finds ``beta_e``, whose link has information exponent 1, and not ``beta_h``. The
student sees only the teacher's labels. All data are drawn; there is no other engine. Must not import ``theory``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from w2s_utils import parallel
from w2s_utils.simulate import _network as net
from w2s_utils.simulate._pair import refuse, whole

Array = NDArray[np.float64]
ERRORS = ("null", "teacher", "pretrained", "student", "no_pretraining", "refit")
SHARES = ("teacher_hard_share", "student_hard_share", "refit_hard_share")
COSINES = ("teacher_easy", "teacher_hard", "student_easy", "student_hard")

__all__ = ["COSINES", "ERRORS", "SHARES", "MultiIndex", "SimulatedMultiIndex", "simulate", "simulate_step"]


@dataclass(frozen=True)
class MultiIndex:
    """Setting of the multi-index experiment.

    Parameters
    ----------
    d : int
        Input dimension, at least 4; the network has ``2 d`` hidden units.
    n : int
        Labelled points of the teacher's step, and as many again for its head.
    hard : {"he3", "he2"}
        Link of the hard feature: Hermite polynomial, of information exponent 3 or 2.
    rho : float
        Overlap, in [0, 1], of the direction that pre-training found with ``beta_h``.
    n_student : int
        Fresh points with teacher labels for the student's step, and as many again for its adapter; also the size of the
        pre-training set. By default ``40 d``.
    noise : float
        Standard deviation of the label noise.
    rate : float
        Step size over the square root of the width.
    penalty : float
        Ridge penalty of the heads.

    Examples
    --------
    >>> MultiIndex(d=100, n=2000).points
    4000
    """

    d: int
    n: int
    hard: str = "he3"
    rho: float = 1.0
    n_student: int = 0
    noise: float = 0.1
    rate: float = 3.0
    penalty: float = 0.01

    def __post_init__(self) -> None:
        whole("d", self.d, 4)
        whole("n", self.n, 2)
        whole("n_student", self.n_student, 0)
        if self.hard not in net.HARD_LINKS:
            refuse("hard", repr(self.hard), f"one of {', '.join(net.HARD_LINKS)}")
        if not 0 <= self.rho <= 1:
            refuse("rho", self.rho, "0 <= rho <= 1")
        for name in ("noise", "rate", "penalty"):
            value = getattr(self, name)
            if not (np.isfinite(value) and (value >= 0 if name == "noise" else value > 0)):
                refuse(name, value, f"finite and {'at least' if name == 'noise' else 'above'} 0")

    @property
    def points(self) -> int:
        """Fresh points of each of the student's stages."""
        return self.n_student or 40 * self.d


@dataclass(frozen=True, eq=False)
class SimulatedMultiIndex:
    """What each trial measured, one value a trial.

    Parameters
    ----------
    values : dict of str to ndarray, shape (trials,)
        Excess test errors `ERRORS`: of predicting 0, of the teacher, of the pre-trained network alone, of the student
        (frozen pre-trained network plus adapter), of the same adapter without pre-training, and of a student whose
        whole head is re-fitted on the teacher's labels. `SHARES`: coefficient of the hard component in a model's
        output, 1 when it is reproduced. `COSINES`: absolute cosines of the two steps with both directions.
        ``second_moment``: ``E[y^2]`` of the labels.

    Examples
    --------
    >>> drawn = simulate(MultiIndex(d=20, n=200), trials=2)
    >>> drawn.values["student"].shape
    (2,)
    """

    values: dict[str, Array]

    @property
    def trials(self) -> int:
        """Number of trials."""
        return len(self.values["teacher"])


def _trial(setting: MultiIndex, rng: np.random.Generator) -> dict[str, float]:
    d, width, m = setting.d, 2 * setting.d, setting.points
    hard_link = net.HARD_LINKS[setting.hard]
    beta_e, beta_h, other = np.linalg.qr(rng.standard_normal((d, 3)))[0].T

    def inputs(rows: int) -> Array:
        return rng.standard_normal((rows, d))

    def clean(X: Array) -> Array:
        return net.easy_link(X @ beta_e) + hard_link(X @ beta_h)

    def noisy(values: Array) -> Array:
        return values + setting.noise * rng.standard_normal(len(values))

    biases = rng.standard_normal(width)
    # the teacher: one step, then the head on fresh labels
    weights = net.sphere_rows(rng, width, d)
    X, X_head = inputs(setting.n), inputs(setting.n)
    y = noisy(clean(X))
    step = net.gradient_step(rng, weights, X, y, setting.rate)
    teacher = net.head(weights + step, biases, X_head, noisy(clean(X_head)), setting.penalty)
    # pre-training on the hard part alone found a direction with overlap rho
    found = setting.rho * beta_h + np.sqrt(1 - setting.rho**2) * other
    features = net.sphere_rows(rng, width, d) + 2 * rng.standard_normal(width)[:, None] * found
    X_pre = inputs(m)
    pretrained = net.head(features, biases, X_pre, noisy(hard_link(X_pre @ beta_h)), setting.penalty)
    # the student: direction of its own step, then an adapter along it; only teacher labels
    X_step, X_fit, X_test = inputs(m), inputs(m), inputs(max(2000, 20 * d))
    own = net.gradient_step(rng, net.sphere_rows(rng, width, d), X_step, teacher(X_step), setting.rate)
    direction, labels = net.main_direction(own), teacher(X_fit)
    units = rng.integers(2**32)
    added = net.adapter(np.random.default_rng(units), direction, X_fit, labels - pretrained(X_fit))
    alone = net.adapter(np.random.default_rng(units), direction, X_fit, labels)
    refit = net.head(features + own, biases, X_fit, labels, setting.penalty)

    target, hard = clean(X_test), hard_link(X_test @ beta_h)
    outputs = {"teacher": teacher(X_test), "pretrained": pretrained(X_test), "no_pretraining": alone(X_test)}
    outputs |= {"student": outputs["pretrained"] + added(X_test), "refit": refit(X_test), "null": 0 * target}
    values = {name: float(np.mean((outputs[name] - target) ** 2)) for name in ERRORS}
    for share in SHARES:
        values[share] = float(np.mean(outputs[share.removesuffix("_hard_share")] * hard) / np.mean(hard**2))
    taught = net.main_direction(step)
    pairs = zip(COSINES, ((taught, beta_e), (taught, beta_h), (direction, beta_e), (direction, beta_h)), strict=True)
    values |= {name: float(abs(one @ two)) for name, (one, two) in pairs}
    return values | {"second_moment": float(np.mean(y**2))}


def simulate(setting: MultiIndex, *, trials: int = 8, seed: int | np.random.SeedSequence = 0) -> SimulatedMultiIndex:
    """Train teacher, student and controls on drawn data, ``trials`` times.

    Parameters
    ----------
    setting : MultiIndex
        Dimension, samples and links.
    trials : int
        At least 2. Trial k depends on ``seed`` and k only; with one seed, settings that differ in ``rho`` alone share
        their teacher and their data.
    seed : int or SeedSequence
        Seed of this setting.

    Returns
    -------
    SimulatedMultiIndex

    Raises
    ------
    ValueError
        Naming the argument that is out of range.

    Examples
    --------
    >>> errors = simulate(MultiIndex(d=30, n=1200), trials=2).values
    >>> bool(errors["student"].mean() < errors["teacher"].mean())
    True
    """
    trials = whole("trials", trials, 2)
    rows = [_trial(setting, parallel.generator(seed, index)) for index in range(trials)]
    return SimulatedMultiIndex({name: np.array([row[name] for row in rows]) for name in rows[0]})


def simulate_step(setting: MultiIndex, *, trials: int = 100, seed: int | np.random.SeedSequence = 0) -> Array:
    """Absolute cosines of the teacher's step with ``beta_e`` and ``beta_h``, without fitting anything.

    Parameters
    ----------
    setting : MultiIndex
        Dimension, labelled points and links.
    trials : int
        At least 2. Trial k depends on ``seed`` and k only.
    seed : int or SeedSequence
        Seed of this setting.

    Returns
    -------
    ndarray, shape (trials, 2)

    Raises
    ------
    ValueError
        Naming the argument that is out of range.

    Examples
    --------
    >>> cosines = simulate_step(MultiIndex(d=40, n=800), trials=20)
    >>> bool(cosines[:, 0].mean() > 0.8 > cosines[:, 1].mean())
    True
    """
    trials, d, rows = whole("trials", trials, 2), setting.d, []
    for index in range(trials):
        rng = parallel.generator(seed, index)
        directions = np.linalg.qr(rng.standard_normal((d, 2)))[0]
        X = rng.standard_normal((setting.n, d))
        parts = X @ directions
        y = net.easy_link(parts[:, 0]) + net.HARD_LINKS[setting.hard](parts[:, 1])
        y += setting.noise * rng.standard_normal(setting.n)
        step = net.gradient_step(rng, net.sphere_rows(rng, 2 * d, d), X, y, setting.rate)
        rows.append(np.abs(net.main_direction(step) @ directions))
    return np.array(rows)
