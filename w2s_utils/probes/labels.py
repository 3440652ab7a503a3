"""From heads to classes: probabilities, hard and soft pseudo-labels, confident rows. Imports numpy and scipy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax, xlogy

from w2s_utils._arrays import FloatArray, finite_array
from w2s_utils.probes.heads import Head

IntArray = npt.NDArray[np.int64]


def class_probabilities(head: Head, features: npt.ArrayLike) -> FloatArray:
    """Probabilities of all classes.

    Parameters
    ----------
    head : Head
        With one logit, of class 1 of two, or with one logit for each of K classes.
    features : array_like, shape (m, d)

    Returns
    -------
    ndarray, shape (m, K)

    Examples
    --------
    >>> class_probabilities(Head(np.array([1.0]), np.array(0.0)), [[0.0], [2.0]]).round(3).tolist()
    [[0.5, 0.5], [0.119, 0.881]]
    """
    logits = head.predict(features)
    if logits.ndim == 1:
        second = expit(logits)
        return np.stack([expit(-logits), second], 1)
    return np.asarray(softmax(logits, axis=1))


def pseudo_labels(head: Head, features: npt.ArrayLike, kind: str = "hard") -> IntArray | FloatArray:
    """A model's answers, as the next model is trained on them.

    Parameters
    ----------
    head, features
        As in `class_probabilities`.
    kind : {"hard", "soft"}

    Returns
    -------
    ndarray
        The likeliest classes, shape (m,), or the probabilities, shape (m, K).

    Raises
    ------
    ValueError
        If the kind is unknown.

    Examples
    --------
    >>> pseudo_labels(Head(np.array([1.0]), np.array(0.0)), [[-1.0], [2.0]]).tolist()
    [0, 1]
    """
    if kind not in ("hard", "soft"):
        raise ValueError(f"kind = {kind!r} is unknown; it must be hard or soft")
    found = class_probabilities(head, features)
    return found if kind == "soft" else found.argmax(1)


def checked_classes(name: str, labels: npt.ArrayLike, classes: int | None = None) -> IntArray:
    """Labels as integers from 0 to K - 1.

    Parameters
    ----------
    name : str
        What the error calls the argument.
    labels : array_like, shape (m,)
    classes : int, optional
        K, at least 2; then a class may be missing. If left out, every class up to the largest must occur.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ValueError
        If a label is none of them: with the count and first examples.

    Examples
    --------
    >>> checked_classes("labels", [0, 1, 7, 1.5], classes=2)
    Traceback (most recent call last):
        ...
    ValueError: labels: 2 of 4 are not classes 0 to 1, first 7, 1.5
    """
    given = finite_array(name, labels, (1,))
    top = int(max(given.max(), 1)) if classes is None else classes - 1
    if top < 1:
        raise ValueError(f"classes = {classes} is not allowed: at least 2")
    wrong = given[(given != np.floor(given)) | (given < 0) | (given > top)]
    if wrong.size:
        first = ", ".join(f"{value:g}" for value in wrong[:3])
        raise ValueError(f"{name}: {wrong.size} of {given.size} are not classes 0 to {top}, first {first}")
    found = given.astype(np.int64)
    missing = np.setdiff1d(np.arange(top + 1), found)
    if classes is None and missing.size:
        raise ValueError(f"{name} must hold all of 0 to {top}; class {missing[0]} has no row")
    return found


def entropy(probabilities: npt.ArrayLike) -> FloatArray:
    """Predictive entropy of each row, in nats.

    Parameters
    ----------
    probabilities : array_like, shape (m, K)

    Returns
    -------
    ndarray, shape (m,)
        In [0, log K].

    Examples
    --------
    >>> entropy([[0.5, 0.5], [1.0, 0.0]]).round(4).tolist()
    [0.6931, 0.0]
    """
    p = np.asarray(probabilities, float)
    return np.abs(xlogy(p, p).sum(1))


def confident_rows(probabilities: npt.ArrayLike, p: float) -> IntArray:
    """Rows of lowest entropy, most confident first.

    Parameters
    ----------
    probabilities : array_like, shape (m, K)
    p : float
        Share that is kept, in (0, 1]; at least one row.

    Returns
    -------
    ndarray of int64
        The first round(p m) rows; ties keep their order.

    Raises
    ------
    ValueError
        If p is outside (0, 1].

    References
    ----------
    .. [1] liu2026, Enhanced-W2S, selection by predictive entropy.

    Examples
    --------
    >>> confident_rows([[0.4, 0.6], [0.9, 0.1], [0.2, 0.8]], 0.67).tolist()
    [1, 2]
    """
    if not 0 < p <= 1:
        raise ValueError(f"p = {p} is outside (0, 1]")
    order = np.argsort(entropy(probabilities), kind="stable")
    return order[: max(round(p * len(order)), 1)]
