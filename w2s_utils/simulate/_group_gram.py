"""The ``gram`` and ``shared`` engines: Gram matrices of drawn features, the label noise averaged exactly.

Given the features, the teacher's coefficients have covariance ``sigma_y2 K``, ``K = (Phi'Phi)^-1``, and the student's
are ``Q = (Psi'Psi)^-1 Psi'Phi_u`` times the teacher's. Features are laid out block by block, ``w (x) z``, where ``w``
holds 1, T'xi and what S sees beyond T: one Gram matrix serves every ``Xi``. Designs are stacked on the first axis and
drawn in portions that fit a cache, so that memory does not grow with n or N.

Under a mean shift the features at any fraction are a fixed linear map of centred ones. The teacher's risk of one
design is then a polynomial in ``eta_t - eta_l``, the student's one in ``eta_u - eta_l`` and ``eta_t - eta_u``, both
of degree 2, and their coefficients are simple in the group means: a few traces of a design serve them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from w2s_utils.simulate._groups import Array, GroupModel

_PORTION = 250_000  # numbers in one portion of features: few enough for a cache, enough for a matrix product
Streams = tuple[np.random.Generator, np.random.Generator]  # of the normal numbers, and of the groups


class Seen(NamedTuple):
    """A Gaussian group feature in coordinates: its mean, its variance, its law."""

    mean: Array
    sigma_xi2: float
    law: str


def teacher_sees(model: GroupModel) -> Seen:
    """T'xi."""
    return Seen(model.mu_T, model.sigma_xi2, model.law)


def both_see(model: GroupModel) -> Seen:
    """T'xi, then what S adds."""
    return Seen(model.mean, model.sigma_xi2, model.law)


def draw(seen: Seen, streams: Streams, designs: int, rows: int, d_z: int, eta: float | None) -> tuple[Array, Array]:
    """Group feature (designs, k, rows) and core feature (designs, d_z, rows); ``eta`` None for a centred one."""
    normal, uniform = streams
    k, mean = seen.mean.size, seen.mean[:, None]
    numbers = normal.standard_normal((designs, k + d_z, rows))
    xi, z = numbers[:, :k], numbers[:, k:]
    xi *= np.sqrt(seen.sigma_xi2)
    if eta is None:
        return xi, z
    if seen.law == "mean_shift":
        xi += eta * mean
        return xi, z
    size = float(seen.mean @ seen.mean)
    if seen.law == "whitened_mixture" and size > 0:
        shrink = 1 - np.sqrt(max(1 - eta * (1 - eta) * size / seen.sigma_xi2, 0.0))
        xi -= mean * ((shrink / size * seen.mean) @ xi)[:, None]
    xi += mean * (uniform.random((designs, rows)) < eta)[:, None]
    return xi, z


def features(xi: Array, z: Array) -> Array:
    """``[1; xi] (x) z``, shape (designs, (k + 1) d_z, rows)."""
    designs, d_z, rows = z.shape
    blocks = np.empty((designs, xi.shape[1] + 1, d_z, rows))
    blocks[:, 0] = z
    np.multiply(xi[:, :, None], z[:, None], out=blocks[:, 1:])
    return blocks.reshape(designs, -1, rows)


def _portions(designs: int, rows: int, columns: int) -> Iterator[tuple[slice, int]]:
    """Designs and rows of each portion: several designs, or some rows of one."""
    together, long = max(1, _PORTION // (rows * columns)), max(1, _PORTION // columns)
    if rows > 2 * long:
        for at in range(designs):
            yield from ((slice(at, at + 1), min(long, rows - start)) for start in range(0, rows, long))
    else:
        yield from ((slice(at, min(at + together, designs)), rows) for at in range(0, designs, together))


def grams(seen: Seen, rng: np.random.Generator, designs: int, rows: int, d_z: int, eta: float | None) -> Array:
    """Gram matrices of the features, shape (designs, (k + 1) d_z, (k + 1) d_z)."""
    size = (seen.mean.size + 1) * d_z
    total, (normal, uniform) = np.zeros((designs, size, size)), rng.spawn(2)
    for which, some in _portions(designs, rows, size):
        block = features(*draw(seen, (normal, uniform), which.stop - which.start, some, d_z, eta))
        total[which] += block @ block.swapaxes(1, 2)
    return total


def inverses(gram: Array) -> Array:
    """Inverses of stacked positive definite matrices, from their Cholesky factors."""
    out = np.empty_like(gram)
    lower = np.tri(gram.shape[-1], k=-1, dtype=bool)
    for matrix, into in zip(gram, out, strict=True):
        into[:] = _checked(dpotri(_checked(dpotrf(matrix)), overwrite_c=1))
        into[lower] = into.T[lower]
    return out


def _checked(answer: tuple[Array, int]) -> Array:
    if answer[1]:
        raise np.linalg.LinAlgError("a Gram matrix of drawn features is not positive definite")
    return answer[0]


def lift(model: GroupModel) -> Array:
    """[1; S'xi] from [1; T'xi; the rest], shape (p_S, P)."""
    out = np.zeros((model.p_S, model.mean.size + 1))
    out[0, 0], out[1:, 1 : model.p_T], out[1:, model.p_T :] = 1.0, model.Xi.T, model.root
    return out


def student_maps(model: GroupModel, gram: Array, d_z: int) -> Array:
    """The student's maps Q of the teacher's coefficients, shape (designs, p_S d_z, p_T d_z)."""
    p_T, p_S, P, combine = model.p_T, model.p_S, model.mean.size + 1, lift(model)
    designs, student = len(gram), p_S * d_z
    half = (combine @ gram.reshape(designs, P, -1)).reshape(designs, student, P * d_z)
    own = (combine @ half.reshape(designs, student, P, d_z)).reshape(designs, student, student)
    out = np.empty((designs, student, p_T * d_z))
    for matrix, cross, into in zip(own, half[:, :, : p_T * d_z], out, strict=True):
        into[:] = _checked(dpotrs(_checked(dpotrf(matrix)), cross))
    return out


def second_moment(model: GroupModel, mu: Array, eta: float) -> Array:
    """E[w w'] for ``w = [1; x]`` with mean eta mu, under the model's law."""
    moment = np.eye(mu.size + 1) * model.sigma_xi2
    moment[0, 0] = 1.0
    moment[0, 1:] = moment[1:, 0] = eta * mu
    moment[1:, 1:] += (eta if model.law == "mixture" else eta**2) * np.outer(mu, mu)
    return moment


def teacher_traces(K: Array, d_z: int) -> Array:
    """Traces over z of the blocks of the coefficients' covariance, shape (designs, p_T, p_T)."""
    p_T = K.shape[-1] // d_z
    return np.trace(K.reshape(-1, p_T, d_z, p_T, d_z), axis1=2, axis2=4)


class Traces(NamedTuple):
    """The student's coefficients on its blocks a, b, after c, e of the teacher's moved into the intercept."""

    plain: Array  # (designs, a, b)
    once: Array  # (designs, a, b, c)
    twice: Array  # (designs, a, b, c, e)


def student_traces(Q: Array, K: Array, d_z: int) -> Traces:
    """Traces over z of ``Q_a K Q_b'``, of ``(Q_a K)_c Q_b0'`` and of ``Q_a0 K_ce Q_b0'``."""
    designs, p_T, p_S = len(Q), K.shape[-1] // d_z, Q.shape[-2] // d_z
    spread = Q @ K
    rows, answers = (x.reshape(designs, p_S, -1) for x in (spread, Q))
    plain = rows @ answers.swapaxes(1, 2)
    head = np.ascontiguousarray(Q.reshape(designs, p_S, d_z, p_T, d_z)[:, :, :, 0])  # answers to the intercept
    by_block = spread.reshape(designs, p_S, d_z, p_T, d_z).transpose(0, 1, 3, 2, 4).reshape(designs, p_S * p_T, -1)
    once = by_block @ head.reshape(designs, p_S, -1).swapaxes(1, 2)
    once = once.reshape(designs, p_S, p_T, p_S).swapaxes(2, 3)[..., 1:]
    inner = head.transpose(0, 1, 3, 2).reshape(designs, p_S * d_z, d_z) @ head.transpose(0, 2, 1, 3).reshape(
        designs, d_z, p_S * d_z
    )
    inner = inner.reshape(designs, p_S, d_z, p_S, d_z).transpose(0, 1, 3, 2, 4).reshape(designs, p_S * p_S, -1)
    cells = K.reshape(designs, p_T, d_z, p_T, d_z)[:, 1:, :, 1:].transpose(0, 2, 4, 1, 3)
    k_T = p_T - 1
    twice = (inner @ cells.reshape(designs, d_z * d_z, k_T * k_T)).reshape(designs, p_S, p_S, k_T, k_T)
    return Traces(plain, once, twice)


def teacher_polynomial(model: GroupModel, blocks: Array) -> Array:
    """Coefficients of the teacher's risks in powers of ``eta_t - eta_l``, shape (designs, 3)."""
    mu, rest = model.mu_T, blocks[:, 1:, 1:]
    flat = blocks[:, 0, 0] + model.sigma_xi2 * np.trace(rest, axis1=1, axis2=2)
    return model.sigma_y2 * np.stack([flat, 2 * blocks[:, 0, 1:] @ mu, rest @ mu @ mu], axis=1)


def student_polynomial(model: GroupModel, traces: Traces) -> Array:
    """Student risks, ``[:, i, j]`` the coefficient of ``(eta_u - eta_l)^i (eta_t - eta_u)^j``: (designs, 3, 3)."""
    moved = traces.once @ model.mu_T
    powers = [traces.plain, moved + moved.swapaxes(1, 2), traces.twice @ model.mu_T @ model.mu_T]
    C, mu = np.stack(powers, axis=1), model.mu_S  # (designs, 3, p_S, p_S)
    rest = C[:, :, 1:, 1:]
    flat = C[:, :, 0, 0] + model.sigma_xi2 * np.trace(rest, axis1=2, axis2=3)
    return model.sigma_y2 * np.stack([flat, 2 * C[:, :, 0, 1:] @ mu, rest @ mu @ mu], axis=2)
