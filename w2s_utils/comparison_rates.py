"""The ridge theorem's setting, simulated beside its bounds, and rates fitted to the draws.

``theory`` and ``simulate`` never import each other; they meet here and in `comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from w2s_utils import parallel
from w2s_utils.simulate._results import Estimate
from w2s_utils.simulate.ridge import estimate, simulate_shared
from w2s_utils.theory import regularization as theory


def shared_table(
    points: Sequence[Mapping[str, Any]], *, seed: int, label: str = "shared", **options: Any
) -> pd.DataFrame:
    """Simulate points of the ridge theorem's setting, with the slide's bound and this book's beside them.

    Parameters
    ----------
    points : sequence of mapping
        ``case`` (a name), ``n``, ``N``, ``weak``, ``strong``, ``target``, ``sigma2``; optionally ``alpha``, one
        number for both penalties, ``"printed"`` or ``"replacement"`` (by default the cube roots), ``engine``,
        ``trials``.
    seed : int
        The chapter's seed; each point derives its own from case, engine, n and N.
    label : str
        Shown with the progress.
    **options
        Arguments of `simulate.ridge.simulate_shared` for all points; those of a point take precedence.

    Returns
    -------
    DataFrame
        One row a point: ``case, engine, n, N, dims, sigma2``; ``alpha_w``, ``alpha_s``; ``designs``; ``risk`` (fresh
        points), ``sample`` (unlabelled sample), ``teacher_bias``, each with ``_se``; ``bound`` and ``replacement``;
        ``condition``, what the teacher's bias must stay below for the replacement. For a target of 0 the bounds are
        those of the variance.

    Raises
    ------
    ValueError
        As `simulate.ridge.simulate_shared`.

    Examples
    --------
    >>> point = dict(case="one", n=50, N=500, weak=[1.0], strong=[1.0], target=[1.0], sigma2=1.0)
    >>> shared_table([point], seed=0, trials=4)[["case", "n", "bound"]].round(4).to_numpy().tolist()
    [['one', 50, 0.0646]]
    """
    return pd.DataFrame(parallel.run(_point, [{"seed": seed, **options, **point} for point in points], label=label))


def _point(
    case: str, n: int, N: int, seed: int, alpha: float | str | None = None, engine: str = "bartlett", **given: Any
) -> dict[str, Any]:
    weak, strong, target = (np.asarray(given[name], float) for name in ("weak", "strong", "target"))
    nothing = not target.any()  # then the terms of the target drop out of the bounds
    norms = {"norm_w": float((target**2 / weak).sum()) or 1e-12, "norm_s": float((target**2 / strong).sum()) or 1e-12}
    at = {"sigma2": given["sigma2"], "overlap": float((weak * strong).sum()), **norms}
    traces = float(weak.sum() * strong.sum())
    if alpha in (None, "printed"):
        first, second = theory.ridge_penalties(n, N, **at, form=alpha or "cube_root")
    elif alpha == "replacement":
        first, second = theory.replacement_penalties(n, N, traces=traces, **at)
    else:
        first = second = float(alpha)
    penalties: dict[str, Any] = {"alpha_w": float(first), "alpha_s": float(second)}
    key = parallel.seed_sequence(seed, "shared", case, engine, n, N)
    drawn = simulate_shared(n, N, engine=engine, seed=key, **penalties, **given)
    row: dict[str, Any] = {"case": case, "engine": engine, "n": n, "N": N, "dims": weak.size, "sigma2": at["sigma2"]}
    row |= penalties
    row["designs"] = drawn.fresh.size
    for name, values in (("risk", drawn.fresh), ("sample", drawn.sample), ("teacher_bias", drawn.teacher_bias)):
        row[name], row[f"{name}_se"] = (float(x) for x in estimate(values))
    row["bound"] = np.inf if nothing else float(theory.ridge_bound(n, N, **at))
    row["replacement"] = float(theory.ridge_replacement(n, N, traces=traces, **penalties, **at))
    return row | {"condition": 0.75 * penalties["alpha_w"] * norms["norm_w"]}


def fitted_exponent(size: ArrayLike, value: ArrayLike, se: ArrayLike) -> Estimate:
    """Exponent of a power law, by least squares on logarithms weighted by the points' own standard errors.

    Parameters
    ----------
    size, value, se : array_like, shape (k,)
        What grows, measured means and their standard errors, all above 0.

    Returns
    -------
    Estimate
        Exponent and its standard error as the points' errors imply it.

    Raises
    ------
    ValueError
        With fewer than two sizes, or a value that is not above 0.

    Examples
    --------
    >>> fitted = fitted_exponent([1.0, 8.0, 64.0], [1.0, 0.5, 0.25], [0.01, 0.005, 0.0025])
    >>> round(fitted.value, 6), round(fitted.se, 4)
    (-0.333333, 0.0034)
    """
    arrays = {"size": np.asarray(size, float), "value": np.asarray(value, float), "se": np.asarray(se, float)}
    for name, array in arrays.items():
        if not (array > 0).all():
            raise ValueError(f"{name} = {array.min():g} is not allowed: above 0")
    x, y = np.log(arrays["size"]), np.log(arrays["value"])
    if np.unique(x).size < 2:
        raise ValueError(f"size = {np.unique(arrays['size']).size} different sizes is not allowed: at least 2")
    weight = (arrays["value"] / arrays["se"]) ** 2
    centred = x - np.average(x, weights=weight)
    information = float(np.sum(weight * centred**2))
    return Estimate(float(np.sum(weight * centred * y) / information), information**-0.5)
