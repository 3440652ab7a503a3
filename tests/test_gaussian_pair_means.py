"""Both engines against the closed forms: four risks and four on-sample variances, by z."""

import numpy as np
import pytest

from tests.gaussian_cases import CASES, aligned
from tests.stats import as_z, limit
from w2s_utils.simulate.gaussian_pair import GaussianPair, SimulatedRisks, simulate
from w2s_utils.theory import intrinsic_dimension as theory

MODELS = ("teacher", "student", "baseline", "ceiling")
WAYS = [("raw", "drawn", 150), ("raw", "averaged", 150), ("bartlett", "drawn", 300), ("bartlett", "averaged", 400)]
TESTS = len(CASES) * len(WAYS) * 10


def closed_forms(pair: GaussianPair, n: int, N: int) -> tuple[dict[str, float], dict[str, float]]:
    """Expected population risks, and variances on each model's own training inputs."""
    moments = pair.moments()
    risks = theory.excess_risks(n, N, sigma2=pair.sigma2, **moments)
    sizes = {name: moments[name] for name in ("d_w", "d_s", "d_sw")}
    on_sample = {
        "teacher": theory.teacher_variance(n, d_w=pair.d_w, sigma2=pair.sigma2, evaluate="labeled"),
        "student": theory.student_variance(n, N, **sizes, sigma2=pair.sigma2),
        "baseline": pair.sigma2 * pair.d_s / n if n > pair.d_s + 1 else np.nan,
        "ceiling": pair.sigma2 * pair.d_s / (n + N),
    }
    return {model: getattr(risks, model) for model in MODELS}, on_sample


def scores(drawn: SimulatedRisks, pair: GaussianPair, n: int, N: int) -> dict[str, float]:
    found = {}
    for kind, means, errors, exact in zip(
        ("risk", "variance"),
        (drawn.means, drawn.variance_means),
        (drawn.standard_errors, drawn.variance_standard_errors),
        closed_forms(pair, n, N),
        strict=True,
    ):
        for model in MODELS:
            mean, se = getattr(means, model), getattr(errors, model)
            if np.isnan(exact[model]):
                assert np.isnan(mean), f"{kind} of {model} where none is expected"
                continue
            # an averaged variance may have no error left but rounding
            found[f"{kind} of {model}"] = as_z(mean - exact[model], se, drawn.trials - 1, scale=exact[model])
    return found


@pytest.mark.parametrize(("engine", "label_noise", "trials"), WAYS)
@pytest.mark.parametrize("case", CASES)
def test_means_are_the_closed_forms(case, engine, label_noise, trials):
    pair, n, N = CASES[case]
    draws = 6 if label_noise == "drawn" else 1
    drawn = simulate(pair, n, N, trials=trials, noise_draws=draws, label_noise=label_noise, engine=engine, seed=11)
    z = scores(drawn, pair, n, N)
    for ratio in ("pgr", "opr"):
        estimate = getattr(drawn, f"{ratio}_of_means")
        exact = getattr(theory.excess_risks(n, N, sigma2=pair.sigma2, **pair.moments()), ratio)
        if np.isfinite(exact):
            z[ratio] = as_z(estimate.value - exact, estimate.se, trials - 1, scale=1.0)
    assert len(z) >= 7
    assert max(map(abs, z.values())) < limit(TESTS), z
    # so that this can fail: a formula 10 % off would be over five standard errors away
    if (engine, label_noise) == ("bartlett", "averaged"):
        assert drawn.relative_se < 0.1 / limit(TESTS)


@pytest.mark.parametrize(("n", "N"), [(60, 10**6), (10**6, 50), (10**9, 10**12)])
def test_sample_sizes_that_no_memory_holds(n, N):
    pair = aligned(20, 10, 5, 1.0)
    for label_noise in ("drawn", "averaged"):
        z = scores(simulate(pair, n, N, trials=400, label_noise=label_noise, engine="bartlett"), pair, n, N)
        assert max(map(abs, z.values())) < limit(6 * 8), z


def test_authors_setting_with_drawn_data():
    pair = GaussianPair.axis_aligned(d_w=200, d_s=100, d_sw=50, sigma2=1e-2)
    for engine, trials in (("raw", 12), ("bartlett", 120)):
        z = scores(simulate(pair, 400, 400, trials=trials, noise_draws=10, engine=engine), pair, 400, 400)
        assert max(map(abs, z.values())) < limit(2 * 8), z


def test_per_trial_ratios_differ_from_ratios_of_means():
    pair = GaussianPair.axis_aligned(d_w=20, d_s=10, d_sw=5, sigma2=1e-2)
    drawn = simulate(pair, 40, 400, trials=1500)
    exact = theory.excess_risks(40, 400, sigma2=1e-2, **pair.moments())
    lift = drawn.mean_opr.value / drawn.opr_of_means.value
    assert lift > 1.02
    # the mean over trials is not what the closed form gives, the ratio of means is
    assert as_z(drawn.mean_opr.value - exact.opr, drawn.mean_opr.se, 1499) > limit(1)
    assert abs(as_z(drawn.opr_of_means.value - exact.opr, drawn.opr_of_means.se, 1499)) < limit(1)
    by_hand = (drawn.risks[..., 2] / drawn.risks[..., 1]).mean()
    assert drawn.mean_opr.value == pytest.approx(by_hand, rel=1e-12)
    teacher, student, _, ceiling = np.moveaxis(drawn.risks, -1, 0)
    assert drawn.mean_pgr.value == pytest.approx(((teacher - student) / (teacher - ceiling)).mean(), rel=1e-12)
    teacher, student, baseline, ceiling = drawn.risks.mean((0, 1))
    assert drawn.pgr_of_means.value == pytest.approx((teacher - student) / (teacher - ceiling), rel=1e-12)
    assert drawn.opr_of_means.value == pytest.approx(baseline / student, rel=1e-12)
