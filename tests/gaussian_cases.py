"""Pairs and sample sizes that between them reach every branch of both engines of `simulate.gaussian_pair`."""

from __future__ import annotations

import numpy as np

from w2s_utils.simulate.gaussian_pair import GaussianPair


def angled(angles, d_w: int, d_s: int, sigma2: float, outside=(0.3, -0.2)) -> GaussianPair:
    """Principal angles with a target that has a part in every subspace."""
    rng = np.random.default_rng([d_w, d_s])
    weak, residual = 0.3 * rng.standard_normal(d_w), 0.3 * rng.standard_normal(d_s)
    parts = dict(target_weak=weak, target_residual=residual, target_outside=outside)
    return GaussianPair.from_angles(angles, d_w=d_w, d_s=d_s, sigma2=sigma2, **parts)


def aligned(d_w: int, d_s: int, d_sw: int, sigma2: float, scale: float = 0.3, **more) -> GaussianPair:
    return GaussianPair.axis_aligned(d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2, target_scale=scale, **more)


CASES: dict[str, tuple[GaussianPair, int, int]] = {
    "aligned": (aligned(20, 10, 5, 1.0), 60, 100),
    "few unlabelled": (aligned(20, 10, 5, 1.0, d_target=45), 60, 24),
    "wide student": (aligned(10, 20, 6, 0.5, target_power=0.5), 50, 60),
    "student contained": (aligned(15, 6, 6, 0.5), 40, 40),
    "teacher contained": (aligned(6, 15, 6, 0.5), 40, 40),
    "unrelated": (aligned(10, 8, 0, 0.5), 40, 40),
    "same features": (aligned(8, 8, 8, 0.5, d_target=12), 40, 40),
    "angles": (angled(np.linspace(0.1, 1.5, 8), 12, 8, 0.7), 40, 32),
    "angles, wide student": (angled(np.linspace(0, np.pi / 2, 6), 6, 10, 0.7), 40, 45),
    "close angles": (angled(np.linspace(0.1, 0.5, 6), 8, 6, 0.7), 20, 20),
    "n below the union": (aligned(20, 18, 2, 1.0), 36, 50),
    "n below the union, angles": (angled(np.linspace(0.2, 1.2, 14), 16, 14, 0.5), 29, 36),
    "no baseline": (aligned(8, 30, 4, 0.5), 25, 60),
    "no label noise": (angled(np.linspace(0.1, 1.5, 8), 12, 8, 0.0), 40, 40),
}
