"""A linear head: coefficients and an intercept, for one target or many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from w2s_utils._arrays import FloatArray


@dataclass(frozen=True)
class Head:
    """Linear functions of features, one for each target.

    Parameters
    ----------
    coefficients : ndarray, shape (d,) or (d, c)
        Weights.
    intercept : ndarray, shape () or (c,)
        Constants.
    """

    coefficients: FloatArray
    intercept: FloatArray

    def predict(self, features: npt.ArrayLike) -> FloatArray:
        """Values of the linear functions.

        Parameters
        ----------
        features : array_like, shape (m, d)

        Returns
        -------
        ndarray, shape (m,) or (m, c)

        Raises
        ------
        ValueError
            If the width of the features is not d.

        Examples
        --------
        >>> Head(np.array([1.0, 2.0]), np.array(0.5)).predict([[1.0, 1.0]])
        array([3.5])
        """
        X = np.asarray(features)
        if X.shape[-1] != len(self.coefficients):
            raise ValueError(f"features have {X.shape[-1]} columns; the head was fitted on {len(self.coefficients)}")
        return X @ self.coefficients + self.intercept

    def probabilities(self, features: npt.ArrayLike) -> FloatArray:
        """Logistic function of `predict`, in (0, 1); arguments as there.

        Examples
        --------
        >>> Head(np.array([1.0]), np.array(0.0)).probabilities([[0.0]])
        array([0.5])
        """
        return expit(self.predict(features))
