"""Two representations of one group feature, and the law that draws it: what both engines share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s_utils.simulate._pair import refuse, whole

Array = NDArray[np.float64]
LAWS = ("mean_shift", "mixture", "whitened_mixture")
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class GroupModel:
    """What teacher and student see of a group feature ``xi``, and how it is drawn.

    Parameters
    ----------
    mu_T, mu_S : array_like, shapes (p_T - 1,), (p_S - 1,)
        Group mean as teacher and student see it.
    Xi : array_like, shape (p_T - 1, p_S - 1)
        ``T'S``, of operator norm at most 1; where it is 1 both see the same direction and the means must agree.
    sigma_xi2, sigma_y2 : float
        Variance of the group feature (positive) and of the label noise.
    law : {"mean_shift", "mixture", "whitened_mixture"}
        ``N(eta mu_xi, sigma_xi2 I)``; ``N(g mu_xi, sigma_xi2 I)`` given the group g; or that mixture with covariance
        ``sigma_xi2 I`` over both groups.

    Raises
    ------
    ValueError
        Naming the argument that does not fit.

    Examples
    --------
    >>> model = GroupModel(mu_T=[1.0, 0.0], mu_S=[0.5], Xi=[[0.6], [0.0]])  # anything that makes an array
    >>> model.p_T, model.p_S
    (3, 2)
    """

    mu_T: Array
    mu_S: Array
    Xi: Array
    sigma_xi2: float = 1.0
    sigma_y2: float = 1.0
    law: str = "mean_shift"
    mean: Array = field(init=False, repr=False)  # of xi, in coordinates of T first, then of what S adds
    root: Array = field(init=False, repr=False)  # (I - Xi'Xi)^(1/2), the part of S beyond T

    def __post_init__(self) -> None:
        for name, ndim in (("mu_T", 1), ("mu_S", 1), ("Xi", 2)):
            array = np.array(getattr(self, name), float)
            if array.ndim != ndim or not np.isfinite(array).all():
                refuse(name, f"an array of shape {array.shape}", f"{ndim}-D, finite values")
            object.__setattr__(self, name, array)
        wanted = (self.mu_T.size, self.mu_S.size)
        if self.Xi.shape != wanted:
            refuse("Xi", f"an array of shape {self.Xi.shape}", f"(len(mu_T), len(mu_S)) = {wanted}")
        norm = float(np.linalg.norm(self.Xi, 2)) if 0 not in wanted else 0.0
        if norm > 1 + _ROUNDING:
            refuse("Xi", f"an array of operator norm {norm:.6g}", "||Xi||_op <= 1 (Xi = T'S with orthonormal columns)")
        if self.law not in LAWS:
            refuse("law", repr(self.law), f"one of {', '.join(LAWS)}")
        if not (self.sigma_xi2 > 0 and np.isfinite(self.sigma_xi2)):
            refuse("sigma_xi2", self.sigma_xi2, "sigma_xi2 > 0 and finite")
        if not (self.sigma_y2 >= 0 and np.isfinite(self.sigma_y2)):
            refuse("sigma_y2", self.sigma_y2, "sigma_y2 >= 0 and finite")
        residual = self.mu_S - self.Xi.T @ self.mu_T
        values, vectors = np.linalg.eigh(np.eye(self.mu_S.size) - self.Xi.T @ self.Xi)
        root = (vectors * np.sqrt(np.where(values > _ROUNDING, values, 0.0))) @ vectors.T
        object.__setattr__(self, "root", root)
        b = np.linalg.pinv(root, rcond=1e-5, hermitian=True) @ residual if root.size else residual
        off = float(np.abs(root @ b - residual).max(initial=0.0))
        if off > 1e-6 * (1 + np.abs(self.mu_S).max(initial=0.0)):
            refuse("mu_S", f"{off:.6g} away from Xi' mu_T", "Xi' mu_T where ||Xi||_op = 1 (T and S agree)")
        object.__setattr__(self, "mean", np.r_[self.mu_T, b])

    @classmethod
    def from_norms(
        cls,
        *,
        p_T: int,
        p_S: int,
        mu_T2: float,
        mu_S2: float,
        Xi2: float,
        cosine: float = 1.0,
        sigma_xi2: float = 1.0,
        sigma_y2: float = 1.0,
        law: str = "mean_shift",
    ) -> GroupModel:
        """A model with given norms: all principal angles alike, ``Xi mu_S`` at a given angle to ``mu_T``.

        Parameters
        ----------
        p_T, p_S : int
            Blocks of features, ``1 <= p_S <= p_T``.
        mu_T2, mu_S2 : float
            Squared norms of the group mean as teacher and student see it.
        Xi2 : float
            Squared Frobenius norm of ``Xi``, at most ``p_S - 1``.
        cosine : float
            Between ``mu_T`` and ``Xi mu_S``, in [-1, 1]; other values than +-1 need ``p_T >= 3``.
        sigma_xi2, sigma_y2, law
            As for the class.

        Returns
        -------
        GroupModel

        Raises
        ------
        ValueError
            Naming the argument that is out of range.

        Examples
        --------
        >>> model = GroupModel.from_norms(p_T=4, p_S=3, mu_T2=10.0, mu_S2=0.1, Xi2=0.3)
        >>> round(float(model.Xi[0, 0] ** 2), 3)
        0.15
        """
        p_T = whole("p_T", p_T, 1)
        p_S = whole("p_S", p_S, 1)
        if p_S > p_T:
            refuse("p_S", p_S, f"1 <= p_S <= p_T = {p_T}")
        for name, value in (("mu_T2", mu_T2), ("mu_S2", mu_S2)):
            if not (value >= 0 and np.isfinite(value)):
                refuse(name, value, f"{name} >= 0 and finite")
        if not 0 <= Xi2 <= p_S - 1:
            refuse("Xi2", Xi2, f"0 <= ||Xi||_F^2 <= p_S - 1 = {p_S - 1}")
        if not -1 <= cosine <= 1 or (abs(cosine) < 1 and p_T < 3):
            refuse("cosine", cosine, "in [-1, 1], and 1 or -1 for p_T < 3")
        k_T, k_S = p_T - 1, p_S - 1
        mu_T, mu_S = np.zeros(k_T), np.zeros(k_S)
        for mu, size in ((mu_T, mu_T2), (mu_S, mu_S2)):
            if mu.size:
                mu[0] = np.sqrt(size)
            elif size:
                refuse("mu_T2" if mu is mu_T else "mu_S2", size, "0 where there is no group feature (p = 1)")
        if abs(cosine) < 1:
            mu_T[:2] = np.sqrt(mu_T2) * np.array([cosine, np.sqrt(1 - cosine**2)])
        else:
            mu_T *= cosine
        Xi = np.eye(k_T, k_S) * np.sqrt(Xi2 / k_S if k_S else 0.0)
        return cls(mu_T, mu_S, Xi, sigma_xi2, sigma_y2, law)

    @property
    def p_T(self) -> int:
        """Blocks of the teacher's features."""
        return np.size(self.mu_T) + 1

    @property
    def p_S(self) -> int:
        """Blocks of the student's features."""
        return np.size(self.mu_S) + 1

    def moments(self) -> dict[str, Any]:
        """Arguments of the closed forms in ``theory.spurious_correlation``.

        Returns
        -------
        dict
            ``mu_T``, ``mu_S``, ``Xi``, ``sigma_xi2``, ``sigma_y2`` and ``law``.

        Examples
        --------
        >>> sorted(GroupModel(np.ones(1), np.ones(1), np.full((1, 1), 0.6)).moments())
        ['Xi', 'law', 'mu_S', 'mu_T', 'sigma_xi2', 'sigma_y2']
        """
        names = ("mu_T", "mu_S", "Xi", "sigma_xi2", "sigma_y2", "law")
        return {name: getattr(self, name) for name in names}

    def check_fraction(self, argument: str, eta: ArrayLike) -> Array:
        """Return fractions as an array; refuse those outside [0, 1] or without a whitened mixture."""
        array = np.asarray(eta, float)
        bad = ~((array >= 0) & (array <= 1))
        if bad.any():
            refuse(argument, f"{array[bad].ravel()[0]:.12g}", f"0 <= {argument} <= 1")
        if self.law == "whitened_mixture":
            size = {"eta_l": self.mu_T, "eta_t": self.mu_T}.get(argument, self.mean)
            limit = self.sigma_xi2 / max(float(size @ size), 1e-300)
            bad = array * (1 - array) > limit * (1 + _ROUNDING)
            if bad.any():
                allowed = f"eta (1 - eta) <= sigma_xi2/|mu_xi|^2 = {limit:.6g} (whitened mixture)"
                refuse(argument, f"{array[bad].ravel()[0]:.12g}", allowed)
        return array
