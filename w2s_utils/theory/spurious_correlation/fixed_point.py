"""The exact limit for any of the three laws of the group feature, by fixed point and quadrature.

Everything is in units of ``sigma_xi``. Expectations run over the group g, the coordinate u along the group mean, and
the squared norm r of the rest. A matrix that the law leaves symmetric around the mean is kept as its block on
``[1, u]`` and one number for the rest; both together are a `Block`.

References
----------
.. [1] liu2026, theorems on teacher and student; the general limit is this book's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import roots_hermitenorm

from w2s_utils.theory.intrinsic_dimension.settings import Array
from w2s_utils.theory.spurious_correlation.moments import chi2_nodes


class Block(NamedTuple):
    """A symmetric matrix on ``[1, u]`` (or ``[1]`` alone) and a multiple of the identity on ``k`` directions."""

    lin: Array
    rest: float
    k: int

    def full(self) -> Array:
        """As one matrix, in the basis 1, mean direction, rest."""
        size = len(self.lin)
        matrix = np.eye(size + self.k) * self.rest
        matrix[:size, :size] = self.lin
        return matrix

    def inverse(self) -> Block:
        return Block(np.asarray(np.linalg.inv(self.lin), float), 1 / self.rest if self.k else 0.0, self.k)


class Nodes(NamedTuple):
    """Quadrature over (g, u, r): weights, group of each node, rows ``[1, u]``, squared norm of the rest."""

    weight: Array
    group: Array
    lin: Array
    r: Array
    k: int

    def moment(self, factor: Array) -> Block:
        """E[factor psi psi']."""
        weighted = self.weight * factor
        rest = float(weighted @ self.r) / self.k if self.k else 0.0
        return Block((self.lin * weighted[:, None]).T @ self.lin, rest, self.k)

    def quadratic(self, block: Block) -> Array:
        """psi' block psi at every node."""
        return ((self.lin @ block.lin) * self.lin).sum(1) + block.rest * self.r


def groups(law: str, eta: float) -> tuple[tuple[tuple[float, float], ...], float]:
    """Weights and values of g, and c in the within-group covariance I - c mu mu'."""
    if law == "mean_shift":
        return ((1.0, eta),), 0.0
    return ((1 - eta, 0.0), (eta, 1.0)), eta * (1 - eta) if law == "whitened_mixture" else 0.0


@lru_cache(maxsize=256)
def nodes(law: str, eta: float, mean: float, k: int) -> Nodes:
    """Quadrature for a group feature of k dimensions whose mean has norm ``mean``."""
    parts, c = groups(law, eta)
    h, h_weight = roots_hermitenorm(40) if k else (np.zeros(1), np.ones(1))
    r, r_weight = chi2_nodes(max(k - 1, 0), 32)
    spread = np.sqrt(max(1 - c * mean**2, 0.0))
    weight, group, u, rest = [], [], [], []
    for share, g in parts:
        weight.append(share * np.outer(h_weight / h_weight.sum(), r_weight).ravel())
        u.append(np.repeat(g * mean + spread * h, r.size))
        group.append(np.full(h.size * r.size, g))
        rest.append(np.tile(r, h.size))
    along = np.concatenate(u)
    lin = np.stack([np.ones_like(along), along], 1) if k else np.ones((along.size, 1))
    return Nodes(np.concatenate(weight), np.concatenate(group), lin, np.concatenate(rest), max(k - 1, 0))


def second_moment(law: str, eta: float, mean: float, k: int) -> Block:
    """E[w w'] without quadrature."""
    parts, c = groups(law, eta)
    if k == 0:
        return Block(np.ones((1, 1)), 0.0, 0)
    first = sum(share * g for share, g in parts) * mean
    second = sum(share * g * g for share, g in parts) * mean**2 + 1 - c * mean**2
    return Block(np.array([[1.0, first], [first, second]]), 1.0, k - 1)


@lru_cache(maxsize=256)
def resolvent(law: str, eta: float, mean: float, k: int, ratio: float, order: str) -> Block:
    """M = (E[w w' / (1 + ratio w'Mw)])^-1; at leading order, and at ratio 0, the inverse second moment."""
    block = second_moment(law, eta, mean, k).inverse()
    if order == "leading" or ratio == 0:
        return block
    points = nodes(law, eta, mean, k)
    for _ in range(20000):
        new = points.moment(1 / (1 + ratio * points.quadratic(block))).inverse()
        moved = max(np.abs(new.lin - block.lin).max(), abs(new.rest - block.rest))
        block = new
        if moved < 1e-13 * np.abs(new.lin).max():
            break
    return block


def _basis(mu: Array) -> Array:
    """Orthogonal matrix whose first column is the direction of ``mu`` (any one when it is 0)."""
    size = np.linalg.norm(mu)
    if mu.size == 0 or size == 0:
        return np.eye(mu.size)
    reflect = mu / size - np.eye(mu.size)[0]
    length = reflect @ reflect
    return np.eye(mu.size) - (2 * np.outer(reflect, reflect) / length if length > 1e-30 else 0.0)


def teacher(eta_l: float, eta_t: float, mu_T: Array, gamma: float, *, order: str, law: str) -> float:
    """Teacher's risk at label noise 1: gamma tr(M_T E_t[w w'])."""
    mean, k = float(np.linalg.norm(mu_T)), mu_T.size
    error, test = resolvent(law, eta_l, mean, k, gamma, order), second_moment(law, eta_t, mean, k)
    return gamma * float(np.sum(error.lin * test.lin) + error.k * error.rest * test.rest)


def student(
    eta_l: float,
    eta_u: float,
    eta_t: float,
    mu_T: Array,
    mu_S: Array,
    Xi: Array,
    gamma: float,
    nu: float,
    *,
    order: str,
    law: str,
) -> float:
    """Student's risk at label noise 1: what it inherits, and nu times what it cannot express of its teacher."""
    k_T, k_S, mean = mu_T.size, mu_S.size, float(np.linalg.norm(mu_S))
    # the teacher's error in the original basis; the student's blocks in the basis of mu_S
    turn = np.eye(k_T + 1)
    turn[1:, 1:] = _basis(mu_T)
    M_T = turn @ resolvent(law, eta_l, float(np.linalg.norm(mu_T)), k_T, gamma, order).full() @ turn.T
    parts, c = groups(law, eta_u)
    across = Xi @ _basis(mu_S)
    spread = np.ones(k_S)
    if k_S:
        across[:, 0] -= c * mu_T * mean
        spread[0] = 1 - c * mean**2
    usable = spread > 1e-12
    R = np.where(usable, across / np.where(usable, spread, 1.0), 0.0)  # regression of T'xi on S'xi within a group
    hidden = np.eye(k_T) - c * np.outer(mu_T, mu_T) - R @ across.T
    B = {}
    for _, g in parts:
        B[g] = np.zeros((k_T + 1, k_S + 1))
        B[g][0, 0], B[g][1:, 1:] = 1.0, R
        B[g][1:, 0] = g * mu_T - (g * mean * R[:, 0] if k_S else 0.0)

    points = nodes(law, eta_u, mean, k_S)
    M_S = resolvent(law, eta_u, mean, k_S, nu, order)
    factor = 1 / (1 + nu * points.quadratic(M_S)) if order == "proportional" else np.ones(points.weight.size)
    cross = np.zeros((k_T + 1, k_S + 1))
    for g in B:
        cross += B[g] @ points.moment(factor * (points.group == g)).full()
    inherited = M_S.full() @ cross.T  # the student's coefficients of what the teacher answers, p_S x p_T
    test = second_moment(law, eta_t, mean, k_S)

    size = len(test.lin)
    missed = np.full(points.weight.size, float(np.sum(M_T[1:, 1:] * hidden)))
    for g in B:
        gap = B[g] - inherited.T
        square = gap.T @ M_T @ gap
        rest = float(np.trace(square[size:, size:])) / points.k if points.k else 0.0
        missed += (points.group == g) * points.quadratic(Block(square[:size, :size], rest, points.k))

    def through(middle: Block) -> Block:
        return Block(M_S.lin @ middle.lin @ M_S.lin, M_S.rest**2 * middle.rest, middle.k)

    squared = through(test)
    for _ in range(20000 if order == "proportional" and nu > 0 else 0):
        more = points.moment(nu * factor**2 * points.quadratic(squared))
        new = through(Block(test.lin + more.lin, test.rest + more.rest, test.k))
        moved = np.abs(new.lin - squared.lin).max()
        squared = new
        if moved < 1e-13 * np.abs(new.lin).max():
            break
    kept = float(np.sum(M_T * (inherited.T @ test.full() @ inherited)))
    fresh = float(points.weight @ (missed * points.quadratic(squared) * factor**2))
    return gamma * (kept + nu * fresh)
