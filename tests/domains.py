"""The documented domain of every closed form and estimator: random settings inside it, and values outside it.

``FUNCTIONS[name]`` holds the function, a strategy of keyword arguments it documents as allowed, what it promises of
the result, and per argument values it documents as refused. Public names without a row are in ``NOT_FUZZED``, with
the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from w2s_utils import dimensions, metrics, probes, regression
from w2s_utils.theory import deterministic_equivalent as de
from w2s_utils.theory import intrinsic_dimension as overlap
from w2s_utils.theory import marchenko_pastur as mp
from w2s_utils.theory import regularization as ridge
from w2s_utils.theory import spurious_correlation as groups

NAN, INF = float("nan"), float("inf")
NEGATIVE = (-1.0, -1e-9, NAN, INF, -INF)
NOT_POSITIVE = (0.0, *NEGATIVE)


def reals(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


ABOVE_0 = st.floats(-4, 4).map(lambda power: 10.0**power)
AT_LEAST_0 = st.just(0.0) | ABOVE_0
SHARE = reals(0, 1)


@dataclass(frozen=True)
class Function:
    """A function, its domain, its promise, and what it refuses."""

    call: Callable[..., Any]
    domain: st.SearchStrategy[dict[str, Any]]
    promise: Callable[[Any], bool]
    refused: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def finite(value: Any) -> bool:
    return bool(np.isfinite(value).all())


def at_least_0(value: Any) -> bool:
    """Not negative and not NaN; an infinite risk is allowed where the docstring says so."""
    return bool((np.asarray(value) >= 0).all())


def both(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda values: all(check(value) for value in values)


def of_risks(check: Callable[[Any], bool]) -> Callable[[metrics.Risks], bool]:
    def holds(risks: metrics.Risks) -> bool:
        parts = (risks.teacher, risks.student, risks.baseline, risks.ceiling)
        return all(check(part) for part in parts if part is not None)

    return holds


# --- dimensions and overlaps


@st.composite
def overlaps(draw: Any, **more: st.SearchStrategy[Any]) -> dict[str, Any]:
    d_w, d_s = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    setting = {
        "n": draw(st.integers(max(d_w, d_s) + 2, 5000)),
        "N": draw(st.integers(d_s + 2, 100_000)),
        "d_w": d_w,
        "d_s": d_s,
        "d_sw": draw(reals(0, min(d_w, d_s))),
        "sigma2": draw(ABOVE_0),
    }
    return setting | {name: draw(values) for name, values in more.items()}


def without(strategy: st.SearchStrategy[dict[str, Any]], *names: str) -> st.SearchStrategy[dict[str, Any]]:
    return strategy.map(lambda setting: {name: value for name, value in setting.items() if name not in names})


SIZES: dict[str, tuple[Any, ...]] = {
    "n": (0, -5, NAN),
    "N": (0, -5, NAN),
    "d_w": (0, -3, NAN),
    "d_s": (0, -3, NAN),
    "d_sw": (-0.5, 301, NAN),
    "sigma2": NEGATIVE,
}
BIASES = {"rho_w": NEGATIVE, "rho_s": NEGATIVE}
BOUND = SIZES | {"sigma2": NOT_POSITIVE, "rho": NEGATIVE}


def refusing(allowed: dict[str, tuple[Any, ...]], *names: str) -> dict[str, tuple[Any, ...]]:
    return {name: allowed[name] for name in names}


OVERLAP = {
    "overlap.teacher_variance": Function(
        overlap.teacher_variance,
        without(overlaps(), "N", "d_s", "d_sw"),
        lambda value: at_least_0(value) and finite(value),
        refusing(SIZES, "n", "d_w", "sigma2"),
    ),
    "overlap.student_variance": Function(overlap.student_variance, overlaps(), at_least_0, SIZES),
    "overlap.effective_overlap": Function(
        overlap.effective_overlap,
        without(overlaps(), "n", "sigma2"),
        at_least_0,
        refusing(SIZES, "N", "d_w", "d_s", "d_sw"),
    ),
    "overlap.excess_risks": Function(
        overlap.excess_risks, overlaps(rho_w=AT_LEAST_0, rho_s=AT_LEAST_0), of_risks(at_least_0), SIZES | BIASES
    ),
    "overlap.plotted_risks": Function(
        overlap.plotted_risks, overlaps(rho_w=AT_LEAST_0, rho_s=AT_LEAST_0), of_risks(at_least_0), SIZES | BIASES
    ),
    "overlap.slide_variances": Function(overlap.slide_variances, overlaps(), of_risks(at_least_0), SIZES),
    "overlap.pgr_lower_bound": Function(overlap.pgr_lower_bound, overlaps(rho=ABOVE_0), finite, BOUND),
    "overlap.opr_lower_bound": Function(overlap.opr_lower_bound, overlaps(rho=ABOVE_0), at_least_0, BOUND),
    "overlap.optimal_n": Function(
        overlap.optimal_n,
        without(overlaps(rho=AT_LEAST_0), "n"),
        lambda value: bool(value > 0),
        refusing(BOUND, "N", "d_w", "d_s", "d_sw", "sigma2", "rho"),
    ),
    "overlap.optimal_n_exact": Function(
        overlap.optimal_n_exact,
        without(overlaps(rho_w=ABOVE_0, rho_s=AT_LEAST_0), "n"),
        lambda found: 400 <= found[0] <= 4000,
        refusing(SIZES | BIASES, "N", "d_w", "d_s", "d_sw", "sigma2", "rho_w", "rho_s") | {"of": ("gain",)},
    ),
}

# --- ridge

LAMS = {"lam_t": AT_LEAST_0, "lam_s": AT_LEAST_0}
RATIOS = {"gamma_t": ABOVE_0, "gamma_s": ABOVE_0}
RIDGE = {
    "lam_t": NEGATIVE,
    "lam_s": NEGATIVE,
    "sigma2": NEGATIVE,
    "gamma_t": NOT_POSITIVE,
    "gamma_s": NOT_POSITIVE,
    "zeta": (-1.01, 1.5, NAN),
    "g": (-0.1, 1.1, NAN),
}
TRACES = ("n", "N", "sigma2", "overlap", "norm_w", "norm_s")


def settings(**arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(arguments)


def rates(*more: str) -> st.SearchStrategy[dict[str, Any]]:
    return settings(**{name: ABOVE_0 for name in (*TRACES, *more)})


def ridge_row(call: Callable[..., Any], promise: Callable[[Any], bool], *names: str) -> Function:
    strategies = LAMS | RATIOS | {"sigma2": AT_LEAST_0, "zeta": reals(-1, 1), "g": SHARE}
    return Function(call, settings(**{name: strategies[name] for name in names}), promise, refusing(RIDGE, *names))


T, S = ("lam_t", "gamma_t", "sigma2"), ("lam_t", "lam_s", "gamma_t", "gamma_s", "sigma2")
ONE = ("lam_t", "gamma_t", "gamma_s", "sigma2")
RIDGE_FUNCTIONS = {
    "ridge.teacher_error": ridge_row(ridge.teacher_error, at_least_0, *T),
    "ridge.teacher_slack": ridge_row(ridge.teacher_slack, lambda value: not np.isnan(value).any(), *T),
    "ridge.critical_gamma_s": ridge_row(ridge.critical_gamma_s, at_least_0, *T),
    "ridge.student_error": ridge_row(ridge.student_error, at_least_0, *S),
    "ridge.student_wins": ridge_row(ridge.student_wins, lambda value: np.asarray(value).dtype == bool, *S),
    "ridge.best_student_penalty": ridge_row(ridge.best_student_penalty, at_least_0, *ONE),
    "ridge.penalty_of_slack": Function(
        ridge.penalty_of_slack,
        settings(slack=reals(-5, 2), gamma_s=ABOVE_0),
        at_least_0,
        {"slack": (2.1, NAN), "gamma_s": NOT_POSITIVE},
    ),
    "ridge.winning_penalties": ridge_row(
        ridge.winning_penalties, lambda ends: not (np.asarray(ends[0]) > np.asarray(ends[1])).any(), *ONE
    ),
    "ridge.weighted_student_error": ridge_row(ridge.weighted_student_error, at_least_0, *S, "zeta", "g"),
    "ridge.aligned_slope": Function(
        ridge.aligned_slope,
        settings(
            lam_t=AT_LEAST_0, gamma_t=ABOVE_0, gamma_s=reals(1e-3, 0.999), sigma2=AT_LEAST_0, zeta=reals(-1, 1), g=SHARE
        ),
        lambda value: not np.isnan(value).any(),
        refusing(RIDGE, *ONE, "zeta", "g") | {"gamma_s": (1.0, 2.0, *NOT_POSITIVE)},
    ),
    "ridge.critical_alignment": Function(
        ridge.critical_alignment,
        settings(gamma_t=reals(0.1, 5), gamma_s=reals(0.1, 5), sigma2=reals(0.01, 3), g=reals(0, 0.9)),
        at_least_0,
        refusing(RIDGE, "gamma_t", "gamma_s", "sigma2") | {"g": (1.0, -0.1, NAN)},
    ),
    "ridge.critical_lam_t": ridge_row(ridge.critical_lam_t, at_least_0, "gamma_t", "gamma_s", "sigma2"),
    "ridge.optimal_teacher_penalty": ridge_row(ridge.optimal_teacher_penalty, at_least_0, "gamma_t", "sigma2"),
    "ridge.required_slack": ridge_row(ridge.required_slack, at_least_0, "gamma_s"),
    "ridge.h1": Function(
        ridge.h1,
        settings(lam_s=AT_LEAST_0, gamma_s=ABOVE_0),
        lambda value: not np.isnan(value).any(),
        refusing(RIDGE, "lam_s", "gamma_s"),
    ),
    "ridge.h1_solutions": Function(
        ridge.h1_solutions,
        settings(c=reals(-0.999, -0.001), gamma_s=ABOVE_0),
        lambda found: not (np.asarray(found) < 0).any(),
        {"gamma_s": NOT_POSITIVE, "c": (0.0, -1.0, 0.5, NAN)},
    ),
    "ridge.two_stage_error": Function(
        ridge.two_stage_error,
        settings(
            lam_t=reals(1e-3, 10),
            lam_s=reals(1e-3, 10),
            gamma_t=reals(0.1, 5),
            gamma_s=reals(0.1, 5),
            sigma2=reals(0, 3),
            Gamma_t=st.just(np.eye(3)),
            Gamma_s=st.lists(reals(0.1, 3), min_size=3, max_size=3).map(np.diag),
            beta=st.lists(reals(-2, 2), min_size=3, max_size=3),
        ),
        of_risks(at_least_0),
        refusing(RIDGE, *S)
        | {"Gamma_t": (np.ones((3, 2)), -np.eye(3), np.full((3, 3), NAN)), "beta": ([[1.0]], [NAN, 0.0, 0.0])},
    ),
    "ridge.ridge_bound": Function(ridge.ridge_bound, rates(), at_least_0, dict.fromkeys(TRACES, NOT_POSITIVE)),
    "ridge.ridge_penalties": Function(
        ridge.ridge_penalties,
        rates(),
        both(at_least_0),
        dict.fromkeys(TRACES, NOT_POSITIVE) | {"form": ("square_root", "")},
    ),
    "ridge.ridge_terms": Function(
        ridge.ridge_terms,
        rates("alpha_w", "alpha_s"),
        at_least_0,
        dict.fromkeys((*TRACES, "alpha_w", "alpha_s"), NOT_POSITIVE) | {"sigma2": NEGATIVE},
    ),
    "ridge.ridge_replacement": Function(
        ridge.ridge_replacement,
        rates("alpha_w", "alpha_s", "traces"),
        at_least_0,
        dict.fromkeys((*TRACES, "alpha_w", "alpha_s", "traces"), NOT_POSITIVE) | {"sigma2": NEGATIVE},
    ),
    "ridge.replacement_penalties": Function(
        ridge.replacement_penalties,
        rates("traces"),
        both(at_least_0),
        dict.fromkeys((*TRACES, "traces"), NOT_POSITIVE),
    ),
    "ridge.step_alignment": Function(
        ridge.step_alignment,
        settings(n=ABOVE_0, d=ABOVE_0, mu1=reals(-3, 3), second_moment=ABOVE_0),
        at_least_0,
        {"n": NOT_POSITIVE, "d": NOT_POSITIVE, "mu1": (NAN, INF), "second_moment": NOT_POSITIVE},
    ),
} | {
    f"mp.{function.__name__}": Function(
        function, settings(lam=AT_LEAST_0, gamma=ABOVE_0), check, {"lam": NEGATIVE, "gamma": NOT_POSITIVE}
    )
    for function, check in (
        (mp.kappa, at_least_0),
        (mp.m1, at_least_0),
        (mp.m2, at_least_0),
        (mp.m3, at_least_0),
        (mp.solve, both(at_least_0)),
    )
}

# --- groups


@st.composite
def group_settings(draw: Any, *names: str) -> dict[str, Any]:
    p_T, p_S = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    vector = reals(-2, 2)
    mu_S = np.array(draw(st.lists(vector, min_size=p_S, max_size=p_S)))
    Xi = np.array(draw(st.lists(vector, min_size=p_T * p_S, max_size=p_T * p_S))).reshape(p_T, p_S)
    Xi = Xi * draw(reals(0, 0.999)) / max(np.linalg.norm(Xi, 2), 1e-12)
    # what both see of the group mean is the same vector: mu_T = Xi mu_S + the part the student does not see
    own = np.array(draw(st.lists(vector, min_size=p_T, max_size=p_T)))
    outside = np.eye(p_T) - Xi @ Xi.T
    made: dict[str, Any] = {
        "mu_T": Xi @ mu_S + outside @ own,
        "mu_S": mu_S,
        "Xi": Xi,
        "gamma": draw(reals(0, 0.9 / (p_T + 1))),
        "nu": draw(reals(0, 0.9 / (p_S + 1))),
        "sigma_xi2": draw(reals(0.1, 10)),
        "sigma_y2": draw(reals(0, 10)),
    } | {name: draw(SHARE) for name in ("eta_l", "eta_u", "eta_t")}
    return {name: made[name] for name in names}


FRACTION = (-0.01, 1.01, NAN)
GROUP_REFUSED: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("eta_l", "eta_u", "eta_t"), FRACTION),
    "mu_T": (np.array([NAN]), np.array(1.0)),
    "mu_S": (np.array([INF]), np.array(1.0)),
    "Xi": (2 * np.eye(5), np.array([[NAN]])),
    "gamma": (1.0, -0.1, NAN),
    "nu": (1.0, -0.1, NAN),
    "sigma_xi2": NOT_POSITIVE,
    "sigma_y2": NEGATIVE,
    "order": ("second",),
    "law": ("gaussian",),
}


def group_row(call: Callable[..., Any], promise: Callable[[Any], bool], *names: str, laws: bool = True) -> Function:
    refused = (*names, "order", "law") if laws else (*names, "order")
    return Function(call, group_settings(*names), promise, refusing(GROUP_REFUSED, *refused))


PAIR = ("mu_T", "mu_S", "Xi", "gamma", "nu", "sigma_xi2", "sigma_y2")
GROUPS = {
    "groups.teacher_risk": group_row(
        groups.teacher_risk, at_least_0, "eta_l", "eta_t", "mu_T", "gamma", "sigma_xi2", "sigma_y2"
    ),
    "groups.student_risk": group_row(groups.student_risk, at_least_0, "eta_l", "eta_u", "eta_t", *PAIR),
    "groups.gain": group_row(groups.gain, finite, "eta_l", "eta_u", "eta_t", *PAIR),
    "groups.matched_gain": group_row(
        groups.matched_gain, lambda found: finite(found.gain), "eta_l", "eta_t", *PAIR, laws=False
    ),
    "groups.optimal_eta_u": group_row(
        groups.optimal_eta_u,
        lambda value: bool(np.isnan(value) or 0 <= value <= 0.5),
        "eta_l",
        "eta_t",
        "mu_T",
        "mu_S",
        "Xi",
        "gamma",
        "nu",
        "sigma_xi2",
    ),
    "groups.resolvent_moments": Function(
        groups.resolvent_moments,
        settings(ratio=reals(0, 0.19), p=st.integers(1, 5)),
        both(finite),
        {"ratio": (1.0, -0.1, NAN), "p": (0, -1)},
    ),
}

# --- arrays


def matrices(rows: int, columns: int) -> st.SearchStrategy[np.ndarray]:
    return st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=(rows, columns)))


def vectors(rows: int) -> st.SearchStrategy[np.ndarray]:
    return matrices(rows, 1).map(np.ravel)


BAD_MATRIX = (np.full((12, 3), NAN), np.zeros((0, 3)), "text", np.ones((2, 2, 2)), [[1.0], [1.0, 2.0]])
BAD_VECTOR = (np.full(12, INF), np.zeros(11), "text", None)
LABELS = st.lists(st.integers(0, 2), min_size=6, max_size=6)
BAD_LABELS = ([0, 1, 2], [], [[0] * 6], [0.0, 1.0, NAN, 0.0, 1.0, 0.0])
ARRAYS = {
    "metrics.accuracy": Function(
        metrics.accuracy,
        settings(labels=LABELS, predictions=LABELS),
        lambda share: 0 <= share <= 1,
        {"labels": BAD_LABELS, "predictions": BAD_LABELS},
    ),
    "metrics.group_accuracies": Function(
        metrics.group_accuracies,
        settings(labels=LABELS, predictions=LABELS, groups=LABELS),
        lambda found: all(0 <= share <= 1 for share in found.values()),
        {"labels": BAD_LABELS, "groups": BAD_LABELS},
    ),
    "metrics.worst_group_accuracy": Function(
        metrics.worst_group_accuracy,
        settings(labels=LABELS, predictions=LABELS, groups=LABELS),
        lambda share: 0 <= share <= 1,
        {"predictions": BAD_LABELS, "groups": BAD_LABELS},
    ),
    "metrics.Risks": Function(
        metrics.Risks,
        settings(teacher=AT_LEAST_0, student=AT_LEAST_0),
        lambda risks: finite(risks.gain),
        {"teacher": ("text", None), "student": ("text", None)},
    ),
    "regression.fit_ridge": Function(
        regression.fit_ridge,
        settings(features=matrices(12, 3), targets=vectors(12), penalty=AT_LEAST_0),
        finite,
        {"features": BAD_MATRIX, "targets": BAD_VECTOR, "penalty": (-1.0, NAN, INF)},
    ),
    "regression.fit_weak_to_strong": Function(
        regression.fit_weak_to_strong,
        settings(
            weak_labeled=matrices(12, 3),
            strong_labeled=matrices(12, 4),
            labels=vectors(12),
            weak_unlabeled=matrices(9, 3),
            strong_unlabeled=matrices(9, 4),
        ),
        lambda fit: finite(fit.student),
        {
            "weak_labeled": BAD_MATRIX,
            "strong_labeled": BAD_MATRIX,
            "labels": BAD_VECTOR,
            "weak_unlabeled": BAD_MATRIX,
            "strong_unlabeled": BAD_MATRIX,
        },
    ),
    "dimensions.intrinsic_dimension": Function(
        dimensions.intrinsic_dimension,
        settings(features=matrices(12, 3), energy=reals(0.01, 1)),
        lambda d: 1 <= d <= 3,
        {"features": BAD_MATRIX, "energy": (0.0, 1.1, NAN)},
    ),
    "dimensions.correlation_dimension": Function(
        dimensions.correlation_dimension,
        settings(weak=matrices(12, 3), strong=matrices(12, 4), d_w=st.integers(1, 3), d_s=st.integers(1, 4)),
        lambda d: d <= 3 + 1e-9,  # an unbiased estimate: below 0 when nothing is shared
        {"weak": BAD_MATRIX, "strong": BAD_MATRIX, "d_w": (0, 4, 1.5), "d_s": (0, 5), "method": ("",)},
    ),
    "probes.fit": Function(
        lambda features, targets, penalty: probes.fit(probes.design(features), targets, penalty).coefficients,
        settings(features=matrices(12, 3), targets=vectors(12), penalty=AT_LEAST_0),
        finite,
        {"features": BAD_MATRIX, "targets": BAD_VECTOR, "penalty": (-1.0, NAN)},
    ),
    "probes.leave_one_out": Function(
        lambda features, targets, penalties: probes.leave_one_out(probes.design(features), targets, penalties),
        settings(features=matrices(12, 3), targets=vectors(12), penalties=st.lists(ABOVE_0, min_size=1, max_size=3)),
        at_least_0,
        {"features": BAD_MATRIX, "targets": BAD_VECTOR, "penalties": ([-1.0], [NAN])},
    ),
    "probes.fit_logistic": Function(
        lambda features, targets, penalty: probes.fit_logistic(features, targets, penalty).coefficients,
        settings(features=matrices(12, 3), targets=st.lists(SHARE, min_size=12, max_size=12), penalty=reals(1e-3, 10)),
        finite,
        {"features": BAD_MATRIX, "targets": (*BAD_VECTOR, np.full(12, 2.0)), "penalty": (0.0, -1.0, NAN)},
    ),
    "probes.cross_validate": Function(
        probes.cross_validate,
        settings(
            features=matrices(12, 3),
            targets=st.permutations([0.0, 1.0] * 6),
            penalties=st.lists(reals(1e-3, 10), min_size=1, max_size=2),
        ),
        at_least_0,
        {"features": BAD_MATRIX, "targets": BAD_VECTOR, "penalties": ([-1.0], [NAN]), "folds": (1, 13)},
    ),
    "probes.draw_split": Function(
        lambda **setting: probes.draw_split(**setting).test,
        settings(
            rows=st.just(100), n=st.integers(1, 30), N=st.integers(1, 30), test=st.integers(1, 30), index=st.just(0)
        ).map(lambda setting: setting | {"seed": 0}),
        lambda rows: len(set(rows.tolist())) == len(rows),
        {"n": (0, -1, 101), "N": (0, -1, 101), "test": (0, -1, 101)},
    ),
    "probes.flip_labels": Function(
        probes.flip_labels,
        settings(
            labels=st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=9),
            rate=reals(0, 0.5),
            rng=st.just(np.random.default_rng(0)),
        ),
        lambda labels: bool(np.isin(labels, (0, 1)).all()),
        {"labels": ([2.0], [NAN]), "rate": (-0.1, 0.6, NAN)},
    ),
    "probes.nadeau_bengio": Function(
        probes.nadeau_bengio,
        settings(values=st.lists(reals(-9, 9), min_size=2, max_size=9), test_share=reals(0.1, 0.9)),
        lambda found: finite(found[:2]),
        {"values": ([1.0], [NAN, 1.0]), "test_share": (0.0, 1.0, NAN)},
    ),
    "de.effective_penalty": Function(
        de.effective_penalty,
        settings(
            values=st.lists(reals(0.01, 5), min_size=1, max_size=5).map(np.array), rows=reals(1, 99), penalty=AT_LEAST_0
        ),
        at_least_0,
        {"rows": (0.0, -1.0, NAN), "penalty": NEGATIVE},
    ),
    "de.weak_to_strong": Function(
        lambda n, N, teacher_penalty, student_penalty, weak: (
            de.weak_to_strong(
                n, N, labeled=moments(weak), teacher_penalty=teacher_penalty, student_penalty=student_penalty
            ).risks
        ),
        settings(
            n=st.integers(30, 900),
            N=st.integers(30, 900),
            teacher_penalty=reals(1e-4, 5),
            student_penalty=reals(1e-4, 5),
            weak=matrices(6, 3),
        ),
        of_risks(at_least_0),
        {
            "n": (0, -1, NAN),
            "N": (0, -1, NAN),
            "teacher_penalty": NEGATIVE,
            "student_penalty": NEGATIVE,
            "weak": (np.full((6, 3), NAN),),
        },
    ),
}


def moments(weak: np.ndarray) -> de.Moments:
    """Second moments of two correlated features and a target, from `weak` as square roots."""
    strong = np.concatenate([weak, weak[:, :1] ** 2], axis=1)
    target = weak.sum(axis=1)
    m = len(weak)
    return de.Moments(
        weak=weak.T @ weak / m,
        strong=strong.T @ strong / m,
        cross=strong.T @ weak / m,
        weak_target=weak.T @ target / m,
        strong_target=strong.T @ target / m,
        target=float(target @ target / m) + 0.5,
    )


FUNCTIONS = OVERLAP | RIDGE_FUNCTIONS | GROUPS | ARRAYS

# what the modules offer, by the prefix of the rows above
MODULES = {"overlap": overlap, "ridge": ridge, "mp": mp, "groups": groups, "de": de, "metrics": metrics}
MODULES |= {"regression": regression, "dimensions": dimensions, "probes": probes}

NOT_FUZZED = {
    "overlap.check_setting": "called by every row of its module",
    "groups.check_setting": "called by every row of its module",
    "mp.non_negative": "imported; called by every row of its module",
    "mp.positive": "imported; called by every row of its module",
    "mp.FloatOrArray": "a type",
    "de.true_label_risk": "a stage of weak_to_strong, with the same checks",
    "regression.finite_array": "imported; called by every row of its module",
    "regression.same_rows": "imported; called by every row of its module",
    "dimensions.finite_array": "imported; called by every row of its module",
    "dimensions.same_rows": "imported; called by every row of its module",
    "probes.design": "called by probes.fit",
    "probes.regression_sweep": "a loop over probes.fit, whose arguments its own tests cover",
    "probes.classification_sweep": "a loop over probes.fit_logistic, whose arguments its own tests cover",
}
