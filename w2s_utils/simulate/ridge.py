"""Ridge teacher and ridge student: isotropic inputs (moniri2025), and two maps of one latent vector (dong2025).

`simulate` draws a whole grid of penalties from each design; `simulate_shared` the ridge theorem's setting. Of the
three engines ``raw`` draws data and solves, and shares nothing with the theory. ``haar`` draws spectra and rotations.
``mean`` takes the expectation given the same kind of spectra, by the average over rotations that the theory's
derivation uses too: it tests the limit of the spectra only. Must not import ``theory``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils import parallel
from w2s_utils.simulate import _ridge_raw, _ridge_spectra
from w2s_utils.simulate._pair import refuse, whole
from w2s_utils.simulate._ridge_arguments import estimate, number, penalties
from w2s_utils.simulate._shared_latent import SharedRisks, simulate_shared

Array = NDArray[np.float64]
ENGINES = ("haar", "mean", "raw")

__all__ = ["ENGINES", "SharedRisks", "SimulatedRidge", "estimate", "simulate", "simulate_shared"]


@dataclass(frozen=True, eq=False)
class SimulatedRidge:
    """Drawn errors ``|b - beta|^2`` on a grid of penalties.

    Parameters
    ----------
    d, n_t, n_s : int
        Dimension, labelled and pseudo-labelled points.
    lam_t, lam_s : ndarray, shapes (T,), (S,)
        Penalties.
    teacher, student : ndarray, shapes (trials, T), (trials, T, S)
        Errors of each design; with engine ``mean`` their expectation given the two spectra.
    engine : str
        How they were drawn.

    Examples
    --------
    >>> drawn = simulate(40, 80, 80, sigma2=1.0, lam_t=[0.05], lam_s=[0.2, 1.0], trials=10)
    >>> drawn.gain.shape, drawn.trials
    ((10, 1, 2), 10)
    """

    d: int
    n_t: int
    n_s: int
    lam_t: Array
    lam_s: Array
    teacher: Array
    student: Array
    engine: str

    @property
    def trials(self) -> int:
        """Number of designs."""
        return len(self.teacher)

    @property
    def gain(self) -> Array:
        """Teacher's minus student's error in each design, shape (trials, T, S)."""
        return self.teacher[:, :, None] - self.student


def simulate(
    d: int,
    n_t: int,
    n_s: int,
    *,
    sigma2: float,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    zeta: float = 0.0,
    g: float = 1.0,
    trials: int = 40,
    draws: int = 1,
    seed: int | np.random.SeedSequence = 0,
    engine: str = "haar",
) -> SimulatedRidge:
    """Draw the errors of a ridge teacher and its ridge student on a grid of penalties.

    Parameters
    ----------
    d, n_t, n_s : int
        Dimension (at least 2), labelled and pseudo-labelled points.
    sigma2 : float
        Variance of the label noise; the target is uniform on the unit sphere.
    lam_t, lam_s : float or array_like, shapes (T,), (S,)
        Penalties of teacher and student, at least 0; 0 is the minimum-norm limit.
    zeta : float
        Cosine between the target and the direction ``u`` that the student's penalty spares.
    g : float
        Penalty left along ``u``, in [0, 1]: the student's penalty is ``lam_s (I + (g - 1) u u')``.
    trials : int
        Designs to draw, at least 2; each serves the whole grid. Design k depends on ``seed`` and k only.
    draws : int
        Targets, each with its own label noise, that share a design and are averaged in it (``raw`` only); 0 for their
        exact expectation given the drawn inputs.
    seed : int or SeedSequence
        Seed of this grid.
    engine : {"haar", "mean", "raw"}
        ``haar`` is exact in law for every single cell and for the grid as a whole; ``mean`` (only ``g = 1``) has far
        smaller errors, for brackets; ``raw`` draws data and calls only ``numpy.linalg.solve``, ``inv`` and ``lstsq``.

    Returns
    -------
    SimulatedRidge

    Raises
    ------
    ValueError
        Naming the argument that is out of range.

    Examples
    --------
    >>> drawn = simulate(100, 200, 200, sigma2=1.0, lam_t=[0.05, 0.5], lam_s=[0.2], engine="mean")
    >>> mean, se = estimate(drawn.student)
    >>> bool(np.all(abs(mean[:, 0] - [0.5476, 0.4628]) < 5 * se[:, 0] + 0.02))
    True
    """
    d, n_t, n_s = whole("d", d, 2), whole("n_t", n_t, 1), whole("n_s", n_s, 1)
    trials, sigma2 = whole("trials", trials, 2), number("sigma2", sigma2, 0, np.inf)
    teacher_grid, student_grid = penalties("lam_t", lam_t), penalties("lam_s", lam_s)
    zeta, g = number("zeta", zeta, -1, 1), number("g", g, 0, 1)
    if engine not in ENGINES:
        refuse("engine", repr(engine), f"one of {', '.join(ENGINES)}")
    draws = whole("draws", draws, 0)
    if engine != "raw" and draws != 1:
        refuse("draws", draws, f"1 with engine {engine}")
    if engine == "mean" and g < 1:
        refuse("engine", repr(engine), "haar or raw for g < 1; mean is for plain ridge")
    if engine == "raw" and g < 1 and not student_grid.all():
        refuse("lam_s", 0, "above 0 with engine raw and g < 1")
    if g == 0 and n_s < 2:
        refuse("n_s", n_s, "at least 2 with g = 0")
    generators = [parallel.generator(seed, index) for index in range(trials)]
    setting = (d, n_t, n_s, sigma2, teacher_grid, student_grid)
    if engine == "mean":
        errors = _ridge_spectra.mean(generators, *setting)
        return SimulatedRidge(d, n_t, n_s, teacher_grid, student_grid, *errors, engine)
    if engine == "raw" and draws == 0:
        errors = _ridge_raw.expected(generators, *setting, zeta, g)
        return SimulatedRidge(d, n_t, n_s, teacher_grid, student_grid, *errors, engine)
    rows = []
    for rng in generators:
        if engine == "haar":
            rows.append(_ridge_spectra.haar(rng, *setting, zeta, g))
        else:
            rows.append(_ridge_raw.draw(rng, *setting, zeta, g, draws))
    teacher, student = (np.stack(part) for part in zip(*rows, strict=True))
    return SimulatedRidge(d, n_t, n_s, teacher_grid, student_grid, teacher, student, engine)
