"""Excess risks of teacher and student, and the gain: one formula for shifted means, a fixed point for mixtures.

References
----------
.. [1] liu2026, theorems on teacher and student, read from two talks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.metrics import FloatOrArray
from w2s_utils.theory.intrinsic_dimension.settings import Array
from w2s_utils.theory.spurious_correlation import fixed_point
from w2s_utils.theory.spurious_correlation.moments import resolvent_moments
from w2s_utils.theory.spurious_correlation.settings import check_setting, check_whitened, geometry, vectors


def _moments(ratio: ArrayLike, p: int, order: str) -> tuple[FloatOrArray, FloatOrArray]:
    return (1.0, 1.0) if order == "leading" else resolvent_moments(ratio, p)


def _each(function: Callable[..., float], scalars: list[ArrayLike], arrays: list[Array], ndims: list[int]) -> Array:
    """Call ``function`` for every element of the broadcast scalars and leading axes of the arrays."""
    numbers = [np.asarray(value, float) for value in scalars]
    leading = [array.shape[: array.ndim - k] for array, k in zip(arrays, ndims, strict=True)]
    shape = np.broadcast_shapes(*(value.shape for value in numbers), *leading)
    numbers = [np.broadcast_to(value, shape) for value in numbers]
    arrays = [
        np.broadcast_to(array, shape + array.shape[array.ndim - k :]) for array, k in zip(arrays, ndims, strict=True)
    ]
    result = np.empty(shape)
    for at in np.ndindex(shape):
        result[at] = function(*(float(value[at]) for value in numbers), *(array[at] for array in arrays))
    return result[()]


def teacher_risk(
    eta_l: ArrayLike,
    eta_t: ArrayLike,
    *,
    mu_T: ArrayLike,
    gamma: ArrayLike,
    sigma_xi2: ArrayLike = 1.0,
    sigma_y2: ArrayLike = 1.0,
    order: str = "proportional",
    law: str = "mean_shift",
) -> FloatOrArray:
    """Excess risk of the teacher under a test set of minority fraction ``eta_t``.

    Parameters
    ----------
    eta_l, eta_t : array_like
        Minority fractions of the labelled and the test data, in [0, 1]; ``eta_t`` 1/2 averages over balanced groups,
        1 is the minority group alone, 0 the majority.
    mu_T : array_like, shape (..., p_T - 1)
        Group mean as the teacher sees it; leading axes broadcast with the other arguments.
    gamma : array_like
        ``d_z/n``, in [0, 1/p_T).
    sigma_xi2, sigma_y2 : array_like
        Variance of the group feature within a group, and of the label noise.
    order : {"proportional", "leading"}
        The limit at fixed ``gamma``, or its leading order as ``gamma`` falls. For ``law="mean_shift"`` the latter is
        the formula that the talks print, ``sigma_y2 gamma (p_T + (eta_t - eta_l)^2 |mu_T|^2/sigma_xi2)`` [1]_.
    law : {"mean_shift", "mixture", "whitened_mixture"}
        Law of the group feature: ``N(eta mu_xi, sigma_xi2 I)``; ``N(g mu_xi, sigma_xi2 I)`` given the group g, as the
        talks define it; or the same mixture with the covariance ``sigma_xi2 I`` over both groups.

    Returns
    -------
    float or ndarray
        Expected squared distance from the noise-free target.

    Raises
    ------
    ValueError
        Outside the ranges above.

    Notes
    -----
    For a mean shift ``sigma_y2 gamma (m0 + m1 (p_T - 1 + (eta_t - eta_l)^2 |mu_T|^2/sigma_xi2))`` with
    `resolvent_moments`; for mixtures ``sigma_y2 gamma tr(M_T E[w w'])``, M_T by fixed point.

    Examples
    --------
    >>> setting = dict(mu_T=[10**0.5, 0.0], gamma=0.05)
    >>> [round(float(teacher_risk(0.1, 0.5, order=order, **setting)), 5) for order in ("proportional", "leading")]
    [0.29208, 0.23]
    """
    mu = vectors("mu_T", mu_T)
    p_T = mu.shape[-1] + 1
    common: dict[str, Any] = dict(gamma=gamma, sigma_xi2=sigma_xi2, sigma_y2=sigma_y2, order=order, law=law)
    check_setting(p_T=p_T, eta_l=eta_l, eta_t=eta_t, **common)
    squared = (mu**2).sum(-1)
    if law == "whitened_mixture":
        check_whitened(squared, sigma_xi2, eta_l=eta_l, eta_t=eta_t)
    gamma, scale = np.asarray(gamma, float), np.asarray(sigma_y2, float)
    if law == "mean_shift":
        m0, m1 = _moments(gamma, p_T, order)
        shift = (np.asarray(eta_t, float) - eta_l) ** 2 * squared / sigma_xi2
        return scale * gamma * (m0 + m1 * (p_T - 1 + shift))

    def one(eta_l: float, eta_t: float, gamma: float, sigma_xi2: float, mu: Array) -> float:
        return fixed_point.teacher(eta_l, eta_t, mu / np.sqrt(sigma_xi2), gamma, order=order, law=law)

    return scale * _each(one, [eta_l, eta_t, gamma, sigma_xi2], [mu], [1])


def student_risk(
    eta_l: ArrayLike,
    eta_u: ArrayLike,
    eta_t: ArrayLike,
    *,
    mu_T: ArrayLike,
    mu_S: ArrayLike,
    Xi: ArrayLike,
    gamma: ArrayLike,
    nu: ArrayLike,
    sigma_xi2: ArrayLike = 1.0,
    sigma_y2: ArrayLike = 1.0,
    order: str = "proportional",
    law: str = "mean_shift",
) -> FloatOrArray:
    """Excess risk of the student that was trained on its teacher's answers.

    Parameters
    ----------
    eta_l, eta_u, eta_t : array_like
        Minority fractions of the labelled, the unlabelled and the test data, in [0, 1].
    mu_T, mu_S : array_like, shapes (..., p_T - 1), (..., p_S - 1)
        Group mean as teacher and student see it.
    Xi : array_like, shape (..., p_T - 1, p_S - 1)
        ``T'S``, of operator norm at most 1; where it is 1 both see the same direction and ``mu_S`` must agree.
    gamma, nu : array_like
        ``d_z/n`` in [0, 1/p_T) and ``d_z/N`` in [0, 1/p_S).
    sigma_xi2, sigma_y2, order, law
        As in `teacher_risk`. The leading order keeps the terms linear in ``nu``; the talks give one of them as
        ``Theta(nu (eta_t - eta_u)^2)``, its constant ``(p_T - p_TS) |mu_S|^2/sigma_xi2`` is this book's [1]_.

    Returns
    -------
    float or ndarray
        Expected squared distance from the noise-free target.

    Raises
    ------
    ValueError
        Outside the ranges above.

    Notes
    -----
    For a mean shift, with ``p_TS = 1 + |Xi|_F^2`` and (s0, s1) the moments at (nu, p_S): ``sigma_y2 gamma (m0 +
    m1 (|Xi|_F^2 + |(eta_u - eta_l) mu_T + (eta_t - eta_u) Xi mu_S|^2/sigma_xi2) + nu m1 (p_T - p_TS) (s0 +
    s1 (p_S - 1 + (eta_t - eta_u)^2 |mu_S|^2/sigma_xi2)))``.

    Examples
    --------
    >>> Xi = [[0.1**0.5, 0.0], [0.0, 0.1**0.5], [0.0, 0.0]]
    >>> pair = dict(mu_T=[10**0.5, 0.0, 0.0], mu_S=[0.1**0.5, 0.0], Xi=Xi, gamma=0.005, nu=0.005)
    >>> round(float(student_risk(0.1, 0.1, 0.5, order="leading", **pair)) / 0.005, 5)
    1.24382
    """
    shape = geometry(mu_T, mu_S, Xi)
    p_T, p_S = shape.p_T, shape.p_S
    common: dict[str, Any] = dict(gamma=gamma, nu=nu, sigma_xi2=sigma_xi2, sigma_y2=sigma_y2, order=order, law=law)
    check_setting(p_T=p_T, p_S=p_S, eta_l=eta_l, eta_u=eta_u, eta_t=eta_t, **common)
    if law == "whitened_mixture":
        check_whitened(shape.mu_T2, sigma_xi2, eta_l=eta_l)
        check_whitened(shape.mu_xi2, sigma_xi2, eta_u=eta_u)
        check_whitened(shape.mu_S2, sigma_xi2, eta_t=eta_t)
    gamma, nu, scale = np.asarray(gamma, float), np.asarray(nu, float), np.asarray(sigma_y2, float)
    if law == "mean_shift":
        left, middle, right = (np.asarray(value, float) for value in (eta_l, eta_u, eta_t))
        (m0, m1), (s0, s1) = _moments(gamma, p_T, order), _moments(nu, p_S, order)
        moved = (middle - left)[..., None] * shape.mu_T + (right - middle)[..., None] * shape.seen
        seen = shape.Xi2 + (moved**2).sum(-1) / sigma_xi2
        fresh = s0 + s1 * (p_S - 1 + (right - middle) ** 2 * shape.mu_S2 / sigma_xi2)
        return scale * gamma * (m0 + m1 * seen + nu * m1 * (p_T - 1 - shape.Xi2) * fresh)

    def one(
        eta_l: float, eta_u: float, eta_t: float, gamma: float, nu: float, sigma_xi2: float, *parts: Array
    ) -> float:
        mu_T, mu_S, Xi = parts
        unit = 1 / np.sqrt(sigma_xi2)
        return fixed_point.student(eta_l, eta_u, eta_t, mu_T * unit, mu_S * unit, Xi, gamma, nu, order=order, law=law)

    scalars = [eta_l, eta_u, eta_t, gamma, nu, sigma_xi2]
    return scale * _each(one, scalars, [shape.mu_T, shape.mu_S, shape.Xi], [1, 1, 2])


def gain(
    eta_l: ArrayLike,
    eta_u: ArrayLike,
    eta_t: ArrayLike,
    *,
    mu_T: ArrayLike,
    mu_S: ArrayLike,
    Xi: ArrayLike,
    gamma: ArrayLike,
    nu: ArrayLike,
    sigma_xi2: ArrayLike = 1.0,
    sigma_y2: ArrayLike = 1.0,
    order: str = "proportional",
    law: str = "mean_shift",
) -> FloatOrArray:
    """Gain of weak-to-strong training: `teacher_risk` minus `student_risk`, positive where the student is better.

    Parameters
    ----------
    eta_l, eta_u, eta_t, mu_T, mu_S, Xi, gamma, nu, sigma_xi2, sigma_y2, order, law
        As in `student_risk`.

    Returns
    -------
    float or ndarray

    Raises
    ------
    ValueError
        As `student_risk`.

    Examples
    --------
    >>> Xi = [[0.15**0.5, 0.0], [0.0, 0.15**0.5], [0.0, 0.0]]
    >>> pair = dict(mu_T=[10**0.5, 0.0, 0.0], mu_S=[0.1**0.5, 0.0], Xi=Xi, gamma=0.02, nu=0.005)
    >>> [round(float(gain(0.1, x, 0.5, **pair)) / 0.02, 3) for x in (0.0, 0.1, 0.5)]
    [4.741, 4.812, 3.006]
    """
    common: dict[str, Any] = dict(gamma=gamma, sigma_xi2=sigma_xi2, sigma_y2=sigma_y2, order=order, law=law)
    student = student_risk(eta_l, eta_u, eta_t, mu_T=mu_T, mu_S=mu_S, Xi=Xi, nu=nu, **common)
    return teacher_risk(eta_l, eta_t, mu_T=mu_T, **common) - student
