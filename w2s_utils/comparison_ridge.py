"""Ridge simulations beside their limits, cell by cell: the tables behind the chapters on regularization.

``theory`` and ``simulate`` never import each other; they meet here and in `comparison`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from w2s_utils import parallel
from w2s_utils.simulate._results import Estimate
from w2s_utils.simulate.ridge import SimulatedRidge, estimate, simulate
from w2s_utils.theory import regularization as theory

Array = NDArray[np.float64]
RIDGE_KEYS = ("engine", "d", "n_t", "n_s", "sigma2", "zeta", "g", "lam_t", "lam_s")


def draw_panel(
    d: int,
    gamma_t: float,
    gamma_s: float,
    *,
    sigma2: float,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    zeta: float = 0.0,
    g: float = 1.0,
    engine: str = "haar",
    seed: int = 0,
    **options: Any,
) -> SimulatedRidge:
    """Simulate a grid of penalties at given aspect ratios; the seed derives from the setting, not from the grid.

    Parameters
    ----------
    d : int
        Dimension.
    gamma_t, gamma_s : float
        Aspect ratios; samples have ``round(d/gamma)`` rows.
    sigma2, lam_t, lam_s, zeta, g, engine
        As in `simulate.ridge.simulate`.
    seed : int
        The chapter's seed.
    **options
        ``trials``, ``draws``.

    Returns
    -------
    SimulatedRidge

    Raises
    ------
    ValueError
        As `simulate.ridge.simulate`; ``gamma`` must be positive.

    Examples
    --------
    >>> draw_panel(30, 0.5, 1.5, sigma2=1.0, lam_t=[0.1], lam_s=[0.1], trials=2).n_s
    20
    """
    for name, value in (("gamma_t", gamma_t), ("gamma_s", gamma_s)):
        if not (value > 0 and np.isfinite(value)):
            raise ValueError(f"{name} = {value} is not allowed: finite and above 0")
    n_t, n_s = round(d / gamma_t), round(d / gamma_s)
    key = parallel.seed_sequence(seed, "ridge", engine, d, n_t, n_s, float(sigma2), float(zeta), float(g))
    chosen: dict[str, Any] = {"sigma2": sigma2, "lam_t": lam_t, "lam_s": lam_s, "zeta": zeta, "g": g, "engine": engine}
    return simulate(d, n_t, n_s, seed=key, **chosen, **options)


def ridge_table(
    panels: Sequence[Mapping[str, Any]], *, seed: int, label: str = "ridge", **options: Any
) -> pd.DataFrame:
    """Simulate panels, each a grid of penalties, and put the limits beside the draws.

    Parameters
    ----------
    panels : sequence of mapping
        Arguments of `draw_panel`.
    seed : int
        The chapter's seed.
    label : str
        Shown with the progress.
    **options
        Arguments of `draw_panel` for all panels; those of a panel take precedence.

    Returns
    -------
    DataFrame
        One row a cell: `RIDGE_KEYS`, ``designs``; ``teacher``, ``student``, ``gain`` (teacher minus student) and
        ``ratio`` (student over teacher), each with ``_se`` and ``_limit`` (at the realised ``d/n_t`` and ``d/n_s``).

    Raises
    ------
    ValueError
        As `draw_panel`.

    Examples
    --------
    >>> panel = dict(d=20, gamma_t=0.5, gamma_s=0.5, sigma2=1.0, lam_t=[0.05, 0.5], lam_s=[0.2])
    >>> ridge_table([panel], seed=0, trials=3)[["d", "n_t", "lam_t", "designs"]].to_numpy().tolist()
    [[20.0, 40.0, 0.05, 3.0], [20.0, 40.0, 0.5, 3.0]]
    """
    settings = [{"seed": seed, **options, **panel} for panel in panels]
    return pd.concat(parallel.run(_cells, settings, label=label), ignore_index=True)


def _cells(**panel: Any) -> pd.DataFrame:
    run = draw_panel(**panel)
    shape = {"sigma2": panel["sigma2"], "zeta": panel.get("zeta", 0.0), "g": panel.get("g", 1.0)}
    grid_t, grid_s = run.lam_t[:, None], run.lam_s
    teacher, teacher_se = (part[:, None] for part in estimate(run.teacher))
    student, student_se = estimate(run.student)
    gain, gain_se = estimate(run.gain)
    ratio = student / teacher
    ratio_se = estimate(run.student - ratio * run.teacher[:, :, None])[1] / teacher
    gammas = {"gamma_t": run.d / run.n_t, "gamma_s": run.d / run.n_s}
    student_limit = theory.weighted_student_error(grid_t, grid_s, **gammas, **shape)
    teacher_limit = theory.teacher_error(grid_t, gamma_t=gammas["gamma_t"], sigma2=shape["sigma2"])
    columns: dict[str, Any] = {"engine": run.engine, "d": run.d, "n_t": run.n_t, "n_s": run.n_s, **shape}
    columns |= {"lam_t": grid_t, "lam_s": grid_s, "designs": run.trials}
    columns |= {"teacher": teacher, "teacher_se": teacher_se, "teacher_limit": teacher_limit}
    columns |= {"student": student, "student_se": student_se, "student_limit": student_limit}
    columns |= {"gain": gain, "gain_se": gain_se, "gain_limit": teacher_limit - student_limit}
    columns |= {"ratio": ratio, "ratio_se": ratio_se, "ratio_limit": student_limit / teacher_limit}
    return pd.DataFrame({name: np.broadcast_to(value, student.shape).ravel() for name, value in columns.items()})


def _jackknife(designs: Array, statistic: Callable[[Array], float]) -> Estimate:
    """Statistic of the mean over designs (first axis), with its jackknife standard error."""
    trials, total = len(designs), designs.sum(0)
    rest = np.array([statistic((total - design) / (trials - 1)) for design in designs])
    return Estimate(float(statistic(total / trials)), float(np.sqrt((trials - 1) * np.var(rest))))


def lowest_penalty(lam: ArrayLike, errors: ArrayLike) -> Estimate:
    """Penalty of the smallest mean error, by a polynomial through all points in ``log lam``.

    Parameters
    ----------
    lam : array_like, shape (k,)
        Penalties around the minimum, at least 3, increasing.
    errors : array_like, shape (trials, k)
        Errors of each design.

    Returns
    -------
    Estimate
        nan when the minimum is not inside.

    Raises
    ------
    ValueError
        With fewer than three penalties.

    Examples
    --------
    >>> lam = np.exp([-1.0, 0.0, 1.0])
    >>> round(lowest_penalty(lam, [[1.0, 0.1, 1.0], [1.2, 0.0, 1.2]]).value, 6)
    1.0
    """
    x = np.log(np.asarray(lam, float))
    if x.size < 3:
        raise ValueError(f"lam = {x.size} penalties is not allowed: at least 3")
    centre = x.mean()

    def lowest(mean: Array) -> float:
        curve = np.polyfit(x - centre, mean, x.size - 1)
        flat = np.roots(np.polyder(curve))
        flat = flat[np.abs(flat.imag) < 1e-9].real
        inside = flat[(flat > x[0] - centre) & (flat < x[-1] - centre)]
        return float(np.exp(centre + inside[np.argmin(np.polyval(curve, inside))])) if inside.size else np.nan

    return _jackknife(np.asarray(errors, float), lowest)


def _roots(x: Array, mean: Array) -> Array:
    at = np.flatnonzero(mean[:-1] * mean[1:] < 0)
    return x[at] + (x[at + 1] - x[at]) * mean[at] / (mean[at] - mean[at + 1])


def crossings(lam: ArrayLike, gains: ArrayLike) -> list[Estimate]:
    """Penalties at which the mean gain changes its sign, linear in ``log lam`` between points.

    Standard errors are the gain's at the crossing over its slope there.

    Parameters
    ----------
    lam : array_like, shape (k,)
        Increasing penalties.
    gains : array_like, shape (trials, k)
        Gain of each design.

    Returns
    -------
    list of Estimate
        Empty where the sign never changes.

    Raises
    ------
    ValueError
        If the shapes do not agree.

    Examples
    --------
    >>> [round(float(x), 6) for x in crossings([1.0, 4.0], [[-1.0, 1.0], [-1.0, 1.0]])[0]]
    [2.0, 0.0]
    """
    x, designs = np.log(np.asarray(lam, float)), np.asarray(gains, float)
    if designs.ndim != 2 or designs.shape[1] != x.size:
        raise ValueError(f"gains = an array of shape {designs.shape} is not allowed: one column for each penalty")
    mean, found = designs.mean(0), []
    for k in np.flatnonzero(mean[:-1] * mean[1:] < 0):
        (root,) = _roots(x[k : k + 2], mean[k : k + 2])
        right = (root - x[k]) / (x[k + 1] - x[k])
        spread = ((1 - right) * designs[:, k] + right * designs[:, k + 1]).std(ddof=1) / np.sqrt(len(designs))
        slope = (mean[k + 1] - mean[k]) / (x[k + 1] - x[k])
        found.append(Estimate(float(np.exp(root)), float(np.exp(root) * spread / abs(slope))))
    return found


def crossing_product(lam: ArrayLike, gains: ArrayLike) -> Estimate:
    """Product of the two penalties at which the mean gain changes its sign.

    Parameters
    ----------
    lam, gains
        As in `crossings`; penalties close around both crossings.

    Returns
    -------
    Estimate
        nan unless there are exactly two crossings.

    Raises
    ------
    ValueError
        If the shapes do not agree.

    Examples
    --------
    >>> lam = np.exp([-2.0, 0.0, 2.0])
    >>> round(crossing_product(lam, [[-1.0, 1.0, -1.0], [-1.0, 1.0, -1.0]]).value, 6)
    1.0
    """
    if len(crossings(lam, gains)) != 2:
        return Estimate(float("nan"), float("nan"))
    x = np.log(np.asarray(lam, float))

    def product(mean: Array) -> float:
        found = _roots(x, mean)
        return float(np.exp(found.sum())) if found.size == 2 else float("nan")

    return _jackknife(np.asarray(gains, float), product)
