"""The ridge theorem's table, and fitted exponents."""

import numpy as np
import pytest

from w2s_utils.comparison_rates import fitted_exponent, shared_table

POINT = dict(case="one", n=50, N=500, weak=[1.0, 0.5], strong=[1.0, 0.2], target=[0.7, 0.1], sigma2=1.0)


def test_rows_do_not_depend_on_each_other():
    both = shared_table([POINT | {"N": 40}, POINT], seed=1, trials=5)
    alone = shared_table([POINT], seed=1, trials=5)
    assert both.risk[1] == alone.risk[0] and both.designs[1] == 5
    assert alone.alpha_w[0] != alone.alpha_s[0]


def test_given_penalty_and_target_of_nothing():
    row = shared_table([POINT | {"alpha": 0.1, "target": [0.0, 0.0]}], seed=1, trials=200).iloc[0]
    assert row.alpha_w == row.alpha_s == 0.1
    assert np.isinf(row.bound) and row.teacher_bias == 0
    # the variance bound: sigma2/(16 n alpha^2) (overlap + (traces + overlap)/N)
    assert row.replacement == pytest.approx((1.1 + (1.5 * 1.2 + 1.1) / 500) / (16 * 50 * 0.01), rel=1e-6)
    assert 0 < row["sample"] < row.replacement


def test_exponent_of_noisy_power_law():
    rng = np.random.default_rng(0)
    size = np.geomspace(10, 1e5, 9)
    found = [
        fitted_exponent(size, size**-0.4 * (1 + 0.02 * rng.standard_normal(9)), 0.02 * size**-0.4) for _ in range(300)
    ]
    values = np.array([f.value for f in found])
    assert abs(values.mean() + 0.4) < 4 * found[0].se / np.sqrt(300)
    assert values.std() == pytest.approx(found[0].se, rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(([1, 2], [1, 0], [1, 1]), "value = 0 is not"), (([3, 3], [1, 1], [1, 1]), "size = 1 different sizes")],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        fitted_exponent(*arguments)
