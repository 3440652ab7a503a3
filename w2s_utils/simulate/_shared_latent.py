"""Ridge teacher and student on two feature maps of one Gaussian latent vector: dong2025's ridge theorem.

Latent coordinate i has variance ``weak[i]`` in the weak and ``strong[i]`` in the strong features. ``bartlett`` draws
the triangular factors of both samples, so that neither n nor N enters the cost; ``raw`` draws the latents. Both take
the expectation over the label noise given what they draw. Must not import ``theory``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils import parallel
from w2s_utils.simulate._bartlett import triangular_factor
from w2s_utils.simulate._pair import refuse, whole
from w2s_utils.simulate._results import Estimate
from w2s_utils.simulate._ridge_arguments import estimate, number, penalties

Array = NDArray[np.float64]
_TOGETHER = 32  # designs whose systems are solved in one call


class Setting(NamedTuple):
    """Sample sizes, standard deviations of both feature maps, target, noise variance, penalties."""

    n: int
    N: int
    weak: Array
    strong: Array
    target: Array
    sigma2: float
    alpha_w: float
    alpha_s: float


def average(rngs: Sequence[np.random.Generator], at: Setting) -> Array:
    """Risk on fresh points, risk on the unlabelled sample, noise-free risk of the teacher; noise averaged.

    A row for each design; their small systems are solved together.
    """
    d = at.weak.size
    factors = [(triangular_factor(rng, at.n, d), triangular_factor(rng, at.N, d)) for rng in rngs]
    R, V = (np.stack(part) for part in zip(*factors, strict=True))
    labelled, unlabelled, height = R * at.weak, V * at.strong, R.shape[1]
    unit = np.broadcast_to(np.eye(height), (len(R), height, height))
    right = np.concatenate([(R @ at.target)[:, :, None], unit], axis=2)  # the noise-free labels, and unit noise
    turned, again = labelled.swapaxes(1, 2), unlabelled.swapaxes(1, 2)
    teacher = np.linalg.solve(turned @ labelled / at.n + at.alpha_w * np.eye(d), turned @ right / at.n)
    passed_on = V @ (at.weak[:, None] * teacher)
    gram = again @ unlabelled / at.N + at.alpha_s * np.eye(d)
    student = at.strong[:, None] * np.linalg.solve(gram, again @ passed_on / at.N)
    student[:, :, 0] -= at.target
    weights = np.r_[1.0, np.full(height, at.sigma2)]
    on_sample = ((V @ student) ** 2).sum(1) @ weights / at.N
    bias = ((at.weak * teacher[:, :, 0] - at.target) ** 2).sum(1)
    return np.stack([(student**2).sum(1) @ weights, on_sample, bias], axis=1)


def draw(rng: np.random.Generator, at: Setting) -> Array:
    """The same three numbers from drawn latents, with the expectation over the label noise given them.

    Both samples enter by their sums of products alone, which are formed once. The noise enters linearly, with the
    covariance of the labelled sums: it is put through once for each column of a square root of that covariance.
    """
    d = at.weak.size
    Z, X = rng.standard_normal((at.n, d)), rng.standard_normal((at.N, d))
    first, second = Z.T @ Z / at.n, X.T @ X / at.N
    values, vectors = np.linalg.eigh(first)
    noise = np.sqrt(at.sigma2 / at.n * np.maximum(values, 0)) * vectors
    right = at.weak[:, None] * np.column_stack([first @ at.target, noise])
    teacher = np.linalg.solve(at.weak[:, None] * first * at.weak + at.alpha_w * np.eye(d), right)
    pseudo = at.strong[:, None] * (second @ (at.weak[:, None] * teacher))
    error = at.strong[:, None] * np.linalg.solve(
        at.strong[:, None] * second * at.strong + at.alpha_s * np.eye(d), pseudo
    )
    error[:, 0] -= at.target
    bias = ((at.weak * teacher[:, 0] - at.target) ** 2).sum()
    return np.array([(error**2).sum(), (error * (second @ error)).sum(), bias])


@dataclass(frozen=True, eq=False)
class SharedRisks:
    """Excess risks of the student in the ridge theorem's setting, one value a design.

    Parameters
    ----------
    fresh, sample : ndarray, shape (trials,)
        Student's excess risk on fresh points and on its own unlabelled sample.
    teacher_bias : ndarray, shape (trials,)
        Excess risk on fresh points of a teacher of noise-free labels.
    engine : str
        How they were drawn.

    Examples
    --------
    >>> from w2s_utils.simulate.ridge import simulate_shared
    >>> risks = simulate_shared(50, 50, weak=[1.0], strong=[1.0], target=[1.0], sigma2=1.0, alpha_w=0.05, alpha_s=0.05)
    >>> risks.student.value > 0
    True
    """

    fresh: Array
    sample: Array
    teacher_bias: Array
    engine: str

    @property
    def student(self) -> Estimate:
        """Mean excess risk on fresh points."""
        return Estimate(*(float(x) for x in estimate(self.fresh)))

    @property
    def on_sample(self) -> Estimate:
        """Mean excess risk on the unlabelled sample."""
        return Estimate(*(float(x) for x in estimate(self.sample)))


def simulate_shared(
    n: int,
    N: int,
    *,
    weak: ArrayLike,
    strong: ArrayLike,
    target: ArrayLike,
    sigma2: float,
    alpha_w: float,
    alpha_s: float,
    trials: int = 40,
    seed: int | np.random.SeedSequence = 0,
    engine: str = "bartlett",
) -> SharedRisks:
    """Draw the excess risk of a ridge student whose features share a Gaussian latent vector with its teacher's.

    Parameters
    ----------
    n, N : int
        Labelled and unlabelled points.
    weak, strong : array_like, shape (d,)
        Variances of the latent coordinates in both feature maps, above 0.
    target : array_like, shape (d,)
        Coefficients of the target on the standardised latent coordinates.
    sigma2 : float
        Variance of the label noise.
    alpha_w, alpha_s : float
        Penalties of teacher and student, above 0, beside the mean squared error.
    trials : int
        Designs, at least 2. Design k depends on ``seed`` and k only.
    seed : int or SeedSequence
        Seed of this point.
    engine : {"bartlett", "raw"}
        Draw triangular factors, or the latent vectors themselves; label noise is averaged exactly.

    Returns
    -------
    SharedRisks

    Raises
    ------
    ValueError
        Naming the argument that is out of range.

    Examples
    --------
    >>> setting = dict(weak=[1.0], strong=[1.0], target=[1.0], sigma2=1.0, alpha_w=0.0464, alpha_s=0.0464)
    >>> risk = simulate_shared(50, 50, trials=2000, **setting).student
    >>> abs(risk.value - 0.0254) < 5 * risk.se
    True
    """
    n, N, trials = whole("n", n, 1), whole("N", N, 1), whole("trials", trials, 2)
    spectra = {"weak": penalties("weak", weak), "strong": penalties("strong", strong)}
    aim = np.atleast_1d(np.asarray(target, float))
    for name, values in spectra.items():
        if not values.all():
            refuse(name, 0, "above 0")
        if values.shape != aim.shape:
            refuse(name, f"an array of shape {values.shape}", f"as long as the target, {aim.shape}")
    if not np.isfinite(aim).all():
        refuse("target", "an array with nan or inf", "finite")
    sigma2 = number("sigma2", sigma2, 0, np.inf)
    for name, value in (("alpha_w", alpha_w), ("alpha_s", alpha_s)):
        if not (value > 0 and np.isfinite(value)):
            refuse(name, value, "finite and above 0")
    if engine not in ("bartlett", "raw"):
        refuse("engine", repr(engine), "bartlett or raw")
    roots = {name: np.sqrt(values) for name, values in spectra.items()}
    at = Setting(n, N, **roots, target=aim, sigma2=sigma2, alpha_w=float(alpha_w), alpha_s=float(alpha_s))
    rngs = [parallel.generator(seed, index) for index in range(trials)]
    if engine == "bartlett":
        parts = [average(rngs[start : start + _TOGETHER], at) for start in range(0, trials, _TOGETHER)]
        rows = np.concatenate(parts)
    else:
        rows = np.array([draw(rng, at) for rng in rngs])
    fresh, sample, bias = rows.T
    return SharedRisks(fresh, sample, bias, engine)
