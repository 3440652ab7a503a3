"""Simulation beside theory for the group model: the tables behind the chapters on spurious correlations.

Like `comparison`, a place where ``theory`` and ``simulate`` meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from w2s_utils import parallel
from w2s_utils.simulate.group_imbalance import GroupModel, estimate, simulate
from w2s_utils.theory import spurious_correlation as theory

NORMS = ("p_T", "p_S", "mu_T2", "mu_S2", "Xi2", "cosine", "law")
FRACTIONS = ("eta_l", "eta_u", "eta_t")
GROUP_KEYS = (*NORMS, "engine", "d_z", "n", "N", *FRACTIONS)
MEASURED = ("teacher", "student", "gain")
GROUP_COLUMNS = (
    *GROUP_KEYS,
    "designs",
    *(f"{name}{end}" for name in MEASURED for end in ("", "_se", "_limit", "_printed")),
)


def group_table(studies: Sequence[Mapping[str, Any]], *, seed: int, label: str = "simulation") -> pd.DataFrame:
    """Simulate lists of fractions, and put the exact limit and the printed formula beside the draws.

    Parameters
    ----------
    studies : sequence of mapping
        Each with arguments of `GroupModel.from_norms` (label noise and ``sigma_xi2`` are 1), ``d_z``, the ratios
        ``gamma`` and ``nu``, ``fractions``, a list of (eta_l, eta_u, eta_t), ``trials``, and optionally ``engine``.
    seed : int
        The chapter's seed. Studies of one engine with the same ``p_T``, ``p_S``, ``d_z`` and ``gamma`` share their
        random numbers, so that differences between them are sharp.
    label : str
        Shown with the progress.

    Returns
    -------
    DataFrame
        One row a point, ``GROUP_COLUMNS``: keys; ``designs``; for teacher, student and gain the mean, its standard
        error ``_se``, the exact limit of this law ``_limit`` and the formula as printed ``_printed``, all in units of
        ``sigma_y2 gamma``; and ``draws``, the (designs, 2) risks of teacher and student.

    Raises
    ------
    ValueError
        As `simulate`; for models, ratios and fractions before anything is drawn.

    Examples
    --------
    >>> norms = dict(p_T=3, p_S=2, mu_T2=4.0, mu_S2=0.1, Xi2=0.1)
    >>> study = norms | dict(d_z=5, gamma=0.1, nu=0.05, fractions=[(0.1, 0.1, 0.5)], trials=3)
    >>> group_table([study], seed=0)[["n", "N", "designs"]].to_numpy().tolist()
    [[50, 100, 3]]
    """
    settings = []
    for study in studies:
        given = {"cosine": 1.0, "law": "mean_shift", "engine": "auto", **study}
        key = {name: given.pop(name) for name in NORMS}
        model, d_z = GroupModel.from_norms(**key), given.pop("d_z")
        n, N = (max(1, round(d_z / ratio)) for ratio in (given.pop("gamma"), given.pop("nu")))
        fractions = [tuple(float(eta) for eta in point) for point in given.pop("fractions")]
        theory.check_setting(p_T=model.p_T, p_S=model.p_S, gamma=d_z / n, nu=d_z / N)
        for name, values in zip(FRACTIONS, zip(*fractions, strict=True), strict=True):
            model.check_fraction(name, values)
        settings.append(
            {
                "key": key,
                "sizes": {"n": n, "N": N, "d_z": d_z},
                "fractions": fractions,
                "seed": parallel.seed_sequence(seed, "groups", given["engine"], model.p_T, model.p_S, d_z, n),
                **given,
            }
        )
    return pd.concat(parallel.run(_rows, settings, label=label), ignore_index=True)


def _rows(
    key: Mapping[str, Any], sizes: Mapping[str, Any], fractions: Sequence[tuple[float, float, float]], **options: Any
) -> pd.DataFrame:
    model = GroupModel.from_norms(**key)
    columns: dict[str, Any] = dict(
        zip(FRACTIONS, (np.array(values) for values in zip(*fractions, strict=True)), strict=True)
    )
    drawn = simulate(model, **sizes, **columns, **options, steady=options.get("engine") != "raw")
    gamma, nu = sizes["d_z"] / sizes["n"], sizes["d_z"] / sizes["N"]
    # one frame at the end: columns added one by one cost more than many a simulation
    table: dict[str, Any] = {**key, "engine": drawn.engine, **sizes, **columns, "designs": drawn.trials}
    moments, risks = model.moments(), {}
    for end, law, order in (("limit", model.law, "proportional"), ("printed", "mean_shift", "leading")):
        setting = moments | {"law": law, "order": order, "gamma": gamma}
        student = theory.student_risk(*columns.values(), **setting, nu=nu)
        for name in ("mu_S", "Xi"):
            setting.pop(name)
        risks["teacher", end] = theory.teacher_risk(columns["eta_l"], columns["eta_t"], **setting)
        risks["student", end] = student
        risks["gain", end] = risks["teacher", end] - student
    for name in MEASURED:
        mean, se = estimate(getattr(drawn, name) / gamma)
        table[name], table[f"{name}_se"] = mean, se
        for end in ("limit", "printed"):
            table[f"{name}_{end}"] = risks[name, end] / gamma
    both = np.stack([drawn.teacher, drawn.student], axis=-1) / gamma
    table["draws"] = [both[:, at] for at in range(len(fractions))]
    return pd.DataFrame(table)[[*GROUP_COLUMNS, "draws"]]


def _designs(row: pd.Series, of: str) -> np.ndarray:
    teacher, student = row["draws"].T
    return {"teacher": teacher, "student": student, "gain": teacher - student}[of]


def paired_steps(table: pd.DataFrame, along: str, *, by: Sequence[str], of: str = "gain") -> pd.DataFrame:
    """Differences between neighbouring points, design by design: what two points share cancels.

    Parameters
    ----------
    table : DataFrame
        From `group_table`; within a group all points have the same number of designs.
    along : str
        The column that rises within a group.
    by : sequence of str
        Columns that are constant within a group.
    of : {"gain", "teacher", "student"}

    Returns
    -------
    DataFrame
        One row a step: ``by``, ``from`` and ``to`` (values of ``along``), ``step`` (later minus earlier), ``se``,
        ``exact`` (the step of the limit), ``df``.

    Raises
    ------
    ValueError
        If two neighbours differ in their number of designs.

    Examples
    --------
    >>> norms = dict(p_T=3, p_S=2, mu_T2=4.0, mu_S2=0.1, Xi2=0.1)
    >>> points = [(0.1, x, 0.5) for x in (0.1, 0.5)]
    >>> drawn = group_table([norms | dict(d_z=5, gamma=0.1, nu=0.05, fractions=points, trials=20)], seed=0)
    >>> steps = paired_steps(drawn, "eta_u", by=["N"])
    >>> bool(abs(steps.step[0] - (drawn.gain[1] - drawn.gain[0])) < 1e-12)
    True
    """
    rows = []
    for group, members in table.groupby(list(by), sort=True):
        members = members.sort_values(along)
        for (_, low), (_, high) in zip(members.iloc[:-1].iterrows(), members.iloc[1:].iterrows(), strict=True):
            if low["designs"] != high["designs"]:
                raise ValueError(f"designs = {low['designs']}, {high['designs']} is not allowed: pairs of designs")
            mean, se = estimate(_designs(high, of) - _designs(low, of))
            step = {"from": low[along], "to": high[along], "step": float(mean), "se": float(se)}
            limit = {"exact": high[f"{of}_limit"] - low[f"{of}_limit"], "df": int(low["designs"]) - 1}
            rows.append(dict(zip(by, group, strict=True)) | step | limit)
    return pd.DataFrame(rows, columns=[*by, "from", "to", "step", "se", "exact", "df"])


def simulated_optima(table: pd.DataFrame, *, by: Sequence[str]) -> pd.DataFrame:
    """Vertex of the parabola that the simulated student's risk follows in ``eta_u``.

    Parameters
    ----------
    table : DataFrame
        From `group_table`, with at least three values of ``eta_u`` in each group, that share their designs.
    by : sequence of str
        Columns that are constant within a group, ``eta_l`` and ``eta_t`` among them.

    Returns
    -------
    DataFrame
        ``by``, ``optimum``, ``optimum_se`` (jackknife over designs), ``designs``.

    Raises
    ------
    ValueError
        With fewer than three values of ``eta_u``.

    Examples
    --------
    >>> norms = dict(p_T=3, p_S=2, mu_T2=4.0, mu_S2=0.1, Xi2=0.1)
    >>> points = [(0.3, x, 0.3) for x in (0.1, 0.3, 0.5)]
    >>> drawn = group_table([norms | dict(d_z=10, gamma=0.02, nu=0.02, fractions=points, trials=40)], seed=0)
    >>> found = simulated_optima(drawn, by=["eta_l", "eta_t"]).iloc[0]
    >>> bool(abs(found.optimum - 0.3) < 4 * found.optimum_se)
    True
    """
    rows = []
    for group, members in table.groupby(list(by), sort=True):
        if members.eta_u.nunique() < 3:
            raise ValueError(f"eta_u = {sorted(members.eta_u.unique())} is not allowed: at least three values")
        bends = _coefficients(members, "eta_u", 2, "student")
        found, se = _jackknife(bends, lambda total: -total[..., 1] / (2 * total[..., 0]))
        rows.append(dict(zip(by, group, strict=True)) | {"optimum": found, "optimum_se": se, "designs": len(bends)})
    return pd.DataFrame(rows)


def simulated_zeros(table: pd.DataFrame, along: str, *, by: Sequence[str]) -> pd.DataFrame:
    """Where the line that the mean gain follows crosses zero.

    Parameters
    ----------
    table : DataFrame
        From `group_table`, with at least two values of ``along`` in each group, that share their designs.
    along : str
        The column on which the mean gain depends linearly, e.g. ``mu_T2``.
    by : sequence of str
        Columns that are constant within a group.

    Returns
    -------
    DataFrame
        ``by``, ``zero``, ``zero_se`` (jackknife over designs), ``designs``.

    Raises
    ------
    ValueError
        With fewer than two values of ``along``.

    Examples
    --------
    >>> study = dict(p_T=3, p_S=2, mu_S2=0.0, Xi2=0.0, d_z=10, gamma=0.02, nu=0.02, fractions=[(0.4, 0.1, 0.5)])
    >>> drawn = group_table([study | dict(mu_T2=x, trials=40) for x in (5.0, 40.0)], seed=0)
    >>> bool(abs(simulated_zeros(drawn, "mu_T2", by=["N"]).zero[0] - 24) < 2)
    True
    """
    rows = []
    for group, members in table.groupby(list(by), sort=True):
        if members[along].nunique() < 2:
            raise ValueError(f"{along} = {members[along].unique().tolist()} is not allowed: at least two values")
        lines = _coefficients(members, along, 1, "gain")
        found, se = _jackknife(lines, lambda total: -total[..., 1] / total[..., 0])
        rows.append(dict(zip(by, group, strict=True)) | {"zero": found, "zero_se": se, "designs": len(lines)})
    return pd.DataFrame(rows)


def _coefficients(members: pd.DataFrame, along: str, degree: int, of: str) -> np.ndarray:
    """Polynomial through the points of each design, highest power first, shape (designs, degree + 1)."""
    basis = np.linalg.pinv(np.vander(members[along], degree + 1))
    return np.stack([_designs(row, of) for _, row in members.iterrows()], axis=1) @ basis.T


def _jackknife(values: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    """A function of the sum over designs, and its standard error."""
    total, trials = values.sum(0), len(values)
    left_out = statistic(total - values)
    return float(statistic(total)), float(np.sqrt((trials - 1) * np.mean((left_out - left_out.mean()) ** 2)))
