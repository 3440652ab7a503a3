"""A pair of feature maps over one Gaussian latent vector, and a target: the setting that both engines draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def refuse(argument: str, value: object, allowed: str) -> NoReturn:
    """Raise ValueError in one line: the argument, its value (cut short), what is allowed."""
    text = " ".join(str(value).split())
    raise ValueError(f"{argument} = {text if len(text) <= 80 else text[:77] + '...'} is not allowed: {allowed}")


def whole(argument: str, value: float, least: int, allowed: str = "") -> int:
    """Return a whole number, whatever its type; refuse fractions, nan, inf and numbers below ``least``."""
    if not np.isfinite(value) or int(value) != value or value < least:
        refuse(argument, value, allowed or f"an integer >= {least}")
    return int(value)


def _filled(argument: str, values: ArrayLike, size: int) -> Array:
    array = np.asarray(values, float)
    if array.shape not in ((), (1,), (size,)):
        refuse(argument, f"an array of shape {array.shape}", f"one number or {size}")
    return np.array(np.broadcast_to(array, (size,)))


@dataclass(frozen=True, eq=False)
class GaussianPair:
    """A weak and a strong feature map over one isotropic latent vector, and a target.

    Latent coordinates: ``d_w`` weak directions, then one residual direction for every strong direction. Strong
    direction j is ``cosines[j]`` times weak direction j plus the sine times residual direction j. Build it with
    `axis_aligned` or `from_angles`.

    Parameters
    ----------
    sigma2 : float
        Variance of the label noise.
    cosines : ndarray, shape (d_s,)
        Cosines of the principal angles, 0 beyond ``d_w``.
    target_weak, target_residual : ndarray, shapes (d_w,), (d_s,)
        Target coefficients on the weak and the residual directions (residual 0 where the cosine is 1).
    target_outside : ndarray, shape (k,)
        Target coefficients on latent directions that neither model sees.
    random_signs : bool
        Draw the signs of all target coefficients anew in each trial.

    Examples
    --------
    >>> pair = GaussianPair.axis_aligned(d_w=200, d_s=100, d_sw=10, sigma2=1e-2)
    >>> round(pair.moments()["rho_w"], 6), round(pair.moments()["rho_s"], 7)
    (0.000256, 5.48e-05)
    """

    sigma2: float
    cosines: Array
    target_weak: Array
    target_residual: Array
    target_outside: Array
    random_signs: bool = False

    @property
    def d_w(self) -> int:
        """Dimension of the weak features."""
        return self.target_weak.size

    @property
    def d_s(self) -> int:
        """Dimension of the strong features."""
        return self.cosines.size

    @classmethod
    def axis_aligned(
        cls,
        *,
        d_w: int,
        d_s: int,
        d_sw: int,
        sigma2: float,
        d_target: int | None = None,
        target_power: float = 1.0,
        target_scale: float | None = None,
        signs: ArrayLike | None = None,
    ) -> GaussianPair:
        """The authors' generator: supports aligned with the axes, target coefficients that fall as a power.

        Strong features see coordinates ``0..d_s-1``, weak ones ``d_s-d_sw..d_s-d_sw+d_w-1``; coefficient i
        (from 1) is ``+- target_scale * i**(-target_power/2)`` for ``i <= d_target``.

        Parameters
        ----------
        d_w, d_s, d_sw : int
            Dimensions, ``0 <= d_sw <= min(d_w, d_s)``.
        sigma2 : float
            Noise variance, not negative.
        d_target : int, optional
            Number of target coordinates, by default ``d_w + d_s``.
        target_power : float
            Decay of the squared coefficients.
        target_scale : float, optional
            By default ``1/sqrt(d_w d_s)``; 0 leaves pure label noise.
        signs : array_like of +-1, shape (d_target,), optional
            By default drawn anew in each trial.

        Returns
        -------
        GaussianPair

        Raises
        ------
        ValueError
            Naming the argument that is out of range.

        Examples
        --------
        >>> GaussianPair.axis_aligned(d_w=4, d_s=3, d_sw=4, sigma2=1.0)
        Traceback (most recent call last):
        ...
        ValueError: d_sw = 4 is not allowed: an integer, 0 <= d_sw <= min(d_w, d_s) = 3
        """
        d_w, d_s = whole("d_w", d_w, 1), whole("d_s", d_s, 1)
        within = f"an integer, 0 <= d_sw <= min(d_w, d_s) = {min(d_w, d_s)}"
        d_sw = whole("d_sw", d_sw, 0, within)
        if d_sw > min(d_w, d_s):
            refuse("d_sw", d_sw, within)
        d_target = d_w + d_s if d_target is None else whole("d_target", d_target, 0)
        scale = 1 / np.sqrt(d_w * d_s) if target_scale is None else target_scale
        for name, number in {"target_scale": scale, "target_power": target_power}.items():
            if not np.isfinite(number):
                refuse(name, number, "a finite number")
        flips = np.ones(d_target) if signs is None else np.asarray(signs, float)
        if flips.shape != (d_target,) or not np.all(np.abs(flips) == 1):
            refuse("signs", signs, f"{d_target} values of +1 or -1")
        start, stop = d_s - d_sw, d_s - d_sw + d_w
        target = np.zeros(max(d_target, stop))
        target[:d_target] = flips * scale * np.arange(1, d_target + 1) ** (-target_power / 2)
        cosines = np.zeros(d_s)
        cosines[:d_sw] = 1.0
        return cls._checked(
            sigma2=sigma2,
            cosines=cosines,
            target_weak=target[start:stop],
            target_residual=np.r_[np.zeros(d_sw), target[:start]],
            target_outside=target[stop:],
            random_signs=signs is None,
        )

    @classmethod
    def from_angles(
        cls,
        angles: ArrayLike,
        *,
        d_w: int,
        d_s: int,
        sigma2: float,
        target_weak: ArrayLike = 0.0,
        target_residual: ArrayLike = 0.0,
        target_outside: ArrayLike = (),
    ) -> GaussianPair:
        """A pair with given principal angles between the two feature spaces.

        Parameters
        ----------
        angles : array_like, shape (min(d_w, d_s),)
            Principal angles in radians, in [0, pi/2]; ``d_sw`` is the sum of their squared cosines.
        d_w, d_s : int
            Dimensions.
        sigma2 : float
            Noise variance.
        target_weak, target_residual : array_like, broadcast to (d_w,) and (d_s,)
            Target coefficients on the weak directions and on the parts of the strong ones orthogonal to them.
        target_outside : array_like
            Target coefficients that neither model sees.

        Returns
        -------
        GaussianPair

        Raises
        ------
        ValueError
            Naming the argument that is out of range.

        Examples
        --------
        >>> pair = GaussianPair.from_angles([0.0, np.pi / 3], d_w=3, d_s=2, sigma2=1.0, target_weak=0.1)
        >>> round(pair.moments()["d_sw"], 2)
        1.25
        """
        d_w, d_s = whole("d_w", d_w, 1), whole("d_s", d_s, 1)
        values = np.asarray(angles, float)
        if values.shape != (min(d_w, d_s),) or not np.all((values >= 0) & (values <= np.pi / 2)):
            refuse("angles", angles, f"min(d_w, d_s) = {min(d_w, d_s)} values in [0, pi/2]")
        cosines = np.zeros(d_s)
        cosines[: values.size] = np.cos(values)
        cosines[cosines < 1e-15] = 0.0
        residual = np.where(cosines < 1, _filled("target_residual", target_residual, d_s), 0.0)
        return cls._checked(
            sigma2=sigma2,
            cosines=cosines,
            target_weak=_filled("target_weak", target_weak, d_w),
            target_residual=residual,
            target_outside=np.atleast_1d(np.asarray(target_outside, float)),
        )

    @classmethod
    def _checked(cls, **fields) -> GaussianPair:
        pair = cls(**fields)
        if not pair.sigma2 >= 0 or not np.isfinite(pair.sigma2):
            refuse("sigma2", pair.sigma2, "sigma2 >= 0 and finite")
        for name in ("target_weak", "target_residual", "target_outside"):
            if not np.all(np.isfinite(getattr(pair, name))):
                refuse(name, "nan or inf", "finite values")
        return pair

    @property
    def strong_target(self) -> Array:
        """Coefficients of the best strong model, shape (d_s,)."""
        overlap = np.zeros(self.d_s)
        shared = min(self.d_w, self.d_s)
        overlap[:shared] = self.cosines[:shared] * self.target_weak[:shared]
        return overlap + np.sqrt(1 - self.cosines**2) * self.target_residual

    def moments(self) -> dict[str, float]:
        """Dimensions and approximation errors, ready for ``theory.intrinsic_dimension.excess_risks``.

        Returns
        -------
        dict
            ``d_w``, ``d_s``, ``d_sw``, ``rho_w``, ``rho_s``, ``rho_sw`` and ``p``.

        Examples
        --------
        >>> pair = GaussianPair.axis_aligned(d_w=3, d_s=2, d_sw=1, sigma2=1.0, target_scale=1.0, target_power=0.0)
        >>> pair.moments()
        {'d_w': 3, 'd_s': 2, 'd_sw': 1.0, 'rho_w': 2.0, 'rho_s': 3.0, 'rho_sw': 4.0, 'p': 2.0}
        """
        shared = min(self.d_w, self.d_s)
        seen = self.cosines[:shared] * self.target_weak[:shared]  # coefficients of P_s P_w f
        weak, outside = float(self.target_weak @ self.target_weak), float(self.target_outside @ self.target_outside)
        residual = float(self.target_residual @ self.target_residual)
        strong = self.strong_target
        total = weak + residual + outside
        return {
            "d_w": self.d_w,
            "d_s": self.d_s,
            "d_sw": float(np.sum(self.cosines**2)),
            "rho_w": residual + outside,
            "rho_s": max(total - float(strong @ strong), 0.0),
            "rho_sw": max(total - 2 * float(seen @ strong[:shared]) + float(seen @ seen), 0.0),
            "p": max(weak - float(seen @ seen), 0.0),
        }
