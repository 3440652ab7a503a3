"""Pairs and simulations that are refused, in one line that names the argument, its value and what is allowed."""

import numpy as np
import pytest

from tests.gaussian_cases import aligned
from w2s_utils.simulate.gaussian_pair import GaussianPair, simulate

PAIR = aligned(8, 5, 2, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(d_w=0), "d_w = 0 is not allowed: an integer >= 1"),
        (dict(d_w=2.5), "d_w = 2.5 is not allowed: an integer >= 1"),
        (dict(d_s=float("nan")), "d_s = nan is not allowed: an integer >= 1"),
        (dict(d_s=float("inf")), "d_s = inf is not allowed: an integer >= 1"),
        (dict(d_sw=6), "d_sw = 6 is not allowed: an integer, 0 <= d_sw <= min(d_w, d_s) = 5"),
        (dict(d_sw=-1), "d_sw = -1 is not allowed: an integer, 0 <= d_sw <= min(d_w, d_s) = 5"),
        (dict(d_sw=1.5), "d_sw = 1.5 is not allowed: an integer, 0 <= d_sw <= min(d_w, d_s) = 5"),
        (dict(sigma2=-1e-3), "sigma2 = -0.001 is not allowed: sigma2 >= 0"),
        (dict(sigma2=float("nan")), "sigma2 = nan is not allowed: sigma2 >= 0"),
        (dict(d_target=-1), "d_target = -1 is not allowed: an integer >= 0"),
        (dict(target_scale=float("nan")), "target_scale = nan is not allowed: a finite number"),
        (dict(target_power=float("inf")), "target_power = inf is not allowed: a finite number"),
        (
            dict(signs=np.ones(12)),
            "signs = [1. 1. 1. 1. 1. 1. 1. 1. 1. 1. 1. 1.] is not allowed: 13 values of +1 or -1",
        ),
        (dict(signs=np.zeros(300), d_target=300), "signs = [0. 0. 0."),
    ],
)
def test_aligned_pair_refuses(change, message):
    with pytest.raises(ValueError) as error:
        GaussianPair.axis_aligned(**(dict(d_w=8, d_s=5, d_sw=2, sigma2=1.0) | change))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(angles=[0.1]), "angles = [0.1] is not allowed: min(d_w, d_s) = 2 values in [0, pi/2]"),
        (dict(angles=[0.1, -0.1]), "angles = [0.1, -0.1] is not allowed: min(d_w, d_s) = 2 values in [0, pi/2]"),
        (dict(angles=[0.1, 1.6]), "angles = [0.1, 1.6] is not allowed"),
        (dict(angles=[0.1, float("nan")]), "angles = [0.1, nan] is not allowed"),
        (dict(d_w=0), "d_w = 0 is not allowed: an integer >= 1"),
        (dict(sigma2=-1.0), "sigma2 = -1.0 is not allowed: sigma2 >= 0"),
        (dict(target_weak=[1.0, 2.0]), "target_weak = an array of shape (2,) is not allowed: one number or 3"),
        (dict(target_residual=np.ones(5)), "target_residual = an array of shape (5,) is not allowed: one number or 2"),
        (dict(target_weak=float("nan")), "target_weak = nan or inf is not allowed: finite values"),
        (dict(target_outside=[float("inf")]), "target_outside = nan or inf is not allowed: finite values"),
    ],
)
def test_pair_from_angles_refuses(change, message):
    good = dict(angles=[0.1, 0.2], d_w=3, d_s=2, sigma2=1.0) | change
    with pytest.raises(ValueError) as error:
        GaussianPair.from_angles(good.pop("angles"), **good)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(n=9), "n = 9 is not allowed: an integer, n > d_w + 1 = 9 (the expected risk is infinite otherwise)"),
        (dict(n=20.5), "n = 20.5 is not allowed: an integer, n > d_w + 1 = 9"),
        (dict(n=float("nan")), "n = nan is not allowed: an integer, n > d_w + 1 = 9"),
        (dict(N=6), "N = 6 is not allowed: an integer, N > d_s + 1 = 6 (the expected risk is infinite otherwise)"),
        (dict(N=float("inf")), "N = inf is not allowed: an integer, N > d_s + 1 = 6"),
        (dict(trials=1), "trials = 1 is not allowed: an integer >= 2"),
        (dict(trials=2.5), "trials = 2.5 is not allowed: an integer >= 2"),
        (dict(noise_draws=0), "noise_draws = 0 is not allowed: an integer >= 1"),
        (dict(noise_draws=2, label_noise="averaged"), "noise_draws = 2 is not allowed: 1 when label_noise is averaged"),
        (dict(label_noise="mean"), "label_noise = 'mean' is not allowed: drawn or averaged"),
        (dict(latent="cauchy"), "latent = 'cauchy' is not allowed: one of gaussian, rademacher, uniform, t5"),
        (dict(engine="fast"), "engine = 'fast' is not allowed: auto, bartlett or raw"),
        (dict(engine="bartlett", latent="t5"), "engine = 'bartlett' is not allowed: raw or auto for latent = 't5'"),
        (dict(target_se=0.0), "target_se = 0.0 is not allowed: a positive relative standard error"),
        (dict(target_se=float("nan")), "target_se = nan is not allowed: a positive relative standard error"),
        (dict(seed=-1), "seed = -1 is not allowed: an integer >= 0"),
    ],
)
def test_simulation_refuses(change, message):
    good = dict(n=20, N=30, trials=2) | change
    with pytest.raises(ValueError) as error:
        simulate(PAIR, good.pop("n"), good.pop("N"), **good)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change", [dict(engine="raw"), dict(label_noise="averaged", noise_draws=1), dict(noise_draws=3)]
)
def test_resuming_another_call_is_refused(change):
    options = dict(trials=4, noise_draws=2, engine="bartlett")
    earlier = simulate(PAIR, 20, 30, **options)
    with pytest.raises(ValueError, match=r"^resume = \('bartlett', 'drawn', 2\) is not allowed: a result of the same"):
        simulate(PAIR, 20, 30, **(options | change), resume=earlier)
