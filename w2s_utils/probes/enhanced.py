"""Enhanced-W2S: a student retrained on its most confident rows with a loss that forgives wrong labels.

Imports numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_utils._arrays import FloatArray, finite_array, same_rows
from w2s_utils.probes.heads import Head
from w2s_utils.probes.labels import IntArray, checked_classes, class_probabilities, confident_rows
from w2s_utils.probes.many import classify_many, fit_many
from w2s_utils.probes.multiclass import fit_multinomial

SOURCES = ("teacher", "student")
P, Q = 0.5, 0.7  # half of the rows; the loss's authors' recommendation. Neither was chosen on data of this book.


@dataclass(frozen=True, eq=False)
class Enhanced:
    """What `enhanced_w2s` returns.

    Attributes
    ----------
    student, vanilla : Head
        After and before.
    kept : ndarray of int64
        Rows that the student was retrained on, most confident first.
    labels : ndarray of int64, shape (len(kept),)
        Their pseudo-labels.
    """

    student: Head
    vanilla: Head
    kept: IntArray
    labels: IntArray


def enhanced_w2s(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    penalty: float,
    *,
    p: float = P,
    q: float = Q,
    source: str = "teacher",
    warm: bool = True,
    classes: int = 2,
    vanilla: Head | None = None,
) -> Enhanced:
    r"""Train a student on pseudo-labels, keep its most confident rows, retrain it there by generalized cross-entropy.

    Parameters
    ----------
    features : array_like, shape (N, d)
        The student's features of unlabelled rows.
    labels : array_like, shape (N,) or (N, K)
        The teacher's pseudo-labels, hard or soft; retraining takes the likeliest class.
    penalty : float
        Of all heads, positive.
    p : float, default 0.5
        Share of rows kept, in (0, 1], those of lowest predictive entropy.
    q : float, default 0.7
        Of the loss :math:`(1 - p_y^q)/q`, in (0, 1].
    source : {"teacher", "student"}
        Whose labels the retrained student learns: the teacher's (the paper's words suggest it), or the likeliest
        classes of the student of step one.
    warm : bool, default True
        Start from the student of step one. The loss is not convex; a cold start is from zero.
    classes : int, default 2
        K.
    vanilla : Head, optional
        The student of step one, where it is at hand.

    Returns
    -------
    Enhanced

    Raises
    ------
    ValueError
        If p or q is outside (0, 1], a label is no class, rows do not match, or the source is unknown.

    References
    ----------
    .. [1] liu2026, Enhanced-W2S. The values of p and q, hard or soft labels, and the start are not in what we read.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 2))
    >>> found = enhanced_w2s(X, X[:, 0] + rng.standard_normal(200) > 0, 0.03)
    >>> len(found.kept), bool(found.student.coefficients[0] > 0)
    (100, True)
    """
    X = finite_array("features", features, (2,))
    given = finite_array("labels", np.asarray(labels, float), (1, 2))
    if given.ndim == 1:
        checked_classes("labels", given, classes)
    if not 0 < q <= 1:
        raise ValueError(f"q = {q} is outside (0, 1]")
    if vanilla is None:
        vanilla = fit_multinomial(X, given, penalty, classes=classes)
    heads, kept, taught = enhanced_grid(
        X, given, penalty, [p], [q], source=source, warm=warm, classes=classes, vanilla=vanilla
    )
    return Enhanced(heads[0], vanilla, kept[0], taught[kept[0]])


def enhanced_grid(
    features: FloatArray,
    labels: npt.ArrayLike,
    penalty: float,
    p: Sequence[float],
    q: Sequence[float],
    *,
    vanilla: Head,
    source: str = "teacher",
    warm: bool = True,
    classes: int = 2,
) -> tuple[list[Head], list[IntArray], IntArray]:
    """As `enhanced_w2s` for several settings at once; here q = 0, plain cross-entropy, is allowed for ablations.

    Parameters
    ----------
    features, labels, penalty, vanilla, source, warm, classes
        As there.
    p, q : sequence of float, of one length
        Settings.

    Returns
    -------
    heads, kept : list
        One for each setting.
    taught : ndarray of int64, shape (N,)
        Labels that the heads were trained on, where rows were kept.

    Raises
    ------
    ValueError
        As `enhanced_w2s`.

    Examples
    --------
    >>> X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    >>> heads, kept, _ = enhanced_grid(X, y, 0.1, [0.5, 1], [0.7, 1], vanilla=fit_multinomial(X, y, 0.1))
    >>> [len(rows) for rows in kept]
    [2, 4]
    """
    if source not in SOURCES:
        raise ValueError(f"source = {source!r} is unknown; it must be teacher or student")
    for power in q:
        if not 0 <= power <= 1:
            raise ValueError(f"q = {power} is outside [0, 1]")
    given = np.asarray(labels)
    hard = given.argmax(1) if given.ndim == 2 else checked_classes("labels", given, classes)
    same_rows(features=features, labels=hard)
    sure = class_probabilities(vanilla, features)
    taught = np.asarray(sure.argmax(1) if source == "student" else hard, np.int64)
    kept = [confident_rows(sure, share) for share in p]
    columns = np.repeat(taught[:, None], len(kept), 1)
    start = [vanilla] * len(kept) if warm else None
    heads = fit_many(features, columns, penalty, classes, q=np.asarray(q, float), rows=kept, start=start)
    return heads, kept, taught


def select_p_q(
    heads: Sequence[Head], p: Sequence[float], q: Sequence[float], features: npt.ArrayLike, labels: npt.ArrayLike
) -> int:
    """Choose a setting by accuracy on the labelled sample, which no student was trained on.

    It needs neither group labels nor test data. The teacher was trained on these rows, so their pseudo-labels would
    be too good; but no setting sees pseudo-labels of them. Ties go to the setting that changes least: largest p, then
    smallest q.

    Parameters
    ----------
    heads, p, q : sequence
        From `enhanced_grid`.
    features : array_like, shape (n, d)
        The student's features of the labelled sample.
    labels : array_like of int, shape (n,)
        Its true labels.

    Returns
    -------
    int
        Position of the setting.

    Raises
    ------
    ValueError
        If rows do not match.

    Examples
    --------
    >>> X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    >>> heads, *_ = enhanced_grid(X, y, 0.1, [0.5, 1], [0.7, 1], vanilla=fit_multinomial(X, y, 0.1))
    >>> select_p_q(heads, [0.5, 1], [0.7, 1], X, y)
    1
    """
    X, y = finite_array("features", features, (2,)), np.asarray(labels)
    same_rows(features=X, labels=y)
    right = (classify_many(heads, X) == y).sum(1)
    return max(range(len(heads)), key=lambda at: (right[at], p[at], -q[at]))
