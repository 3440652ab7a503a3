"""Heads from sums over segments against scikit-learn on the rows themselves: thin, tall, penalised, free."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from w2s_utils.comparison_pairs import Pair
from w2s_utils.comparison_trained import Sums, Trained

D_W, D_S, ROWS = 14, 10, 220


def pair(collinear=False):
    rng = np.random.default_rng(3)
    z = rng.standard_normal((ROWS, 20))
    x_w, x_s = z[:, :D_W] * np.geomspace(3, 0.3, D_W) + 40.0, z[:, 6 : 6 + D_S] - 7.0
    if collinear:
        x_w[:, -1], x_s[:, -1] = x_w[:, 0] - x_w[:, 1], 2 * x_s[:, 0]
    y = np.stack([z[:, :5].sum(1), z[:, 3] - z[:, 8]], axis=1) + rng.standard_normal((ROWS, 2)) + 5.0
    return Pair("made", "a", "b", x_w, x_s, y, [])


def wanted(one, order, test, n, N, lam_t, lam_s):
    """Errors of teacher, student, baseline and ceiling; scikit-learn reads the rows."""

    def head(x, y, lam):
        # LinearRegression solves by singular values: the minimum-norm fit where rows are few
        return (Ridge(alpha=len(x) * lam, solver="svd") if lam else LinearRegression()).fit(x, y)

    a, u = order[:n], order[len(order) - N :]
    both = np.concatenate([a, u])
    teacher = head(one.x_w[a], one.y[a], lam_t)
    heads = [
        (teacher, one.x_w),
        (head(one.x_s[u], teacher.predict(one.x_w[u]), lam_s), one.x_s),
        (head(one.x_s[a], one.y[a], lam_s), one.x_s),
        (head(one.x_s[both], one.y[both], lam_s), one.x_s),
    ]
    return [np.mean(np.sum((model.predict(x[test]) - one.y[test]) ** 2, axis=1)) for model, x in heads]


@pytest.mark.parametrize("collinear", [False, True])
@pytest.mark.parametrize(
    "n, N",
    [(60, 100), (9, 100), (60, 8), (9, 8), (5, 4)],
    ids=["tall", "few labels", "few unlabelled", "few of both", "fewer than features in all"],
)
def test_heads_are_those_of_the_rows(n, N, collinear):
    one = pair(collinear)
    order = np.random.default_rng(0).permutation(ROWS)
    test, order = order[:40], order[40:]
    penalties = np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.2], [0.5, 0.1]])
    cells = pd.DataFrame({"n": n, "N": N}, index=range(len(penalties)))
    found = Trained(one, order, test, cells).errors(penalties)
    expected = [wanted(one, order, test, n, N, *pair_of) for pair_of in penalties]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_cells_of_several_sizes_do_not_mix():
    one, order = pair(), np.random.default_rng(1).permutation(ROWS)
    test, order = order[:40], order[40:]
    cells = pd.DataFrame({"n": [60, 20, 60], "N": [50, 100, 120]})
    penalties = np.array([[0.1, 0.1], [0.1, 0.2], [0.2, 0.1]])
    found = Trained(one, order, test, cells).errors(penalties)
    for row, (n, N), lam in zip(found, cells.to_numpy(), penalties, strict=True):
        np.testing.assert_allclose(row, wanted(one, order, test, n, N, *lam), rtol=1e-9)


def test_test_rows_are_not_trained_on():
    one, order = pair(), np.random.default_rng(2).permutation(ROWS)
    test, order = order[:40], order[40:]
    cells = pd.DataFrame({"n": [60], "N": [100]})
    before = Trained(one, order, test, cells)
    changed = one.y.copy()
    changed[test] += 3.0
    after = Trained(Pair("made", "a", "b", one.x_w, one.x_s, changed, []), order, test, cells)
    for lam in (0.0, 0.1):
        for first, second in zip(before.true("w", 60, 0, lam), after.true("w", 60, 0, lam), strict=True):
            np.testing.assert_array_equal(first, second)
    assert np.all(after.errors(np.full((1, 2), 0.1)) > before.errors(np.full((1, 2), 0.1)) + 3)


def test_sums_of_parts_are_the_sums_of_all():
    rows = np.random.default_rng(0).standard_normal((30, 4)) + 3
    found, whole = Sums.of(rows[:7]) + Sums.of(rows[7:]), Sums.of(rows)
    assert found.count == 30
    np.testing.assert_allclose(found.mean, rows.mean(0))
    np.testing.assert_allclose(found.covariance, np.cov(rows.T, bias=True))
    np.testing.assert_allclose(found.products, whole.products)
