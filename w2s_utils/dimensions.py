"""Intrinsic dimension of features, and the correlation dimension of two models' features.

Imports numpy and scipy only. Features are used as they are, uncentred, one row per example.
"""

from __future__ import annotations

from functools import cached_property
from numbers import Integral

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, eigvalsh, svd

from w2s_utils._arrays import FloatArray, finite_array, same_rows

PERMUTATIONS = 199
METHODS = ("canonical", "shared_basis", "random_projection")
# as in w2s_utils.regression: below this ratio of eigenvalues the Gram matrix has lost too many digits
GRAM_RATIO = 1e-5


def intrinsic_dimension(features: npt.ArrayLike, energy: float = 0.99) -> int:
    """Smallest number of directions that hold a share of the trace of the uncentred second moment.

    Parameters
    ----------
    features : array_like, shape (m, D)
        One row per example; not centred.
    energy : float, default 0.99
        Share of the trace, in (0, 1]; 0.99 is the authors' choice.

    Returns
    -------
    int
        Between 1 and min(m, D).

    Raises
    ------
    ValueError
        If a feature is not finite, all are zero, or `energy` is outside (0, 1].

    References
    ----------
    .. [1] dong2025, estimation of the intrinsic dimensions on UTKFace.

    Examples
    --------
    >>> intrinsic_dimension([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.1]])
    2
    """
    X = finite_array("features", features, (2,))
    if not 0 < energy <= 1:
        raise ValueError(f"energy = {energy} is outside (0, 1]")
    return _intrinsic(_scaled("features", X), energy)


class CorrelationDimension(float):
    """A correlation dimension: a float that remembers how it was found.

    Attributes
    ----------
    plugin : float
        The estimate before any correction: squared cosines between the two sample subspaces, summed.
    chance : float
        What `plugin` is on average when the two models share nothing.
    p_value : float
        Permutation p-value of `plugin` against that chance; computed on first use.
    """

    plugin: float
    chance: float
    _bases: tuple[FloatArray, FloatArray]
    _seed: int

    @cached_property
    def p_value(self) -> float:
        """(1 + number of permutations with a plug-in at least as large) / (1 + PERMUTATIONS)."""
        weak, strong = self._bases
        rng = _generators(self._seed)[1]
        # permutations of one overlap differ by rounding alone when nothing can change it
        bar = self.plugin * (1 - 1e-12)
        above = sum(_overlap(weak, rng.permutation(strong)) >= bar for _ in range(PERMUTATIONS))
        return (1 + above) / (1 + PERMUTATIONS)

    def __repr__(self) -> str:
        return f"CorrelationDimension({float(self):.6g}, plugin={self.plugin:.6g}, chance={self.chance:.6g})"


def correlation_dimension(
    weak: npt.ArrayLike,
    strong: npt.ArrayLike,
    d_w: int | None = None,
    d_s: int | None = None,
    method: str = "canonical",
    *,
    seed: int = 0,
) -> CorrelationDimension:
    r"""Number of directions that weak and strong features have in common.

    Parameters
    ----------
    weak, strong : array_like, shapes (m, D_w) and (m, D_s)
        Features of the same m examples, row by row; not centred.
    d_w, d_s : int, optional
        Intrinsic dimensions: how many top directions are compared. Default: `intrinsic_dimension` at 0.99.
    method : {"canonical", "shared_basis", "random_projection"}
        How the two subspaces are brought together, see Notes.
    seed : int, default 0
        Of the permutations behind ``p_value`` and of the random projection.

    Returns
    -------
    CorrelationDimension
        A float with ``plugin``, ``chance`` and, on demand, ``p_value``.

    Raises
    ------
    ValueError
        If features are not finite, rows do not match, a dimension is outside [1, rank of the features], the
        widths do not fit the method, or (canonical) there are at most d_w + d_s rows.

    Notes
    -----
    ``canonical`` compares subspaces of :math:`R^m`, those of the top left singular vectors: widths may
    differ, and rotating either feature space changes nothing. Unrelated subspaces overlap by
    :math:`d_w d_s / m` on average, which is ``chance``. With c shared directions the others meet by chance in the
    :math:`m - c` dimensions that are left: the plug-in v is near :math:`c + (d_w - c)(d_s - c) / (m - c)`, and the
    estimate is the c that solves this; it is unbiased for directions that overlap only in part, too. It may be
    slightly negative. Where ``d_w`` or ``d_s`` cuts a spectrum short of the rank, the sampled top subspaces are
    noisy themselves, and the estimate is low. With :math:`m \le d_w + d_s` subspaces meet whatever the models are:
    an error. Uncentred features with a large mean share the constant direction.

    ``shared_basis`` is :math:`\lVert V_w^\top V_s\rVert_F^2` for the top right singular vectors of
    features that live in the same coordinates; ``chance`` is d_w d_s / width. ``random_projection`` does the
    same after multiplying the wider features by a Gaussian matrix down to the smaller width, as the authors
    did (equal widths are left alone). That destroys the alignment it is meant to measure: where widths differ, it
    returns its chance value whatever the features. Neither is corrected.

    ``p_value`` draws 199 permutations: of one model's rows for ``canonical``; of one model's coordinates for
    the other methods, which do not see the order of the rows (for those it is no test of rotated features).

    References
    ----------
    .. [1] dong2025, correlation dimension and its estimate on UTKFace.
    .. [2] hotelling1936, canonical correlations.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shared = rng.standard_normal((1000, 10))
    >>> weak = np.hstack([shared, rng.standard_normal((1000, 40))])
    >>> strong = np.hstack([shared, rng.standard_normal((1000, 20))])
    >>> c = correlation_dimension(weak, strong, 50, 30)
    >>> round(c), round(c.plugin, 1), c.chance, c.p_value
    (10, 10.8, 1.5, 0.005)
    """
    if method not in METHODS:
        raise ValueError(f"method = {method!r} is unknown; it must be one of {', '.join(METHODS)}")
    X_w, X_s = finite_array("weak", weak, (2,)), finite_array("strong", strong, (2,))
    same_rows(weak=X_w, strong=X_s)
    X_w, X_s = _scaled("weak", X_w), _scaled("strong", X_s)
    d_w, d_s = _dimension("d_w", d_w, X_w), _dimension("d_s", d_s, X_s)
    m = len(X_w)
    if method == "canonical":
        if m <= d_w + d_s:
            raise ValueError(f"{m} rows are too few: canonical needs more than d_w + d_s = {d_w + d_s} (try smaller d)")
        bases = _top_left("d_w", X_w, d_w), _top_left("d_s", X_s, d_s)
    else:
        if method == "random_projection":
            X_w, X_s = _equal_widths(X_w, X_s, seed)
        elif X_w.shape[1] != X_s.shape[1]:
            raise ValueError(
                f"shared_basis needs equal widths, not {X_w.shape[1]} and {X_s.shape[1]}; canonical takes any"
            )
        bases = _top_left("d_w", X_w.T, d_w), _top_left("d_s", X_s.T, d_s)
    plugin = _overlap(*bases)
    value = _remove_chance(plugin, m, d_w, d_s) if method == "canonical" else plugin
    estimate = CorrelationDimension(value)
    estimate.plugin = plugin
    estimate.chance = d_w * d_s / len(bases[0])
    estimate._bases = bases
    estimate._seed = seed
    return estimate


def _remove_chance(plugin: float, m: int, d_w: int, d_s: int) -> float:
    """Solve (m - c)(v - c) = (d_w - c)(d_s - c), which is linear in c."""
    return (m * plugin - d_w * d_s) / (m + plugin - d_w - d_s)


def _overlap(first: FloatArray, second: FloatArray) -> float:
    return float(np.sum((first.T @ second) ** 2))


def _generators(seed: int) -> list[np.random.Generator]:
    """Independent streams for the random projection and for the permutations."""
    return np.random.default_rng(seed).spawn(2)


def _scaled(name: str, X: FloatArray) -> FloatArray:
    """X over its largest entry: no square over- or underflows, no subspace or share changes."""
    largest = np.abs(X).max()
    if largest == 0:
        raise ValueError(f"{name} is all zeros; its dimension is undefined")
    return X / largest


def _gram(X: FloatArray) -> FloatArray:
    return X.T @ X if X.shape[1] <= X.shape[0] else X @ X.T


def _intrinsic(X: FloatArray, energy: float) -> int:
    values = np.cumsum(eigvalsh(_gram(X), overwrite_a=True, check_finite=False)[::-1].clip(min=0))
    # a share of exactly `energy` must not be missed by a rounding error
    return int(np.searchsorted(values, (energy - 1e-12) * values[-1])) + 1


def _dimension(name: str, d: int | None, X: FloatArray) -> int:
    if d is None:
        return _intrinsic(X, 0.99)
    if not isinstance(d, Integral) or not 1 <= d <= min(X.shape):
        raise ValueError(f"{name} = {d!r} must be an integer in [1, {min(X.shape)}], the smaller side of its features")
    return int(d)


def _equal_widths(X_w: FloatArray, X_s: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Multiply the wider features by a Gaussian matrix down to the smaller width."""
    widths = X_w.shape[1], X_s.shape[1]
    if widths[0] == widths[1]:
        return X_w, X_s
    matrix = _generators(seed)[0].standard_normal((max(widths), min(widths))) / np.sqrt(min(widths))
    return (X_w @ matrix, X_s) if widths[0] > widths[1] else (X_w, X_s @ matrix)


def _top_left(name: str, X: FloatArray, d: int) -> FloatArray:
    """Orthonormal columns: the left singular vectors of the d largest singular values."""
    if d <= min(X.shape):
        values, vectors = eigh(_gram(X), overwrite_a=True, check_finite=False, driver="evd")
        if values[-d] > GRAM_RATIO * values[-1]:
            top = vectors[:, -d:]
            return top if X.shape[0] < X.shape[1] else X @ (top / np.sqrt(values[-d:]))
    left, singular, _ = svd(X, full_matrices=False, check_finite=False)
    rank = int(np.sum(singular > max(X.shape) * np.finfo(float).eps * singular[0]))
    if d > rank:
        raise ValueError(f"{name} = {d} exceeds the rank {rank} of its features; the top {d} directions are undefined")
    return left[:, :d]
