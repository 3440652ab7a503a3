"""What one point of a chapter computes: simulated replicates with the theory beside them.

A point function takes scalars named like the chapter's parameters (of a list parameter, one element), draws
``trials`` replicates from a seed of its own and returns a column of that length for each quantity; ``x_exact`` and
``x_limit`` are what theory says about ``x``. Replicate k depends on the point and k only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2s_utils.metrics import Risks
from w2s_utils.simulate import gaussian_pair, group_imbalance, multi_index, ridge
from w2s_utils.simulate.gaussian_pair import MODELS, GaussianPair
from w2s_utils.theory import intrinsic_dimension, regularization, spurious_correlation

Columns = dict[str, NDArray[np.float64]]
Seed = np.random.SeedSequence
_SEARCH = np.geomspace(1e-3, 30, 60).round(7)  # student penalties, as in the chapters


def variance(*, n: int, N: int, d_w: int, d_s: int, d_sw: int, sigma2: float, trials: int, seed: Seed) -> Columns:
    """Variances of the four models without approximation error, label noise averaged.

    Columns: each model's on fresh points, and ``student_unlabeled``, on its own sample.
    """
    pair = _pair(n, N, d_w, d_s, d_sw, sigma2, 0.0)
    drawn = gaussian_pair.simulate(pair, n, N, trials=trials, label_noise="averaged", seed=seed)
    exact = intrinsic_dimension.excess_risks(n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2)
    columns: dict[str, Any] = {}
    for at, model in enumerate(MODELS):
        columns |= {model: drawn.risks[:, 0, at], f"{model}_exact": getattr(exact, model)}
    own = intrinsic_dimension.student_variance(n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2)
    return _columns(columns | {"student_unlabeled": drawn.variances[:, 0, 1], "student_unlabeled_exact": own}, trials)


def recovery(*, n: int, N: int, d_w: int, d_s: int, d_sw: int, sigma2: float, trials: int, seed: Seed) -> Columns:
    """Risks, PGR and OPR of the four models; ratios are means over 20 noise draws of a design, as the authors'.

    ``pgr_exact`` and ``opr_exact`` are ratios of the exact mean risks.
    """
    pair = _pair(n, N, d_w, d_s, d_sw, sigma2, None)
    drawn = gaussian_pair.simulate(pair, n, N, trials=trials, noise_draws=20, seed=seed)
    exact = intrinsic_dimension.excess_risks(n, N, sigma2=sigma2, **pair.moments())
    each = Risks(*np.moveaxis(drawn.risks, -1, 0))
    columns: dict[str, Any] = {}
    for name in (*MODELS, "pgr", "opr"):
        columns |= {name: np.asarray(getattr(each, name)).mean(axis=1), f"{name}_exact": getattr(exact, name)}
    return _columns(columns, trials)


def groups(
    *, d_z: int, p_T: int, p_S: int, mu_T2: float, mu_S2: float, similarity: float, cosine: float, gamma: float,
    nu: float, trials: int, seed: Seed,
) -> Columns:  # fmt: skip
    """Risks over ``gamma`` with a tenth of minority labels, on a balanced test set.

    ``student`` has as few minority points among the unlabelled ones, ``student_balanced`` half of them.
    """
    model, n, N = _groups(d_z, p_T, p_S, mu_T2, mu_S2, similarity, cosine, gamma, nu)
    unlabelled = np.array([0.1, 0.5])
    drawn = group_imbalance.simulate(model, n, N, d_z=d_z, eta_l=0.1, eta_u=unlabelled, eta_t=0.5, trials=trials,
                                     seed=seed)  # fmt: skip
    setting = {**model.moments(), "law": model.law, "gamma": d_z / n}
    student = np.asarray(spurious_correlation.student_risk(0.1, unlabelled, 0.5, nu=d_z / N, **setting))
    alone = {name: value for name, value in setting.items() if name not in ("mu_S", "Xi")}
    teacher = float(spurious_correlation.teacher_risk(0.1, 0.5, **alone))
    columns: dict[str, Any] = {"teacher": drawn.teacher[:, 0], "teacher_limit": teacher}
    for at, end in enumerate(("", "_balanced")):
        columns |= {f"student{end}": drawn.student[:, at], f"student{end}_limit": student[at]}
        columns |= {f"gain{end}": drawn.gain[:, at], f"gain{end}_limit": teacher - student[at]}
    return _columns({name: value * n / d_z for name, value in columns.items()}, trials)


def plain_ridge(
    *, d: int, gamma_t: float, sigma2: float, under: float, over: float, trials: int, seed: Seed
) -> Columns:
    """A teacher with half of the optimal penalty, and two students with the penalties that are best in the limit."""
    best = float(regularization.optimal_teacher_penalty(gamma_t=gamma_t, sigma2=sigma2))
    return _ridge(d, gamma_t, sigma2, (under, over), best / 2, 0.0, 1.0, trials, seed)


def spared_ridge(
    *, d: int, gamma_t: float, sigma2: float, under: float, over: float, g: float, zeta: float, trials: int, seed: Seed
) -> Columns:
    """The optimal teacher, and two students whose penalty spares a direction, at the value best in the limit."""
    best = float(regularization.optimal_teacher_penalty(gamma_t=gamma_t, sigma2=sigma2))
    return _ridge(d, gamma_t, sigma2, (under, over), best, zeta, g, trials, seed)


def _ridge(
    d: int, gamma_t: float, sigma2: float, ratios: tuple[float, float], lam_t: float, zeta: float, g: float,
    trials: int, seed: Seed,
) -> Columns:  # fmt: skip
    columns: dict[str, Any] = {}
    n_t = round(d / gamma_t)
    for ratio, end in zip(ratios, ("_under", "_over"), strict=True):
        n_s = round(d / ratio)
        errors = regularization.weighted_student_error(
            lam_t, _SEARCH, gamma_t=d / n_t, gamma_s=d / n_s, sigma2=sigma2, zeta=zeta, g=g
        )
        errors = np.asarray(errors)
        at = int(np.argmin(errors))
        drawn = ridge.simulate(d, n_t, n_s, sigma2=sigma2, lam_t=[lam_t], lam_s=[_SEARCH[at]], zeta=zeta, g=g,
                               trials=trials, seed=seed)  # fmt: skip
        limit = float(regularization.teacher_error(lam_t, gamma_t=d / n_t, sigma2=sigma2))
        columns.setdefault("teacher", drawn.teacher[:, 0])
        columns.setdefault("teacher_limit", limit)
        columns |= {f"student{end}": drawn.student[:, 0, 0], f"student{end}_limit": errors[at]}
        columns |= {f"penalty{end}": _SEARCH[at]}
    return _columns(columns, trials)


def features(*, dims: int, per_dim: int, rhos: float, trials: int, seed: Seed) -> Columns:
    """Easy and hard features: errors, shares and cosines of all models; the limit is known for the teacher's step."""
    setting = multi_index.MultiIndex(d=dims, n=per_dim * dims, rho=rhos)
    drawn = multi_index.simulate(setting, trials=trials, seed=seed).values
    limit = regularization.step_alignment(setting.n, dims, mu1=np.sqrt(0.5), second_moment=2.0 + setting.noise**2)
    return _columns({**drawn, "teacher_easy_limit": limit}, trials)


def _pair(n: int, N: int, d_w: int, d_s: int, d_sw: int, sigma2: float, target_scale: float | None) -> GaussianPair:
    intrinsic_dimension.check_setting(n, N, d_w=d_w, d_s=d_s)
    return GaussianPair.axis_aligned(d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2, target_scale=target_scale)


def _groups(
    d_z: int, p_T: int, p_S: int, mu_T2: float, mu_S2: float, similarity: float, cosine: float, gamma: float, nu: float
) -> tuple[group_imbalance.GroupModel, int, int]:
    model = group_imbalance.GroupModel.from_norms(
        p_T=p_T, p_S=p_S, mu_T2=mu_T2, mu_S2=mu_S2, Xi2=similarity * p_S, cosine=cosine
    )
    n, N = round(d_z / gamma), round(d_z / nu)
    spurious_correlation.check_setting(p_T=p_T, p_S=p_S, gamma=d_z / n, nu=d_z / N)
    return model, n, N


def _columns(columns: dict[str, Any], trials: int) -> Columns:
    return {name: np.array(np.broadcast_to(np.asarray(value, float), trials)) for name, value in columns.items()}


CHAPTERS: dict[str, Callable[..., Columns]] = {
    "variance_decomposition": variance,
    "performance_gap_recovery": recovery,
    "gain_theory": groups,
    "ridge_regularization": plain_ridge,
    "weighted_ridge": spared_ridge,
    "multi_index": features,
}


def used(chapter: str) -> list[str]:
    """Names of the parameters that a point of a chapter depends on.

    Parameters
    ----------
    chapter : str
        A key of `CHAPTERS`.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        For a chapter that cannot be swept.

    Examples
    --------
    >>> used("multi_index")
    ['dims', 'per_dim', 'rhos', 'trials', 'seed']
    """
    if chapter not in CHAPTERS:
        raise ValueError(f"chapter {chapter} cannot be swept; those that can: {', '.join(CHAPTERS)}")
    return list(inspect.signature(CHAPTERS[chapter]).parameters)


def check(chapter: str, point: Mapping[str, Any]) -> None:
    """Joint limits of a point's values, before anything is drawn; the ranges of single values are the chapter's.

    Parameters
    ----------
    chapter : str
        A key of `CHAPTERS`.
    point : mapping
        Values of all of `used`.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.

    Examples
    --------
    >>> check("variance_decomposition", dict(n=9, N=60, d_w=8, d_s=5, d_sw=2, sigma2=1.0, trials=3, seed=0))
    Traceback (most recent call last):
    ValueError: n = 9 is not allowed: n > d_w + 1 = 9 (the expected risk is infinite otherwise)
    """
    rest = {name: value for name, value in point.items() if name not in ("trials", "seed")}
    if CHAPTERS[chapter] in (variance, recovery):
        _pair(**rest, target_scale=None)
    elif CHAPTERS[chapter] is groups:
        _groups(**rest)
