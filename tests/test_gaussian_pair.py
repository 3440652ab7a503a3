"""The pair of feature maps, and what a simulation promises: designs, standard errors, target, resuming."""

import numpy as np
import pytest

from tests.gaussian_cases import CASES, aligned
from tests.stats import limit
from w2s_utils.simulate import _raw
from w2s_utils.simulate.gaussian_pair import GaussianPair, simulate

PAIR = aligned(8, 5, 2, 1.0)
ENGINES = ("raw", "bartlett")


# the pair


def directions(pair: GaussianPair) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weak and strong directions and the target in one space of d_w + d_s + k orthonormal latent directions."""
    d_w, d_s = pair.d_w, pair.d_s
    weak = np.eye(d_w + d_s + pair.target_outside.size)[:, :d_w]
    strong = np.zeros((len(weak), d_s))
    for j, cosine in enumerate(pair.cosines):
        strong[d_w + j, j] = np.sqrt(1 - cosine**2)
        if j < d_w:
            strong[j, j] = cosine
    return weak, strong, np.r_[pair.target_weak, pair.target_residual, pair.target_outside]


@pytest.mark.parametrize("case", CASES)
def test_moments_are_projections(case):
    pair = CASES[case][0]
    weak, strong, f = directions(pair)
    np.testing.assert_allclose(strong.T @ strong, np.eye(pair.d_s), atol=1e-12)
    P_w, P_s = weak @ weak.T, strong @ strong.T
    expected = dict(
        d_w=pair.d_w,
        d_s=pair.d_s,
        d_sw=np.linalg.norm(strong.T @ weak) ** 2,
        rho_w=np.sum((f - P_w @ f) ** 2),
        rho_s=np.sum((f - P_s @ f) ** 2),
        rho_sw=np.sum((f - P_s @ P_w @ f) ** 2),
        p=np.sum((P_w @ f - P_s @ P_w @ f) ** 2),
    )
    assert pair.moments() == pytest.approx(expected, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(pair.strong_target, strong.T @ f, atol=1e-12)


def test_rho_sw_is_rho_w_plus_p_only_for_aligned_supports():
    for case, (pair, _, _) in CASES.items():
        m = pair.moments()
        apart = abs(m["rho_sw"] - m["rho_w"] - m["p"]) / m["rho_sw"]
        assert apart < 1e-12 if pair.random_signs else apart > 0.01, case


@pytest.mark.parametrize(("d_sw", "rho_w"), [(10, 2.56e-4), (50, 2.34e-4), (90, 1.64e-4)])
def test_authors_generator(d_sw, rho_w):
    moments = GaussianPair.axis_aligned(d_w=200, d_s=100, d_sw=d_sw, sigma2=1e-2).moments()
    assert moments["d_sw"] == d_sw
    assert moments["rho_w"] == pytest.approx(rho_w, abs=0.5e-6)
    assert moments["rho_s"] == pytest.approx(5.48e-5, abs=0.5e-7)


def test_generator_places_target_and_supports():
    pair = GaussianPair.axis_aligned(
        d_w=3, d_s=4, d_sw=2, sigma2=1.0, d_target=7, target_power=2.0, target_scale=1.0, signs=[1, -1, 1, -1, 1, -1, 1]
    )
    # strong on coordinates 0..3, weak on 2..4; coefficient i (from 1) is +-1/i
    np.testing.assert_allclose(pair.target_weak, [1 / 3, -1 / 4, 1 / 5])
    np.testing.assert_allclose(pair.strong_target, [1 / 3, -1 / 4, 1, -1 / 2])
    np.testing.assert_allclose(pair.target_outside, [-1 / 6, 1 / 7])
    np.testing.assert_array_equal(pair.cosines, [1, 1, 0, 0])
    assert not pair.random_signs and aligned(3, 4, 2, 1.0).random_signs
    short = GaussianPair.axis_aligned(d_w=3, d_s=4, d_sw=2, sigma2=1.0, d_target=2, target_scale=1.0)
    assert not short.target_weak.any() and short.target_outside.size == 0


def test_whole_numbers_of_any_type_are_dimensions():
    loose = GaussianPair.axis_aligned(d_w=8.0, d_s=np.int64(5), d_sw=np.float64(2), sigma2=1, d_target=13.0)
    exact = GaussianPair.axis_aligned(d_w=8, d_s=5, d_sw=2, sigma2=1.0)
    assert loose.moments() == exact.moments()
    for engine in ENGINES:
        a, b = (
            simulate(loose, 20.0, np.float64(30), trials=3.0, engine=engine),
            simulate(exact, 20, 30, trials=3, engine=engine),
        )
        np.testing.assert_array_equal(a.risks, b.risks)


def test_signs_are_drawn_anew_in_each_trial():
    rng = np.random.default_rng(0)
    drawn = np.array([_raw._Truth(PAIR, rng).seen for _ in range(400)])
    size = np.abs(drawn)
    np.testing.assert_array_equal(size, np.broadcast_to(size[0], size.shape))
    signs = drawn / size[0]
    assert np.abs(signs.mean(0)).max() * np.sqrt(400) < limit(signs.shape[1])
    together = np.corrcoef(signs.T)[np.triu_indices(signs.shape[1], 1)]
    assert np.abs(together).max() * np.sqrt(400) < limit(together.size)
    fixed = aligned(8, 5, 2, 1.0, signs=np.resize([1, -1], 13))
    np.testing.assert_array_equal(_raw._Truth(fixed, rng).seen, _raw._Truth(fixed, rng).seen)


# draws


@pytest.mark.parametrize("label_noise", ["drawn", "averaged"])
@pytest.mark.parametrize("engine", ENGINES)
def test_design_k_depends_on_seed_and_k_only(engine, label_noise):
    options = dict(engine=engine, label_noise=label_noise)
    short, long = (simulate(PAIR, 20, 30, trials=k, seed=4, **options) for k in (3, 7))
    np.testing.assert_array_equal(short.risks, long.risks[:3])
    np.testing.assert_array_equal(short.variances, long.variances[:3])
    assert len(np.unique(long.risks[:, 0, 0])) == 7
    other = simulate(PAIR, 20, 30, trials=3, seed=5, **options)
    assert not np.isin(other.risks, long.risks).any()
    sequence = simulate(PAIR, 20, 30, trials=3, seed=np.random.SeedSequence(4), **options)
    again = simulate(PAIR, 20, 30, trials=3, seed=np.random.SeedSequence(4), **options)
    np.testing.assert_array_equal(sequence.risks, again.risks)


def test_global_random_state_is_neither_read_nor_moved():
    np.random.seed(1)  # noqa: NPY002
    first, state = simulate(PAIR, 20, 30, trials=2).risks, np.random.get_state()[1]  # noqa: NPY002
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(first, simulate(PAIR, 20, 30, trials=2).risks)


def test_auto_takes_bartlett_where_it_can():
    assert simulate(PAIR, 20, 30, trials=2).engine == "bartlett"
    assert simulate(PAIR, 20, 30, trials=2, latent="uniform").engine == "raw"
    np.testing.assert_array_equal(
        simulate(PAIR, 20, 30, trials=2).risks, simulate(PAIR, 20, 30, trials=2, engine="bartlett").risks
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_standard_errors_are_over_designs(engine):
    trials, draws = 12, 20
    runs = [simulate(PAIR, 16, 30, trials=trials, noise_draws=draws, seed=k, engine=engine) for k in range(60)]
    one = runs[0]
    assert one.risks.shape == one.variances.shape == (trials, draws, 4)
    assert (one.trials, one.draws) == (trials, trials * draws)
    by_hand = one.risks.mean(1).std(0, ddof=1) / np.sqrt(trials)
    errors = one.standard_errors
    np.testing.assert_allclose([errors.teacher, errors.student, errors.baseline, errors.ceiling], by_hand)
    # the means of repeated runs scatter as the standard errors say; taken over draws they would be far too small
    for estimate in (lambda run: (run.means.teacher, run.standard_errors.teacher), lambda run: run.mean_pgr):
        values, ses = np.array([estimate(run) for run in runs]).T
        assert 0.75 < values.std(ddof=1) / np.sqrt((ses**2).mean()) < 1.33
    over_draws = [run.risks[..., 0].std(ddof=1) / np.sqrt(run.draws) for run in runs]
    assert np.std([run.means.teacher for run in runs], ddof=1) > 1.5 * np.mean(over_draws)


def test_noise_draws_and_averaging_lower_the_standard_error():
    options = dict(trials=200, engine="bartlett")
    pair = GaussianPair.axis_aligned(d_w=20, d_s=10, d_sw=2, sigma2=1.0, target_scale=0.05)
    one, ten = (simulate(pair, 100, 400, noise_draws=k, **options) for k in (1, 10))
    averaged = simulate(pair, 100, 400, label_noise="averaged", **options)
    for model in ("teacher", "student", "baseline", "ceiling"):
        errors = [getattr(run.standard_errors, model) for run in (one, ten, averaged)]
        assert errors[0] > 2 * errors[1] > 2 * errors[2], model
    assert one.mean_pgr.se > 2 * ten.mean_pgr.se
    assert one.mean_opr.se > 2 * ten.mean_opr.se
    assert one.relative_se > ten.relative_se > averaged.relative_se


@pytest.mark.parametrize("engine", ENGINES)
def test_averaged_noise_gives_no_per_trial_ratios(engine):
    drawn = simulate(PAIR, 20, 30, trials=4, label_noise="averaged", engine=engine)
    for name in ("mean_pgr", "mean_opr"):
        with pytest.raises(ValueError, match="label_noise = averaged gives mean risks only"):
            getattr(drawn, name)
    assert np.isfinite(drawn.pgr_of_means.value) and drawn.opr_of_means.se > 0


def test_jackknife_follows_the_correlation_between_models():
    """The error of a ratio of means, by the delta method from the covariance of the four risks."""
    drawn = simulate(PAIR, 30, 30, trials=1500)
    designs = drawn.risks.mean(1)
    teacher, student, baseline, ceiling = designs.mean(0)
    covariance = np.cov(designs.T) / drawn.trials
    gap = teacher - ceiling
    pgr = np.array([(student - ceiling) / gap**2, -1 / gap, 0, (teacher - student) / gap**2])
    opr = np.array([0, -baseline / student**2, 1 / student, 0])
    assert drawn.pgr_of_means.se == pytest.approx(np.sqrt(pgr @ covariance @ pgr), rel=0.02)
    assert drawn.opr_of_means.se == pytest.approx(np.sqrt(opr @ covariance @ opr), rel=0.02)
    apart = np.sqrt(opr**2 @ np.diag(covariance))
    assert abs(drawn.opr_of_means.se / apart - 1) > 0.05


# target and resuming


@pytest.mark.parametrize("engine", ENGINES)
def test_target_is_reached_and_resuming_gives_the_numbers_of_one_long_run(engine):
    options = dict(seed=9, engine=engine, noise_draws=2)
    reached = simulate(PAIR, 20, 30, trials=20, target_se=0.04, **options)
    assert reached.trials > 20
    assert reached.relative_se <= 0.04
    for summary in ("means", "variance_means"):
        errors = {"means": reached.standard_errors, "variance_means": reached.variance_standard_errors}[summary]
        for model in ("teacher", "student", "baseline", "ceiling"):
            assert getattr(errors, model) <= 0.04 * getattr(getattr(reached, summary), model)
    # one chunk less was not enough
    assert simulate(PAIR, 20, 30, trials=reached.trials - 10, **options).relative_se > 0.04

    whole = simulate(PAIR, 20, 30, trials=reached.trials, **options)
    first = simulate(PAIR, 20, 30, trials=7, **options)
    resumed = simulate(PAIR, 20, 30, trials=reached.trials, resume=first, **options)
    to_target = simulate(
        PAIR, 20, 30, trials=20, target_se=0.04, resume=simulate(PAIR, 20, 30, trials=30, **options), **options
    )
    for other in (whole, resumed, to_target):
        np.testing.assert_array_equal(other.risks, reached.risks)
        np.testing.assert_array_equal(other.variances, reached.variances)
    assert simulate(PAIR, 20, 30, trials=5, resume=first, **options).trials == 7


@pytest.mark.parametrize("label_noise", ["drawn", "averaged"])
def test_a_baseline_without_a_mean_is_not_reported(label_noise):
    pair = aligned(4, 8, 2, 1.0)
    few, enough = (simulate(pair, n, 90, trials=4, label_noise=label_noise).risks for n in (9, 10))
    assert np.isnan(few[..., 2]).all() and np.isfinite(enough).all()


def test_target_without_noise_or_baseline_ends():
    quiet = GaussianPair.axis_aligned(d_w=4, d_s=12, d_sw=2, sigma2=0.0, target_scale=0.5)
    drawn = simulate(quiet, 9, 40, trials=10, target_se=0.2, label_noise="averaged")
    assert np.isnan(drawn.means.baseline) and drawn.relative_se <= 0.2
