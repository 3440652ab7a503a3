"""The multi-index experiment: links, step, controls, pairing of seeds, bad input."""

import numpy as np
import pytest

from w2s_utils.simulate import _network as net
from w2s_utils.simulate.multi_index import ERRORS, MultiIndex, simulate, simulate_step
from w2s_utils.theory.regularization import step_alignment

SMALL = MultiIndex(d=30, n=900)


def test_links_are_normalised_and_have_the_stated_exponents():
    z, w = np.polynomial.hermite_e.hermegauss(20)
    w = w / w.sum()
    for link, first in ((net.easy_link, np.sqrt(0.5)), (net.he2, 0.0), (net.he3, 0.0)):
        assert w @ link(z) == pytest.approx(0, abs=1e-12)
        assert w @ link(z) ** 2 == pytest.approx(1)
        assert w @ (z * link(z)) == pytest.approx(first, abs=1e-12)
    assert w @ ((z**2 - 1) * net.he3(z)) == pytest.approx(0, abs=1e-12)


def test_gradient_step_is_the_derivative():
    """Of the halved mean squared loss in the first layer, at output 0."""
    rng = np.random.default_rng(1)
    weights, X, y = rng.standard_normal((6, 4)), rng.standard_normal((50, 4)), rng.standard_normal(50)
    step = net.gradient_step(np.random.default_rng(2), weights, X, y, 0.7)
    heads = np.random.default_rng(2).choice([-1.0, 1.0], 6) / np.sqrt(6)

    def correlation(W):
        return np.mean(y * (np.maximum(X @ W.T, 0) @ heads))

    numeric = np.zeros_like(weights)
    for index in np.ndindex(weights.shape):
        up, down = weights.copy(), weights.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        numeric[index] = (correlation(up) - correlation(down)) / 2e-6
    np.testing.assert_allclose(step, 0.7 * np.sqrt(6) * numeric, rtol=1e-6, atol=1e-8)
    direction = net.main_direction(step)
    assert abs(direction @ np.linalg.svd(step)[2][0]) == pytest.approx(1)


def test_heads_are_ridge_fits():
    rng = np.random.default_rng(0)
    weights, biases, X = rng.standard_normal((5, 3)), rng.standard_normal(5), rng.standard_normal((40, 3))
    y = rng.standard_normal(40)
    features = np.c_[np.maximum(X @ weights.T + biases, 0), np.ones(40)]
    stacked = np.vstack([features / np.sqrt(40), np.sqrt(0.3) * np.eye(6)])
    coefficients = np.linalg.lstsq(stacked, np.r_[y / np.sqrt(40), np.zeros(6)], rcond=None)[0]
    np.testing.assert_allclose(net.head(weights, biases, X, y, 0.3)(X), features @ coefficients, rtol=1e-9)
    line = net.adapter(rng, np.array([1.0, 0, 0]), X, np.abs(X[:, 0]))
    assert np.mean((line(X) - np.abs(X[:, 0])) ** 2) < 0.01


def test_errors_are_ordered_as_claimed_and_controls_fail():
    means = {name: values.mean() for name, values in simulate(SMALL, trials=8).values.items()}
    assert means["student"] < 0.8 * min(means["teacher"], means["pretrained"], means["no_pretraining"], means["refit"])
    assert means["student_hard_share"] > 0.4 > 0.1 > abs(means["teacher_hard_share"])
    assert abs(means["refit_hard_share"]) < 0.1
    assert means["teacher_easy"] > 0.8
    assert means["null"] == pytest.approx(2, rel=0.3)


def test_settings_that_differ_in_rho_share_teacher_and_data():
    near, far = (simulate(MultiIndex(d=12, n=200, rho=rho), trials=3, seed=5).values for rho in (0.9, 0.1))
    for name in ("teacher", "null", "teacher_easy", "student_easy", "no_pretraining"):
        np.testing.assert_array_equal(near[name], far[name])
    assert not np.array_equal(near["student"], far["student"])


def test_second_moment_of_the_labels_is_that_of_signal_and_noise():
    moment = simulate(MultiIndex(d=8, n=4000, noise=0.5), trials=8, seed=2).values["second_moment"]
    assert abs(moment.mean() - 2.25) < 4.5 * moment.std(ddof=1) / np.sqrt(8)
    assert moment.std(ddof=1) < 0.3


def test_trials_depend_on_seed_and_index_only():
    few, many = (simulate(MultiIndex(d=8, n=60), trials=k, seed=3).values for k in (2, 4))
    for name in ERRORS:
        np.testing.assert_array_equal(few[name], many[name][:2])


def test_step_meets_the_alignment_formula():
    cosines = simulate_step(MultiIndex(d=60, n=600), trials=60)
    mean, se = cosines.mean(0), cosines.std(0, ddof=1) / np.sqrt(60)
    limit = float(step_alignment(600, 60, mu1=np.sqrt(0.5), second_moment=2.01))
    assert abs(mean[0] - limit) < 4.5 * se[0] + 2 / 60
    assert mean[1] < 3 / np.sqrt(60)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": 3}, "d = 3 is not allowed"),
        ({"n": 1.5}, "n = 1.5 is not allowed"),
        ({"hard": "he4"}, "hard = 'he4' is not allowed: one of he2, he3"),
        ({"rho": 1.1}, "rho = 1.1 is not allowed: 0 <= rho <= 1"),
        ({"noise": -1}, "noise = -1 is not allowed"),
        ({"penalty": 0}, "penalty = 0 is not allowed: finite and above 0"),
        ({"rate": np.nan}, "rate = nan is not allowed"),
        ({"n_student": -5}, "n_student = -5 is not allowed"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        MultiIndex(**({"d": 10, "n": 100} | change))


def test_bad_trials_are_named():
    with pytest.raises(ValueError, match="trials = 1 is not allowed"):
        simulate(SMALL, trials=1)
