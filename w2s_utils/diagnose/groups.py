"""With groups: the share of the minority among the unlabelled rows that makes the student best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_utils._arrays import FloatArray
from w2s_utils.diagnose.analysis import Point
from w2s_utils.diagnose.blocks import BLOCKS, BlockMoments
from w2s_utils.diagnose.estimates import Jackknifed
from w2s_utils.theory.deterministic_equivalent import Moments, weak_to_strong

SHARES = np.linspace(0, 1, 11)
# wider features are cut to their first principal directions: eleven shares times 21 samples would take minutes
WIDTH = 128


@dataclass(frozen=True, eq=False)
class GroupCurve:
    """Student's error against the share eta_u of the minority among the unlabelled rows.

    Attributes
    ----------
    observed : float
        Share of the minority in the files, taken for the labelled rows.
    shares : ndarray, shape (11,)
    risks : Jackknifed
        Shape (11, 2): test error of the student on majority and minority, in units of the target's variance.
    best_balanced, best_worst : float
        The share with the smallest mean of both, and with the smallest larger one.
    reduced : bool
        Whether features were cut to `WIDTH` directions.
    """

    observed: float
    shares: FloatArray
    risks: Jackknifed
    best_balanced: float
    best_worst: float
    reduced: bool


def group_curve(blocks: dict[str, BlockMoments], point: Point, unit: float) -> GroupCurve:
    """Predict the student of a teacher trained on the observed mixture, for a grid of unlabelled mixtures.

    Parameters
    ----------
    blocks : dict of BlockMoments
        ``all``, ``majority``, ``minority``.
    point : Point
        Sample sizes and penalties.
    unit : float
        The target's variance over all rows.

    Returns
    -------
    GroupCurve

    Notes
    -----
    Moments of mixtures are mixtures of moments, and the test error on balanced groups is the mean over both, so two
    test distributions serve every criterion. Second moments cannot see that rows of two groups have different lengths:
    where groups differ much, this is the leading order in d/N.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((800, 2))
    >>> x[:200] += 1.5  # the minority lies elsewhere, where labels are the same function
    >>> parts = BlockMoments.of_groups([(x, x, x[:, :1] + rng.standard_normal((800, 1)))], 800, np.arange(800) < 200)
    >>> curve = group_curve(parts, Point(20, 30, 0.01, 0.01, 0.01, 0.01), 2.0)
    >>> curve.observed, curve.risks.value.shape, curve.reduced
    (0.25, (11, 2), False)
    """
    observed = blocks["minority"].total / blocks["all"].total
    reduced = max(blocks["all"].widths) > WIDTH
    if reduced:
        full = blocks["all"].moments(constant=False)
        turns = full._weak[1][:, -WIDTH:], full._strong[1][:, -WIDTH:]
        blocks = {name: part.turned(*turns) for name, part in blocks.items() if name != "all"}
        blocks["all"] = blocks["majority"].plus(blocks["minority"])

    def statistic(without: int | None) -> FloatArray:
        frame = blocks["all"].frame(without)
        low, high = (blocks[name].moments(without, frame=frame) for name in ("majority", "minority"))
        labeled = Moments.mixture([(1 - observed, low), (observed, high)])
        rows = []
        for share in SHARES:
            unlabeled = Moments.mixture([(1 - share, low), (share, high)])
            rows.append([_student(point, labeled, unlabeled, test) / unit for test in (low, high)])
        return np.array(rows)

    risks = Jackknifed(statistic(None), np.array([statistic(k) for k in range(BLOCKS)]))
    mean, worst = risks.value.mean(1), risks.value.max(1)
    best = float(SHARES[np.argmin(mean)]), float(SHARES[np.argmin(worst)])
    return GroupCurve(observed, SHARES, risks, *best, reduced)


def _student(point: Point, labeled: Moments, unlabeled: Moments, test: Moments) -> float:
    found = weak_to_strong(
        point.n,
        point.N,
        labeled=labeled,
        # without its target no ceiling is solved for
        unlabeled=Moments(unlabeled.weak, unlabeled.strong, unlabeled.cross),
        test=test,
        teacher_penalty=point.teacher,
        student_penalty=point.student,
    )
    return float(found.risks.student)
