"""The ``gram`` and ``shared`` engines: Gram matrices of drawn features, the label noise averaged exactly.

Given the features, the teacher's coefficients have covariance ``sigma_y2 K``, ``K = (Phi'Phi)^-1``, and the student's
are ``Q = (Psi'Psi)^-1 Psi'Phi_u`` times the teacher's. Features are laid out block by block, ``w (x) z``; rows are
drawn in portions, so that memory does not grow with n or N.

Under a mean shift the features at any fraction are a fixed linear map of centred ones. The teacher's risk of one
design is then a polynomial in ``eta_t - eta_l``, the student's one in ``eta_u - eta_l`` and ``eta_t - eta_u``, both
of degree 2: twelve numbers that serve every combination of fractions.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from w2s_utils.simulate._groups import Array, GroupModel

_PORTION = 2_000_000  # numbers in one portion of features


def draw_views(model: GroupModel, rng: np.random.Generator, rows: int, eta: float | None) -> tuple[Array, Array]:
    """T'xi and S'xi of some rows; ``eta`` None for features centred at their mean (mean shift)."""
    k_T = model.p_T - 1
    xi = rng.standard_normal((rows, model.mean.size)) * np.sqrt(model.sigma_xi2)
    if eta is not None:
        if model.law == "mean_shift":
            xi += eta * model.mean
        else:
            size = float(model.mean @ model.mean)
            if model.law == "whitened_mixture" and size > 0:
                shrink = 1 - np.sqrt(max(1 - eta * (1 - eta) * size / model.sigma_xi2, 0.0))
                xi -= np.outer(xi @ model.mean, model.mean) * (shrink / size)
            xi += (rng.random(rows) < eta)[:, None] * model.mean
    seen_T = xi[:, :k_T]
    return seen_T, seen_T @ model.Xi + xi[:, k_T:] @ model.root


def features(view: Array, z: Array) -> Array:
    """``[1; view] (x) z`` of each row, a column each, shape (p d_z, rows); ``z`` is (d_z, rows)."""
    blocks = np.empty((view.shape[1] + 1, *z.shape))
    blocks[0] = z
    np.multiply(np.ascontiguousarray(view.T)[:, None], z, out=blocks[1:])  # long inner loops: over rows
    return blocks.reshape(-1, z.shape[1])


def _portions(rows: int, columns: int) -> list[int]:
    size = max(1, _PORTION // columns)
    return [size] * (rows // size) + ([rows % size] if rows % size else [])


def labelled(model: GroupModel, n: int, d_z: int, rng: np.random.Generator, eta: float | None) -> Array:
    """Inverse triangular factor W of the labelled Gram matrix, K = W'W; shape (p_T d_z, p_T d_z)."""
    size = model.p_T * d_z
    gram = np.zeros((size, size))
    for rows in _portions(n, size):
        view, _ = draw_views(model, rng, rows, eta)
        block = features(view, rng.standard_normal((d_z, rows)))
        gram += block @ block.T
    factor = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
    return solve_triangular(factor, np.eye(size), lower=True, overwrite_b=True, check_finite=False)


def unlabelled(model: GroupModel, N: int, d_z: int, rng: np.random.Generator, eta: float | None) -> Array:
    """The student's map Q of the teacher's coefficients, shape (p_S d_z, p_T d_z)."""
    student, teacher = model.p_S * d_z, model.p_T * d_z
    gram, cross = np.zeros((student, student)), np.zeros((student, teacher))
    for rows in _portions(N, student + teacher):
        seen_T, seen_S = draw_views(model, rng, rows, eta)
        z = rng.standard_normal((d_z, rows))
        psi = features(seen_S, z)
        gram += psi @ psi.T
        cross += psi @ features(seen_T, z).T
    return cho_solve(cho_factor(gram, overwrite_a=True, check_finite=False), cross, check_finite=False)


def _traces(first: Array, second: Array) -> Array:
    """Inner products of blocks: (a, m), (b, m) -> (a, b)."""
    return first @ second.T


def second_moment(model: GroupModel, mu: Array, eta: float) -> Array:
    """E[w w'] for ``w = [1; x]`` with mean eta mu, under the model's law."""
    moment = np.eye(mu.size + 1) * model.sigma_xi2
    moment[0, 0] = 1.0
    moment[0, 1:] = moment[1:, 0] = eta * mu
    moment[1:, 1:] += (eta if model.law == "mixture" else eta**2) * np.outer(mu, mu)
    return moment


def point_blocks(model: GroupModel, W: Array, Q: Array, d_z: int) -> tuple[Array, Array]:
    """Traces of the coefficients' covariances over z, block by block; shapes (p_T, p_T), (p_S, p_S)."""
    p_T, p_S = model.p_T, model.p_S
    teacher = np.moveaxis(W.reshape(-1, p_T, d_z), 1, 0).reshape(p_T, -1)
    student = (Q @ W.T).reshape(p_S, -1)
    return _traces(teacher, teacher), _traces(student, student)


def teacher_polynomial(model: GroupModel, W: Array, d_z: int) -> Array:
    """Coefficients of the teacher's risk in powers of ``eta_t - eta_l``, shape (3,)."""
    blocks = np.moveaxis(W.reshape(-1, model.p_T, d_z), 1, 0).reshape(model.p_T, -1)
    B = _traces(blocks, blocks)
    mu = model.mu_T
    flat = B[0, 0] + model.sigma_xi2 * np.trace(B[1:, 1:])
    return model.sigma_y2 * np.array([flat, 2 * B[0, 1:] @ mu, mu @ B[1:, 1:] @ mu])


def student_polynomial(model: GroupModel, W: Array, Q: Array, d_z: int) -> Array:
    """Coefficients of the student's risk, ``[i, j]`` for ``(eta_u - eta_l)^i (eta_t - eta_u)^j``, shape (3, 3)."""
    p_T, p_S, size = model.p_T, model.p_S, model.p_T * d_z
    whole = Q.reshape(p_S, d_z, p_T, d_z)
    # on the student's side: the intercept, what a shift of the test data adds to it, and the rest
    shifted = np.tensordot(model.mu_S, whole[1:], 1) if p_S > 1 else np.zeros_like(whole[0])
    rows = np.concatenate([whole[:1], shifted[None], np.sqrt(model.sigma_xi2) * whole[1:]])
    # on the teacher's side: a shift of the unlabelled data moves its group coefficients into the intercept
    carried = np.zeros_like(rows)
    carried[:, :, 1:] = rows[:, :, :1] * model.mu_T[:, None]
    both = np.stack([rows, carried]).reshape(2, p_S + 1, d_z, size) @ W.T
    vectors = both.reshape(2, p_S + 1, -1)
    coefficients = np.zeros((3, 3))
    head = vectors[:, :2].reshape(4, -1)
    products = _traces(head, head).reshape(2, 2, 2, 2)
    for i, j, k, m in np.ndindex(2, 2, 2, 2):
        coefficients[i + k, j + m] += products[i, j, k, m]
    tail = vectors[:, 2:].reshape(2, -1)
    products = _traces(tail, tail)
    coefficients[0, 0] += products[0, 0]
    coefficients[1, 0] += 2 * products[0, 1]
    coefficients[2, 0] += products[1, 1]
    return model.sigma_y2 * coefficients
