"""What the chapters on groups compute: samples, heads, errors, tables and verdicts, on a small scale."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from w2s_utils import datasets
from w2s_utils.group_benchmarks import data, enhanced_tables, enhanced_verdicts, pairs, statistics, tables, verdicts
from w2s_utils.group_benchmarks.enhanced_runs import enhanced_runs
from w2s_utils.group_benchmarks.runs import benchmark_runs, labelled_samples
from w2s_utils.group_benchmarks.statistics import Measured, PooledEstimate
from w2s_utils.group_benchmarks.theory import measured_gains, predicted_gains

LAM = 0.03
MODELS = ("lite0_block4", "squeezenet_64px", "efficientnet_lite2")


@pytest.fixture(scope="module")
def tops():
    return data.load("scenes_tops", models=MODELS)


@pytest.fixture(scope="module")
def runs(tops):
    return benchmark_runs(tops, [0.5, 0.1], [0.05, 0.1, 0.5], n=60, N=200, seeds=range(4), penalty=LAM)


@pytest.fixture(scope="module")
def nine():
    bench = data.load("scenes_nine", models=("lite0_block4", "squeezenet_64px"))
    return benchmark_runs(bench, [0.5, 0.1], [0.05, 0.1, 0.5], n=90, N=180, seeds=range(2), penalty=LAM)


def test_features_are_centred_on_the_pool_and_of_unit_size(tops):
    for values in tops.features.values():
        pool = values[tops.data.pool_rows]
        assert np.abs(pool.mean(0)).max() < 1e-9 and np.mean(pool**2) == pytest.approx(1)


def test_labelled_twins_are_disjoint_and_have_the_fractions_asked_for(tops):
    first, second, both = labelled_samples(tops, 100, 600, 0.1, 0.5, seed=3)
    parts = [first.labelled, second.labelled, first.unlabelled, tops.test]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts)) == 100 + 100 + 600 + 2000
    assert np.array_equal(np.sort(np.r_[first.labelled, second.labelled]), np.sort(both.labelled))
    assert np.array_equal(first.unlabelled, both.unlabelled)
    assert tops.minority[both.labelled].mean() == 0.1 and tops.minority[first.unlabelled].mean() == 0.5


def test_a_cell_of_the_chapter_is_scikit_learns(runs):
    """On stored features, every step by scikit-learn's estimators."""
    for pair, el, eu in ((runs.pairs[0], 0.5, 0.1), (runs.pairs[2], 0.1, 0.5)):
        found = verdicts.recomputed_finding(runs, pair, el, eu, seed=0, penalty=LAM)
        assert found.verdict == "holds", found


def test_a_cell_of_nine_classes_is_scikit_learns(nine):
    pair, at = nine.pairs[0], (1, 2)
    again = verdicts.recomputed(nine.bench, pair, n=180, N=180, eta_l=0.1, eta_u=0.5, seed=0, penalty=LAM)
    hits = {"teacher": nine.teacher[0, 0, at[0], 2], "student": nine.student[0, 0, at[0], at[1], 2]}
    for role, right in hits.items():
        ours = statistics.group_accuracies(right, nine.bench.groups)
        assert ours == pytest.approx(list(again[role].values()), abs=1.5 / 112), role
        assert np.mean(ours) == pytest.approx(np.mean(list(again[role].values())), abs=1e-3)


def test_a_seed_does_not_depend_on_the_others_nor_on_what_else_is_run(tops, runs):
    alone = benchmark_runs(tops, [0.5, 0.1], [0.05, 0.1, 0.5], n=60, N=200, seeds=[2], penalty=LAM)
    assert np.array_equal(alone.student[0], runs.student[2]) and np.array_equal(alone.ceiling[0], runs.ceiling[2])
    fewer = benchmark_runs(tops, [0.5, 0.1], [0.1, 0.5], n=60, N=200, seeds=[2], penalty=LAM)
    # other warm starts: the same minimum up to its tolerance
    assert (fewer.student[0] != runs.student[2][:, :, 1:]).mean() < 1e-3


def test_the_rule_drops_a_pair_whose_order_changes(runs):
    rule = pairs.pairs_by_rule(runs.accuracies())
    assert len(rule) == 3 and set(rule.settings) == {2 * 2 + 3 * 2}
    assert rule.kept.equals(rule.margin > 0) and (rule.stronger[rule.kept] == rule.settings[rule.kept]).all()
    # listed the other way round no pair is kept: the first look at which is stronger counts too
    other = pairs.pairs_by_rule(runs.accuracies().iloc[::-1])
    assert not other.kept.any() and sorted(other.stronger) == sorted(rule.settings - rule.stronger)
    with pytest.raises(ValueError, match="scenes_tops: the rule drops 3 of 3 pairs, as the stronger"):
        pairs.kept_pairs(rule.assign(kept=False), runs)


def test_models_are_sorted_without_test_images(tops):
    shuffled = replace(tops, features={name: tops.features[name] for name in reversed(MODELS)})
    hidden = np.array(shuffled.labels)
    hidden[tops.test] = 0
    found = pairs.by_strength(replace(shuffled, labels=hidden), [0.5], n=50, seeds=[90], penalty=LAM)
    assert tuple(found.features) == MODELS


def test_gains_are_students_minus_teachers_over_both_sizes(runs):
    pair, at = runs.pairs[1], 1
    hits = {"student": runs.student[:, at, 0, 2], "teacher": runs.teacher[:, 0, 0]}
    by_hand = [
        {role: statistics.group_accuracies(part, runs.bench.groups).mean(-1) for role, part in hits.items()}[role]
        for role in ("student", "teacher")
    ]
    expected = 100 * (by_hand[0] - by_hand[1]) @ [0.25, 0.25, 0.5]
    assert tables.gain(runs, pair, 0.5, 0.5).draws == pytest.approx(expected)
    with pytest.raises(ValueError, match="was not run"):
        tables.gain(runs, pair, 0.3, 0.5)
    with pytest.raises(ValueError, match="role = 'king' is unknown"):
        tables.level(runs, pair, 0.5, 0.5, role="king")


@pytest.mark.parametrize("metric", ["average", "worst"])
def test_tables_have_a_row_for_every_setting_and_pair(runs, metric):
    curves = tables.gain_curves(runs, runs.pairs)
    part = curves[curves.metric == metric]
    assert len(part) == 6 and (part.gain_se > 0).all()
    assert part.gain.to_numpy() == pytest.approx((part.student - part.teacher).to_numpy())
    assert part[["from_labelled", "from_unlabelled", "from_test"]].sum(axis=1).to_numpy() == pytest.approx(1)
    everyone = pairs.pair_table(runs, pairs.pairs_by_rule(runs.accuracies()), (0.5, 0.1))
    assert len(everyone) == 3 and everyone[f"{metric}_0.5_se"].min() > 0


def test_standard_errors_cover_fresh_pools_and_fresh_test_images():
    """Draws of a share of a pool, many pools: the error of the mean over draws is that between pools."""
    rng, J, pool, n, T = np.random.default_rng(0), 6, 400, 100, 500
    z = []
    for _ in range(400):
        ability, noise = rng.standard_normal(pool), rng.standard_normal(T)
        twins = np.array(
            [[ability[part].mean() for part in rng.permutation(pool)[: 2 * n].reshape(2, n)] for _ in range(J)]
        )
        measured = Measured(twins.mean(1) + noise.mean(), twins, (noise - noise.mean()) / T)
        found = statistics.estimate(measured, (2 * n / pool / (1 - 2 * n / pool), 0.0))
        z.append(found.mean / found.se)
    assert 0.85 < np.std(z) < 1.3
    t = statistics.estimate(Measured(np.arange(3.0), np.zeros((3, 2)), np.zeros(4)), (0.0, 0.0))
    assert t.se == pytest.approx(stats.sem(np.arange(3.0))) and t.df == 2


def test_influence_is_the_derivative_in_the_weight_of_an_image():
    rng = np.random.default_rng(1)
    hits, groups = rng.random((3, 60)) < 0.7, np.repeat([0, 1, 2], 20)
    weights = np.array([0.5, -1.0, 2.0])
    for metric in statistics.METRICS:
        moved = statistics.influence(hits, groups, metric, weights)
        again = [
            weights @ statistics.score(statistics.group_accuracies(hits[:, order], groups), metric)
            for order in (
                np.r_[rng.integers(0, 20, 20), rng.integers(20, 40, 20), rng.integers(40, 60, 20)] for _ in range(4000)
            )
        ]
        if metric == "average":
            assert np.var(again) == pytest.approx((moved**2).sum(), rel=0.1)
        assert moved.sum() == pytest.approx(0, abs=1e-12)


def test_bad_statistics_are_refused():
    one = Measured(np.ones(1), np.ones((1, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="draws = 1 is not allowed"):
        statistics.estimate(one, (0, 0))
    with pytest.raises(ValueError, match="overlap = "):
        statistics.estimate(Measured(np.ones(2), np.ones((2, 2)), np.zeros(3)), (np.inf, 0))
    with pytest.raises(ValueError, match="metric = 'best' is unknown"):
        statistics.score(np.ones(2), "best")
    with pytest.raises(ValueError, match="correlation has shape"):
        statistics.over_scenes([PooledEstimate(0, 1, 5, 0, 0, 0)], np.eye(2))


def test_scenes_correlate_by_the_garments_they_share():
    tops, wear, shoe = (data.load(f"scenes_{name}", models=["lite0_block4"]) for name in ("tops", "wear", "shoe"))
    shared = data.common_images([tops, wear, shoe])
    assert np.allclose(shared, shared.T) and (np.diag(shared) == 1).all()
    assert shared[0, 2] == 0 < shared[0, 1] < 1  # tops and shoes have no garment in common


def test_predicted_gains_in_squared_error_are_those_of_ridge_heads(tops, runs):
    arguments = (tops, runs.pairs, [0.1], [0.05, 0.5])
    predicted = predicted_gains(*arguments, n=60, N=200, penalty=LAM)
    measured = measured_gains(*arguments, n=60, N=200, penalty=LAM, seeds=range(12))
    means = measured.groupby(["eta_u", "teacher", "student"]).gain.agg(["mean", "sem"]).reset_index()
    both = means.merge(predicted)
    assert len(both) == 6
    assert (np.abs(both["mean"] - both.predicted) < 5 * both["sem"] + 0.2 * both.predicted.abs()).all()
    assert np.corrcoef(both["mean"], both.predicted)[0, 1] > 0.9
    with pytest.raises(ValueError, match="has 9 classes; squared error is predicted for two"):
        predicted_gains(data.load("scenes_nine", models=MODELS[:2]), [MODELS[:2]], [0.1], [0.5], n=9, N=9, penalty=LAM)


def test_every_claim_of_both_chapters_has_a_finding(tops, runs, nine):
    again = {"tops": runs, "wear": runs, "nine": nine}
    found = verdicts.gain_findings(again, {name: run.pairs for name, run in again.items()}, 0.1)
    ids = [one.id for one in found]
    assert len(set(ids)) == len(ids) and {f"liu2026/{q}-average-nine" for q in ("matched", "mismatch", "peak")} <= set(
        ids
    )
    whole = next(one for one in found if one.id == "liu2026/matched-average")
    assert "tops, wear" in whole.on and "nine" not in whole.on
    untested = [one for one in found if one.verdict == "not tested"]
    assert [one.id.rpartition("-")[2] for one in untested] == list(verdicts.PUBLISHED)
    assert all("w2s run benchmarks -p scenes" in str(one.needs) for one in untested)
    assert verdicts.two_classes(again) == ["tops", "wear"]
    with pytest.raises(ValueError, match="must hold 0.5, eta_o"):
        verdicts.contrasts([0.1, 0.5], 0.1)


def test_enhanced_tables_and_findings(tops):
    run = enhanced_runs(tops, [(0.5, 0.1), (0.1, 0.5)], [MODELS[::2]], n=60, N=200, seeds=range(3), penalty=LAM)
    table = enhanced_tables.improvement_table(run)
    assert len(table) == 4 and (table.average_se > 0).all()
    default = run.methods.index(enhanced_tables.DEFAULT)
    cells = [statistics.group_accuracies(run.hits[:, 1, 0, at], tops.groups).mean(-1) for at in (default, 1)]
    expected = 100 * np.mean(cells[0] / cells[1] - 1)
    row = table[(table.eta_l == 0.1) & (table.method == enhanced_tables.DEFAULT)].iloc[0]
    assert row.average == pytest.approx(expected)
    kept = enhanced_tables.filter_table(run)
    whole = kept[kept.p == 1.0].set_index("eta_l").minority
    assert whole.to_dict() == pytest.approx({0.5: 0.1, 0.1: 0.5})
    ablated = enhanced_tables.ablation_table(run)
    assert set(ablated.method) == set(enhanced_tables.ABLATIONS)
    found = enhanced_verdicts.enhanced_findings({"tops": run}) + enhanced_verdicts.comparison_findings({"tops": run})
    found += [enhanced_verdicts.filter_finding({"tops": run}), enhanced_verdicts.consistency_finding(table)]
    assert {one.verdict for one in found} <= {"holds", "fails", "inconclusive", "not tested"}
    # a reader's pairs may all stay as vanilla training left them
    assert enhanced_verdicts.consistency_finding(table.assign(moved=0.0)).verdict == "not tested"
    with pytest.raises(ValueError, match="method = 'magic' was not run"):
        enhanced_tables.hits_of(run, "magic", 0, 0)


def test_selection_looks_at_labelled_images_only(tops):
    run = enhanced_runs(tops, [(0.1, 0.5)], [MODELS[::2]], n=60, N=200, seeds=range(2), penalty=LAM)
    at = run.methods.index("p=0.2 q=0.7")
    labelled = np.zeros_like(run.labelled)
    labelled[..., at] = 1.0
    forced = replace(run, labelled=labelled)
    chosen = enhanced_tables.hits_of(forced, enhanced_tables.SELECTED, 0, 0)
    assert np.array_equal(chosen, run.hits[:, 0, 0, at])
    equal = replace(run, labelled=np.ones_like(run.labelled))
    assert np.array_equal(enhanced_tables.hits_of(equal, enhanced_tables.SELECTED, 0, 0), run.hits[:, 0, 0, 1])


def test_the_papers_table_is_stored_as_published():
    table = enhanced_tables.published_table()
    means = table.groupby(["dataset", "eta_l"]).improvement.mean().round(2)
    assert means["Waterbirds", "0.5"] == 6.32 and means["ImageNet-9", "eta_o"] == 11.23
    assert isinstance(table, pd.DataFrame) and table.improvement.isna().sum() == 10


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda b: benchmark_runs(b, [0.5], [0.5], n=20, N=41, seeds=[0], penalty=LAM), "N = 41 is odd"),
        (lambda b: benchmark_runs(b, [1.5], [0.5], n=20, N=40, seeds=[0], penalty=LAM), r"eta_l = 1.5"),
        (lambda b: benchmark_runs(b, [0.5], [0.5], n=20, N=9000, seeds=[0], penalty=LAM), "short|lack|missing"),
        (
            lambda b: benchmark_runs(
                replace(b, features={"one": b.features[MODELS[0]]}), [0.5], [0.5], n=20, N=40, seeds=[0], penalty=LAM
            ),
            "at least two, a teacher and a student",
        ),
        (lambda b: data.full_names("tops,,wear"), "names of data sets, each once"),
        (lambda b: datasets.features("scenes_tops", "dinov2_l14"), "dinov2_l14"),
    ],
)
def test_bad_input_is_said_in_one_line(tops, call, says):
    with pytest.raises(ValueError, match=says) as error:
        call(tops)
    assert "\n" not in str(error.value)
