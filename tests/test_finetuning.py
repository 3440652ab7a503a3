"""Fine-tuning: gradients against differences, linearisation against scikit-learn, subspaces against all parameters."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from w2s_utils import finetuning
from w2s_utils.finetuning import Network, Transfer, finetune, linearise, pretrain, random_frame, replicate, split


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    net = Network((5, 6, 4, 1))
    X = rng.standard_normal((40, 5))
    return net, net.initial(rng), X, np.sign(X[:, 0] * X[:, 1]), rng


def differences(function, theta):
    steps = 1e-6 * np.eye(len(theta))
    return np.array([(function(theta + step) - function(theta - step)) / 2e-6 for step in steps])


def test_tanh_is_that_of_numpy():
    z = np.concatenate([np.linspace(-50, 50, 4001), [-1e300, -1e-9, 1e-9, 1e300]])
    np.testing.assert_allclose(finetuning.network.fast_tanh(z), np.tanh(z), rtol=0, atol=1e-15)


def test_gradients_are_finite_differences():
    rng = np.random.default_rng(1)
    net = Network((3, 5, 4, 2))
    theta = net.initial(rng) + 0.1 * rng.standard_normal(net.parameters)
    X, Y = rng.standard_normal((7, 3)), rng.standard_normal((7, 2))
    numeric = differences(lambda t: net.loss(t, X, Y)[0], theta)
    np.testing.assert_allclose(net.loss(theta, X, Y)[1], numeric, rtol=1e-6, atol=1e-8)
    single, start = net.with_new_head(theta, rng)
    found = single.gradients(start, X)
    np.testing.assert_allclose(found.output, single.predict(start, X)[:, 0])
    np.testing.assert_allclose(found.dense(), differences(lambda t: single.predict(t, X)[:, 0], start).T, atol=1e-8)
    np.testing.assert_array_equal(start[: single.body], theta[: net.body])


def test_products_of_the_factors_are_those_of_the_written_out_features(problem):
    net, theta, X, _, rng = problem
    found = net.gradients(theta, X)
    J, change, shares = found.dense(), rng.standard_normal(net.parameters), rng.standard_normal(len(X))
    P = random_frame(rng, net.parameters, 7)
    lead = finetuning.gradients.lead_product(X, P, 6)
    np.testing.assert_allclose(found.kernel(), J @ J.T, atol=1e-12)
    np.testing.assert_allclose(found.times(change), J @ change, atol=1e-12)
    np.testing.assert_allclose(found.combined(shares), J.T @ shares, atol=1e-12)
    np.testing.assert_allclose(found.within(P), J @ P, atol=1e-12)
    np.testing.assert_allclose(found.within(P[:, :3], lead[:, :, :3]), J @ P[:, :3], atol=1e-12)


def test_linearised_fine_tuning_is_ridge_and_kernel_regression(problem):
    net, theta, X, y, rng = problem
    fresh, penalty = rng.standard_normal((9, 5)), 0.03
    here, there = (net.gradients(theta, rows) for rows in (X, fresh))
    start, features, ahead, new = here.output, here.dense(), there.output, there.dense()
    ours = ahead + new @ linearise(net, theta, X, y, penalty)
    ridge = Ridge(alpha=40 * penalty, fit_intercept=False).fit(features, y - start)
    np.testing.assert_allclose(ours, ahead + ridge.predict(new), rtol=1e-8)
    kernel = KernelRidge(alpha=40 * penalty, kernel="linear").fit(features, y - start)
    np.testing.assert_allclose(ours, ahead + kernel.predict(new), rtol=1e-8)


@pytest.mark.parametrize("rows", [10, 40])
def test_ridge_by_either_gram_matrix(rows):
    rng = np.random.default_rng(2)
    A, b = rng.standard_normal((rows, 20)), rng.standard_normal(rows)
    expected = Ridge(alpha=rows * 0.1, fit_intercept=False).fit(A, b).coef_
    np.testing.assert_allclose(finetuning.training.ridge_step(A, b, 0.1), expected, rtol=1e-8)


def test_fine_tuning_reaches_the_minimum_that_gradient_descent_finds(problem):
    net, theta, X, y, _ = problem
    penalty = 0.3  # strong enough for one minimum: with 0.05 the two end in different ones

    def objective(t):
        value, gradient = net.loss(t, X, y[:, None])
        return value + penalty * (t - theta) @ (t - theta), gradient + 2 * penalty * (t - theta)

    tuned = finetune(net, theta, X, y, penalty, tolerance=1e-12)
    other = minimize(objective, theta, jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-15})
    assert tuned.converged
    assert np.abs(objective(tuned.theta)[1]).max() < 1e-4
    assert tuned.objective == pytest.approx(objective(tuned.theta)[0]) == pytest.approx(other.fun, rel=1e-5)


def test_frames_are_orthonormal_and_nested():
    P = random_frame(np.random.default_rng(4), 300, 40)
    np.testing.assert_allclose(P.T @ P, np.eye(40), atol=1e-13)
    drawn = np.random.default_rng(4).standard_normal((300, 40))
    by_householder = np.linalg.qr(drawn)[0]
    for d in (1, 7, 40):
        np.testing.assert_allclose(P[:, :d] @ P[:, :d].T, by_householder[:, :d] @ by_householder[:, :d].T, atol=1e-12)
    np.testing.assert_allclose(
        random_frame(np.random.default_rng(4), 5, 5).T @ random_frame(np.random.default_rng(4), 5, 5),
        np.eye(5),
        atol=1e-12,
    )


def test_a_subspace_of_full_dimension_is_full_fine_tuning(problem):
    net, theta, X, y, rng = problem
    P = random_frame(rng, net.parameters, net.parameters)
    full = finetune(net, theta, X, y, 0.05, tolerance=1e-10)
    turned = finetune(net, theta, X, y, 0.05, frame=P, tolerance=1e-10)
    np.testing.assert_allclose(turned.theta, full.theta, atol=1e-5)
    objectives = [finetune(net, theta, X, y, 0.05, frame=P[:, :d]).objective for d in (1, 10, 40)]
    assert objectives == sorted(objectives, reverse=True) and objectives[-1] > full.objective
    tied = finetune(net, theta, X, y, 0.05, frame=P[:, :3]).theta - theta
    np.testing.assert_allclose(P[:, :3] @ (P[:, :3].T @ tied), tied, atol=1e-12)


def test_a_strong_penalty_leaves_the_linearisation(problem):
    """Distance from it falls with the square of the move."""
    net, theta, X, y, _ = problem
    gaps = []
    for penalty in (10.0, 100.0):
        moved = finetune(net, theta, X, y, penalty, tolerance=1e-14).theta - theta
        gaps.append(np.linalg.norm(moved - linearise(net, theta, X, y, penalty)) / np.linalg.norm(moved))
    assert gaps[1] < 0.2 * gaps[0] < 0.2


def test_pretraining_keeps_what_stands_after_each_number_of_steps(problem):
    net, theta, X, y, _ = problem
    path = pretrain(net, theta, X, y[:, None], [0, 5, 40])
    np.testing.assert_array_equal(path[0], theta)
    losses = [net.loss(t, X, y[:, None])[0] for t in path]
    assert losses == sorted(losses, reverse=True)
    np.testing.assert_array_equal(pretrain(net, theta, X, y[:, None], [5])[0], path[1])


@pytest.mark.parametrize("task", finetuning.TASKS)
def test_rows_are_real_and_disjoint(task):
    parts = split(task, np.random.default_rng(3), n=100, n_pre=300)
    images = np.vstack([parts.pre_X, parts.X, parts.test_X])
    whole = len(np.unique(finetuning.digits._digits()[0], axis=0))
    assert whole == 1797 and len(np.unique(images.round(9), axis=0)) == len(images)
    assert set(parts.y) == {-1.0, 1.0} and abs(parts.test_y.mean()) < 0.25
    np.testing.assert_allclose(parts.pre_Y.sum(1), 0, atol=1e-12)
    np.testing.assert_allclose(parts.pre_X.mean(0), 0, atol=1e-12)


def test_models_of_a_replicate_share_everything_but_pre_training():
    setting = Transfer(width=6, n=40, n_pre=60, dims=(4, 16))
    few = replicate(setting, [("real", 0)], seed=5)
    many = replicate(setting, [("real", 0), ("real", 20), ("shuffled", 20)], seed=5)
    assert few[0] == many[0]
    assert many[1]["distance"] != many[2]["distance"]
    assert few[0]["d90"] == few[0]["d_same"] <= setting.parameters
    assert few != replicate(setting, [("real", 0)], seed=6)
    assert 0 <= few[0]["full"] <= 1 and few[0]["converged"] == 1


def test_d90_interpolates_and_says_when_it_is_not_reached():
    assert finetuning.dimension_reaching([2, 8], [0.9, 0.95], 0.8) == 2
    assert finetuning.dimension_reaching([2, 8], [0.5, 0.9], 0.7) == pytest.approx(4)
    assert np.isnan(finetuning.dimension_reaching([2, 8], [0.5, 0.6], 0.7))


def test_jackknife_of_the_dimension_ratio_is_that_of_replicates():
    rng = np.random.default_rng(0)
    dims, slope = 2.0 ** np.arange(2, 9), 0.05
    ideal = 0.5 + slope * np.arange(7)
    found = []
    for _ in range(300):
        a, b = (ideal + shift + 0.01 * rng.standard_normal((16, 7)) for shift in (0.0, 0.05))
        found.append(finetuning.dimension_ratio(dims, a, b, reference=a))
    effects, errors = np.array(found).T
    assert effects.mean() == pytest.approx(1.0, abs=0.05)
    assert errors.mean() == pytest.approx(effects.std(), rel=0.2)


def test_ratio_is_the_difference_of_the_needed_dimensions():
    rng = np.random.default_rng(1)
    dims, ideal = 2.0 ** np.arange(2, 9), 0.5 + 0.05 * np.arange(7)
    a, b = (ideal + shift + 0.01 * rng.standard_normal((16, 7)) for shift in (0.0, 0.05))
    (high, _), (low, _) = (finetuning.dimension_needed(dims, curve, reference=a) for curve in (a, b))
    assert finetuning.dimension_ratio(dims, a, b, reference=a)[0] == pytest.approx(high - low)
    unreachable = finetuning.dimension_needed(dims, a, reference=a + 1)
    assert unreachable == (8.0, 0.0)


def test_standard_error_of_the_needed_dimension_is_its_spread():
    rng = np.random.default_rng(2)
    dims, ideal = 2.0 ** np.arange(2, 9), 0.5 + 0.05 * np.arange(7)
    found = [finetuning.dimension_needed(dims, ideal + 0.01 * rng.standard_normal((16, 7))) for _ in range(300)]
    values, errors = np.array(found).T
    assert 2 ** values.mean() == pytest.approx(finetuning.dimension_reaching(dims, ideal, 0.9 * 0.8), rel=0.02)
    assert errors.mean() == pytest.approx(values.std(), rel=0.2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Network((3, 1)), "sizes"),
        (lambda: Network((3, 2, 2)).gradients(np.zeros(14), np.zeros((1, 3))), "one output"),
        (lambda: Transfer(task="cats"), "task"),
        (lambda: Transfer(width=1), "width"),
        (lambda: Transfer(penalty=0), "penalty"),
        (lambda: Transfer(dims=(8, 4)), "dims"),
        (lambda: replicate(Transfer(), [("tea", 3)]), "models"),
        (lambda: split("odd", np.random.default_rng(0), n=900, n_pre=900), "n = 900"),
        (lambda: split("cats", np.random.default_rng(0), n=90, n_pre=900), "task"),
        (lambda: random_frame(np.random.default_rng(0), 5, 6), "d = 6"),
        (lambda: pretrain(Network((1, 1, 1)), np.zeros(4), np.zeros((2, 1)), np.zeros((2, 1)), [5, 2]), "steps"),
        (lambda: finetune(Network((1, 1, 1)), np.zeros(4), np.zeros((2, 1)), np.zeros(2), 0.0), "penalty"),
        (
            lambda: finetune(Network((1, 1, 1)), np.zeros(4), np.zeros((2, 1)), np.zeros(2), 1.0, frame=np.eye(3)),
            "frame",
        ),
        (lambda: finetuning.dimension_reaching([4, 2], [0.1, 0.2], 0.1), "dims"),
        (lambda: finetuning.dimension_needed([1, 2], np.ones((2, 2))), "replicates"),
        (lambda: finetuning.dimension_ratio([1, 2], np.ones((2, 2)), np.ones((2, 2))), "replicates"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
