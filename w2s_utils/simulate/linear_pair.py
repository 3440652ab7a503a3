"""Two linear maps of one latent vector, drawn as raw data: teacher and student of any second moments.

Draws rows and calls `regression.fit_ridge` twice; shares nothing with the theory, which it must not import.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_utils import parallel
from w2s_utils._arrays import FloatArray
from w2s_utils.regression import fit_ridge
from w2s_utils.simulate._pair import refuse, whole


@dataclass(frozen=True, eq=False)
class LinearPair:
    """Weak features ``W z``, strong features ``S z``, labels ``beta'z + noise``, with z standard normal.

    Parameters
    ----------
    weak, strong : ndarray, shapes (D_w, D_z), (D_s, D_z)
    beta : ndarray, shape (D_z,)
    sigma2 : float
        Variance of the label noise, at least 0.

    Raises
    ------
    ValueError
        If shapes do not fit or the noise is negative.

    Examples
    --------
    >>> pair = LinearPair(np.eye(3), np.eye(3)[:2], np.ones(3), 0.5)
    >>> pair.moments()["target"], pair.moments()["cross"].shape
    (3.5, (2, 3))
    """

    weak: FloatArray
    strong: FloatArray
    beta: FloatArray
    sigma2: float

    def __post_init__(self) -> None:
        size = np.size(self.beta)
        for name in ("weak", "strong"):
            if np.ndim(getattr(self, name)) != 2 or getattr(self, name).shape[1] != size:
                refuse(name, f"an array of shape {np.shape(getattr(self, name))}", f"(features, {size}), as beta")
        if not self.sigma2 >= 0:
            refuse("sigma2", self.sigma2, "at least 0")

    def moments(self) -> dict[str, FloatArray | float]:
        """Second moments by name, as `theory.deterministic_equivalent.Moments` takes them."""
        W, S, beta = self.weak, self.strong, self.beta
        return {
            "weak": W @ W.T, "strong": S @ S.T, "cross": S @ W.T, "weak_target": W @ beta, "strong_target": S @ beta,
            "target": float(beta @ beta + self.sigma2),
        }  # fmt: skip


def simulate(
    pair: LinearPair,
    n: int,
    N: int,
    *,
    teacher_penalty: float = 0.0,
    student_penalty: float = 0.0,
    trials: int = 40,
    seed: int | np.random.SeedSequence = 0,
) -> FloatArray:
    """Draw excess risks of teacher and student.

    Parameters
    ----------
    pair : LinearPair
    n, N : int
        Labelled and unlabelled rows, at least 1.
    teacher_penalty, student_penalty : float
        As in `regression.fit_ridge`.
    trials : int
        Designs, at least 2.
    seed : int or SeedSequence

    Returns
    -------
    ndarray, shape (trials, 2)
        Squared distances of the fits from the noise-free target, over fresh points.

    Raises
    ------
    ValueError
        Outside these ranges.

    Examples
    --------
    >>> pair = LinearPair(np.eye(3), np.eye(3), np.ones(3), 0.0)
    >>> bool(simulate(pair, 10, 10, trials=2).max() < 1e-20)
    True
    """
    n, N, trials = whole("n", n, 1), whole("N", N, 1), whole("trials", trials, 2)
    drawn = np.empty((trials, 2))
    for trial in range(trials):
        rng = parallel.generator(seed, trial)
        z = rng.standard_normal((n + N, pair.beta.size))
        weak = z @ pair.weak.T
        labels = z[:n] @ pair.beta + np.sqrt(pair.sigma2) * rng.standard_normal(n)
        teacher = fit_ridge(weak[:n], labels, teacher_penalty)
        student = fit_ridge(z[n:] @ pair.strong.T, weak[n:] @ teacher, student_penalty)
        drawn[trial] = [
            np.sum((pair.weak.T @ teacher - pair.beta) ** 2),
            np.sum((pair.strong.T @ student - pair.beta) ** 2),
        ]
    return drawn
