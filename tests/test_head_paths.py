"""How heads are fitted together: the optimiser's steps, precision, and starts along eta_u and N."""

import numpy as np
import pytest
from scipy.special import softmax

from w2s_utils.group_benchmarks import data
from w2s_utils.group_benchmarks.runs import benchmark_runs
from w2s_utils.probes import _lbfgs
from w2s_utils.probes.many import fit_many

LAM = 0.03


def test_the_compact_form_is_bfgs_written_out():
    """Pairs are absorbed one by one into an inverse Hessian of 6 x 6; one pair is of no use, older ones fall out."""
    rng = np.random.default_rng(0)
    k, D, start = 2, 6, np.diag(np.linspace(0.5, 2.0, 6))
    curvature = [np.diag(rng.uniform(0.5, 3, D)) for _ in range(k)]
    memory = _lbfgs._empty(np.zeros((k, D)))
    pairs: list[list[tuple[np.ndarray, np.ndarray]]] = [[], []]
    for turn in range(_lbfgs.MEMORY + 3):
        s = rng.standard_normal((k, D))
        y = np.stack([curvature[at] @ s[at] for at in range(k)])
        if turn == 6:
            y[0] = -y[0]
        _lbfgs._remember(memory, s, y, y @ start)
        for at in range(k):
            pairs[at].append((s[at], y[at]))
    g = rng.standard_normal((k, D))
    found = _lbfgs._direction(g, g @ start, memory)
    for at in range(k):
        last = [(s, y) for s, y in pairs[at][-_lbfgs.MEMORY :] if s @ y > 0]
        s, y = last[-1]
        H = start * (s @ y) / (y @ start @ y)
        for s, y in last:
            away = np.eye(D) - np.outer(s, y) / (s @ y)
            H = away @ H @ away.T + np.outer(s, s) / (s @ y)
        assert found[at] == pytest.approx(-H @ g[at], rel=1e-8)
    assert len(last) == _lbfgs.MEMORY


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-9])
def test_the_tolerance_is_met_in_double_precision(classes, tolerance):
    """Gradients written out, for cross-entropy and generalized cross-entropy on some of the rows."""
    rng = np.random.default_rng(classes)
    X = rng.standard_normal((200, 7)) * np.geomspace(3, 0.3, 7)
    X /= np.sqrt(np.mean(X**2))
    labels = np.stack([(X @ rng.standard_normal((7, classes))).argmax(1)] * 3, 1)
    labels[rng.random(labels.shape) < 0.2] = 0
    rows, q = [np.arange(200), np.arange(0, 200, 2), np.arange(150)], [0.0, 0.0, 0.7]
    heads = fit_many(X, labels, LAM, classes, q=q, rows=rows, tolerance=tolerance)
    for head, y, part, power in zip(heads, labels.T, rows, q, strict=True):
        Z = head.predict(X[part])
        p = softmax(Z if classes > 2 else np.stack([0 * Z, Z], 1), axis=1)
        slope = (p - np.eye(classes)[y[part]]) * p[np.arange(len(part)), y[part], None] ** power / len(part)
        slope = slope if classes > 2 else slope[:, 1]
        gradient = np.vstack([X[part].T @ slope.reshape(len(part), -1), slope.reshape(len(part), -1).sum(0)])
        gradient[:-1] += LAM * head.coefficients.reshape(len(gradient) - 1, -1)
        assert np.abs(gradient).max() < 1.001 * tolerance


@pytest.fixture
def steps(monkeypatch):
    """Counts the steps of the optimiser."""
    taken, direction = [0], _lbfgs._direction

    def counted(*arguments):
        taken[0] += 1
        return direction(*arguments)

    monkeypatch.setattr(_lbfgs, "_direction", counted)
    return taken


@pytest.mark.parametrize(("name", "share"), [("tops", 0.9), ("nine", 0.95)])
def test_starts_along_N_and_eta_u_save_steps_and_change_no_answer(steps, monkeypatch, name, share):
    """The students of a chapter, from starts of their neighbours and all from zero."""
    bench = data.load(f"scenes_{name}", models=("lite0_block4", "squeezenet_64px", "efficientnet_lite2"))
    etas = (0.05, 0.1, 0.2, 0.3, 0.5)
    runs, taken, heads = {}, {}, {}
    for kind in ("warm", "cold"):
        taken[kind], heads[kind] = [], []

        def fitted(*given, kind=kind, **named):
            students = "rows" not in named
            if kind == "cold":
                named["start"] = None
            before, found = steps[0], fit_many(*given, **named)
            if students:
                taken[kind].append(steps[0] - before)
                heads[kind] += [np.append(head.coefficients, head.intercept) for head in found]
            return found

        monkeypatch.setattr("w2s_utils.group_benchmarks.runs.fit_many", fitted)
        runs[kind] = benchmark_runs(bench, [0.5, 0.1], etas, n=100, N=600, seeds=[0, 1], penalty=LAM)
    # (seeds and students, etas_u, N/2 and N)
    counts = {kind: np.reshape(values, (4, len(etas), 2)) for kind, values in taken.items()}
    for start, at in (("eta_u", np.s_[:, 1:]), ("N", np.s_[:, 0, 1])):
        warm, cold = (counts[kind][at].sum() for kind in ("warm", "cold"))
        assert warm < share * cold, (start, warm, cold)
    assert (counts["warm"][:, 0, 0] == counts["cold"][:, 0, 0]).all()  # the first has no neighbour
    assert (runs["warm"].student != runs["cold"].student).mean() < 1e-4
    # gradients within 1e-6 and a curvature of at least the penalty bound how far two ends of a path are apart
    bound = 2 * 1e-6 / LAM
    apart = [np.abs(a - b).max() for a, b in zip(heads["warm"], heads["cold"], strict=True)]
    assert max(apart) < 10 * bound and np.median(apart) < bound
