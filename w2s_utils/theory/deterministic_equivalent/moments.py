"""Second moments of one distribution over weak features, strong features and target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.theory.intrinsic_dimension.settings import fail

# eigenvalues below this share of the largest, per dimension, are rounding
_ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class Moments:
    """Uncentred second moments ``E[x x']``, ``E[x y]``, ``E[y^2]`` of one distribution.

    Parameters
    ----------
    weak : array_like, shape (D_w, D_w)
        ``E[x_w x_w']``, in squared units of the weak features. Singular is fine.
    strong : array_like, shape (D_s, D_s)
        ``E[x_s x_s']``.
    cross : array_like, shape (D_s, D_w)
        ``E[x_s x_w']``.
    weak_target, strong_target : array_like, shapes (D_w,) or (D_w, k), (D_s,) or (D_s, k), optional
        ``E[x_w y]`` and ``E[x_s y]``, label noise included or not (it is independent of the features).
    target : float, optional
        ``E[y^2]``, summed over the k targets, label noise included. The three come together or not at all: an
        unlabelled distribution has none.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite, a matrix is not symmetric positive semidefinite, or the target's
        moments belong to no distribution (a linear fit would have a negative error).

    Notes
    -----
    Models have no intercept of their own: append a constant feature, or centre features and target.

    Examples
    --------
    >>> pair = Moments(weak=np.eye(2), strong=np.eye(1), cross=[[1.0, 0.0]], weak_target=[1.0, 0.5],
    ...                strong_target=[1.0], target=2.25)
    >>> pair.weak_values.tolist(), pair.labelled
    ([1.0, 1.0], True)
    """

    weak: FloatArray
    strong: FloatArray
    cross: FloatArray
    weak_target: FloatArray | None = None
    strong_target: FloatArray | None = None
    target: float | None = None
    _solved: dict[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        given = {name: finite_array(name, getattr(self, name), (2,)) for name in ("weak", "strong", "cross")}
        for name in ("weak", "strong"):
            given[name] = _symmetric(name, given[name])
        shape = (len(given["strong"]), len(given["weak"]))
        if given["cross"].shape != shape:
            fail("cross", f"an array of shape {given['cross'].shape}", f"(D_s, D_w) = {shape}")
        parts = (self.weak_target, self.strong_target, self.target)
        if any(part is None for part in parts) and not all(part is None for part in parts):
            fail("weak_target, strong_target, target", "given in part", "all three or none")
        for name, value in given.items():
            object.__setattr__(self, name, value)
        if self.target is None:
            return
        columns = []
        for name, width in (("weak_target", shape[1]), ("strong_target", shape[0])):
            array = finite_array(name, getattr(self, name), (1, 2))
            if len(array) != width:
                fail(name, f"an array of shape {array.shape}", f"{width} rows, one per feature")
            columns.append(array.reshape(width, -1))
            object.__setattr__(self, name, columns[-1])
        if columns[0].shape[1] != columns[1].shape[1]:
            fail(
                "strong_target", f"an array of {columns[1].shape[1]} columns", f"{columns[0].shape[1]}, as weak_target"
            )
        object.__setattr__(self, "target", float(finite_array("target", self.target, (0,))))
        assert self.target is not None
        for name, (values, vectors), column in zip(
            ("weak_target", "strong_target"), (self._weak, self._strong), columns, strict=True
        ):
            explained = float(np.sum((vectors.T @ column) ** 2 * inverse(values)[:, None]))
            if explained > self.target * (1 + 1e-6) + 1e-300:
                fail(name, f"a vector that explains {explained:.6g}", f"at most E[y^2] = {self.target:.6g}")

    @classmethod
    def of_sample(cls, weak: ArrayLike, strong: ArrayLike, targets: ArrayLike | None = None) -> Moments:
        """Plain averages over a sample, exact for the distribution that draws its rows with replacement.

        As estimates of a population they over-fit: see `w2s_utils.diagnose`.

        Parameters
        ----------
        weak, strong : array_like, shapes (m, D_w), (m, D_s)
        targets : array_like, shape (m,) or (m, k), optional

        Returns
        -------
        Moments

        Raises
        ------
        ValueError
            If rows do not match or a value is not finite.

        Examples
        --------
        >>> Moments.of_sample([[1.0], [3.0]], [[2.0], [2.0]], [0.0, 1.0]).target
        0.5
        """
        x_w, x_s = finite_array("weak", weak, (2,)), finite_array("strong", strong, (2,))
        same_rows(weak=x_w, strong=x_s)
        m = len(x_w)
        features = (x_w.T @ x_w / m, x_s.T @ x_s / m, x_s.T @ x_w / m)
        if targets is None:
            return cls(*features)
        y = finite_array("targets", targets, (1, 2)).reshape(len(np.asarray(targets)), -1)
        same_rows(weak=x_w, targets=y)
        return cls(*features, x_w.T @ y / m, x_s.T @ y / m, float(np.sum(y**2) / m))

    @classmethod
    def mixture(cls, parts: Sequence[tuple[float, Moments]]) -> Moments:
        """Moments of a mixture: they average, with the shares as weights.

        Parameters
        ----------
        parts : sequence of (share, Moments)
            Shares are not negative and sum to 1; without target moments in one part the mixture has none.

        Returns
        -------
        Moments

        Raises
        ------
        ValueError
            If the shares are no shares.

        Examples
        --------
        >>> low, high = (Moments(weak=[[v]], strong=[[v]], cross=[[v]]) for v in (1.0, 3.0))
        >>> Moments.mixture([(0.25, low), (0.75, high)]).weak.tolist()
        [[2.5]]
        """
        shares = [float(share) for share, _ in parts]
        if not shares or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            fail("shares", shares, "not negative, sum 1")
        names = ["weak", "strong", "cross"]
        if all(part.labelled for _, part in parts):
            names += ["weak_target", "strong_target", "target"]
        return cls(**{name: sum(share * getattr(part, name) for share, part in parts) for name in names})

    @property
    def labelled(self) -> bool:
        """Whether the target's moments are known."""
        return self.target is not None

    @property
    def _weak(self) -> tuple[FloatArray, FloatArray]:
        return self._kept("weak", lambda: spectrum("weak", self.weak))

    @property
    def _strong(self) -> tuple[FloatArray, FloatArray]:
        return self._kept("strong", lambda: spectrum("strong", self.strong))

    @property
    def _cross(self) -> tuple[FloatArray, FloatArray]:
        """``cross`` between the two eigenbases, and its squares."""

        def make() -> tuple[FloatArray, FloatArray]:
            turned = self._strong[1].T @ self.cross @ self._weak[1]
            return turned, turned**2

        return self._kept("cross", make)

    def _kept(self, name: str, make: Callable[[], tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
        # not functools.cached_property: in Python 3.11 its lock lets only one thread at a time solve anything
        if name not in self._solved:
            self._solved[name] = make()
        return self._solved[name]

    @property
    def weak_values(self) -> FloatArray:
        """Eigenvalues of ``weak``, ascending, rounding set to 0."""
        return self._weak[0]

    @property
    def strong_values(self) -> FloatArray:
        """Eigenvalues of ``strong``, ascending, rounding set to 0."""
        return self._strong[0]


def inverse(values: FloatArray) -> FloatArray:
    """One over each positive value, 0 for the others."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def spectrum(name: str, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues, those of rounding size set to 0, and eigenvectors of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    noise = _ROUNDING * len(values) * max(float(values[-1]), 0.0)
    if values[0] < -1e5 * noise - np.finfo(float).tiny:
        fail(name, f"a matrix with eigenvalue {values[0]:.3g}", "positive semidefinite")
    return np.where(values > noise, values, 0.0), vectors


def _symmetric(name: str, matrix: FloatArray) -> FloatArray:
    if matrix.shape[0] != matrix.shape[1]:
        fail(name, f"an array of shape {matrix.shape}", "a square matrix")
    if np.abs(matrix - matrix.T).max() > 1e-8 * max(float(np.abs(matrix).max()), np.finfo(float).tiny):
        fail(name, "a matrix that differs from its transpose", "a symmetric matrix")
    return (matrix + matrix.T) / 2
