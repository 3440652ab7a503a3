"""The engines of the group model: how they go through designs and points, and what points that share designs keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from w2s_utils.simulate import _group_control as control
from w2s_utils.simulate import _group_gram as gram
from w2s_utils.simulate import _group_raw as raw
from w2s_utils.simulate._groups import Array, GroupModel
from w2s_utils.simulate._pair import whole

Seed = int | np.random.SeedSequence

_TOGETHER, _STACKED = 16, 2**22  # designs drawn from one generator, and numbers in their Gram matrices


def _chunks(model: GroupModel, d_z: int, trials: int) -> Iterator[tuple[int, slice]]:
    """Number and designs of each chunk, whose size depends on nothing that points of one design may differ in."""
    size = max(1, min(_TOGETHER, _STACKED // ((model.mean.size + 1) * d_z) ** 2))
    yield from ((at, slice(at * size, min((at + 1) * size, trials))) for at in range(-(-trials // size)))


def _generator(seed: Seed, chunk: int, sample: int) -> np.random.Generator:
    """Generator of one sample of some designs: fractions are no part of it, so that points differ by them alone."""
    parent = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(whole("seed", seed, 0))
    named = np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, chunk, sample))
    return np.random.Generator(np.random.SFC64(named))  # draws are a third of the work; the fastest of numpy's


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


def shared_risks(
    model: GroupModel, n: int, N: int, d_z: int, flat: list[Array], trials: int, seed: Seed, steady: bool
) -> Array:
    """Risks by the ``shared`` engine, (trials, points, 2)."""
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
            drawn = gram.grams(gram.teacher_sees(model), rngs, count, n, d_z, None)
            K = gram.inverses(drawn)
            return K, gram.teacher_traces(K, d_z), *control.teacher(model, drawn, n, d_z, None)

        def samples(chunk: int = chunk, count: int = count) -> tuple[Array, ...]:
            return (gram.grams(gram.both_see(model), _generator(seed, chunk, 1), count, N, d_z, None),)

        K, blocks, K0, dK = _kept(key, teachers)

        def students(key: tuple[object, ...] = key, kept: tuple[Array, ...] = (K, K0, dK)) -> tuple[Array, ...]:
            (drawn,) = _kept((*key, N), samples)
            traces = gram.student_traces(gram.student_maps(model, drawn, d_z), kept[0], d_z)
            return *traces, *control.traces(*control.student(model, drawn, N, d_z, None), *kept[1:])

        kept = _kept((*key, N, model.Xi.tobytes()), students)
        if steady:
            blocks, kept = blocks - dK, tuple(a - b for a, b in zip(kept[:3], kept[3:], strict=True))
        risks[designs, :, 0] = gram.teacher_polynomial(model, blocks) @ to_test.T
        student = gram.student_polynomial(model, gram.Traces(*kept[:3]))
        risks[designs, :, 1] = np.einsum("pi,tij,pj->tp", first, student, second)
    return risks


def _places(eta_l: Array, eta_u: Array) -> list[tuple[float, list[tuple[float, NDArray[np.intp]]]]]:
    """Each labelled fraction with its unlabelled ones, and which points have both."""
    return [
        (left, [(u, np.flatnonzero((eta_l == left) & (eta_u == u))) for u in np.unique(eta_u[eta_l == left])])
        for left in np.unique(eta_l)
    ]


def gram_risks(
    model: GroupModel, n: int, N: int, d_z: int, flat: list[Array], trials: int, seed: Seed, steady: bool
) -> Array:
    """Risks by the ``gram`` engine, (trials, points, 2)."""
    eta_l, eta_u, eta_t = flat
    risks = np.empty((trials, eta_l.size, 2))
    moments = [[model.sigma_y2 * gram.second_moment(model, mu, t) for mu in (model.mu_T, model.mu_S)] for t in eta_t]
    for chunk, designs in _chunks(model, d_z, trials):
        count = designs.stop - designs.start
        for left, middles in _places(eta_l, eta_u):
            drawn = gram.grams(gram.teacher_sees(model), _generator(seed, chunk, 0), count, n, d_z, left)
            K = gram.inverses(drawn)
            K0, dK = control.teacher(model, drawn, n, d_z, left)
            first = gram.teacher_traces(K, d_z) - (dK if steady else 0.0)
            for middle, at in middles:
                drawn = gram.grams(gram.both_see(model), _generator(seed, chunk, 1), count, N, d_z, middle)
                second = gram.student_traces(gram.student_maps(model, drawn, d_z), K, d_z).plain
                if steady:
                    second = second - control.traces(*control.student(model, drawn, N, d_z, middle), K0, dK).plain
                for index in at:
                    for side, blocks in enumerate((first, second)):
                        risks[designs, index, side] = (moments[index][side] * blocks).sum((1, 2))
    return risks


def raw_risks(
    model: GroupModel, n: int, N: int, d_z: int, flat: list[Array], trials: int, seed: Seed, label_noise: str
) -> Array:
    """Risks by the ``raw`` engine, (trials, points, 2)."""
    eta_l, eta_u, eta_t = flat
    risks = np.empty((trials, eta_l.size, 2))
    for chunk, designs in _chunks(model, d_z, trials):
        count = designs.stop - designs.start
        for left, middles in _places(eta_l, eta_u):
            taught = raw.teach(model, count, n, d_z, _generator(seed, chunk, 0), left, label_noise=label_noise)
            for middle, at in middles:
                fitted = raw.learn(taught, N, d_z, _generator(seed, chunk, 1), middle, eta_t[at].tolist())
                risks[designs, at] = fitted
    return risks
