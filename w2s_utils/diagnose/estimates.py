"""Population estimates from block moments: over-fitting taken off, standard errors from the same blocks.

Every prediction is a smooth function of second moments. Put in a sample's moments and it over-fits: spectra are too
wide, alignments with the target contain its noise, in-sample errors are too small, each by about d over rows.
`Population` says what is done about it; the tests hold it against populations that are known.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from w2s_utils._arrays import FloatArray
from w2s_utils.diagnose.blocks import BLOCKS, BlockMoments
from w2s_utils.theory.deterministic_equivalent import Moments


@dataclass(frozen=True, eq=False)
class Jackknifed:
    """A statistic of the population, by leaving out one block at a time.

    Attributes
    ----------
    plugin : ndarray
        The statistic of the sample's moments: over-fits.
    left_out : ndarray, shape (20, ...)
        The same without each block.
    fitted : ndarray, optional
        Of a function of statistics: of its plug-ins. Left out, ``plugin``.
    """

    plugin: FloatArray
    left_out: FloatArray
    fitted: FloatArray | None = None

    @property
    def value(self) -> FloatArray:
        """Corrected, ``K plugin - (K - 1) mean(left_out)``: free of the bias in 1/rows."""
        count = len(self.left_out)
        return count * self.plugin - (count - 1) * self.left_out.mean(0)

    @property
    def se(self) -> FloatArray:
        """Standard error, from the spread of ``left_out``."""
        count = len(self.left_out)
        return np.sqrt((count - 1) * self.left_out.var(0))

    def of(self, function: Callable[[FloatArray], FloatArray]) -> Jackknifed:
        """A function of several statistics (a ratio, say), with its own standard error; the correction comes first.

        Examples
        --------
        >>> pair = Jackknifed(np.array([4.0, 2.0]), np.tile([4.0, 2.0], (20, 1)))
        >>> ratio = pair.of(lambda v: v[0] / v[1])
        >>> float(ratio.value), float(ratio.se)
        (2.0, 0.0)
        """
        shift = self.value - self.plugin
        left = np.array([function(row + shift) for row in self.left_out])
        centre = np.asarray(function(self.value))
        fitted = function(self.plugin if self.fitted is None else self.fitted)
        return Jackknifed(centre, left - left.mean(0) + centre, np.asarray(fitted))


class Population:
    """Moments of the sample and of the 20 samples without a block, kept with what has been solved of them.

    Parameters
    ----------
    blocks : BlockMoments
    threads : int
        At least 1; matrix decompositions run side by side.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((400, 3))
    >>> population = Population(BlockMoments.of_chunks([(x, x, x[:, :1])], 400))
    >>> found = population.estimate(lambda m: np.array(m.target))
    >>> bool(abs(found.value - 1) < 4 * found.se), float(found.value) > float(found.plugin)
    (True, True)
    """

    def __init__(self, blocks: BlockMoments, threads: int = 1, constant: bool = True) -> None:
        self.rows, self.threads = blocks.total, threads
        self.samples = self._map(lambda k: blocks.moments(k, constant), [None, *range(BLOCKS)])

    def _map(self, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        if self.threads == 1:
            return [function(item) for item in items]
        # side by side, each alone: decompositions that share their threads wait for each other
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(function, items))

    def estimate(self, statistic: Callable[[Moments], FloatArray]) -> Jackknifed:
        """Any smooth function of the moments.

        Notes
        -----
        A function F of averages over m rows has expectation ``F + a/m + O(1/m^2)``: in-sample errors are too small by
        about d/m, spectra too wide. With 1/20 of the rows left out the same ``a`` is divided by 19 m/20, and the
        combination in `Jackknifed.value` cancels it. For a residual sum of squares without penalty, which is linear in
        1/m, nothing is left; otherwise an error of order (d/m)^2, d in degrees of freedom, is. Measured against a known
        population without penalty: plug-in errors were 27 to 39 % low at 2.5 rows per feature, 11 to 18 % at 6, 3 to
        6 % at 20; corrected ones within 6, 2 and 1 %, sampling error included.
        """
        first, *others = self._map(statistic, self.samples)
        return Jackknifed(np.asarray(first, float), np.asarray(others, float))
