"""Ridge and ridgeless least squares, and the four models of a weak-to-strong experiment built from them.

Imports numpy and scipy only. No intercept is fitted and nothing is centred, as in the papers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, svd

from w2s_utils._arrays import FloatArray, finite_array, same_rows

# Forming the Gram matrix squares the condition number. Above this ratio of its smallest to its largest
# eigenvalue a fit keeps about eleven digits; below it the features themselves are decomposed.
GRAM_RATIO = 1e-5
SMALLEST_SQUARE = np.finfo(float).tiny / np.finfo(float).eps


def fit_ridge(features: npt.ArrayLike, targets: npt.ArrayLike, penalty: npt.ArrayLike = 0.0) -> FloatArray:
    r"""Coefficients that minimise the mean squared error plus a penalty on their squared norm.

    For each penalty :math:`\lambda` the minimiser of
    :math:`\frac1n\lVert y - Xb\rVert^2 + \lambda\lVert b\rVert^2`; for :math:`\lambda = 0` the least-squares
    solution of minimum norm. One factorisation serves every penalty and every column of the targets.

    Parameters
    ----------
    features : array_like, shape (n, d)
        X, one row per example.
    targets : array_like, shape (n,) or (n, k)
        y, one column per problem.
    penalty : float or array_like of shape (L,), default 0.0
        Non-negative; may hold zeros. scikit-learn's ``Ridge`` calls ``n * penalty`` alpha.

    Returns
    -------
    ndarray
        Shape (d,) or (d, k) for a scalar penalty, (L, d) or (L, d, k) for an array of L.

    Raises
    ------
    ValueError
        If an argument holds NaN or an infinity, has the wrong shape, or a penalty is negative.

    Notes
    -----
    The smaller Gram matrix is diagonalised when the ratio of its extreme eigenvalues exceeds ``GRAM_RATIO``;
    otherwise the singular values of X are computed. Those below ``max(n, d) * eps`` times the largest
    (``numpy.linalg.lstsq``'s cut-off) count as zero at every penalty, so a path is continuous down to 0.

    References
    ----------
    .. [1] dong2025, ridge and ridgeless fits of teacher and student.
    .. [2] moniri2025, ridge teacher and student.

    Examples
    --------
    >>> features, targets = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]], [2.0, 4.0, 0.0, 0.0]
    >>> fit_ridge(features, targets).round(3)
    array([2., 4.])
    >>> fit_ridge(features, targets, [0.0, 0.25]).round(3)
    array([[2., 4.],
           [1., 2.]])
    """
    X = finite_array("features", features, (2,))
    y = finite_array("targets", targets, (1, 2))
    same_rows(features=X, targets=y)
    penalties = finite_array("penalty", penalty, (0, 1))
    if penalties.min() < 0:
        raise ValueError(f"penalty = {penalties.min():g} is negative; it must be 0 or more")

    columns = y.reshape(len(y), -1)
    singular, right, projected = _gram_route(X, columns) or _svd_route(X, columns)
    strength = singular[:, None] + np.atleast_1d(penalties) / singular[:, None]
    # (rank, L, k), so that all penalties and targets go through one matrix product
    shrunk = projected[:, None, :] / strength[:, :, None]
    size = strength.shape[1], columns.shape[1]
    path = (right @ shrunk.reshape(len(singular), size[0] * size[1])).reshape(len(right), *size)
    return np.ascontiguousarray(path.transpose(1, 0, 2)).reshape(*penalties.shape, len(right), *y.shape[1:])


@dataclass(frozen=True)
class WeakToStrongFit:
    """Coefficients of the four models; each has shape (d,) or (d, k) of its own features.

    Parameters
    ----------
    teacher : ndarray
        Weak features, labelled sample.
    student : ndarray
        Strong features, the teacher's predictions on the unlabelled sample.
    baseline : ndarray
        Strong features, labelled sample.
    ceiling : ndarray or None
        Strong features, true labels of both samples; None when the unlabelled ones were not given.
    """

    teacher: FloatArray
    student: FloatArray
    baseline: FloatArray
    ceiling: FloatArray | None = None


def fit_weak_to_strong(
    weak_labeled: npt.ArrayLike,
    strong_labeled: npt.ArrayLike,
    labels: npt.ArrayLike,
    weak_unlabeled: npt.ArrayLike,
    strong_unlabeled: npt.ArrayLike,
    unlabeled_labels: npt.ArrayLike | None = None,
    *,
    teacher_penalty: float = 0.0,
    student_penalty: float = 0.0,
    baseline_penalty: float = 0.0,
    ceiling_penalty: float = 0.0,
) -> WeakToStrongFit:
    """Fit teacher, student, baseline and, given the true unlabelled labels, ceiling.

    The student never sees a label: it is trained on the teacher's predictions on the unlabelled rows.

    Parameters
    ----------
    weak_labeled, strong_labeled : array_like, shapes (n, D_w) and (n, D_s)
        Features of the n labelled examples.
    labels : array_like, shape (n,) or (n, k)
        Their labels.
    weak_unlabeled, strong_unlabeled : array_like, shapes (N, D_w) and (N, D_s)
        Features of the N unlabelled examples.
    unlabeled_labels : array_like, shape (N,) or (N, k), optional
        Their true labels, used by the ceiling alone.
    teacher_penalty, student_penalty, baseline_penalty, ceiling_penalty : float, default 0.0
        As in `fit_ridge`; the ceiling's mean squared error is over n + N rows.

    Returns
    -------
    WeakToStrongFit

    Raises
    ------
    ValueError
        If rows or widths do not match, a value is not finite, or a penalty is negative or not a number.

    References
    ----------
    .. [1] dong2025, the four models of the main setting.
    .. [2] burns2024, the protocol.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> weak, strong = rng.standard_normal((60, 5)), rng.standard_normal((60, 3))
    >>> fit = fit_weak_to_strong(weak[:20], strong[:20], weak[:20, 0], weak[20:], strong[20:])
    >>> fit.teacher.round(6) + 0.0
    array([1., 0., 0., 0., 0.])
    >>> bool(np.allclose(fit.student, fit_ridge(strong[20:], weak[20:, 0]))), fit.ceiling
    (True, None)
    """
    matrices = {
        "weak_labeled": weak_labeled,
        "strong_labeled": strong_labeled,
        "weak_unlabeled": weak_unlabeled,
        "strong_unlabeled": strong_unlabeled,
    }
    X = {name: finite_array(name, value, (2,)) for name, value in matrices.items()}
    y = finite_array("labels", labels, (1, 2))
    same_rows(weak_labeled=X["weak_labeled"], strong_labeled=X["strong_labeled"], labels=y)
    same_rows(weak_unlabeled=X["weak_unlabeled"], strong_unlabeled=X["strong_unlabeled"])
    for model in ("weak", "strong"):
        widths = X[f"{model}_labeled"].shape[1], X[f"{model}_unlabeled"].shape[1]
        if widths[0] != widths[1]:
            raise ValueError(f"{model}_labeled has {widths[0]} columns, {model}_unlabeled {widths[1]}; they must agree")
    penalties = {
        "teacher_penalty": teacher_penalty,
        "student_penalty": student_penalty,
        "baseline_penalty": baseline_penalty,
        "ceiling_penalty": ceiling_penalty,
    }
    for name, penalty in penalties.items():
        if finite_array(name, penalty, (0,)) < 0:
            raise ValueError(f"{name} = {penalty:g} is negative; it must be 0 or more")

    teacher = fit_ridge(X["weak_labeled"], y, teacher_penalty)
    ceiling = None
    if unlabeled_labels is not None:
        more = finite_array("unlabeled_labels", unlabeled_labels, (y.ndim,))
        same_rows(strong_unlabeled=X["strong_unlabeled"], unlabeled_labels=more)
        if more.shape[1:] != y.shape[1:]:
            raise ValueError(f"unlabeled_labels has {more.shape[1]} columns, labels {y.shape[1]}; they must agree")
        stacked = np.concatenate([X["strong_labeled"], X["strong_unlabeled"]])
        ceiling = fit_ridge(stacked, np.concatenate([y, more]), ceiling_penalty)
    return WeakToStrongFit(
        teacher=teacher,
        student=fit_ridge(X["strong_unlabeled"], X["weak_unlabeled"] @ teacher, student_penalty),
        baseline=fit_ridge(X["strong_labeled"], y, baseline_penalty),
        ceiling=ceiling,
    )


# Both routes return (s, V, U'y / sqrt(n)) for X / sqrt(n) = U diag(s) V', without its null directions.
Route = tuple[FloatArray, FloatArray, FloatArray]


def _gram_route(X: FloatArray, y: FloatArray) -> Route | None:
    """The triple from the smaller Gram matrix, or None when that would cost digits."""
    n, d = X.shape
    # squares of features near the ends of the float range overflow or vanish: the other route takes over
    with np.errstate(over="ignore", invalid="ignore"):
        gram = (X.T @ X if d <= n else X @ X.T) / n
    if not np.isfinite(gram).all():
        return None
    values, vectors = eigh(gram, overwrite_a=True, check_finite=False, driver="evd")
    if values[0] <= max(GRAM_RATIO * values[-1], SMALLEST_SQUARE):
        return None
    singular = np.sqrt(values)
    if d <= n:
        return singular, vectors, vectors.T @ (X.T @ y) / (n * singular[:, None])
    return singular, X.T @ (vectors / (singular * np.sqrt(n))), vectors.T @ y / np.sqrt(n)


def _svd_route(X: FloatArray, y: FloatArray) -> Route:
    n, d = X.shape
    left, singular, right = svd(X, full_matrices=False, check_finite=False)
    kept = singular > max(n, d) * np.finfo(float).eps * singular[0]
    return singular[kept] / np.sqrt(n), right[kept].T, left[:, kept].T @ y / np.sqrt(n)
