"""The ``raw`` engine: draw the core feature, the groups, the group feature and the labels, and fit by least squares.

Representations are explicit orthonormal matrices T and S. Nothing is shared with the theory or the other engines but
the model's arrays. Calls only ``numpy.linalg.lstsq``, ``solve`` and ``qr``.
"""

from __future__ import annotations

from collections.abc import Sequence

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
            mean = np.r_[1.0, g * self.mu]
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


def draw(
    model: GroupModel,
    n: int,
    N: int,
    d_z: int,
    rngs: tuple[np.random.Generator, np.random.Generator],
    eta_l: float,
    eta_u: float,
    eta_t: Sequence[float],
    *,
    label_noise: str,
) -> Array:
    """Teacher's and student's excess risks under every test fraction, shape (len(eta_t), 2)."""
    first, second = rngs
    world = World(model, first)
    z, xi = world.draw(first, n, d_z, eta_l)
    z_new, xi_new = world.draw(second, N, d_z, eta_u)
    phi, phi_new, psi = (
        _features(z, xi @ world.T),
        _features(z_new, xi_new @ world.T),
        _features(z_new, xi_new @ world.S),
    )
    if label_noise == "drawn":
        beta = first.standard_normal(d_z)
        y = z @ beta + np.sqrt(model.sigma_y2) * first.standard_normal(n)
        fitted = np.linalg.lstsq(phi, y, rcond=None)[0]
        taught = np.linalg.lstsq(psi, phi_new @ fitted, rcond=None)[0]
        teacher, student = fitted.copy(), taught.copy()
        teacher[:: model.p_T] -= beta  # the target is beta on the intercept block of either model
        student[:: model.p_S] -= beta
        errors = np.outer(teacher, teacher), np.outer(student, student)
    else:
        teacher = np.linalg.solve(phi.T @ phi, model.sigma_y2 * np.eye(phi.shape[1]))
        passed = np.linalg.solve(psi.T @ psi, psi.T @ phi_new)
        errors = teacher, passed @ teacher @ passed.T
    moments = [world.moment(eta) for eta in eta_t]
    return np.array(
        [[_risk(e, basis, m, d_z) for e, basis in zip(errors, (world.T, world.S), strict=True)] for m in moments]
    )
