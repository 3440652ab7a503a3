"""What Enhanced-W2S is compared with: the confidence loss of Burns et al. Imports numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_utils._arrays import FloatArray
from w2s_utils.probes.columns import TOLERANCE, fit_columns, separate, stacked
from w2s_utils.probes.heads import Head
from w2s_utils.probes.labels import IntArray, pseudo_labels
from w2s_utils.probes.multiclass import fit_classes


def confidence_many(
    features: FloatArray,
    labels: IntArray,
    penalty: float,
    *,
    vanilla: Sequence[Head],
    alpha: float = 0.5,
    rounds: int = 3,
    classes: int = 2,
    tolerance: float = TOLERANCE,
) -> list[Head]:
    r"""Students of Burns et al.: :math:`(1-\alpha)` times the teacher's labels plus :math:`\alpha` times their own.

    Parameters
    ----------
    features : ndarray, shape (N, d)
    labels : ndarray of int, shape (N, k)
        Pseudo-labels of k teachers.
    penalty : float
    vanilla : sequence of Head, length k
        Students of these labels, where the own answers start.
    alpha : float, default 0.5
        In [0, 1], reached in equal steps over the rounds, as there during training.
    rounds : int, default 3
        How often the own answers are hardened anew.
    classes : int, default 2
    tolerance : float
        As in `fit_columns`.

    Returns
    -------
    list of Head, length k

    Raises
    ------
    ValueError
        If alpha is outside [0, 1].

    References
    ----------
    .. [1] burns2024, auxiliary confidence loss: own answers are hardened at the threshold that makes two classes
       equally frequent; by the largest logit for more classes.

    Examples
    --------
    >>> from w2s_utils.probes.multiclass import fit_multinomial
    >>> X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([[0], [0], [1], [1]])
    >>> heads = confidence_many(X, y, 0.1, vanilla=[fit_multinomial(X, y[:, 0], 0.1)])
    >>> heads[0].coefficients.shape
    (1,)
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha = {alpha} is outside [0, 1]")
    heads = list(vanilla)
    for step in range(1, rounds + 1):
        share = alpha * step / rounds
        if classes == 2:
            logits = np.stack([head.predict(features) for head in heads], 1)
            target = (1 - share) * labels + share * (logits > np.median(logits, 0))
            heads = separate(fit_columns(features, target, penalty, start=stacked(heads), tolerance=tolerance))
        else:
            own = np.stack([pseudo_labels(head, features) for head in heads], 1)
            hard = [np.equal.outer(answers.T, np.arange(classes)).swapaxes(1, 2) for answers in (labels, own)]
            target = (1 - share) * hard[0] + share * hard[1]
            heads = fit_classes(features, target, penalty, start=heads, tolerance=tolerance)
    return heads
