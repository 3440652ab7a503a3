"""Ridgeless weak-to-strong regression with a spuriously correlated group feature (the setting of liu2026).

`GroupModel` describes what the two models see, `simulate` draws their risks. Must not import ``theory``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.simulate import _group_engines as engines
from w2s_utils.simulate._groups import LAWS, Array, GroupModel
from w2s_utils.simulate._pair import refuse, whole

ENGINES = ("auto", "shared", "gram", "raw")

__all__ = ["ENGINES", "LAWS", "GroupModel", "GroupRisks", "estimate", "simulate"]


def estimate(values: ArrayLike) -> tuple[Array, Array]:
    """Means and standard errors over the first axis, the designs.

    Parameters
    ----------
    values : array_like, shape (trials, ...)

    Returns
    -------
    mean, se : ndarray

    Raises
    ------
    ValueError
        With fewer than two designs.

    Examples
    --------
    >>> [float(x) for x in estimate([1.0, 3.0])]
    [2.0, 1.0]
    """
    array = np.asarray(values, float)
    if array.ndim == 0 or len(array) < 2:
        refuse("values", f"an array of shape {array.shape}", "at least two designs on the first axis")
    return array.mean(axis=0), array.std(axis=0, ddof=1) / np.sqrt(len(array))


@dataclass(frozen=True, eq=False)
class GroupRisks:
    """Excess risks of every design at every point; points of one call share designs where they can.

    Parameters
    ----------
    teacher, student : ndarray, shape (trials, ...)
        Averaged over the label noise, or with one draw of it.
    engine, label_noise : str
        How they were drawn.

    Examples
    --------
    >>> model = GroupModel.from_norms(p_T=3, p_S=2, mu_T2=4.0, mu_S2=0.1, Xi2=0.1)
    >>> drawn = simulate(model, 200, 200, d_z=8, eta_l=0.1, eta_u=[0.1, 0.5], eta_t=0.5, trials=4)
    >>> drawn.gain.shape
    (4, 2)
    """

    teacher: Array
    student: Array
    engine: str
    label_noise: str

    @property
    def trials(self) -> int:
        """Designs drawn."""
        return len(self.teacher)

    @property
    def gain(self) -> Array:
        """Teacher minus student, design by design."""
        return self.teacher - self.student


def simulate(
    model: GroupModel,
    n: int,
    N: int,
    *,
    d_z: int,
    eta_l: ArrayLike,
    eta_u: ArrayLike,
    eta_t: ArrayLike,
    trials: int = 20,
    label_noise: str = "averaged",
    seed: int | np.random.SeedSequence = 0,
    engine: str = "auto",
    steady: bool = False,
) -> GroupRisks:
    """Draw the excess risks of teacher and student.

    Parameters
    ----------
    model : GroupModel
        What the two models see, and the law of the group feature.
    n, N : int
        Labelled and unlabelled points; ``n > p_T d_z + 1`` and ``N > p_S d_z + 1``.
    d_z : int
        Dimension of the core feature.
    eta_l, eta_u, eta_t : array_like
        Minority fractions of labelled, unlabelled and test data, in [0, 1]; they broadcast.
    trials : int
        Designs to draw, at least 2. The labelled sample of design k depends on ``seed``, k and ``eta_l`` only: calls
        with the same seed and another N or ``eta_u`` share their teachers. All fractions share their random numbers,
        so that differences between points of one design are sharp.
    label_noise : {"averaged", "drawn"}
        ``averaged`` replaces the label noise by its exact expectation given the features; ``drawn`` needs ``raw``.
    seed : int or SeedSequence
        Seed of this point.
    engine : {"auto", "shared", "gram", "raw"}
        ``shared`` (mean shift): one design serves all fractions, as polynomials in their differences. ``gram``: Gram
        matrices, a design for each ``eta_l`` and ``eta_u``. ``raw``: drawn data fitted by least squares. ``auto``
        takes the first that can.
    steady : bool
        Subtract from every risk its first-order term in the Gram matrices' deviation from their expectation, which is
        known: means stay what they are, the scatter between designs falls, and a value is no longer one design's
        risk. The ``raw`` engine cannot.

    Returns
    -------
    GroupRisks

    Raises
    ------
    ValueError
        Naming the argument that is out of range.

    Examples
    --------
    >>> model = GroupModel.from_norms(p_T=2, p_S=1, mu_T2=0.0, mu_S2=0.0, Xi2=0.0)
    >>> drawn = simulate(model, 400, 200, d_z=10, eta_l=0.5, eta_u=0.5, eta_t=0.5, trials=100)
    >>> mean, se = estimate(drawn.student)  # a student without group features: 1 + nu (p_T - 1) parts of the noise
    >>> bool(abs(mean / (10 / 400) - 1.13) < 4 * se * 40)
    True
    """
    d_z, trials = whole("d_z", d_z, 1), whole("trials", trials, 2)
    why = "(the expected risk is infinite otherwise)"
    limits = {"n": model.p_T * d_z + 1, "N": model.p_S * d_z + 1}
    n = whole("n", n, limits["n"] + 1, f"an integer, n > p_T d_z + 1 = {limits['n']} {why}")
    N = whole("N", N, limits["N"] + 1, f"an integer, N > p_S d_z + 1 = {limits['N']} {why}")
    if label_noise not in ("averaged", "drawn"):
        refuse("label_noise", repr(label_noise), "averaged or drawn")
    if engine not in ENGINES:
        refuse("engine", repr(engine), f"one of {', '.join(ENGINES)}")
    if engine == "auto":
        engine = "raw" if label_noise == "drawn" else "shared" if model.law == "mean_shift" else "gram"
    if label_noise == "drawn" and engine != "raw":
        refuse("engine", repr(engine), "raw or auto when label_noise is drawn")
    if engine == "shared" and model.law != "mean_shift":
        refuse("engine", repr(engine), f"gram, raw or auto for law = {model.law!r}; shared needs mean_shift")
    if steady and engine == "raw":
        refuse("steady", steady, "False for the raw engine")
    given = {"eta_l": eta_l, "eta_u": eta_u, "eta_t": eta_t}
    fractions = np.broadcast_arrays(*(model.check_fraction(name, value) for name, value in given.items()))
    sizes, flat = (n, N, d_z), [array.ravel() for array in fractions]
    if engine == "shared":
        risks = engines.shared_risks(model, *sizes, flat, trials, seed, steady)
    elif engine == "gram":
        risks = engines.gram_risks(model, *sizes, flat, trials, seed, steady)
    else:
        risks = engines.raw_risks(model, *sizes, flat, trials, seed, label_noise)
    teacher, student = (risks[..., i].reshape(trials, *fractions[0].shape) for i in range(2))
    return GroupRisks(teacher, student, engine, label_noise)
