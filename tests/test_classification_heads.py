"""Heads of cross-entropy and generalized cross-entropy: scikit-learn, scipy and finite differences as oracles."""

import numpy as np
import pytest
from scipy.optimize import check_grad, minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from w2s_utils.environment import ROOT
from w2s_utils.probes import Head, fit_logistic
from w2s_utils.probes.columns import fit_columns
from w2s_utils.probes.labels import class_probabilities, confident_rows, entropy, pseudo_labels
from w2s_utils.probes.multiclass import fit_gce, fit_multinomial, generalized_cross_entropy

LAM = 0.03


def drawn(classes=2, n=300, d=12, noise=0.15, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * np.geomspace(2, 0.2, d)
    y = (X @ rng.standard_normal((d, classes))).argmax(1)
    wrong = rng.random(n) < noise
    return X, np.where(wrong, rng.integers(classes, size=n), y)


@pytest.mark.parametrize("classes", [2, 3, 9])
def test_multinomial_head_is_scikit_learns(classes):
    X, y = drawn(classes)
    ours = fit_multinomial(X, y, LAM)
    theirs = LogisticRegression(C=1 / (len(X) * LAM), solver="newton-cg", tol=1e-12, max_iter=1000).fit(X, y)
    assert np.abs(class_probabilities(ours, X) - theirs.predict_proba(X)).max() < 1e-6
    if classes == 2:
        assert np.abs(ours.coefficients - theirs.coef_[0]).max() < 1e-5


def test_a_soft_label_is_two_weighted_rows_of_scikit_learn():
    X, y = drawn(3)
    P = np.random.default_rng(1).dirichlet(np.ones(3), len(X))
    rows = np.repeat(np.arange(len(X)), 3)
    theirs = LogisticRegression(C=1 / (len(X) * LAM), solver="newton-cg", tol=1e-12, max_iter=1000)
    theirs.fit(X[rows], np.tile([0, 1, 2], len(X)), sample_weight=P.ravel())
    assert np.abs(class_probabilities(fit_multinomial(X, P, LAM), X) - theirs.predict_proba(X)).max() < 1e-6


def test_columns_are_single_heads_on_their_own_rows():
    X, y = drawn()
    rng = np.random.default_rng(2)
    T = np.stack([y, 1 - y, rng.random(len(y))], 1).astype(float)
    kept = rng.random(T.shape) < 0.7
    together = fit_columns(X, T, [0.01, LAM, 0.3], weights=kept)
    for k, lam in enumerate((0.01, LAM, 0.3)):
        alone = fit_logistic(X[kept[:, k]], T[kept[:, k], k], lam)
        assert together.coefficients[:, k] == pytest.approx(alone.coefficients, abs=2e-5)
        assert together.intercept[k] == pytest.approx(float(alone.intercept), abs=2e-5)


@pytest.mark.parametrize("q", [1e-3, 0.5, 0.7, 1.0])
def test_gradient_is_that_of_finite_differences(q):
    rng = np.random.default_rng(3)
    Z, y = rng.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    off = check_grad(
        lambda z: generalized_cross_entropy(z.reshape(4, 3), y, q)[0].sum(),
        lambda z: generalized_cross_entropy(z.reshape(4, 3), y, q)[1].ravel(),
        Z.ravel(),
    )
    assert off < 1e-6


def test_small_q_is_cross_entropy():
    rng = np.random.default_rng(4)
    Z, y = 3 * rng.standard_normal((50, 4)), rng.integers(4, size=50)
    loss, gradient = generalized_cross_entropy(Z, y, 1e-8)
    logp = log_softmax(Z, axis=1)
    assert np.abs(loss + logp[np.arange(50), y]).max() < 1e-6
    assert np.abs(gradient - (np.exp(logp) - np.eye(4)[y])).max() < 1e-6
    for classes in (2, 3):
        X, y = drawn(classes)
        heads = fit_multinomial(X, y, LAM), fit_gce(X, y, LAM, 1e-8)
        assert np.abs(class_probabilities(heads[0], X) - class_probabilities(heads[1], X)).max() < 1e-6


@pytest.mark.parametrize("q", [0.3, 0.7, 1.0])
def test_one_logit_and_scipy_agree(q):
    """The column solver against scipy's optimiser on the same objective, from the same start."""
    X, y = drawn(noise=0.3)
    extended = np.column_stack([X, np.ones(len(X))])

    def objective(b):
        logits = np.stack([np.zeros(len(X)), extended @ b], 1)
        loss, slope = generalized_cross_entropy(logits, y, q)
        ridge = LAM * np.r_[b[:-1], 0]
        return loss.mean() + ridge @ b / 2, extended.T @ slope[:, 1] / len(X) + ridge

    start = fit_multinomial(X, y, LAM)
    begin = np.r_[start.coefficients, start.intercept]
    found = minimize(objective, begin, jac=True, method="BFGS", options={"gtol": 1e-8})
    ours = fit_gce(X, y, LAM, q, start=start)
    assert objective(np.r_[ours.coefficients, ours.intercept])[0] == pytest.approx(found.fun, abs=1e-10)
    assert ours.coefficients == pytest.approx(found.x[:-1], abs=1e-4)


def test_three_class_loss_with_two_classes_used_is_the_two_class_loss_up_to_its_penalty():
    """Two logits share the penalty of one: W = (-w/2, w/2) costs half of w."""
    X, y = drawn()
    one, two = fit_gce(X, y, LAM, 0.7), fit_gce(X, y, 2 * LAM, 0.7, classes=3)
    # class 2 never occurs: its logit is pushed away by the free intercept
    logits = two.predict(X)
    assert (logits[:, 1] > logits[:, 0]).tolist() == (one.predict(X) > 0).tolist()


def test_gce_is_ten_times_faster_than_gradient_descent_to_the_same_loss(monkeypatch):
    """Row (e) of the benchmarks at full size: processor time of one head, on real features."""
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import gce_heads

    with threadpool_limits(1):
        row = gce_heads.rows("full", lambda work: None)[0]
    assert row.target == 10 and row.met, row.details


def test_pseudo_labels_and_confident_rows():
    head = Head(np.array([[1.0, 0.0, -1.0]]), np.zeros(3))
    X = np.array([[3.0], [0.0], [-1.0]])
    soft = pseudo_labels(head, X, "soft")
    assert soft.sum(1) == pytest.approx(1) and pseudo_labels(head, X).tolist() == [0, 0, 2]
    assert entropy(soft).argsort().tolist() == [0, 2, 1] == confident_rows(soft, 1.0).tolist()
    assert confident_rows(soft, 0.01).tolist() == [0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: fit_gce([[0.0], [1.0]], [0, 1], LAM, 0.0), r"q = 0.0 is outside \(0, 1\]"),
        (lambda: fit_gce([[0.0], [1.0]], [0, 1], LAM, 1.5), r"q = 1.5 is outside \(0, 1\]"),
        (lambda: fit_gce([[0.0], [1.0]], [0, 2], LAM, 0.5), "class 1 has no row"),
        (lambda: fit_gce([[0.0], [1.0]], [0, -1], LAM, 0.5), "1 of 2 are not classes 0 to 1, first -1"),
        (lambda: fit_multinomial([[0.0], [1.0]], [0, 3], LAM, classes=3), "1 of 2 are not classes 0 to 2, first 3"),
        (lambda: fit_multinomial([[0.0], [1.0]], [[0.5, 0.6]] * 2, LAM), "do not sum to 1"),
        (lambda: fit_multinomial([[0.0], [1.0]], [0, 1], 0.0), "penalty = 0 is not allowed"),
        (lambda: confident_rows([[0.5, 0.5]], 0.0), r"p = 0.0 is outside \(0, 1\]"),
        (lambda: fit_columns([[0.0]], [[0.5]], LAM, q=0.5), "0.5 with q > 0 is not allowed: 0 or 1"),
        (lambda: fit_columns([[0.0]], [[1.0]], LAM, weights=[[0.0]]), "some positive in each column"),
        (lambda: pseudo_labels(Head(np.ones(1), np.array(0.0)), [[0.0]], "firm"), "kind = 'firm' is unknown"),
    ],
)
def test_bad_input_is_said_in_one_line(call, says):
    with pytest.raises(ValueError, match=says):
        call()
