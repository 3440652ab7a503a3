"""Tables of ridge cells, and the two estimators with a jackknife."""

import numpy as np
import pytest

from w2s_utils.comparison_ridge import RIDGE_KEYS, crossing_product, crossings, draw_panel, lowest_penalty, ridge_table
from w2s_utils.theory import regularization as theory

PANEL = dict(d=30, gamma_t=0.5, gamma_s=1.5, sigma2=1.0, lam_t=[0.05, 0.5], lam_s=[0.2, 1.0])


def test_table_holds_every_cell_once_and_its_limit():
    table = ridge_table([PANEL, PANEL | {"engine": "raw", "trials": 5}], seed=3, trials=4)
    assert not table.duplicated(list(RIDGE_KEYS)).any() and len(table) == 8
    assert table.designs.tolist() == [4] * 4 + [5] * 4
    row = table.iloc[1]
    assert (row.lam_t, row.lam_s) == (0.05, 1.0)
    limit = theory.student_error(0.05, 1.0, gamma_t=0.5, gamma_s=1.5, sigma2=1.0)
    assert row.student_limit == pytest.approx(float(limit))
    run = draw_panel(**PANEL, seed=3, trials=4)
    assert row.student == run.student[:, 0, 1].mean()
    assert row.gain == pytest.approx(row.teacher - row.student)
    assert row.ratio == pytest.approx(row.student / row.teacher)
    # the same designs serve teacher and student: the ratio is surer than its parts
    assert row.ratio_se < np.hypot(row.student_se, row.teacher_se) / row.teacher


def test_numbers_do_not_depend_on_the_other_panels():
    alone = ridge_table([PANEL], seed=3, trials=4)
    after = ridge_table([PANEL | {"sigma2": 2.0}, PANEL], seed=3, trials=4)
    np.testing.assert_array_equal(alone.student, after.student[4:])


def test_lowest_penalty_of_a_noisy_curve():
    rng = np.random.default_rng(0)
    lam = 0.7 * np.geomspace(0.5, 2, 5)
    errors = np.log(lam / 0.7) ** 2 + rng.standard_normal((400, 1)) + 0.05 * rng.standard_normal((400, 5))
    found = lowest_penalty(lam, errors)
    assert abs(found.value - 0.7) < 4 * found.se and found.se < 0.02
    assert np.isnan(lowest_penalty(lam, [lam, lam]).value)
    with pytest.raises(ValueError, match="lam = 2 penalties"):
        lowest_penalty(lam[:2], errors[:, :2])


def test_crossing_product_needs_two_crossings():
    lam = np.geomspace(0.1, 10, 41)
    curve = 1 - np.log(lam / 1.1) ** 2
    found = crossing_product(lam, [curve, curve])
    assert found.value == pytest.approx(1.21, rel=1e-3) and found.se == 0
    assert np.isnan(crossing_product(lam, [lam, lam]).value)
    with pytest.raises(ValueError, match="gains = an array of shape"):
        crossing_product(lam, curve)


def test_standard_error_of_a_crossing_is_its_spread():
    rng = np.random.default_rng(1)
    lam = np.geomspace(0.1, 10, 41)
    curve = 1 - np.log(lam / 1.1) ** 2
    noise = rng.standard_normal((300, 30, 1)) + 0.3 * rng.standard_normal((300, 30, 41))
    both = [crossings(lam, curve + 0.1 * some) for some in noise]
    assert {len(found) for found in both} == {2}
    for side, exact in enumerate(1.1 * np.exp([-1.0, 1.0])):
        values, errors = np.array([found[side] for found in both]).T
        assert values.mean() == pytest.approx(exact, rel=0.02)
        # 300 draws know a spread to 4 %, and a crossing that jumps between cells adds a little
        assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.2)
    assert crossings(lam, [lam, lam]) == []


def test_bad_ratio_is_named():
    with pytest.raises(ValueError, match="gamma_s = -1 is not allowed"):
        draw_panel(10, 1.0, -1, sigma2=1.0, lam_t=1.0, lam_s=1.0)
