"""Linear heads against scikit-learn, and against themselves done one by one."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV

from w2s_utils import probes
from w2s_utils.probes import oracle
from w2s_utils.regression import fit_ridge


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("n, d", [(60, 8), (9, 8), (8, 8), (6, 20)])
@pytest.mark.parametrize("intercept", [True, False])
def test_ridge_heads_are_those_of_scikit_learn(rng, n, d, intercept):
    X, Y = rng.standard_normal((n, d)) + 1, rng.standard_normal((n, 3))
    sample = probes.design(X, intercept=intercept)
    for penalty in (1e-6, 0.1, 10.0):
        head, other = probes.fit(sample, Y, penalty), Ridge(alpha=n * penalty, fit_intercept=intercept).fit(X, Y)
        assert head.predict(X) == pytest.approx(other.predict(X), rel=1e-7, abs=1e-7)
    head, other = probes.fit(sample, Y), LinearRegression(fit_intercept=intercept).fit(X, Y)
    new = rng.standard_normal((5, d))
    assert head.predict(new) == pytest.approx(other.predict(new), rel=1e-6, abs=1e-8)


def test_one_penalty_for_each_target(rng):
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    both = probes.fit(probes.design(X), Y, [0.1, 2.0])
    for at, penalty in enumerate((0.1, 2.0)):
        assert both.coefficients[:, at] == pytest.approx(probes.fit(probes.design(X), Y[:, at], penalty).coefficients)


def test_without_intercept_it_is_the_fit_of_the_synthetic_chapters(rng):
    X, y = rng.standard_normal((30, 6)), rng.standard_normal(30)
    assert probes.fit(probes.design(X, intercept=False), y, 0.3).coefficients == pytest.approx(fit_ridge(X, y, 0.3))


def test_near_collinear_features_leave_the_gram_route(rng):
    X = rng.standard_normal((50, 5))
    X[:, 4] = X[:, 3] + 1e-7 * X[:, 4]
    y = X @ np.arange(5.0)
    assert probes.fit(probes.design(X), y).predict(X) == pytest.approx(y, abs=1e-7)


def test_rank_keeps_the_largest_directions(rng):
    X = rng.standard_normal((40, 3)) * [10.0, 1.0, 0.1]
    sample = probes.design(X, rank=2)
    assert sample.singular.size == 2 and sample.singular.min() > 0.5
    with pytest.raises(ValueError, match="rank = 0 is not allowed"):
        probes.design(X, rank=0)


def test_leave_one_out_is_what_it_says_and_what_ridgecv_does(rng):
    X, y, penalties = rng.standard_normal((25, 6)) + 2, rng.standard_normal(25), np.array([0.01, 0.3, 5.0])
    errors = probes.leave_one_out(probes.design(X), y, penalties)
    other = RidgeCV(alphas=25 * penalties, store_cv_results=True).fit(X, y)
    assert errors == pytest.approx(other.cv_results_.mean(0), rel=1e-9)
    by_hand = []
    for at in range(25):
        rest = np.arange(25) != at
        head = Ridge(alpha=25 * 0.3).fit(X[rest], y[rest])
        by_hand.append((head.predict(X[[at]])[0] - y[at]) ** 2)
    assert errors[1] == pytest.approx(np.mean(by_hand), rel=1e-9)


@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1.0])
def test_logistic_heads_are_those_of_scikit_learn(rng, penalty):
    X = rng.standard_normal((80, 5)) * 3 + 1
    y = (X[:, 0] + rng.standard_normal(80) > 0).astype(int)
    head = probes.fit_logistic(X, y, penalty)
    other = LogisticRegression(C=1 / (80 * penalty), solver="newton-cholesky", tol=1e-12, max_iter=200).fit(X, y)
    assert head.coefficients == pytest.approx(other.coef_[0], rel=1e-6, abs=1e-8)
    assert float(head.intercept) == pytest.approx(other.intercept_[0], rel=1e-6, abs=1e-8)
    warm = probes.fit_logistic(X, y, penalty, start=probes.fit_logistic(X, y, 10 * penalty))
    assert warm.coefficients == pytest.approx(head.coefficients, rel=1e-6, abs=1e-8)


def test_soft_labels_and_separable_classes(rng):
    X = rng.standard_normal((200, 3))
    truth = 1 / (1 + np.exp(-(X @ [1.0, -2.0, 0.5] + 0.3)))
    assert probes.fit_logistic(X, truth, 1e-9).coefficients == pytest.approx([1.0, -2.0, 0.5], abs=1e-4)
    apart = probes.fit_logistic(X, X[:, 0] > 0, 1e-6)
    assert ((apart.predict(X) > 0) == (X[:, 0] > 0)).all()
    several = probes.fit_logistic(X, np.column_stack([truth, 1 - truth]), [1e-3, 1e-3])
    assert several.coefficients[:, 0] == pytest.approx(-several.coefficients[:, 1], abs=1e-6)


def test_cross_validation_prefers_the_right_order_of_penalty(rng):
    X = rng.standard_normal((120, 40))
    y = rng.random(120) < 1 / (1 + np.exp(-X[:, 0]))
    loss = probes.cross_validate(X, y, [1e-5, 0.1])
    assert loss[1] < loss[0]
    with pytest.raises(ValueError, match="folds = 1 is not allowed"):
        probes.cross_validate(X, y, [0.1], folds=1)


POINTS = [(40, 200), (90, 200), (90, 60)]


@pytest.mark.parametrize("tuned", [False, True])
def test_a_regression_sweep_is_its_cells_one_by_one(rng, tuned):
    X = rng.standard_normal((500, 30))
    weak, strong = X[:, :20] + 0.3 * rng.standard_normal((500, 20)), X[:, 10:]
    y = X @ rng.standard_normal(30) + rng.standard_normal(500)
    split = probes.draw_split(500, 100, 250, 150, index=1, seed=0)
    table = probes.regression_sweep({"a": weak, "b": X}, strong, y, split, POINTS, noise=[0.0, 20.0], tuned=tuned)
    assert len(table) == len(POINTS) * 2 * 2
    for _, row in table[table.noise == 0].iterrows():
        alone = oracle.regression_cell(weak if row.weak == "a" else X, strong, y, split, row.n, row.N, tuned=tuned)
        for model in probes.MODELS:
            assert row[model] == pytest.approx(alone[model], rel=1e-6)
    noisy = table.groupby("noise").teacher.mean()
    assert noisy[20.0] > noisy[0.0]


@pytest.mark.parametrize("metric", ["brier", "error"])
def test_a_classification_sweep_is_its_cells_one_by_one(rng, metric):
    X = rng.standard_normal((500, 12))
    weak, labels = X[:, :8] + 0.3 * rng.standard_normal((500, 8)), X[:, 0] + rng.standard_normal(500) > 0
    split = probes.draw_split(500, 100, 250, 150, index=1, seed=0)
    settings = dict(penalty=1e-3, metric=metric)
    table = probes.classification_sweep({"a": weak}, X[:, 2:], labels, split, POINTS, noise=[0.0, 0.2], **settings)
    for _, row in table[table.noise == 0].iterrows():
        alone = oracle.classification_cell(weak, X[:, 2:], labels, split, row.n, row.N, **settings)
        for model in probes.MODELS:
            assert row[model] == pytest.approx(alone[model], rel=1e-6)
    assert set(table.noise) == {0.0, 0.2}


def test_a_tuned_classifier_beats_one_without_a_penalty(rng):
    X = rng.standard_normal((600, 50))
    labels = rng.random(600) < 1 / (1 + np.exp(-X[:, 0]))
    split = probes.draw_split(600, 100, 200, 300, index=0, seed=0)
    plain, tuned = (
        probes.classification_sweep({"a": X}, X, labels, split, [(100, 200)], tuned=tuned) for tuned in (False, True)
    )
    assert tuned.teacher[0] < plain.teacher[0]


def test_the_ceiling_and_baseline_see_the_noise_and_the_test_rows_do_not(rng):
    X, y = rng.standard_normal((300, 3)), rng.standard_normal(300)
    split = probes.draw_split(300, 50, 150, 100, index=0, seed=0)
    quiet, loud = (probes.regression_sweep({"a": X}, X, y, split, [(50, 150)], noise=[s]) for s in (0.0, 100.0))
    assert (loud[["baseline", "ceiling"]].iloc[0] > 5 * quiet[["baseline", "ceiling"]].iloc[0]).all()
    assert np.isclose(np.mean(y[split.test] ** 2), quiet.ceiling[0], rtol=0.2)


def test_splits_are_disjoint_nested_and_the_same_for_every_number_of_them():
    split = probes.draw_split(100, 20, 50, 30, index=4, seed=3, name="a")
    rows = np.concatenate([split.labeled, split.unlabeled, split.test])
    assert len(set(rows)) == 100
    assert (probes.draw_split(100, 20, 50, 30, index=4, seed=3, name="a").test == split.test).all()
    others = [probes.draw_split(100, 20, 50, 30, **key) for key in (dict(index=5, seed=3), dict(index=4, seed=2))]
    assert all((other.test != split.test).any() for other in others)
    with pytest.raises(
        ValueError, match="n \\+ N \\+ test = 20 \\+ 60 \\+ 30 = 110 exceeds the 100 rows of blue_marble"
    ):
        probes.draw_split(100, 20, 60, 30, index=0, seed=0, name="blue_marble")


def test_flips_are_nested(rng):
    y = (rng.random(1000) > 0.5).astype(float)
    few, many = (probes.flip_labels(y, rate, np.random.default_rng(1)) != y for rate in (0.1, 0.3))
    assert not (few & ~many).any() and 0.05 < few.mean() < many.mean() < 0.35
    for bad in (dict(labels=[2], rate=0.1), dict(labels=[1], rate=0.6)):
        with pytest.raises(ValueError, match="is not allowed"):
            probes.flip_labels(**bad, rng=rng)


def test_nadeau_bengio_covers_where_the_naive_error_does_not():
    """Resampled splits of a pool of 150: the mean error moves more from pool to pool than splits of one suggest."""
    means, naive, honest = [], [], []
    for pool in range(200):
        y = np.random.default_rng(pool).standard_normal(150) ** 2
        drawn = [y[probes.draw_split(150, 60, 60, 30, index=i, seed=pool).test].mean() for i in range(25)]
        mean, se, df = probes.nadeau_bengio(drawn, 0.2)
        means.append(mean), honest.append(se), naive.append(np.std(drawn, ddof=1) / 5)
    spread = np.std(means)
    assert df == 24 and 0.8 < np.mean(honest) / spread < 1.25 and np.mean(naive) / spread < 0.6


BAD = [
    (lambda X: probes.fit_logistic(X, np.full(20, 1.5), 0.1), "targets = 1.5 is outside"),
    (lambda X: probes.fit_logistic(X, np.ones(20), 0.0), "penalty = 0 is not allowed: above 0"),
    (lambda X: probes.fit(probes.design(X), np.ones(20), -1.0), "penalty = -1 is negative"),
    (lambda X: probes.fit(probes.design(X), np.ones(19)), "features has 20 rows, targets has 19"),
    (lambda X: probes.leave_one_out(probes.design(X), np.ones(20), [0.0]), "penalties = 0 is not allowed"),
    (lambda X: probes.design(np.ones((20, 2))), "features do not vary"),
    (lambda X: probes.fit(probes.design(X), np.ones(20)).predict(np.ones((3, 5))), "features have 5 columns"),
    (lambda X: probes.nadeau_bengio([1.0], 0.2), "values = an array of shape \\(1,\\)"),
    (lambda X: probes.nadeau_bengio([1.0, 2.0], 1.0), "test_share = 1.0 is not allowed"),
]


@pytest.mark.parametrize("call, message", BAD)
def test_bad_input_is_one_line(rng, call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call(rng.standard_normal((20, 2)))
    assert "\n" not in str(caught.value)


def test_bad_sweeps(rng):
    X = rng.standard_normal((50, 2))
    split = probes.draw_split(50, 10, 20, 20, index=0, seed=0)
    with pytest.raises(ValueError, match="n = 11, N = 20 is not allowed: at most 10 labelled and 20 unlabelled"):
        probes.regression_sweep({"a": X}, X, X[:, 0], split, [(11, 20)])
    with pytest.raises(ValueError, match="weak is empty"):
        probes.regression_sweep({}, X, X[:, 0], split, [(10, 20)])
    with pytest.raises(ValueError, match="noise = -1 is negative"):
        probes.regression_sweep({"a": X}, X, X[:, 0], split, [(10, 20)], noise=[-1])
    with pytest.raises(ValueError, match="metric = 'auc' is unknown"):
        probes.classification_sweep({"a": X}, X, X[:, 0] > 0, split, [(10, 20)], metric="auc")
    with pytest.raises(ValueError, match="labels = .* is not allowed: 0 or 1"):
        probes.classification_sweep({"a": X}, X, X[:, 0], split, [(10, 20)])
