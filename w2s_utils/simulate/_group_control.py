"""Control variates of the ``gram`` and ``shared`` engines: what a design owes to its Gram matrices at first order.

The expected Gram matrix is known exactly under every law, ``rows M (x) I``. To first order in its deviation dG, the
teacher's covariance K moves by ``-K0 dG K0`` and the student's map Q by ``A0^-1 lift dG (1 - lift' Q0)``: both are
linear in the traces over z of the blocks of dG, so their expectation is zero whatever constants stand for K0 and A0.
Subtracting them leaves every mean as it was and takes away most of the scatter between designs. The constants are those
of a Wishart matrix.
"""

from __future__ import annotations

import numpy as np

from w2s_utils.simulate import _group_gram as gram
from w2s_utils.simulate._groups import Array, GroupModel


def _excess(
    model: GroupModel, mean: Array, drawn: Array, rows: int, d_z: int, eta: float | None
) -> tuple[Array, Array]:
    """``M`` and the traces over z of the blocks of ``G - rows M (x) I``."""
    moment = gram.second_moment(model, mean, eta or 0.0)  # centred features have the moments of fraction 0
    return moment, gram.teacher_traces(drawn, d_z) - rows * d_z * moment


def teacher(model: GroupModel, drawn: Array, n: int, d_z: int, eta: float | None) -> tuple[Array, Array]:
    """``K0`` over z, (p_T, p_T), and the first-order part of the traces of K, (designs, p_T, p_T)."""
    moment, excess = _excess(model, model.mu_T, drawn, n, d_z, eta)
    K0: Array = np.linalg.inv(moment) / (n - model.p_T * d_z - 1)
    first: Array = -K0 @ excess @ K0
    return K0, first


def student(model: GroupModel, drawn: Array, N: int, d_z: int, eta: float | None) -> tuple[Array, Array]:
    """``Q0``, (p_S, p_T), and the first-order part of the traces of Q, (designs, p_S, p_T)."""
    moment, excess = _excess(model, model.mean, drawn, N, d_z, eta)
    lift, p_T = gram.lift(model), model.p_T
    own = lift @ moment @ lift.T
    Q0 = np.linalg.solve(own, lift @ moment[:, :p_T]).astype(float)
    beyond = np.eye(len(moment), p_T) - lift.T @ Q0  # what the student cannot answer
    A0 = own * (N - model.p_S * d_z - 1)
    first = np.linalg.solve(A0, lift @ excess @ beyond).astype(float)
    return Q0, first


def traces(Q0: Array, dQ: Array, K0: Array, dK: Array) -> gram.Traces:
    """First-order part of `student_traces`."""
    plain, once, twice = [], [], []
    fixed = (np.broadcast_to(Q0, dQ.shape), np.broadcast_to(K0, dK.shape))
    for first, middle, last in ((fixed[0], dK, fixed[0]), (dQ, fixed[1], fixed[0]), (fixed[0], fixed[1], dQ)):
        spread = first @ middle
        plain.append(spread @ last.swapaxes(1, 2))
        once.append(np.einsum("tac,tb->tabc", spread[:, :, 1:], last[:, :, 0]))
        twice.append(np.einsum("ta,tce,tb->tabce", first[:, :, 0], middle[:, 1:, 1:], last[:, :, 0]))
    return gram.Traces(*(np.sum(parts, axis=0) for parts in (plain, once, twice)))
