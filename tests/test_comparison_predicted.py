"""Predictions beside measurements: folds that do not leak, cells recomputed by hand, statistics of known tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from w2s_utils import comparison_predicted as predicted
from w2s_utils import comparison_predicted_errors as errors
from w2s_utils.comparison_pairs import Pair, embedded_pairs, gaussian_twin, unevenness
from w2s_utils.datasets import embedded
from w2s_utils.probes import MODELS


def pair(rows=900, tails=False, seed=0, more=0):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, 24 + more)) * (np.exp(rng.standard_normal((rows, 1))) if tails else 1.0)
    y = z[:, :6].sum(1) + rng.standard_normal(rows)
    return Pair("made", "a", "b", z[:, : 16 + more] + 1.0, z[:, :12], (y / y.std())[:, None], [])


@pytest.fixture(scope="module")
def table():
    cells = predicted.cells_of(pair(), 5)
    return predicted.predicted_table([pair()], [cells], folds=5, draws=4, seed=0)


def test_every_embedded_data_set_has_a_pair_and_folds_cover_its_rows_once():
    pairs = embedded_pairs()
    assert [one.data for one in pairs] == embedded.names()
    assert all(one.x_w.shape[1] <= 128 and len(one.files) == 3 for one in pairs)
    one = pairs[0]
    folds = [predicted.fold_rows(one, k, 10, 0) for k in range(10)]
    assert sorted(np.concatenate([test for test, _ in folds]).tolist()) == list(range(len(one.y)))
    for test, pool in folds:
        assert not set(test) & set(pool) and len(test) + len(pool) == len(one.y)


def test_predictions_do_not_see_their_fold_and_measurements_do():
    one = pair()
    cells = predicted.cells_of(one, 5).iloc[[10]]
    before = predicted.predicted_table([one], [cells], folds=5, draws=1, seed=0)
    test = predicted.fold_rows(one, 0, 5, 0)[0]
    changed = one.y.copy()
    changed[test] += 5 * one.x_w[test, :1]
    other = Pair(one.data, one.weak, one.strong, one.x_w, one.x_s, changed, [])
    after = predicted.predicted_table([other], [cells], folds=5, draws=1, seed=0)
    ratio = after.student / before.student * changed.var() / one.y.var()
    assert ratio[0] == pytest.approx(1, rel=1e-9)
    assert abs(ratio[1:] - 1).min() > 0.05
    assert after.student_actual[0] > 2 * before.student_actual[0] * one.y.var() / changed.var()


def test_a_cell_recomputed_with_scikit_learn_alone(table):
    """Everything but the row numbers from scikit-learn and numpy, on every fold and for all four models."""
    one = pair()
    cell = predicted.cells_of(one, 5).iloc[20]
    n, N = int(cell.n), int(cell.N)
    for fold in range(5):
        test, pool = predicted.fold_rows(one, fold, 5, 0)
        alpha = [s * np.cov(x[pool].T, bias=True).trace() for s, x in zip(cell[-2:], (one.x_w, one.x_s), strict=True)]
        wanted = np.zeros(4)
        for draw in range(4):
            order = predicted.sample_order(one, fold, draw, pool, 0)
            a, u = order[:n], order[-N:]
            assert not set(a) & set(u)
            both = np.r_[a, u]
            teacher = Ridge(alpha=n * alpha[0]).fit(one.x_w[a], one.y[a, 0])
            student = Ridge(alpha=N * alpha[1]).fit(one.x_s[u], teacher.predict(one.x_w[u]))
            baseline = Ridge(alpha=n * alpha[1]).fit(one.x_s[a], one.y[a, 0])
            ceiling = Ridge(alpha=(n + N) * alpha[1]).fit(one.x_s[both], one.y[both, 0])
            heads = (teacher, one.x_w), (student, one.x_s), (baseline, one.x_s), (ceiling, one.x_s)
            wanted += [np.mean((head.predict(x[test]) - one.y[test, 0]) ** 2) / 4 for head, x in heads]
        row = table[(table.fold == fold) & (table.index % 55 == 20)].iloc[0]
        np.testing.assert_allclose(
            row[[f"{m}_actual" for m in MODELS]].to_numpy(float), wanted / one.y.var(), rtol=1e-9
        )
        if fold == 0:
            again = predicted.recomputed(one, predicted.cells_of(one, 5).iloc[[20]], folds=5, draws=4, seed=0)
            np.testing.assert_allclose([again[m] for m in MODELS], wanted / one.y.var(), rtol=1e-9)


def test_gaussian_rows_are_predicted_and_uneven_rows_are_not(table):
    """With and without penalties; the twin of uneven rows has their moments and is predicted again."""
    assert errors.median_errors(table[table.part == "grid"])["median"][0] < 0.03
    tailed = pair(tails=True, more=64)
    twin = gaussian_twin(tailed, 0)
    assert unevenness(tailed.x_w) > 1 > 5 * unevenness(twin.x_w)
    np.testing.assert_allclose(np.cov(twin.x_w.T), np.cov(tailed.x_w.T), atol=0.25 * tailed.x_w.var(0).max())
    cells = [predicted.cells_of(one, 5).query("part == 'near'") for one in (tailed, twin)]
    bare = predicted.predicted_table([tailed, twin], cells, folds=5, draws=4, seed=0)
    off = errors.median_errors(bare, "data", "model").set_index(["data", "model"])["median"]
    assert off["made", "teacher"] > 0.6 and off["made, Gaussian", "teacher"] < 0.3


def known(predicted_errors, folds=4):
    """A table whose teachers and students have given relative errors, the same in every fold."""
    rows = []
    for fold in range(folds):
        for k, off in enumerate(predicted_errors):
            cell = dict(
                data="d", weak="w", strong="s", part="grid", n=10 + k, N=50, teacher_share=0.1, student_share=0.1
            )
            actual = {"teacher": 2.0 + 0.01 * fold, "student": 1.0, "baseline": 1.5, "ceiling": 0.5}
            cell |= {f"{m}_actual": v for m, v in actual.items()} | {f"{m}_plugin": v for m, v in actual.items()}
            cell |= {m: v * (1 + off * (m in ("teacher", "student"))) for m, v in actual.items()}
            rows.append(cell | {"fold": fold})
    return pd.DataFrame(rows)


def test_median_errors_and_signs_of_a_known_table():
    found = errors.median_errors(known([0.1, -0.3, 0.2]), "model").set_index("model")
    assert found["median"].round(6).to_dict() == {"baseline": 0, "ceiling": 0, "student": 0.2, "teacher": 0.2}
    assert found.loc["teacher", "mean"] == pytest.approx(0) and found.loc["teacher", "largest"] == pytest.approx(0.3)
    assert (found.plugin == 0).all() and (found.cells == [3, 3, 3, 3]).all()
    wrong = known([0.0] * 20)
    first = wrong.n == 10
    wrong.loc[first, "student"] = 3.0
    sign = errors.signs(wrong)
    assert (sign["cells"], sign["counted"], sign["right"], sign["share"]) == (20, 20, 19, 0.95)
    # the exact binomial tail of 19 or more of 20 at 0.9 is 0.39
    assert 0.05 / sign["se"] == pytest.approx(0.275, abs=0.01)
    assert np.isnan(errors.signs(wrong.assign(teacher_actual=1.0))["share"])


def test_penalty_losses_of_a_known_table():
    one = known([0.0])
    worse = one.assign(student_share=0.2, student_actual=1.2, student=0.9)
    assert errors.penalty_losses(pd.concat([one, worse])).loss[0] == pytest.approx(0.2)
    right = worse.assign(student=1.1)
    assert errors.penalty_losses(pd.concat([one, right])).loss[0] == 0


def test_standard_errors_are_those_of_the_jackknife():
    rng = np.random.default_rng(0)
    table = known([0.0], folds=8)
    table["student_actual"] = 1 + rng.standard_normal(8)
    value, se = errors.jackknifed(table, lambda means: means.student_actual.mean())
    assert float(value) == pytest.approx(table.student_actual.mean())
    assert float(se) == pytest.approx(table.student_actual.std(ddof=1) / np.sqrt(8))
    with pytest.raises(ValueError, match="folds = 2 is not allowed"):
        errors.jackknifed(table[table.fold < 2], len)


@pytest.mark.parametrize("folds, draws", [(1, 1), (5, 0)])
def test_bad_input(folds, draws):
    with pytest.raises(ValueError, match=f"folds = {folds}, draws = {draws} is not allowed"):
        predicted.predicted_table([pair()], [predicted.cells_of(pair(), 5)], folds=folds, draws=draws, seed=0)
