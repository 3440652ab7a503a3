"""What a setting may be: fractions, ratios below the limit of least squares, representations that fit together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils.theory.intrinsic_dimension.settings import Array, at_least, choose, fail, first_bad

LAWS = ("mean_shift", "mixture", "whitened_mixture")
ORDERS = ("proportional", "leading")
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Geometry:
    """Checked representations; leading axes broadcast."""

    mu_T: Array
    mu_S: Array
    Xi: Array

    @property
    def p_T(self) -> int:
        return self.mu_T.shape[-1] + 1

    @property
    def p_S(self) -> int:
        return self.mu_S.shape[-1] + 1

    @property
    def mu_T2(self) -> Array:
        return (self.mu_T**2).sum(-1)

    @property
    def mu_S2(self) -> Array:
        return (self.mu_S**2).sum(-1)

    @property
    def Xi2(self) -> Array:
        """Squared Frobenius norm of Xi."""
        return (self.Xi**2).sum((-2, -1))

    @property
    def seen(self) -> Array:
        """What the teacher sees of the student's mean, Xi mu_S."""
        return (self.Xi @ self.mu_S[..., None])[..., 0]

    @property
    def mu_xi2(self) -> Array:
        """Smallest squared norm of a group mean with these two projections."""
        residual = self.mu_S - (self.mu_T[..., None, :] @ self.Xi)[..., 0, :]
        spare = np.eye(self.p_S - 1) - np.swapaxes(self.Xi, -1, -2) @ self.Xi
        inverse = np.linalg.pinv(spare, rcond=_ROUNDING, hermitian=True)
        return self.mu_T2 + np.einsum("...i,...ij,...j->...", residual, inverse, residual)


def vectors(argument: str, value: ArrayLike, ndim: int = 1) -> Array:
    array = np.asarray(value, float)
    if array.ndim < ndim:
        fail(argument, f"an array of shape {array.shape}", f"at least {ndim}-D")
    if not np.isfinite(array).all():
        fail(argument, "nan or inf", "finite values")
    return array


def geometry(mu_T: ArrayLike, mu_S: ArrayLike, Xi: ArrayLike) -> Geometry:
    """Check shapes, the operator norm of Xi, and the means where both representations share a direction."""
    made = Geometry(vectors("mu_T", mu_T), vectors("mu_S", mu_S), vectors("Xi", Xi, 2))
    wanted = (made.p_T - 1, made.p_S - 1)
    if made.Xi.shape[-2:] != wanted:
        fail("Xi", f"an array of shape {made.Xi.shape}", f"(len(mu_T), len(mu_S)) = {wanted}")
    try:
        np.broadcast_shapes(made.mu_T.shape[:-1], made.mu_S.shape[:-1], made.Xi.shape[:-2])
    except ValueError:
        shapes = f"arrays of shapes {made.mu_T.shape}, {made.mu_S.shape}, {made.Xi.shape}"
        fail("mu_T, mu_S, Xi", shapes, "leading axes that broadcast")
    if 0 in wanted:
        return made
    _, norms, right = np.linalg.svd(made.Xi, full_matrices=False)
    if norms.max() > 1 + _ROUNDING:
        fail("Xi", f"an array of operator norm {norms.max():.6g}", "||Xi||_op <= 1 (Xi = T'S with orthonormal columns)")
    # along a direction that both see, the two projections of mu_xi are one number
    residual = made.mu_S - (made.mu_T[..., None, :] @ made.Xi)[..., 0, :]
    off = np.abs((right @ residual[..., None])[..., 0])
    worst = float(np.where(norms > 1 - _ROUNDING, off, 0.0).max())
    if worst > 1e-6 * (1 + np.abs(made.mu_S).max()):
        fail(
            "mu_S",
            f"{worst:.6g} away from Xi' mu_T",
            "Xi' mu_T along directions in which ||Xi||_op = 1 (T and S agree)",
        )
    return made


def check_setting(
    *,
    p_T: int,
    p_S: int | None = None,
    gamma: ArrayLike = 0.0,
    nu: ArrayLike = 0.0,
    sigma_xi2: ArrayLike = 1.0,
    sigma_y2: ArrayLike = 1.0,
    order: str = "proportional",
    law: str = "mean_shift",
    **fractions: ArrayLike,
) -> None:
    """Raise ValueError, naming the argument, unless least squares has a finite limit here.

    Parameters
    ----------
    p_T, p_S : int
        Numbers of blocks of the features, one more than the lengths of ``mu_T`` and ``mu_S``.
    gamma, nu : array_like
        ``d_z/n`` in [0, 1/p_T) and ``d_z/N`` in [0, 1/p_S).
    sigma_xi2, sigma_y2 : array_like
        Variances of the group feature (positive) and of the label noise.
    order, law : str
        One of `ORDERS`, one of `LAWS`.
    **fractions : array_like
        Minority fractions, in [0, 1].

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Examples
    --------
    >>> check_setting(p_T=4, gamma=0.3)
    Traceback (most recent call last):
    ...
    ValueError: gamma = 0.3 is not allowed: 0 <= gamma < 1/p_T = 0.25
    """
    choose("order", order, *ORDERS)
    choose("law", law, *LAWS)
    for name, value in fractions.items():
        array = np.asarray(value, float)
        bad = ~((array >= 0) & (array <= 1))
        if bad.any():
            fail(name, first_bad(array, bad), f"0 <= {name} <= 1")
    for name, value, block, p in (("gamma", gamma, "p_T", p_T), ("nu", nu, "p_S", p_S)):
        if p is None:
            continue
        array = np.asarray(value, float)
        bad = ~((array >= 0) & (array < 1 / p))
        if bad.any():
            fail(name, first_bad(array, bad), f"0 <= {name} < 1/{block} = {1 / p:.6g}")
    array = np.asarray(sigma_xi2, float)
    bad = ~((array > 0) & np.isfinite(array))
    if bad.any():
        fail("sigma_xi2", first_bad(array, bad), "sigma_xi2 > 0 and finite")
    at_least("sigma_y2", sigma_y2, 0)


def check_whitened(mu2: ArrayLike, sigma_xi2: ArrayLike, **fractions: ArrayLike) -> None:
    """Raise ValueError unless sigma_xi2 I - eta (1 - eta) mu mu' is a covariance for every fraction."""
    for name, value in fractions.items():
        eta, need, have = np.broadcast_arrays(*(np.asarray(x, float) for x in (value, mu2, sigma_xi2)))
        bad = eta * (1 - eta) * need > have * (1 + _ROUNDING)
        if bad.any():
            limit = float(first_bad(have, bad)) / float(first_bad(need, bad))
            fail(
                name, first_bad(eta, bad), f"eta (1 - eta) <= sigma_xi2/|mu_xi|^2, here {limit:.6g} (whitened mixture)"
            )
