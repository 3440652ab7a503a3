"""The ``raw`` engine: draw the core feature, the groups, the group feature and the labels, and fit by least squares.

Representations are explicit orthonormal matrices T and S. Nothing is shared with the theory or the other engines but
the model's arrays. Designs are stacked on the first axis. Calls only ``numpy.linalg.lstsq``, ``solve``, ``qr`` and
``eigh``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from w2s_utils.simulate._groups import Array, GroupModel

_PORTION = 250_000  # numbers in the features of the designs that are worked on at once


class Streams(NamedTuple):
    """A generator for each thing drawn, so that one more design does not change those before it."""

    turn: np.random.Generator
    core: np.random.Generator
    within: np.random.Generator
    group: np.random.Generator
    label: np.random.Generator

    @classmethod
    def of(cls, rng: np.random.Generator) -> Streams:
        """Independent streams of one generator."""
        return cls(*rng.spawn(5))


class World:
    """Representations and group mean in a space of p dimensions, turned at random in every design."""

    def __init__(self, model: GroupModel, T: Array, S: Array, mu: Array):
        self.model, self.T, self.S, self.mu = model, T, S, mu

    @classmethod
    def turned(cls, model: GroupModel, rng: np.random.Generator, designs: int) -> World:
        """T (designs, p, p_T - 1), S (designs, p, p_S - 1) and mu (designs, p)."""
        k_T, k_S = model.p_T - 1, model.p_S - 1
        p = k_T + k_S
        turn = np.linalg.qr(rng.standard_normal((designs, p, p)))[0] if p else np.zeros((designs, 0, 0))
        T = turn[:, :, :k_T]
        return cls(model, T, T @ model.Xi + turn[:, :, k_T:] @ model.root, turn @ model.mean)

    def __getitem__(self, which: slice) -> World:
        return World(self.model, self.T[which], self.S[which], self.mu[which])

    def covariance(self, eta: float) -> Array:
        """Covariance of xi within a group, (designs, p, p)."""
        within = np.broadcast_to(self.model.sigma_xi2 * np.eye(self.mu.shape[1]), (*self.mu.shape, self.mu.shape[1]))
        if self.model.law == "whitened_mixture":
            within = within - eta * (1 - eta) * self.mu[:, :, None] * self.mu[:, None]
        return within

    def draw(self, streams: Streams, rows: int, d_z: int, eta: float) -> tuple[Array, Array]:
        """Core feature z, (designs, d_z, rows), and group feature xi, (designs, p, rows)."""
        designs, p = self.mu.shape
        group = np.full((designs, rows), eta)
        if self.model.law != "mean_shift":
            group = (streams.group.random((designs, rows)) < eta).astype(float)
        values, vectors = np.linalg.eigh(self.covariance(eta))
        spread = vectors * np.sqrt(np.maximum(values, 0))[:, None]
        xi = self.mu[:, :, None] * group[:, None] + spread @ streams.within.standard_normal((designs, p, rows))
        return streams.core.standard_normal((designs, d_z, rows)), xi

    def moment(self, eta: float) -> Array:
        """E over the test data of ``[1; xi][1; xi]'``, summed over groups, (designs, p + 1, p + 1)."""
        shares = [(1.0, eta)] if self.model.law == "mean_shift" else [(1 - eta, 0.0), (eta, 1.0)]
        designs, p = self.mu.shape
        total = np.zeros((designs, p + 1, p + 1))
        for share, g in shares:
            mean = np.concatenate([np.ones((designs, 1)), g * self.mu], axis=1)
            total += share * mean[:, :, None] * mean[:, None]
        total[:, 1:, 1:] += self.covariance(eta)
        return total


def _features(z: Array, basis: Array, xi: Array) -> Array:
    """Features z_1 [1; basis'xi], z_2 [1; basis'xi], ...: here the core feature is the slow index, rows come last."""
    designs, d_z, rows = z.shape
    view = basis.swapaxes(1, 2) @ xi
    w = np.concatenate([np.ones((designs, 1, rows)), view], axis=1)
    return (z[:, :, None] * w[:, None]).reshape(designs, -1, rows)


def _risk(covariance: Array, basis: Array, moment: Array, d_z: int) -> Array:
    """Expected squared predictions, over the test data, when coefficients have these second moments, (designs,)."""
    designs, p, k = basis.shape
    lift = np.zeros((designs, p + 1, k + 1))
    lift[:, 0, 0], lift[:, 1:, 1:] = 1.0, basis
    of_blocks = np.trace(covariance.reshape(designs, d_z, k + 1, d_z, k + 1), axis1=1, axis2=3)
    return (of_blocks * (lift.swapaxes(1, 2) @ moment @ lift)).sum((1, 2))


class Taught(NamedTuple):
    """Fitted teachers: their worlds, the true coefficients (drawn labels only), and theirs or their covariances."""

    world: World
    beta: Array | None  # (designs, d_z)
    fitted: Array  # coefficients, (designs, p_T d_z), or given the features their covariances


def _batches(designs: int, numbers: int) -> Iterator[slice]:
    size = max(1, _PORTION // numbers)
    yield from (slice(at, min(at + size, designs)) for at in range(0, designs, size))


def teach(
    model: GroupModel, designs: int, n: int, d_z: int, rng: np.random.Generator, eta: float, *, label_noise: str
) -> Taught:
    """Draw representations and labelled samples, and fit the teachers."""
    streams, size = Streams.of(rng), model.p_T * d_z
    world = World.turned(model, streams.turn, designs)
    beta, fitted = [], []
    for which in _batches(designs, n * size):
        here = world[which]
        z, xi = here.draw(streams, n, d_z, eta)
        phi = _features(z, here.T, xi)
        if label_noise == "averaged":
            fitted.append(np.linalg.solve(phi @ phi.swapaxes(1, 2), model.sigma_y2 * np.eye(size)))
            continue
        for core, columns in zip(z, phi, strict=True):
            numbers = streams.label.standard_normal(d_z + n)
            y = numbers[:d_z] @ core + np.sqrt(model.sigma_y2) * numbers[d_z:]
            beta.append(numbers[:d_z])
            fitted.append(np.linalg.lstsq(columns.T, y, rcond=None)[0][None])
    return Taught(world, np.array(beta) if beta else None, np.concatenate(fitted))


def learn(taught: Taught, N: int, d_z: int, rng: np.random.Generator, eta: float, eta_t: Sequence[float]) -> Array:
    """Draw unlabelled samples, fit the students to the teachers' answers; risks (designs, len(eta_t), 2)."""
    streams, model = Streams.of(rng), taught.world.model
    designs, risks = len(taught.fitted), []
    for which in _batches(designs, N * (model.p_T + model.p_S) * d_z):
        world, fitted = taught.world[which], taught.fitted[which]
        z, xi = world.draw(streams, N, d_z, eta)
        phi, psi = _features(z, world.T, xi), _features(z, world.S, xi)
        if taught.beta is None:
            passed = np.linalg.solve(psi @ psi.swapaxes(1, 2), psi @ phi.swapaxes(1, 2))
            errors = fitted, passed @ fitted @ passed.swapaxes(1, 2)
        else:
            fits = zip(fitted, phi, psi, strict=True)
            teacher = fitted.copy()
            student = np.array([np.linalg.lstsq(own.T, f @ seen, rcond=None)[0] for f, seen, own in fits])
            teacher[:, :: model.p_T] -= taught.beta[which]  # the target is beta on the intercept block of either model
            student[:, :: model.p_S] -= taught.beta[which]
            errors = teacher[:, :, None] * teacher[:, None], student[:, :, None] * student[:, None]
        sides = list(zip(errors, (world.T, world.S), strict=True))
        moments = [world.moment(at) for at in eta_t]
        risks.append(np.stack([[_risk(e, basis, m, d_z) for e, basis in sides] for m in moments], axis=0))
    return np.concatenate([np.moveaxis(part, 2, 0) for part in risks])
