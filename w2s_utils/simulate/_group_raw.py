"""The ``raw`` engine: draw the core feature, the groups, the group feature and the labels, and fit by least squares.

Representations are explicit orthonormal matrices T and S. Nothing is shared with the theory or the other engines but
the model's arrays. Calls only ``numpy.linalg.lstsq``, ``solve`` and ``qr``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from w2s_utils.simulate._groups import Array, GroupModel


class World:
    """Representations and group mean in a space of p dimensions, turned at random."""

    def __init__(self, model: GroupModel, rng: np.random.Generator):
        self.model = model
        k_T, k_S = model.p_T - 1, model.p_S - 1
        p = k_T + k_S
        turn = np.linalg.qr(rng.standard_normal((p, p)))[0] if p else np.zeros((0, 0))
        self.T = turn[:, :k_T]
        self.S = self.T @ model.Xi + turn[:, k_T:] @ model.root
        self.mu = turn @ model.mean

    def covariance(self, eta: float) -> Array:
        """Covariance of xi within a group."""
        within = self.model.sigma_xi2 * np.eye(self.mu.size)
        if self.model.law == "whitened_mixture":
            within -= eta * (1 - eta) * np.outer(self.mu, self.mu)
        return within

    def draw(self, rng: np.random.Generator, rows: int, d_z: int, eta: float) -> tuple[Array, Array]:
        """Core feature z, (rows, d_z), and group feature xi, (rows, p)."""
        group = np.full(rows, eta) if self.model.law == "mean_shift" else (rng.random(rows) < eta).astype(float)
        values, vectors = np.linalg.eigh(self.covariance(eta))
        spread = vectors * np.sqrt(np.maximum(values, 0))
        xi = group[:, None] * self.mu + rng.standard_normal((rows, self.mu.size)) @ spread.T
        return rng.standard_normal((rows, d_z)), xi

    def moment(self, eta: float) -> Array:
        """E over the test data of ``[1; xi][1; xi]'``, summed over groups."""
        shares = [(1.0, eta)] if self.model.law == "mean_shift" else [(1 - eta, 0.0), (eta, 1.0)]
        total = np.zeros((self.mu.size + 1, self.mu.size + 1))
        for share, g in shares:
            mean = np.concatenate([[1.0], g * self.mu])
            total += share * np.outer(mean, mean)
        total[1:, 1:] += self.covariance(eta)
        return total


def _features(z: Array, view: Array) -> Array:
    """Rows z_1 [1; view], z_2 [1; view], ...: here the core feature is the slow index."""
    w = np.hstack([np.ones((len(z), 1)), view])
    return np.einsum("ni,na->nia", z, w).reshape(len(z), -1)


def _risk(covariance: Array, basis: Array, moment: Array, d_z: int) -> float:
    """Expected squared prediction, over the test data, when coefficients have this second moment."""
    lift = np.zeros((len(basis) + 1, basis.shape[1] + 1))
    lift[0, 0], lift[1:, 1:] = 1.0, basis
    size = lift.shape[1]
    of_blocks = np.einsum("iaib->ab", covariance.reshape(d_z, size, d_z, size))
    return float(np.sum(of_blocks * (lift.T @ moment @ lift)))


class Taught(NamedTuple):
    """A fitted teacher: its world, the true coefficients (drawn labels only), and its own or their covariance."""

    world: World
    beta: Array | None
    fitted: Array  # coefficients, (p_T d_z,), or given the features their covariance


def teach(model: GroupModel, n: int, d_z: int, rng: np.random.Generator, eta: float, *, label_noise: str) -> Taught:
    """Draw representations and a labelled sample, and fit the teacher."""
    world = World(model, rng)
    z, xi = world.draw(rng, n, d_z, eta)
    phi = _features(z, xi @ world.T)
    if label_noise == "averaged":
        return Taught(
            world, None, np.asarray(np.linalg.solve(phi.T @ phi, model.sigma_y2 * np.eye(phi.shape[1])), float)
        )
    beta = rng.standard_normal(d_z)
    y = z @ beta + np.sqrt(model.sigma_y2) * rng.standard_normal(n)
    return Taught(world, beta, np.linalg.lstsq(phi, y, rcond=None)[0])


def learn(taught: Taught, N: int, d_z: int, rng: np.random.Generator, eta: float, eta_t: Sequence[float]) -> Array:
    """Draw an unlabelled sample, fit the student to the teacher's answers; both risks, shape (len(eta_t), 2)."""
    world, beta, fitted = taught
    z, xi = world.draw(rng, N, d_z, eta)
    phi, psi = _features(z, xi @ world.T), _features(z, xi @ world.S)
    if beta is None:
        passed = np.linalg.solve(psi.T @ psi, psi.T @ phi)
        errors = fitted, passed @ fitted @ passed.T
    else:
        teacher, student = fitted.copy(), np.linalg.lstsq(psi, phi @ fitted, rcond=None)[0]
        teacher[:: world.model.p_T] -= beta  # the target is beta on the intercept block of either model
        student[:: world.model.p_S] -= beta
        errors = np.outer(teacher, teacher), np.outer(student, student)
    moments = [world.moment(at) for at in eta_t]
    return np.array(
        [[_risk(e, basis, m, d_z) for e, basis in zip(errors, (world.T, world.S), strict=True)] for m in moments]
    )
