"""fit_ridge against an independent SVD solver and scikit-learn; the four models against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from w2s_utils import regression
from w2s_utils.regression import fit_ridge, fit_weak_to_strong

PENALTIES = np.array([0.0, 1e-6, 1e-2, 1.0, 100.0])


def svd_reference(features, targets, penalty):
    """Singular value by singular value, as a textbook has it."""
    left, singular, right = np.linalg.svd(features, full_matrices=False)
    cutoff = max(features.shape) * np.finfo(float).eps * singular[0]
    shape = (features.shape[1], *targets.shape[1:])
    coefficients = np.zeros(shape)
    for u, s, v in zip(left.T, singular, right, strict=True):
        if s > cutoff:
            coefficients += np.multiply.outer(v, s / (s**2 + len(features) * penalty) * (u @ targets))
    return coefficients


def data(n, d, k=None, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal(n if k is None else (n, k))


def relative(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize(("n", "d"), [(400, 60), (60, 400), (2000, 5), (5, 200), (30, 1), (1, 30)])
@pytest.mark.parametrize("k", [None, 1, 3])
def test_agrees_with_the_svd_on_well_conditioned_data(n, d, k):
    features, targets = data(n, d, k)
    path = fit_ridge(features, targets, PENALTIES)
    assert path.shape == (len(PENALTIES), d, *targets.shape[1:])
    for penalty, found in zip(PENALTIES, path, strict=True):
        expected = svd_reference(features, targets, penalty)
        assert relative(found, expected) < 1e-10
        np.testing.assert_allclose(fit_ridge(features, targets, penalty), found, rtol=0, atol=1e-13)


@pytest.mark.parametrize("d", [20, 100, 300])
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_agrees_with_the_svd_near_square(d, extra):
    for seed in range(3):
        features, targets = data(d + extra, d, seed=seed)
        for penalty in PENALTIES:
            expected = svd_reference(features, targets, penalty)
            assert relative(fit_ridge(features, targets, penalty), expected) < 1e-6


@pytest.mark.parametrize(("n", "d"), [(80, 30), (30, 80)])
@pytest.mark.parametrize("ratio", [3e-6, 9e-6, 1.1e-5, 1e-4])
def test_either_side_of_the_switch_between_factorisations(n, d, ratio, monkeypatch):
    rng = np.random.default_rng(0)
    small = min(n, d)
    left, right = (np.linalg.qr(rng.standard_normal((size, small)))[0] for size in (n, d))
    features = left * np.geomspace(1, np.sqrt(ratio), small) @ right.T
    targets = rng.standard_normal(n)
    calls = []
    monkeypatch.setattr(regression, "svd", lambda *a, svd=regression.svd, **k: calls.append(1) or svd(*a, **k))
    found = fit_ridge(features, targets)
    assert bool(calls) == (ratio < regression.GRAM_RATIO)
    assert relative(found, svd_reference(features, targets, 0.0)) < 1e-8


def test_agrees_with_scikit_learn():
    features, targets = data(50, 8, 2)
    for penalty in (1e-3, 1.0):
        expected = Ridge(alpha=50 * penalty, fit_intercept=False).fit(features, targets).coef_.T
        np.testing.assert_allclose(fit_ridge(features, targets, penalty), expected, atol=1e-12)


@given(
    n=st.integers(1, 12),
    d=st.integers(1, 12),
    penalty=st.one_of(st.just(0.0), st.floats(1e-8, 1e4)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_gradient_of_the_objective_vanishes(n, d, penalty, seed):
    features, targets = data(n, d, seed=seed)
    coefficients = fit_ridge(features, targets, penalty)
    terms = features.T @ (features @ coefficients - targets) / n, penalty * coefficients
    scale = np.linalg.norm(features) ** 2 / n * np.linalg.norm(coefficients) + np.linalg.norm(features.T @ targets)
    assert np.linalg.norm(terms[0] + terms[1]) <= 1e-8 * scale


@pytest.mark.parametrize(("n", "d"), [(50, 20), (20, 50)])
def test_rank_deficient_features_give_the_minimum_norm(n, d):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, 7)) @ rng.standard_normal((7, d))
    targets = rng.standard_normal(n)
    expected = np.linalg.lstsq(features, targets, rcond=None)[0]
    np.testing.assert_allclose(fit_ridge(features, targets), expected, atol=1e-12)
    # and the path reaches it continuously
    np.testing.assert_allclose(fit_ridge(features, targets, 1e-14), expected, atol=1e-10)


def test_directions_below_the_cutoff_count_as_zero():
    features = np.diag([1.0, 1e-17, 1e-12])
    assert fit_ridge(features, np.ones(3)).tolist() == pytest.approx([1.0, 0.0, 1e12])


def test_zero_features_give_zero_coefficients():
    assert fit_ridge(np.zeros((4, 2)), np.ones(4), [0.0, 1.0]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e160])
def test_features_whose_squares_leave_the_float_range(scale):
    features, _ = data(30, 5)
    np.testing.assert_allclose(fit_ridge(features * scale, features.sum(1)) * scale, 1.0, rtol=1e-12)


def test_inputs_are_not_changed():
    features, targets = data(20, 5)
    copies = features.copy(), targets.copy()
    fit_ridge(features, targets, PENALTIES)
    assert np.array_equal(features, copies[0]) and np.array_equal(targets, copies[1])


@pytest.mark.parametrize(
    ("features", "targets", "penalty", "message"),
    [
        ([[1.0, np.nan]], [1.0], 0.0, r"features holds nan at index \(0, 1\)"),
        ([[1.0, 2.0]], [np.inf], 0.0, r"targets holds inf at index \(0,\)"),
        (np.ones((3, 2)), np.ones(4), 0.0, "features has 3 rows, targets has 4"),
        (np.ones(3), np.ones(3), 0.0, r"features has shape \(3,\); it must be 2-D"),
        (np.ones((3, 2)), np.ones((3, 1, 1)), 0.0, "it must be 1-D or 2-D"),
        (np.ones((0, 2)), np.ones(0), 0.0, r"features has shape \(0, 2\); it must not be empty"),
        (np.ones((3, 2)), np.ones(3), -0.5, "penalty = -0.5 is negative"),
        (np.ones((3, 2)), np.ones(3), [1.0, -2.0], "penalty = -2 is negative"),
        (np.ones((3, 2)), np.ones(3), np.nan, "penalty holds nan"),
        (np.ones((3, 2)), np.ones(3), [], r"penalty has shape \(0,\)"),
        (np.ones((3, 2)), np.ones(3), np.ones((2, 2)), r"penalty has shape \(2, 2\)"),
        ([["a", "b"]], [1.0], 0.0, "features must be a rectangular array of real numbers"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], 0.0, "features must be a rectangular array"),
        ([[1j]], [1.0], 0.0, "features must be a rectangular array of real numbers"),
    ],
)
def test_bad_input(features, targets, penalty, message):
    with pytest.raises(ValueError, match=message) as error:
        fit_ridge(features, targets, penalty)
    assert "\n" not in str(error.value)


@pytest.fixture
def pair():
    rng = np.random.default_rng(1)
    shapes = {
        "weak_labeled": (40, 6),
        "strong_labeled": (40, 4),
        "weak_unlabeled": (90, 6),
        "strong_unlabeled": (90, 4),
    }
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}, rng


@pytest.mark.parametrize("k", [(), (2,)])
def test_four_models(pair, k):
    X, rng = pair
    labels, more = rng.standard_normal((40, *k)), rng.standard_normal((90, *k))
    penalties = {
        "teacher_penalty": 0.1,
        "student_penalty": 0.2,
        "baseline_penalty": 0.3,
        "ceiling_penalty": 0.4,
    }
    fit = fit_weak_to_strong(
        X["weak_labeled"],
        X["strong_labeled"],
        labels,
        X["weak_unlabeled"],
        X["strong_unlabeled"],
        more,
        **penalties,
    )
    teacher = svd_reference(X["weak_labeled"], labels, 0.1)
    stacked = np.vstack([X["strong_labeled"], X["strong_unlabeled"]])
    np.testing.assert_allclose(fit.teacher, teacher)
    np.testing.assert_allclose(fit.student, svd_reference(X["strong_unlabeled"], X["weak_unlabeled"] @ teacher, 0.2))
    np.testing.assert_allclose(fit.baseline, svd_reference(X["strong_labeled"], labels, 0.3))
    np.testing.assert_allclose(fit.ceiling, svd_reference(stacked, np.concatenate([labels, more]), 0.4))


def test_only_the_ceiling_uses_unlabelled_labels(pair):
    X, rng = pair
    labels = rng.standard_normal(40)
    without = fit_weak_to_strong(
        X["weak_labeled"], X["strong_labeled"], labels, X["weak_unlabeled"], X["strong_unlabeled"]
    )
    with_labels = fit_weak_to_strong(
        X["weak_labeled"],
        X["strong_labeled"],
        labels,
        X["weak_unlabeled"],
        X["strong_unlabeled"],
        np.ones(90),
    )
    assert without.ceiling is None and with_labels.ceiling is not None
    for model in ("teacher", "student", "baseline"):
        assert np.array_equal(getattr(without, model), getattr(with_labels, model))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"strong_labeled": np.ones((39, 4))},
            "weak_labeled has 40 rows, strong_labeled has 39, labels has 40",
        ),
        ({"strong_unlabeled": np.ones((91, 4))}, "weak_unlabeled has 90 rows, strong_unlabeled has 91"),
        ({"weak_unlabeled": np.ones((90, 5))}, "weak_labeled has 6 columns, weak_unlabeled 5"),
        ({"weak_unlabeled": np.full((90, 6), np.nan)}, "weak_unlabeled holds nan"),
        ({"unlabeled_labels": np.ones(89)}, "strong_unlabeled has 90 rows, unlabeled_labels has 89"),
        ({"unlabeled_labels": np.ones((90, 1))}, r"unlabeled_labels has shape \(90, 1\); it must be 1-D"),
        (
            {"labels": np.ones((40, 2)), "unlabeled_labels": np.ones((90, 3))},
            "unlabeled_labels has 3 columns, labels 2",
        ),
        ({"student_penalty": -1.0}, "student_penalty = -1 is negative"),
        ({"ceiling_penalty": [0.0, 1.0]}, r"ceiling_penalty has shape \(2,\); it must be 0-D"),
    ],
)
def test_bad_weak_to_strong_input(pair, change, message):
    arguments = {**pair[0], "labels": np.ones(40)} | change
    with pytest.raises(ValueError, match=message) as error:
        fit_weak_to_strong(**arguments)
    assert "\n" not in str(error.value)
