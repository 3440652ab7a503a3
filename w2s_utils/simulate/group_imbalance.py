"""Ridgeless weak-to-strong regression with a spuriously correlated group feature (the setting of liu2026).

`GroupModel` describes what the two models see, `simulate` draws their risks. Must not import ``theory``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.simulate import _group_gram as gram
from w2s_utils.simulate import _group_raw as raw
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


_TOGETHER, _STACKED = 16, 2**22  # designs drawn from one generator, and numbers in their Gram matrices


def _chunks(model: GroupModel, d_z: int, trials: int) -> Iterator[tuple[int, slice]]:
    """Number and designs of each chunk, whose size depends on nothing that points of one design may differ in."""
    size = max(1, min(_TOGETHER, _STACKED // ((model.mean.size + 1) * d_z) ** 2))
    yield from ((at, slice(at * size, min((at + 1) * size, trials))) for at in range(-(-trials // size)))


def _generator(seed: int | np.random.SeedSequence, chunk: int, sample: int) -> np.random.Generator:
    """Generator of one sample of some designs: fractions are no part of it, so that points differ by them alone."""
    parent = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(whole("seed", seed, 0))
    named = np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, chunk, sample))
    return np.random.Generator(np.random.SFC64(named))  # draws are a third of the work; the fastest of numpy's


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
    given = {"eta_l": eta_l, "eta_u": eta_u, "eta_t": eta_t}
    fractions = np.broadcast_arrays(*(model.check_fraction(name, value) for name, value in given.items()))
    sizes, flat = (n, N, d_z), [array.ravel() for array in fractions]
    if engine == "shared":
        risks = _shared(model, *sizes, flat, trials, seed)
    else:
        risks = _pointwise(model, *sizes, flat, trials, seed, engine, label_noise)
    teacher, student = (risks[..., i].reshape(trials, *fractions[0].shape) for i in range(2))
    return GroupRisks(teacher, student, engine, label_noise)


class _Kept(dict[tuple[object, ...], tuple[Array, ...]]):
    """Arrays for whoever asks again, up to a size in bytes; beyond it the oldest are forgotten."""

    def __init__(self, limit: int):
        super().__init__()
        self.limit, self.size = limit, 0

    def __setitem__(self, key: tuple[object, ...], value: tuple[Array, ...]) -> None:
        super().__setitem__(key, value)
        self.size += _bytes(value)
        while self.size > self.limit and len(self) > 1:
            self.size -= _bytes(self.pop(next(iter(self))))


def _bytes(arrays: tuple[Array, ...]) -> int:
    return sum(array.nbytes for array in arrays)


_KEPT = _Kept(2**27)


def _kept(key: tuple[object, ...], make: Callable[[], tuple[Array, ...]]) -> tuple[Array, ...]:
    if (found := _KEPT.get(key)) is None:
        found = _KEPT[key] = make()
    return found


def _shared(model: GroupModel, n: int, N: int, d_z: int, flat: list[Array], trials: int, seed) -> Array:
    eta_l, eta_u, eta_t = flat
    powers = np.arange(3)
    to_test = (eta_t - eta_l)[:, None] ** powers
    first, second = (eta_u - eta_l)[:, None] ** powers, (eta_t - eta_u)[:, None] ** powers
    risks = np.empty((trials, eta_l.size, 2))
    named = (seed.entropy, seed.spawn_key) if isinstance(seed, np.random.SeedSequence) else (seed, ())
    for chunk, designs in _chunks(model, d_z, trials):
        # no group mean enters what is kept, and no Xi the samples: points that differ by them share them
        count = designs.stop - designs.start
        key = (*named, chunk, count, d_z, model.p_T, model.p_S, model.sigma_xi2, n)

        def teachers(chunk: int = chunk, count: int = count) -> tuple[Array, ...]:
            rngs = _generator(seed, chunk, 0)
            K = gram.inverses(gram.grams(gram.teacher_sees(model), rngs, count, n, d_z, None))
            return K, gram.teacher_traces(K, d_z)

        def samples(chunk: int = chunk, count: int = count) -> tuple[Array, ...]:
            return (gram.grams(gram.both_see(model), _generator(seed, chunk, 1), count, N, d_z, None),)

        K, blocks = _kept(key, teachers)

        def students(key: tuple[object, ...] = key, K: Array = K) -> tuple[Array, ...]:
            (drawn,) = _kept((*key, N), samples)
            return gram.student_traces(gram.student_maps(model, drawn, d_z), K, d_z)

        traces = gram.Traces(*_kept((*key, N, model.Xi.tobytes()), students))
        risks[designs, :, 0] = gram.teacher_polynomial(model, blocks) @ to_test.T
        student = gram.student_polynomial(model, traces)
        risks[designs, :, 1] = np.einsum("pi,tij,pj->tp", first, student, second)
    return risks


def _pointwise(
    model: GroupModel, n: int, N: int, d_z: int, flat: list[Array], trials: int, seed, engine: str, label_noise: str
) -> Array:
    eta_l, eta_u, eta_t = flat
    risks = np.empty((trials, eta_l.size, 2))
    moments = [[model.sigma_y2 * gram.second_moment(model, mu, t) for mu in (model.mu_T, model.mu_S)] for t in eta_t]
    places = {
        left: [(u, np.flatnonzero((eta_l == left) & (eta_u == u))) for u in np.unique(eta_u[eta_l == left])]
        for left in np.unique(eta_l)
    }
    for chunk, designs in _chunks(model, d_z, trials):
        count = designs.stop - designs.start
        for left, middles in places.items():
            if engine == "raw":
                taught = raw.teach(model, count, n, d_z, _generator(seed, chunk, 0), left, label_noise=label_noise)
            else:
                drawn = gram.grams(gram.teacher_sees(model), _generator(seed, chunk, 0), count, n, d_z, left)
                K = gram.inverses(drawn)
                first = gram.teacher_traces(K, d_z)
            for middle, at in middles:
                if engine == "raw":
                    both = raw.learn(taught, N, d_z, _generator(seed, chunk, 1), middle, eta_t[at].tolist())
                    risks[designs, at] = both
                    continue
                drawn = gram.grams(gram.both_see(model), _generator(seed, chunk, 1), count, N, d_z, middle)
                second = gram.student_traces(gram.student_maps(model, drawn, d_z), K, d_z).plain
                for index in at:
                    for side, blocks in enumerate((first, second)):
                        risks[designs, index, side] = (moments[index][side] * blocks).sum((1, 2))
    return risks
