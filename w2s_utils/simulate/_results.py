"""Drawn risks, their means and their standard errors over designs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from w2s_utils.metrics import FloatOrArray, Risks

Array = NDArray[np.float64]
MODELS = ("teacher", "student", "baseline", "ceiling")


class Estimate(NamedTuple):
    """A mean and its standard error over designs."""

    value: float
    se: float


@dataclass(frozen=True, eq=False)
class SimulatedRisks:
    """Drawn risks of the four models; all standard errors are over designs.

    Parameters
    ----------
    risks : ndarray, shape (trials, noise_draws, 4)
        Population excess risks of teacher, student, baseline and ceiling.
    variances : ndarray, shape (trials, noise_draws, 4)
        Mean squared effect of the label noise on each model's own training inputs (the student: on the unlabelled
        sample), the second definition of variance in the talks of dong2025.
    engine, label_noise : str
        How they were drawn.

    Examples
    --------
    >>> from w2s_utils.simulate.gaussian_pair import GaussianPair, simulate
    >>> pair = GaussianPair.axis_aligned(d_w=20, d_s=10, d_sw=5, sigma2=1.0)
    >>> drawn = simulate(pair, 60, 500, trials=50, noise_draws=4)
    >>> drawn.pgr_of_means.value == drawn.mean_pgr.value
    False
    """

    risks: Array
    variances: Array
    engine: str
    label_noise: str

    @property
    def trials(self) -> int:
        """Number of designs drawn."""
        return self.risks.shape[0]

    @property
    def draws(self) -> int:
        """Number of label-noise draws, all designs together."""
        return self.risks.shape[0] * self.risks.shape[1]

    def _summary(self, values: Array) -> tuple[Risks, Risks]:
        designs = values.mean(axis=1)
        means = designs.mean(axis=0)
        errors = designs.std(axis=0, ddof=1) / np.sqrt(self.trials)
        return Risks(*(float(x) for x in means)), Risks(*(float(x) for x in errors))

    @property
    def means(self) -> Risks:
        """Mean population excess risks."""
        return self._summary(self.risks)[0]

    @property
    def standard_errors(self) -> Risks:
        """Standard errors of `means`."""
        return self._summary(self.risks)[1]

    @property
    def variance_means(self) -> Risks:
        """Mean label-noise variances on each model's own training inputs."""
        return self._summary(self.variances)[0]

    @property
    def variance_standard_errors(self) -> Risks:
        """Standard errors of `variance_means`."""
        return self._summary(self.variances)[1]

    def _of_means(self, ratio: Callable[[Array], FloatOrArray]) -> Estimate:
        designs = self.risks.mean(axis=1)
        total = designs.sum(axis=0)
        value = float(ratio(total / self.trials))
        # jackknife over designs: pseudo-values follow the correlation between the four risks
        rest = np.asarray(ratio(((total - designs) / (self.trials - 1)).T))
        return Estimate(value, float(np.sqrt((self.trials - 1) * np.mean((rest - rest.mean()) ** 2))))

    def _per_trial(self, ratio: Callable[[Array], FloatOrArray]) -> Estimate:
        if self.label_noise == "averaged":
            raise ValueError("label_noise = averaged gives mean risks only: per-trial ratios need label_noise='drawn'")
        designs = np.asarray(ratio(np.moveaxis(self.risks, -1, 0))).mean(axis=1)
        return Estimate(float(designs.mean()), float(designs.std(ddof=1) / np.sqrt(self.trials)))

    @property
    def mean_pgr(self) -> Estimate:
        """Mean of the per-trial PGR, as the authors average it."""
        return self._per_trial(lambda risks: Risks(*risks).pgr)

    @property
    def mean_opr(self) -> Estimate:
        """Mean of the per-trial OPR, as the authors average it."""
        return self._per_trial(lambda risks: Risks(*risks).opr)

    @property
    def pgr_of_means(self) -> Estimate:
        """PGR of the mean risks, what the closed forms give."""
        return self._of_means(lambda risks: Risks(*risks).pgr)

    @property
    def opr_of_means(self) -> Estimate:
        """OPR of the mean risks, what the closed forms give."""
        return self._of_means(lambda risks: Risks(*risks).opr)

    @property
    def relative_se(self) -> float:
        """Largest relative standard error of the mean risks and variances."""
        ratios = [
            np.asarray(getattr(errors, model)) / getattr(means, model)
            for means, errors in (self._summary(self.risks), self._summary(self.variances))
            for model in MODELS
            if getattr(means, model) > 0
        ]
        return float(max(ratios, default=0.0))
