"""Parts of the errors of the chapters on groups: hand-computed cases, and plain numpy beside every one."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from w2s_utils.group_benchmarks import data, enhanced_tables, enhanced_verdicts, statistics
from w2s_utils.group_benchmarks.enhanced_runs import DEFAULT, enhanced_runs
from w2s_utils.group_benchmarks.runs import left_out
from w2s_utils.group_benchmarks.statistics import Measured, PooledEstimate
from w2s_utils.group_benchmarks.theory import predicted_gains
from w2s_utils.theory.deterministic_equivalent import Moments, weak_to_strong

MODELS = ("lite0_block4", "squeezenet_64px", "efficientnet_lite2")


@pytest.fixture(scope="module")
def tops():
    return data.load("scenes_tops", models=MODELS)


@pytest.fixture(scope="module")
def run(tops):
    pairs = [(MODELS[0], MODELS[1]), (MODELS[0], MODELS[2])]
    return enhanced_runs(tops, [(0.5, 0.1), (0.1, 0.5)], pairs, n=60, N=200, seeds=range(4), penalty=0.03)


def plain_error(draws, twins, influence, overlap, least=0.5):
    """Standard error and its parts, written out."""
    J, T = len(draws), len(influence)
    total = sum((x - sum(draws) / J) ** 2 for x in draws) / (J - 1)
    first, second = twins[:, 0] - twins[:, 0].mean(), twins[:, 1] - twins[:, 1].mean()
    common = min(max(sum(first * second) / (J - 1), least * total), total)
    labelled, unlabelled = (total - common) * (1 / J + overlap[0]), common * (1 / J + overlap[1])
    return np.sqrt(labelled + unlabelled + sum(influence**2) * T / (T - 1)), labelled, unlabelled


@pytest.mark.parametrize(
    ("spread", "labelled", "unlabelled"),
    [
        (0.0, 2 * 7 / 12, 2 * 4 / 3),  # twins that share nothing: half counts as the unlabelled draw's all the same
        (1.0, 2 * 7 / 12, 2 * 4 / 3),  # a covariance of 1 of a variance of 4 is less than half
        (3.0, 1 * 7 / 12, 3 * 4 / 3),
        (9.0, 0.0, 4 * 4 / 3),  # never more than all of it
    ],
)
def test_at_least_half_of_the_variance_is_the_unlabelled_draws(spread, labelled, unlabelled):
    draws, twins = np.array([0.0, 2.0, 4.0]), np.sqrt(spread) * np.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]])
    influence = np.array([0.3, -0.3, 0.0, 0.0])
    found = statistics.estimate(Measured(draws, twins, influence), (0.25, 1.0))
    assert (found.labelled, found.unlabelled) == pytest.approx((labelled, unlabelled))
    assert found.test == pytest.approx(0.18 * 4 / 3)
    assert found.se == pytest.approx(np.sqrt(labelled + unlabelled + 0.24))
    assert found.df == pytest.approx(2 * ((labelled + unlabelled + 0.24) / (labelled + unlabelled)) ** 2)
    assert (found.se, found.labelled, found.unlabelled) == pytest.approx(
        plain_error(draws, twins, influence, (0.25, 1.0))
    )


def test_twins_that_go_apart_count_as_half_too():
    draws, twins = np.array([0.0, 2.0, 4.0]), np.array([[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]])
    found = statistics.estimate(Measured(draws, twins, np.zeros(4)), (0.0, 1.0))
    assert (found.labelled, found.unlabelled) == pytest.approx((2 / 3, 2 * 4 / 3))


def test_a_difference_owes_its_variance_as_the_default_does():
    step = Measured(np.array([0.0, 4.0, 8.0]), np.full((3, 2), 7.0), np.array([1.0, -1.0]))
    default = Measured(np.array([1.0, 3.0, 5.0]), np.array([[1.0, 2.0], [3.0, 5.0], [5.0, 2.0]]), np.zeros(2))
    found = enhanced_tables.owing_like(step, default)
    assert found.twins.tolist() == [[2.0, 4.0], [6.0, 10.0], [10.0, 4.0]]  # twice as wide as the default's
    assert found.draws is step.draws and found.influence is step.influence
    flat = enhanced_tables.owing_like(step, replace(default, draws=np.ones(3)))
    assert not flat.twins.any()


def test_twins_made_from_the_default_do_not_cancel_in_a_difference():
    """Two methods of equal spread: their own twins are the same, those of the difference are not nothing."""
    twins = np.repeat(np.random.default_rng(0).standard_normal((40, 1)), 2, 1)
    default = Measured(twins.mean(1), twins, np.zeros(2))
    difference = statistics.combine([replace(default, draws=np.roll(default.draws, 1)), default], [1, -1])
    assert not difference.twins.any()
    for step, share in ((difference, 0.5), (enhanced_tables.owing_like(difference, default), 1.0)):
        found = statistics.estimate(step, (0.0, 0.0))
        assert found.unlabelled == pytest.approx(share * step.draws.var(ddof=1) / 40)


def test_a_comparison_by_plain_numpy(run):
    """Loss alone minus selection alone where few unlabelled images are minority ones, average accuracy."""
    groups, at = run.bench.groups, {name: k for k, name in enumerate(run.methods)}

    def accuracy(hits):
        return np.stack([hits[:, groups == g].mean(1) for g in range(4)], 1).mean(1)

    def slope(hits, weights):
        """Derivatives in the weights of test images, of the weighted sum over draws of average accuracies."""
        found = np.zeros(hits.shape[1])
        for t, g in enumerate(groups):
            rows = hits[:, groups == g]
            found[t] = sum(weights * (hits[:, t] - rows.mean(1)) / rows.shape[1] / 4)
        return found

    steps, twins, default, influence = [], [], [], np.zeros(len(groups))
    for pair in range(len(run.pairs)):
        hits = run.hits[:, 0, pair]
        old, loss, filtered, both = (
            accuracy(hits[:, at[name]]) for name in ("vanilla", "p=1 q=0.7", "p=0.5 q=0", DEFAULT)
        )
        steps.append(100 * (loss - filtered) / old)
        default.append(100 * (both / old - 1))
        other = accuracy(run.twin[:, 0, pair, 1]) / accuracy(run.twin[:, 0, pair, 0]) - 1
        own = np.stack([both / old - 1, other], 1)
        twins.append(100 * own * (both / old - 1).std() / own[:, 0].std())
        each = 100 / len(run.pairs) / len(hits)
        influence += each * slope(hits[:, at["p=1 q=0.7"]], 1 / old) - each * slope(hits[:, at["p=0.5 q=0"]], 1 / old)
        influence -= each * slope(hits[:, at["vanilla"]], (loss - filtered) / old**2)
    step, usual, pairwise = (np.mean(parts, 0) for parts in (steps, default, twins))
    el, eu = (run.bench.overlap(size, eta) for size, eta in ((60, 0.5), (200, 0.1)))
    se, *_ = plain_error(step, pairwise * step.std() / usual.std(), influence, (el, eu))
    found = next(
        one for one in enhanced_verdicts.comparison_findings({"tops": run}) if one.id == "book/loss-over-selection"
    )
    assert (found.observed, found.se) == pytest.approx((step.mean(), se))


def test_accuracy_on_what_a_sample_left_out():
    """Eight images: six of the pool in three groups, two test images."""
    bench = SimpleNamespace(
        labels=np.zeros(8, int),
        all_groups=np.array([0, 0, 0, 1, 1, 2, 0, 1]),
        data=SimpleNamespace(pool_rows=np.arange(6)),
    )
    hits = np.array([0, 1, 0, 0, 1, 0, 1, 1], bool)
    # left: 1 and 2 of group 0, one of them right; 4 of group 1, right; 5 of group 2, wrong
    assert left_out(bench, hits, np.array([3, 0])) == pytest.approx((0.5 + 1 + 0) / 3)
    # a group that is drawn whole does not count
    assert left_out(bench, hits, np.array([3, 0, 5])) == pytest.approx((0.5 + 1) / 2)
    for unseen in (0, 3, 6, 7):
        other = hits.copy()
        other[unseen] = ~other[unseen]
        assert left_out(bench, other, np.array([3, 0])) == left_out(bench, hits, np.array([3, 0]))
    other = hits.copy()
    other[2] = True
    assert left_out(bench, other, np.array([3, 0])) == pytest.approx((1 + 1 + 0) / 3)


def test_moved_counts_draws_in_which_a_test_image_is_classified_otherwise(run):
    at, vanilla = run.methods.index(DEFAULT), run.methods.index("vanilla")
    hits = run.hits.copy()
    hits[:, 1, 0, at] = hits[:, 1, 0, vanilla]
    table = enhanced_tables.improvement_table(replace(run, hits=hits), [DEFAULT])
    row = (table.eta_l == 0.1) & (table.student == run.pairs[0][1])
    assert table.moved[row].tolist() == [0.0]
    hits[2, 1, 0, at, 7] ^= True  # one image in one of four draws
    table = enhanced_tables.improvement_table(replace(run, hits=hits), [DEFAULT])
    assert table.moved[row].tolist() == [0.25]
    assert (table.moved[~row] == 1.0).all()


def test_a_pair_that_mostly_stays_is_counted_and_not_tested():
    rows = [(0.49, 9.0, 0.01), (0.5, 4.0, 0.1), (1.0, -3.0, 1.0), (1.0, 0.5, 1.0)]
    table = pd.DataFrame(rows, columns=["moved", "average", "average_se"]).assign(designs=12)
    found = enhanced_verdicts.consistency_finding(table)
    assert found.on == (
        "4 pairs and cases: 1 up and 1 down by more than two standard errors, 1 mostly left as they were"
    )
    tested = enhanced_verdicts.consistency_finding(table[table.moved >= 0.5])
    assert (found.observed, found.se, found.verdict) == (tested.observed, tested.se, tested.verdict)
    assert enhanced_verdicts.consistency_finding(table[:1]).verdict == "not tested"


def test_estimates_over_scenes_by_hand():
    parts = [PooledEstimate(1.0, 3.0, 4, 4.0, 3.0, 2.0), PooledEstimate(2.0, 4.0, 8, 8.0, 4.0, 4.0)]
    found = statistics.over_scenes(parts, [[1, 0.5], [0.5, 1]])
    assert found.mean == 1.5 and found.se == pytest.approx(np.sqrt(9 + 16 + 2 * 0.5 * 12) / 2)


def test_predicted_gains_are_those_of_moments_of_the_groups(tops):
    """Every moment from the rows of the groups, one distribution after the other."""
    pair, y = (MODELS[0], MODELS[2]), 2.0 * tops.labels - 1
    found = predicted_gains(tops, [pair], [0.1], [0.5], n=60, N=200, penalty=0.03).predicted[0]
    X = [np.column_stack([tops.features[model], np.ones(len(y))]) for model in pair]

    def mixture(rows, shares):
        parts = [rows[tops.all_groups[rows] == g] for g in range(4)]
        return Moments.mixture(
            [(share, Moments.of_sample(X[0][at], X[1][at], y[at])) for share, at in zip(shares, parts, strict=True)]
        )

    pool, fair = tops.data.pool_rows, [0.25] * 4
    labeled, unlabeled = mixture(pool, [0.45, 0.05, 0.45, 0.05]), mixture(pool, fair)
    penalties = {"teacher_penalty": 0.12, "student_penalty": 0.12}
    risks = weak_to_strong(
        60, 200, labeled=labeled, unlabeled=unlabeled, test=mixture(tops.test, fair), **penalties
    ).risks
    assert found == pytest.approx(float(np.squeeze(risks.gain)), rel=1e-9)
