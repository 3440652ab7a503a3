"""Simulation beside theory, point by point: the tables behind figures and claims.

``theory`` and ``simulate`` never import each other; this module is where they meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from w2s_utils import parallel
from w2s_utils.simulate.gaussian_pair import MODELS, GaussianPair, SimulatedRisks, simulate
from w2s_utils.theory import intrinsic_dimension as theory

_PAIR = ("d_w", "d_s", "d_sw", "sigma2", "target_scale")
GAUSSIAN_PAIR_KEYS = (*_PAIR, "latent", "engine", "n", "N")


def gaussian_pair_table(
    points: Sequence[Mapping[str, Any]], *, seed: int, label: str = "simulation", **options: Any
) -> pd.DataFrame:
    """Simulate a list of points of axis-aligned pairs and put the closed forms beside the draws.

    Parameters
    ----------
    points : sequence of mapping
        Each with ``d_w, d_s, d_sw, sigma2, n, N``, and optionally ``target_scale`` and arguments of
        `simulate.gaussian_pair.simulate` that hold for this point only.
    seed : int
        The chapter's seed; each point derives its own from its keys.
    label : str
        Shown with the progress.
    **options
        Arguments of `simulate.gaussian_pair.simulate` for all points.

    Returns
    -------
    DataFrame
        One row a point: keys `GAUSSIAN_PAIR_KEYS`; ``designs``; for each model ``m``: ``m`` and ``m_se`` (population
        excess risk), ``m_exact``, ``m_plotted`` (the authors' curve), ``m_variance`` and ``m_variance_se`` (on its
        own training inputs); ``pgr``, ``opr`` (of means) and, with drawn noise, ``mean_pgr``, ``mean_opr`` (of
        trials), with standard errors, ``_exact`` and ``_plotted``; approximation errors ``rho_w``, ``rho_s``.

    Raises
    ------
    ValueError
        As `simulate.gaussian_pair.simulate`; for dimensions, sample sizes and the target before anything is drawn.

    Examples
    --------
    >>> point = dict(d_w=20, d_s=10, d_sw=5, sigma2=1.0, n=60, N=500)
    >>> table = gaussian_pair_table([point], seed=0, trials=4)
    >>> table[["d_sw", "n", "N"]].to_numpy().tolist()
    [[5, 60, 500]]
    """
    settings = []
    for point in points:
        given = {"target_scale": 1 / np.sqrt(point["d_w"] * point["d_s"]), **options, **point}
        chosen = {"latent": given.pop("latent", "gaussian"), "engine": given.pop("engine", "bartlett")}
        shape = {key: given.pop(key) for key in _PAIR}
        n, N = given.pop("n"), given.pop("N")
        pair = GaussianPair.axis_aligned(**shape)
        theory.check_setting(n, N, d_w=pair.d_w, d_s=pair.d_s)
        key = {**shape, **chosen, "n": n, "N": N}
        settings.append({"key": key, **given, "seed": parallel.seed_sequence(seed, *key.values())})
    return pd.DataFrame(parallel.run(_row, settings, label=label))


def _row(key: Mapping[str, Any], **arguments: Any) -> dict[str, Any]:
    pair = GaussianPair.axis_aligned(**{name: key[name] for name in _PAIR})
    n, N = key["n"], key["N"]
    drawn = simulate(pair, n, N, latent=key["latent"], engine=key["engine"], **arguments)
    moments = pair.moments()
    exact = theory.excess_risks(n, N, sigma2=pair.sigma2, **moments)
    plain = {name: moments[name] for name in ("d_w", "d_s", "d_sw", "rho_w", "rho_s")}
    plotted = theory.plotted_risks(n, N, sigma2=pair.sigma2, **plain)
    row = {**key, "designs": drawn.trials, "rho_w": moments["rho_w"], "rho_s": moments["rho_s"]}
    for model in MODELS:
        row[model] = getattr(drawn.means, model)
        row[f"{model}_se"] = getattr(drawn.standard_errors, model)
        row[f"{model}_exact"] = float(getattr(exact, model))
        row[f"{model}_plotted"] = float(getattr(plotted, model))
        row[f"{model}_variance"] = getattr(drawn.variance_means, model)
        row[f"{model}_variance_se"] = getattr(drawn.variance_standard_errors, model)
    return row | _ratios(drawn, exact, plotted)


def _ratios(drawn: SimulatedRisks, exact: Any, plotted: Any) -> dict[str, float]:
    row = {}
    for ratio in ("pgr", "opr"):
        estimates = {ratio: getattr(drawn, f"{ratio}_of_means")}
        if drawn.label_noise == "drawn":
            estimates[f"mean_{ratio}"] = getattr(drawn, f"mean_{ratio}")
        for name, estimate in estimates.items():
            row[name], row[f"{name}_se"] = estimate
        # without noise and without misspecification all risks are 0, and the ratios undefined
        with np.errstate(invalid="ignore", divide="ignore"):
            row[f"{ratio}_exact"], row[f"{ratio}_plotted"] = (
                float(getattr(exact, ratio)),
                float(getattr(plotted, ratio)),
            )
    return row


def neighbours(table: pd.DataFrame, along: str, names: Sequence[str], *, by: Sequence[str]) -> pd.DataFrame:
    """Differences between neighbouring rows of independent estimates, the contrasts behind trends.

    Parameters
    ----------
    table : DataFrame
        Columns ``along``, ``by``, ``designs``, and ``x`` with ``x_se`` for every name.
    along : str
        The column that rises within a group.
    names : sequence of str
        Estimates to compare.
    by : sequence of str
        Columns that are constant within a group.

    Returns
    -------
    DataFrame
        One row a step: ``by``, ``name``, ``from`` and ``to`` (values of ``along``), ``step`` (later minus earlier),
        ``exact`` (the same of the exact ratio of means, nan if unknown), ``se``, ``df`` (of the less certain of the
        two).

    Raises
    ------
    KeyError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"k": [1, 1], "n": [2, 1], "x": [5.0, 3.0], "x_se": [0.3, 0.4], "designs": [9, 5]})
    >>> neighbours(table, "n", ["x"], by=["k"])[["from", "to", "step", "se", "df"]].to_numpy().tolist()
    [[1.0, 2.0, 2.0, 0.5, 4.0]]
    """
    rows = []
    for group, members in table.groupby(list(by), sort=True):
        members = members.sort_values(along)
        for (_, low), (_, high) in zip(members.iloc[:-1].iterrows(), members.iloc[1:].iterrows(), strict=True):
            for name in names:
                step = {"name": name, "from": low[along], "to": high[along], "step": high[name] - low[name]}
                exact = f"{name.removeprefix('mean_')}_exact"
                step["exact"] = high[exact] - low[exact] if exact in table else np.nan
                se = float(np.hypot(low[f"{name}_se"], high[f"{name}_se"]))
                df = int(min(low["designs"], high["designs"])) - 1
                rows.append(dict(zip(by, group, strict=True)) | step | {"se": se, "df": df})
    return pd.DataFrame(rows, columns=[*by, "name", "from", "to", "step", "exact", "se", "df"])
