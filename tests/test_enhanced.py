"""Enhanced-W2S and what it is compared with: scipy and scikit-learn as oracles, limits, and what is refused."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit
from sklearn.linear_model import LogisticRegression

from w2s_utils.group_benchmarks import data
from w2s_utils.group_benchmarks.enhanced_runs import DEFAULT, enhanced_runs, setting
from w2s_utils.group_benchmarks.runs import labelled_samples
from w2s_utils.probes.confidence import confidence_many
from w2s_utils.probes.enhanced import enhanced_grid, enhanced_w2s, select_p_q
from w2s_utils.probes.labels import class_probabilities, confident_rows
from w2s_utils.probes.multiclass import fit_gce, fit_multinomial

LAM = 0.03
PAIR = ("squeezenet_64px", "efficientnet_lite2")


def drawn(classes=2, n=240, d=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    y = (X @ rng.standard_normal((d, classes))).argmax(1)
    return X, np.where(rng.random(n) < 0.2, rng.integers(classes, size=n), y)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_student_is_retrained_on_its_most_confident_rows(classes):
    X, y = drawn(classes)
    found = enhanced_w2s(X, y, LAM, p=0.4, q=0.6, classes=classes)
    sure = class_probabilities(found.vanilla, X)
    spread = -(sure * np.log(sure)).sum(1)
    assert len(found.kept) == round(0.4 * len(X)) and spread[found.kept].max() <= np.delete(spread, found.kept).min()
    assert np.array_equal(found.labels, y[found.kept])
    again = fit_gce(X[found.kept], y[found.kept], LAM, 0.6, classes=classes, start=found.vanilla)
    assert class_probabilities(found.student, X) == pytest.approx(class_probabilities(again, X), abs=1e-5)


def test_everything_kept_and_a_small_q_is_the_vanilla_student():
    X, y = drawn()
    found = enhanced_w2s(X, y, LAM, p=1.0, q=1e-7)
    assert np.abs(found.student.coefficients - found.vanilla.coefficients).max() < 1e-5


def test_soft_labels_teach_the_vanilla_student_and_their_likeliest_class_the_next():
    X, _ = drawn()
    soft = np.random.default_rng(1).dirichlet([1, 1], len(X))
    found = enhanced_w2s(X, soft, LAM)
    assert np.array_equal(found.labels, soft.argmax(1)[found.kept])
    expected = fit_multinomial(X, soft, LAM).coefficients
    assert found.vanilla.coefficients == pytest.approx(expected, abs=1e-6)


def test_the_student_may_learn_its_own_answers():
    X, y = drawn()
    found = enhanced_w2s(X, y, LAM, source="student")
    own = class_probabilities(found.vanilla, X).argmax(1)
    assert np.array_equal(found.labels, own[found.kept]) and (own != y).any()


def test_a_cold_start_ends_near_a_warm_one_on_separable_rows():
    X, y = drawn()
    warm, cold = (enhanced_w2s(X, y, LAM, q=0.5, warm=start) for start in (True, False))
    assert warm.student.coefficients == pytest.approx(cold.student.coefficients, abs=1e-3)


def test_p_and_q_are_selected_by_labelled_accuracy_and_ties_change_least():
    X, y = drawn()
    p, q = [0.2, 0.5, 1.0], [0.7, 0.0, 0.0]
    vanilla = fit_multinomial(X, y, LAM)
    heads, *_ = enhanced_grid(X, y, LAM, p, q, vanilla=vanilla)
    fresh, truth = drawn(seed=3)
    right = [(class_probabilities(head, fresh).argmax(1) == truth).mean() for head in heads]
    assert right[select_p_q(heads, p, q, fresh, truth)] == max(right)
    assert select_p_q([vanilla] * 3, p, q, fresh, truth) == 2


@pytest.mark.parametrize("classes", [2, 3])
def test_the_confidence_loss_hardens_the_students_own_answers(classes):
    X, y = drawn(classes)
    vanilla = fit_multinomial(X, y, LAM, classes=classes)
    columns = y[:, None]
    arguments = {"vanilla": [vanilla], "classes": classes}
    nothing = confidence_many(X, columns, LAM, alpha=0.0, **arguments)[0]
    assert class_probabilities(nothing, X) == pytest.approx(class_probabilities(vanilla, X), abs=1e-5)
    own = confidence_many(X, columns, LAM, alpha=1.0, rounds=1, **arguments)[0]
    sure = vanilla.predict(X)
    answers = sure > np.median(sure) if classes == 2 else sure.argmax(1)
    expected = fit_multinomial(X, answers, LAM, classes=classes)
    assert class_probabilities(own, X) == pytest.approx(class_probabilities(expected, X), abs=1e-5)
    with pytest.raises(ValueError, match=r"alpha = 2 is outside \[0, 1\]"):
        confidence_many(X, columns, LAM, alpha=2, **arguments)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"p": 0.0}, r"p = 0.0 is outside \(0, 1\]"),
        ({"p": 1.2}, r"p = 1.2 is outside \(0, 1\]"),
        ({"q": -0.1}, r"q = -0.1 is outside \(0, 1\]"),
        ({"q": 0.0}, r"q = 0.0 is outside \(0, 1\]"),
        ({"source": "nobody"}, "source = 'nobody' is unknown"),
    ],
)
def test_settings_out_of_range_are_refused(settings, says):
    X, y = drawn()
    with pytest.raises(ValueError, match=says):
        enhanced_w2s(X, y, LAM, **settings)
    with pytest.raises(ValueError, match="labels: 1 of 240 are not classes 0 to 1, first 2"):
        enhanced_w2s(X, np.r_[2, y[1:]], LAM)


def test_one_cell_of_the_chapter_is_scikit_learns_and_scipys():
    """Images that each model gets right, from stored features by other people's optimisers alone."""
    bench = data.load("scenes_wear", models=PAIR)
    n, N, case = 100, 600, (0.1, 0.5)
    runs = enhanced_runs(bench, [case], [PAIR], n=n, N=N, seeds=[0], penalty=LAM)
    split = labelled_samples(bench, n, N, *case, 0)[0]
    (weak, strong), rows = (bench.features[model] for model in PAIR), split.unlabelled

    def head(X, y):
        return LogisticRegression(C=1 / (len(y) * LAM), solver="newton-cholesky", tol=1e-12, max_iter=300).fit(X, y)

    teacher = head(weak[split.labelled], bench.labels[split.labelled])
    taught = teacher.predict(weak[rows])
    vanilla = head(strong[rows], taught)
    sure = np.abs(vanilla.decision_function(strong[rows]))  # of two classes: the surer, the lower the entropy
    kept = np.argsort(-sure, kind="stable")[: N // 2]
    X, sign = strong[rows][kept], 2.0 * taught[kept] - 1

    def loss(b, q=0.7):
        return ((1 - np.exp(q * log_expit(sign * (X @ b[:-1] + b[-1])))) / q).mean() + LAM * b[:-1] @ b[:-1] / 2

    def slope(b, q=0.7):
        logp = log_expit(sign * (X @ b[:-1] + b[-1]))
        by_row = sign * np.exp(q * logp) * np.expm1(logp) / len(X)
        return np.r_[X.T @ by_row + LAM * b[:-1], by_row.sum()]

    start = np.r_[vanilla.coef_[0], vanilla.intercept_]
    enhanced = minimize(loss, start, jac=slope, method="BFGS", options={"gtol": 1e-8}).x
    tested = strong[bench.test]
    answers = {
        "teacher": teacher.predict(weak[bench.test]),
        "vanilla": vanilla.predict(tested),
        DEFAULT: tested @ enhanced[:-1] + enhanced[-1] > 0,
    }
    for method, found in answers.items():
        ours = runs.hits[0, 0, 0, runs.methods.index(method)]
        assert (ours != (found == bench.truth)).sum() <= (1 if method == DEFAULT else 0), method
    assert runs.minority[0, 0, 0, runs.p.index(0.5)] == pytest.approx(bench.minority[rows[kept]].mean(), abs=0.004)


@pytest.mark.parametrize("source", ["teacher", "student"])
def test_many_at_once_are_enhanced_w2s_one_by_one(source):
    bench = data.load("scenes_tops", models=PAIR)
    runs = enhanced_runs(
        bench, [(0.5, 0.1)], [PAIR], n=60, N=200, seeds=[4], penalty=LAM, p=[0.3], q=[0.5], source=source
    )
    first = labelled_samples(bench, 60, 200, 0.5, 0.1, 4)[0]
    weak, strong = (bench.features[model] for model in PAIR)
    teacher = fit_multinomial(weak[first.labelled], bench.labels[first.labelled], LAM)
    taught = class_probabilities(teacher, weak[first.unlabelled]).argmax(1)
    for p, q in ((0.5, 0.7), (0.3, 0.5)):
        found = enhanced_w2s(strong[first.unlabelled], taught, LAM, p=p, q=q, source=source)
        right = class_probabilities(found.student, strong[bench.test]).argmax(1) == bench.truth
        ours = runs.hits[0, 0, 0, runs.methods.index(setting(p, q))]
        assert (ours != right).sum() <= 1
        assert np.array_equal(
            np.sort(found.kept),
            np.sort(confident_rows(class_probabilities(found.vanilla, strong[first.unlabelled]), p)),
        )
