"""`raw` against `bartlett` in distribution: means, spreads, correlations of risks and variances; the teacher's law."""

import numpy as np
import pytest
from scipy import stats

from tests.gaussian_cases import CASES
from tests.stats import ALPHA, fisher, limit, spread
from w2s_utils.simulate import _bartlett, _raw
from w2s_utils.simulate.gaussian_pair import simulate

NAMES = [
    f"{kind} of {model}" for kind in ("risk", "variance") for model in ("teacher", "student", "baseline", "ceiling")
]
COMPARED = ("few unlabelled", "close angles", "n below the union, angles")
DRAWS = {"raw": 1500, "bartlett": 2000}
COMPARISONS = len(COMPARED) * (8 + 8 + 28 + 2)


@pytest.fixture(scope="module", params=COMPARED)
def both(request):
    pair, n, N = CASES[request.param]
    return pair, n, N, {engine: simulate(pair, n, N, trials=count, engine=engine) for engine, count in DRAWS.items()}


def log_excess(pair, drawn) -> np.ndarray:
    """Logarithms, which have light tails, of what is random: risks above their approximation error, and variances."""
    moments = pair.moments()
    floor = [moments["rho_w"], *[moments["rho_s"]] * 3]
    return np.log(np.hstack([drawn.risks[:, 0] - floor, drawn.variances[:, 0]]))


def test_engines_agree_in_means_spreads_and_correlations(both):
    pair, _, _, drawn = both
    samples = {engine: log_excess(pair, result) for engine, result in drawn.items()}
    means = {engine: (x.mean(0), x.std(0) / np.sqrt(len(x))) for engine, x in samples.items()}
    for what, names, of in (
        ("mean", NAMES, means),
        ("spread", NAMES, {engine: spread(x) for engine, x in samples.items()}),
        (
            "correlation",
            [f"{NAMES[i]}, {NAMES[j]}" for i, j in zip(*np.triu_indices(8, 1), strict=True)],
            {engine: fisher(x) for engine, x in samples.items()},
        ),
    ):
        (a, a_se), (b, b_se) = of["raw"], of["bartlett"]
        z = dict(zip(names, (a - b) / np.hypot(a_se, b_se), strict=True))
        assert max(map(abs, z.values())) < limit(COMPARISONS), (what, z)
    for ratio in ("mean_pgr", "mean_opr"):
        a, b = (getattr(drawn[engine], ratio) for engine in ("raw", "bartlett"))
        assert abs(a.value - b.value) / np.hypot(a.se, b.se) < limit(COMPARISONS), ratio


def test_comparison_is_sharp(both):
    """The test above can fail: a correlation 0.3 off, or a spread 20 % too wide, would be seen."""
    pair, _, _, drawn = both
    a, b = (log_excess(pair, drawn[engine]) for engine in ("raw", "bartlett"))
    reach = limit(COMPARISONS) + stats.norm.isf(0.1)
    assert np.hypot(spread(a)[1], spread(b)[1]).max() * reach < np.log(1.2)
    assert np.hypot(fisher(a)[1], fisher(b)[1]).max() * reach < np.arctanh(0.3)
    # the four risks do hang together: independent draws of each would not pass
    correlations = np.corrcoef(a.T)
    assert correlations[0, 1] > 0.2 and correlations[0, 2] > 0.1


def test_marginal_laws_agree(both):
    pair, _, _, drawn = both
    a, b = (log_excess(pair, drawn[engine]) for engine in ("raw", "bartlett"))
    p_values = [stats.ks_2samp(a[:, i], b[:, i], method="asymp").pvalue for i in range(8)]
    assert min(p_values) > ALPHA / (8 * len(COMPARED)), dict(zip(NAMES, p_values, strict=True))


@pytest.mark.parametrize("engine", DRAWS)
def test_law_of_the_teacher(both, engine):
    """Excess over rho_w, in units of sigma2 + rho_w: chi2 with d_w degrees of freedom over chi2 with n - d_w + 1."""
    pair, n, _, drawn = both
    rho_w, d_w = pair.moments()["rho_w"], pair.d_w
    ratio = (drawn[engine].risks[:, 0, 0] - rho_w) / (pair.sigma2 + rho_w)
    spare = n - d_w + 1
    law = stats.f(d_w, spare, scale=d_w / spare)
    assert stats.kstest(ratio, law.cdf).pvalue > ALPHA / 6
    # so that this can fail: a law 15 % off is told apart
    assert stats.kstest(1.15 * ratio, law.cdf).pvalue < ALPHA


@pytest.mark.parametrize("engine", DRAWS)
def test_on_sample_law_of_the_teacher(both, engine):
    pair, n, _, drawn = both
    chi2 = drawn[engine].variances[:, 0, 0] * n / pair.sigma2
    assert stats.kstest(chi2, stats.chi2(pair.d_w).cdf).pvalue > ALPHA / 6


@pytest.mark.parametrize("engine", DRAWS)
def test_on_sample_variances_of_the_strong_models(both, engine):
    pair, n, N, drawn = both
    for column, rows in ((2, n), (3, n + N)):
        chi2 = drawn[engine].variances[:, 0, column] * rows / pair.sigma2
        assert stats.kstest(chi2, stats.chi2(pair.d_s).cdf).pvalue > ALPHA / 12


@pytest.mark.parametrize("engine", DRAWS)
def test_models_with_the_same_features_are_the_same_model(engine):
    """One labelled sample and one Gram matrix for all: teacher, student and baseline agree draw by draw."""
    pair, n, N = CASES["same features"]
    drawn = simulate(pair, n, N, trials=5, noise_draws=3, engine=engine)
    for column in (1, 2):
        np.testing.assert_allclose(drawn.risks[..., column], drawn.risks[..., 0], rtol=1e-7)
    np.testing.assert_allclose(drawn.variances[..., 2], drawn.variances[..., 0], rtol=1e-7)


def test_triangular_factor_is_that_of_a_gaussian_matrix():
    rng = np.random.default_rng(3)
    for rows, columns in ((9, 4), (3, 5), (4, 4)):
        factors = np.stack([_bartlett.triangular_factor(rng, rows, columns) for _ in range(2000)])
        drawn = np.stack([np.linalg.qr(rng.standard_normal((rows, columns)))[1] for _ in range(2000)])
        assert factors.shape == drawn.shape == (2000, min(rows, columns), columns)
        assert np.all(np.tril(factors, -1) == 0)
        # the Gram matrix is Wishart: mean rows * identity, to sampling error
        gram = np.einsum("kij,kil->kjl", factors, factors)
        assert np.abs(gram.mean(0) - rows * np.eye(columns)).max() < 6 * np.sqrt(2 * rows / 2000)
        drawn *= np.sign(np.diagonal(drawn, axis1=1, axis2=2))[:, :, None]
        p_values = [stats.ks_2samp(factors[:, i, j], drawn[:, i, j]).pvalue for i, j in np.argwhere(drawn[0] != 0)]
        assert min(p_values) > ALPHA / len(p_values)


@pytest.mark.parametrize("law", ["gaussian", "rademacher", "uniform", "t5"])
def test_latents_have_mean_0_and_variance_1(law):
    count, kurtosis = 100_000, {"gaussian": 3.0, "rademacher": 1.0, "uniform": 1.8, "t5": 9.0}[law]
    x = _raw._latent(np.random.default_rng(17), law, (count // 10, 10)).ravel()
    assert abs(x.mean()) * np.sqrt(count) < limit(8)
    assert abs((x**2).mean() - 1) <= limit(8) * np.sqrt((kurtosis - 1) / count)
    if law == "rademacher":
        assert set(np.unique(x)) == {-1.0, 1.0}
    else:
        form = {
            "gaussian": stats.norm(),
            "uniform": stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)),
            "t5": stats.t(5, scale=np.sqrt(3 / 5)),
        }[law]
        assert stats.kstest(x, form.cdf).pvalue > ALPHA / 3
        assert form.var() == pytest.approx(1.0, rel=1e-12)


def test_laws_of_the_latents_reach_the_risks():
    """With N = 5 d_w light tails lower the student's variance by a few per cent and heavy tails raise it."""
    pair, n, N = CASES["aligned"]
    student = {}
    for law in ("rademacher", "t5"):
        drawn = simulate(pair, n, N, trials=300, latent=law, label_noise="averaged")
        assert drawn.engine == "raw"
        student[law] = drawn.variance_means.student, drawn.variance_standard_errors.student
    (low, low_se), (high, high_se) = student["rademacher"], student["t5"]
    assert (high - low) / np.hypot(high_se, low_se) > limit(1)
