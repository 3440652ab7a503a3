"""One experiment again, by scikit-learn alone: what the sweeps are checked with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeCV

from w2s_utils.probes.splits import Split


def regression_cell(
    weak: npt.ArrayLike,
    strong: npt.ArrayLike,
    targets: npt.ArrayLike,
    split: Split,
    n: int,
    N: int,
    *,
    tuned: bool = False,
) -> dict[str, float]:
    """Mean squared test errors of the four models by ``LinearRegression``, or ``RidgeCV`` on the sweep's penalties.

    Parameters
    ----------
    weak, strong, targets, split, n, N, tuned
        As in `probes.regression_sweep`, one teacher without label noise.

    Returns
    -------
    dict
        teacher, student, baseline, ceiling.

    Raises
    ------
    ValueError
        As the estimators.

    Examples
    --------
    >>> from w2s_utils.probes import draw_split
    >>> X = np.random.default_rng(0).standard_normal((200, 4))
    >>> split = draw_split(200, 30, 90, 80, index=0, seed=0)
    >>> bool(regression_cell(X, X, X[:, 0], split, 30, 90)["student"] < 1e-20)
    True
    """
    from w2s_utils.probes.regression import PENALTIES

    def model(X: Any, y: Any) -> Any:
        if not tuned:
            return LinearRegression().fit(X, y)
        largest = np.linalg.norm(X - X.mean(0), 2) ** 2
        return RidgeCV(alphas=PENALTIES * largest).fit(X, y)

    W, S, y = (np.asarray(value, float) for value in (weak, strong, targets))
    rows, pool = split.labeled[:n], split.unlabeled[:N]
    both = np.concatenate([rows, pool])
    teacher = model(W[rows], y[rows])
    student = model(S[pool], teacher.predict(W[pool]))
    heads = {"teacher": (teacher, W), "student": (student, S)}
    heads |= {"baseline": (model(S[rows], y[rows]), S), "ceiling": (model(S[both], y[both]), S)}
    test = split.test
    return {name: float(np.mean((head.predict(X[test]) - y[test]) ** 2)) for name, (head, X) in heads.items()}


def classification_cell(
    weak: npt.ArrayLike,
    strong: npt.ArrayLike,
    labels: npt.ArrayLike,
    split: Split,
    n: int,
    N: int,
    *,
    penalty: float,
    metric: str = "brier",
) -> dict[str, float]:
    """Test errors of the four models by ``LogisticRegression``; soft labels are rows of both classes with weights.

    Parameters
    ----------
    weak, strong, labels, split, n, N, penalty, metric
        As in `probes.classification_sweep`, one teacher without label flips.

    Returns
    -------
    dict
        teacher, student, baseline, ceiling.

    Raises
    ------
    ValueError
        As the estimator.

    Examples
    --------
    >>> from w2s_utils.probes import draw_split
    >>> X = np.random.default_rng(0).standard_normal((200, 4))
    >>> split = draw_split(200, 30, 90, 80, index=0, seed=0)
    >>> sorted(classification_cell(X, X, X[:, 0] > 0, split, 30, 90, penalty=0.01))
    ['baseline', 'ceiling', 'student', 'teacher']
    """
    W, S, y = np.asarray(weak, float), np.asarray(strong, float), np.asarray(labels, int)
    rows, pool = split.labeled[:n], split.unlabeled[:N]
    both = np.concatenate([rows, pool])

    def model(X: Any, p: Any) -> Any:
        strength = 1 / (len(X) * penalty * np.mean(X**2))
        head = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-12, max_iter=200)
        classes = np.repeat([0, 1], len(X))
        return head.fit(np.concatenate([X, X]), classes, sample_weight=np.concatenate([1 - p, p]))

    teacher = model(W[rows], y[rows])
    student = model(S[pool], teacher.predict_proba(W[pool])[:, 1])
    heads = {"teacher": (teacher, W), "student": (student, S)}
    heads |= {"baseline": (model(S[rows], y[rows]), S), "ceiling": (model(S[both], y[both]), S)}
    truth, errors = y[split.test], {}
    for name, (head, X) in heads.items():
        p = head.predict_proba(X[split.test])[:, 1]
        errors[name] = float(np.mean((p - truth) ** 2) if metric == "brier" else np.mean((p > 0.5) != truth))
    return errors
