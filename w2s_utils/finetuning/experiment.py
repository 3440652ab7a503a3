"""Pre-train, fine-tune and measure: one replicate draws rows, initial weights, head and frame anew.

Imports numpy and scipy beside its own package, `dimensions` and `parallel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2s_utils import parallel
from w2s_utils.dimensions import intrinsic_dimension
from w2s_utils.finetuning.digits import TASKS, split
from w2s_utils.finetuning.gradients import lead_product
from w2s_utils.finetuning.network import Network
from w2s_utils.finetuning.subspace import dimension_reaching
from w2s_utils.finetuning.training import finetune, linearise, pretrain, random_frame

Array = NDArray[np.float64]
SHARE = 0.9
SPECTRUM_ROWS = 200
SUBSPACE_TOLERANCE = 1e-2  # six times as many fits as without subspaces, of which only the accuracy is used
KINDS = ("real", "shuffled")


@dataclass(frozen=True)
class Transfer:
    """Setting of a replicate.

    Parameters
    ----------
    task : {"at_least_five", "odd", "unseen"}
        As in `split`.
    width : int
        Units of each of the two hidden layers.
    n, n_pre : int
        Rows to fine-tune and to pre-train on.
    penalty : float
        Of the squared distance from the start, in units of the mean squared norm of the gradient features there.
    dims : tuple of int
        Dimensions of the subspaces, increasing; none are trained when empty.

    Raises
    ------
    ValueError
        Naming the argument that is out of range.

    Examples
    --------
    >>> Transfer(width=24).parameters
    2185
    """

    task: str = "at_least_five"
    width: int = 24
    n: int = 128
    n_pre: int = 600
    penalty: float = 1e-4
    dims: tuple[int, ...] = (8, 16, 32, 64, 128)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task = {self.task!r} is not allowed: one of {', '.join(TASKS)}")
        if not 2 <= self.width <= 256:
            raise ValueError(f"width = {self.width} is not allowed: 2 <= width <= 256")
        if not 0 < self.penalty < 10:
            raise ValueError(f"penalty = {self.penalty} is not allowed: 0 < penalty < 10")
        if any(b <= a for a, b in zip((0, *self.dims), (*self.dims, self.parameters), strict=True)):
            raise ValueError(f"dims = {self.dims} is not allowed: increasing, from 1 to below {self.parameters}")

    @property
    def parameters(self) -> int:
        """Number D of parameters that are fine-tuned."""
        return Network((64, self.width, self.width, 1)).parameters


def _measure(
    setting: Transfer, net: Network, theta0: Array, rows: Any, frame: Array, lead: Array
) -> tuple[dict[str, float], list[float]]:
    penalty = setting.penalty * float(np.mean(np.diag(net.gradients(theta0, rows.X).kernel())))
    features = net.gradients(theta0, rows.test_X)
    start = features.output
    full = finetune(net, theta0, rows.X, rows.y, penalty)
    tuned = net.predict(full.theta, rows.test_X)[:, 0]
    linear = start + features.times(linearise(net, theta0, rows.X, rows.y, penalty))

    def error(output: Array) -> float:
        return float(np.mean((output > 0) != (rows.test_y > 0)))

    values = {
        "start": error(start),
        "full": error(tuned),
        "linear": error(linear),
        "distance": float(np.mean((tuned - linear) ** 2) / np.mean((tuned - start) ** 2)),
        "moved": float(np.linalg.norm(full.theta - theta0) / np.linalg.norm(theta0)),
        "gradient_dimension": float(intrinsic_dimension(net.gradients(theta0, rows.test_X[:SPECTRUM_ROWS]).dense())),
        "converged": float(full.converged),
    }
    accuracies = []
    for d in setting.dims:
        part, ahead = frame[:, :d], lead[:, :, :d]
        tied = finetune(net, theta0, rows.X, rows.y, penalty, frame=part, lead=ahead, tolerance=SUBSPACE_TOLERANCE)
        accuracies.append(1 - error(net.predict(tied.theta, rows.test_X)[:, 0]))
        values["converged"] = min(values["converged"], float(tied.converged))
    return values, accuracies


def replicate(
    setting: Transfer, models: Sequence[tuple[str, int]], *, seed: int | np.random.SeedSequence = 0
) -> list[dict[str, Any]]:
    r"""Fine-tune one network from several degrees of pre-training, and measure.

    All models share rows, initial weights, new head and frame; settings that differ in penalty or dimensions do too.

    Parameters
    ----------
    setting : Transfer
    models : sequence of (str, int)
        ``("real", steps)`` or ``("shuffled", steps)``: steps of pre-training, on true or on shuffled labels.
    seed : int or SeedSequence
        Of this replicate.

    Returns
    -------
    list of dict
        One a model: ``kind``, ``steps``; test errors ``start``, ``full``, ``linear``; ``distance``, mean squared
        difference of full and linearised fine-tuning on test rows over that of full fine-tuning and the start;
        ``moved``, :math:`|\theta-\theta_0|/|\theta_0|`; ``gradient_dimension``, directions with 99 % of the trace of
        the gradient features of 200 test rows; ``converged``, 1 if all fits were. With subspaces also
        ``accuracy_<d>``, ``d90`` and ``d_same``: dimension that reaches 90 % of the model's own full
        accuracy, and of that of the first model,
        the number of parameters when the model never reaches the latter.

    Raises
    ------
    ValueError
        For a kind that is not known, or rows that are not there.

    Examples
    --------
    >>> row, = replicate(Transfer(width=6, n=40, n_pre=50, dims=(8,)), [("real", 0)])
    >>> 8 <= row["d90"] <= 6 * 65 + 6 * 7 + 7
    True
    """
    unknown = [kind for kind, _ in models if kind not in KINDS]
    if unknown:
        raise ValueError(f"models = {unknown[0]!r} is not allowed: one of {', '.join(KINDS)}")
    rows = split(setting.task, parallel.generator(seed, 0), n=setting.n, n_pre=setting.n_pre)
    large = Network((64, setting.width, setting.width, rows.pre_Y.shape[1]))
    initial = large.initial(parallel.generator(seed, 1))
    shuffled = parallel.generator(seed, 2).permutation(len(rows.pre_Y))
    found: dict[tuple[str, int], Array] = {}
    for kind, labels in zip(KINDS, (rows.pre_Y, rows.pre_Y[shuffled]), strict=True):
        wanted = sorted({k for name, k in models if name == kind})
        if wanted:
            path = pretrain(large, initial, rows.pre_X, labels, wanted)
            found |= {(kind, k): theta for k, theta in zip(wanted, path, strict=True)}
    D = setting.parameters
    frame = random_frame(parallel.generator(seed, 3), D, max(setting.dims, default=1))
    lead = lead_product(rows.X, frame, setting.width)
    table: list[dict[str, Any]] = []
    for kind, steps in models:
        # the same stream for every model: the new head is the same
        net, theta0 = large.with_new_head(found[kind, steps], parallel.generator(seed, 4))
        values, accuracies = _measure(setting, net, theta0, rows, frame, lead)
        row: dict[str, Any] = {"kind": kind, "steps": steps, **values}
        if setting.dims:
            row |= {f"accuracy_{d}": value for d, value in zip(setting.dims, accuracies, strict=True)}
            curve = ([*setting.dims, D], [*accuracies, 1 - values["full"]])
            row["d90"] = dimension_reaching(*curve, SHARE * (1 - values["full"]))
            same = dimension_reaching(*curve, SHARE * (1 - (table[0] if table else row)["full"]))
            row["d_same"] = same if np.isfinite(same) else float(D)
        table.append(row)
    return table
