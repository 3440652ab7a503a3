"""Ridge engines: three that share nothing agree; the grid and the seeds behave; the theory is met; bad input."""

import numpy as np
import pytest

from w2s_utils.simulate import _ridge_spectra, _shared_latent
from w2s_utils.simulate.ridge import estimate, simulate, simulate_shared
from w2s_utils.theory import regularization as theory

LAM_T, LAM_S = [0.05, 0.5, 2.0], [0.01, 0.2, 1.0, 5.0]


def largest_z(one, two):
    (a, a_se), (b, b_se) = estimate(one), estimate(two)
    return np.abs((a - b) / np.hypot(a_se, b_se)).max()


@pytest.mark.parametrize(("n_t", "n_s"), [(120, 120), (120, 40), (40, 120), (40, 30)])
def test_engines_agree(n_t, n_s):
    setting = dict(sigma2=1.0, lam_t=LAM_T, lam_s=LAM_S, trials=250)
    raw, haar, mean = (
        simulate(60, n_t, n_s, engine=e, seed=k, **setting) for k, e in enumerate(("raw", "haar", "mean"))
    )
    for other in (haar, mean):
        assert largest_z(raw.teacher, other.teacher) < 4.5
        assert largest_z(raw.student, other.student) < 4.5
    # the joint law over the grid agrees too, not only each cell's
    spreads = [np.log(run.gain.std(0)) for run in (raw, haar)]
    assert np.abs(spreads[0] - spreads[1]).max() < 6 / np.sqrt(2 * 250) * np.sqrt(2)
    assert mean.student.std(0).max() < haar.student.std(0).max()


@pytest.mark.parametrize("zeta", [0.8, -0.8])
@pytest.mark.parametrize("n_s", [120, 40])
@pytest.mark.parametrize("g", [0.0, 0.3])
def test_spiked_engines_agree(zeta, n_s, g):
    setting = dict(sigma2=0.5, lam_t=LAM_T, lam_s=LAM_S, trials=250, zeta=zeta, g=g)
    raw, haar = (simulate(60, 120, n_s, engine=e, seed=k, **setting) for k, e in enumerate(("raw", "haar")))
    assert largest_z(raw.student, haar.student) < 4.5


@pytest.mark.parametrize("g", [0.2, 1.0])
def test_several_targets_a_design_have_the_same_mean(g):
    setting = dict(sigma2=1.0, lam_t=LAM_T, lam_s=LAM_S, zeta=0.7, g=g, engine="raw")
    one, many = (simulate(30, 60, 45, trials=m, draws=k, seed=k, **setting) for m, k in ((1000, 1), (100, 20)))
    assert largest_z(one.teacher, many.teacher) < 4.5
    assert largest_z(one.student, many.student) < 4.5
    assert estimate(many.student)[1][0, 0] < estimate(one.student)[1][0, 0]


@pytest.mark.parametrize("g", [0.2, 1.0])
@pytest.mark.parametrize("sizes", [(60, 45), (20, 45), (60, 20)])
def test_exact_expectation_over_targets_is_that_of_many(g, sizes):
    lams = dict(lam_t=[0.0, 0.1, 1.0], lam_s=[0.2, 1.0] if g < 1 else [0.0, 0.2, 1.0])
    setting = dict(sigma2=0.7, zeta=0.7, g=g, engine="raw", **lams)
    many, exact = (simulate(30, *sizes, trials=300, draws=k, seed=k, **setting) for k in (8, 0))
    assert largest_z(many.teacher, exact.teacher) < 4.5
    assert largest_z(many.student, exact.student) < 4.5
    assert np.median(exact.gain.var(0) / many.gain.var(0)) < 0.8


@pytest.mark.parametrize("n_s, g, lam_s", [(9, 0.3, [0.2, 1.0]), (4, 1.0, [0.2, 1.0]), (4, 1.0, [0.0, 1.0])])
def test_exact_expectation_of_one_design(n_s, g, lam_s):
    """The same inputs, twenty thousand targets and noises; with fewer rows than columns, the smaller system."""
    from w2s_utils.simulate import _ridge_raw

    setting = (6, 14, n_s, 0.7, np.array([0.0, 0.3]), np.array(lam_s), 0.6, g)
    (teacher,), (student,) = _ridge_raw.expected([np.random.default_rng(2)], *setting)

    class Fixed:
        """A generator whose direction and inputs are those of the first call."""

        def __init__(self):
            self.inner, self.rest = np.random.default_rng(2), np.random.default_rng(3)
            self.held = {shape: self.inner.standard_normal(shape) for shape in ((6,), (14, 6), (n_s, 6))}

        def standard_normal(self, shape):
            shape = (shape,) if isinstance(shape, int) else shape
            return self.held[shape] if shape in self.held else self.rest.standard_normal(shape)

    drawn = _ridge_raw.draw(Fixed(), *setting, 20_000)
    np.testing.assert_allclose(drawn[0], teacher, rtol=0.03)
    np.testing.assert_allclose(drawn[1], student, rtol=0.03)


def test_penalty_zero_is_the_minimum_norm_fit():
    for n_t, n_s in ((60, 60), (20, 25)):
        runs = [simulate(30, n_t, n_s, sigma2=0.3, lam_t=[0, 0.2], lam_s=[0, 0.2], trials=300, engine=e) for e in
                ("raw", "haar", "mean")]  # fmt: skip
        assert largest_z(runs[0].student, runs[1].student) < 4.5
        assert largest_z(runs[0].student, runs[2].student) < 4.5
    copy = simulate(30, 60, 60, sigma2=0.3, lam_t=[0.2], lam_s=[0.0], trials=3)
    np.testing.assert_allclose(copy.student[:, :, 0], copy.teacher, rtol=1e-10)


def test_more_penalties_than_dimensions():
    run = simulate(5, 10, 10, sigma2=1.0, lam_t=np.geomspace(0.01, 1, 9), lam_s=[0.1], trials=3, zeta=0.5, g=0.0)
    assert run.student.shape == (3, 9, 1) and np.isfinite(run.student).all()


def test_sums_over_a_spectrum_without_eigenvalues():
    """Pivots against eigenvalues, also where the smallest is near 0 and where there is no penalty."""
    rng, lam = np.random.default_rng(0), np.array([0.0, 1e-3, 0.4, 50.0])
    for d, n in ((5, 5), (40, 90), (90, 40), (60, 62)):
        drawn = [_ridge_spectra._tridiagonal(rng, d, n) for _ in range(7)]
        diagonal, squares = (np.stack(part) for part in zip(*drawn, strict=True))
        first, second = _ridge_spectra.resolvent_sums(diagonal, squares, lam)
        for k, (on, off) in enumerate(drawn):
            dense = np.diag(on) + np.diag(np.sqrt(off), 1) + np.diag(np.sqrt(off), -1)
            total = np.linalg.eigvalsh(dense)[:, None] + lam
            np.testing.assert_allclose(first[k], (1 / total).sum(0), rtol=1e-7)
            np.testing.assert_allclose(second[k], (1 / total**2).sum(0), rtol=1e-7)


def test_spectrum_is_that_of_a_drawn_matrix():
    rng = np.random.default_rng(0)
    for d, n in ((12, 30), (30, 12), (10, 10)):
        drawn = np.array([_ridge_spectra.covariance_spectrum(rng, d, n) for _ in range(3000)])
        X = rng.standard_normal((3000, n, d))
        direct = np.linalg.eigvalsh(np.swapaxes(X, 1, 2) @ X / n)
        assert drawn.shape == (3000, d) and (drawn[:, : max(d - n, 0)] == 0).all()
        keep = slice(max(d - n, 0), None)
        assert largest_z(np.sort(drawn, axis=1)[:, keep], direct[:, keep]) < 4.5
        assert largest_z(drawn.sum(1) ** 2, direct.sum(1) ** 2) < 4.5


def test_designs_depend_on_seed_and_index_only():
    setting = dict(sigma2=1.0, lam_t=[0.1, 0.3], lam_s=[0.2])
    for engine in ("raw", "haar", "mean"):
        few = simulate(10, 20, 20, trials=3, seed=7, engine=engine, **setting)
        many = simulate(10, 20, 20, trials=5, seed=7, engine=engine, **setting)
        np.testing.assert_array_equal(few.student, many.student[:3])
        assert not np.array_equal(few.student, simulate(10, 20, 20, trials=3, seed=8, engine=engine, **setting).student)


def test_mean_engine_meets_the_limit_within_two_over_d():
    for d, n_s in ((100, 200), (100, 50)):
        run = simulate(d, 2 * d, n_s, sigma2=1.0, lam_t=LAM_T, lam_s=LAM_S, trials=60, engine="mean")
        mean, se = estimate(run.student)
        limit = theory.student_error(np.array(LAM_T)[:, None], LAM_S, gamma_t=0.5, gamma_s=d / n_s, sigma2=1.0)
        assert np.all(np.abs(mean - limit) < 2 / d * limit + 4.5 * se)


def test_optimal_teacher_penalty_is_exact_at_finite_size():
    """Given any spectrum, each eigenvalue's share of the error is smallest at sigma2 d/n."""
    grid = 1.3 * 17 / 40 * np.array([0.999, 1.0, 1.001])
    run = simulate(17, 40, 10, sigma2=1.3, lam_t=grid, lam_s=[1.0], trials=20, engine="mean")
    assert (run.teacher.argmin(axis=1) == 1).all()


SHARED = dict(
    weak=1 / np.arange(1, 13.0),
    strong=np.maximum(1 / np.arange(1, 13.0) ** 2, 1e-3),
    target=1 / np.arange(1, 13.0) ** 2,
    sigma2=0.25,
    alpha_w=0.05,
    alpha_s=0.02,
)


@pytest.mark.parametrize(("n", "N"), [(30, 40), (30, 8), (8, 30)])
def test_shared_engines_agree(n, N):
    raw = simulate_shared(n, N, engine="raw", trials=400, seed=1, **SHARED)
    fast = simulate_shared(n, N, trials=400, seed=2, **SHARED)
    for part in ("fresh", "sample", "teacher_bias"):
        assert largest_z(getattr(raw, part), getattr(fast, part)) < 4.5


def test_shared_raw_risk_is_that_of_fits_to_noisy_labels():
    """The same inputs, ridge regression on rows, forty thousand draws of the noise."""
    n, N, d = 9, 14, 12
    at = {name: np.asarray(value) for name, value in SHARED.items()}
    weak, strong = np.sqrt(at["weak"]), np.sqrt(at["strong"])
    setting = _shared_latent.Setting(n, N, weak, strong, at["target"], 0.25, 0.05, 0.02)
    expected = _shared_latent.draw(np.random.default_rng(5), setting)
    rng = np.random.default_rng(5)
    Z, X = rng.standard_normal((n, d)), rng.standard_normal((N, d))
    labels = (Z @ at["target"])[:, None] + 0.5 * rng.standard_normal((n, 40_000))

    def ridge(rows, answers, penalty):  # in the dual form
        return rows.T @ np.linalg.solve(rows @ rows.T + len(rows) * penalty * np.eye(len(rows)), answers)

    student = strong[:, None] * ridge(X * strong, (X * weak) @ ridge(Z * weak, labels, 0.05), 0.02)
    error = student - at["target"][:, None]
    np.testing.assert_allclose((error**2).sum(0).mean(), expected[0], rtol=0.02)
    np.testing.assert_allclose(((X @ error) ** 2).mean(), expected[1], rtol=0.02)
    clean = weak * ridge(Z * weak, Z @ at["target"], 0.05) - at["target"]
    np.testing.assert_allclose(clean @ clean, expected[2], rtol=1e-9)


def test_shared_is_isotropic_ridge_where_both_apply():
    d = 24
    target = np.full(d, d**-0.5)
    one = np.ones(d)
    shared = simulate_shared(
        48, 36, weak=one, strong=one, target=target, sigma2=1.0, alpha_w=0.05, alpha_s=0.2, trials=400
    )
    ridge = simulate(d, 48, 36, sigma2=1.0, lam_t=[0.05], lam_s=[0.2], trials=400, engine="mean")
    assert largest_z(shared.fresh, ridge.student[:, 0, 0]) < 4.5


def test_gain_is_what_the_student_takes_off_the_teachers_error():
    drawn = simulate(20, 40, 30, sigma2=1.0, lam_t=[0.1, 1.0], lam_s=[0.1, 0.2, 0.3], trials=3)
    assert drawn.gain.shape == (3, 2, 3)
    assert drawn.gain[2, 1, 0] == drawn.teacher[2, 1] - drawn.student[2, 1, 0]


def test_two_rows_are_enough_beside_a_spared_direction():
    assert np.isfinite(simulate(10, 20, 2, sigma2=1.0, lam_t=[0.1], lam_s=[0.1], g=0.0, trials=2).student).all()


CALL = dict(sigma2=1.0, lam_t=[0.1], lam_s=[0.1], trials=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": 1}, "d = 1 is not allowed"),
        ({"n_t": 2.5}, "n_t = 2.5 is not allowed"),
        ({"n_s": 0}, "n_s = 0 is not allowed"),
        ({"trials": 1}, "trials = 1 is not allowed"),
        ({"sigma2": -1}, "sigma2 = -1 is not allowed: finite and at least 0"),
        ({"lam_t": [0.1, -0.1]}, "lam_t = -0.1 is not allowed"),
        ({"lam_s": np.nan}, "lam_s = nan is not allowed"),
        ({"lam_s": []}, r"lam_s = an array of shape \(0,\)"),
        ({"zeta": 1.2}, "zeta = 1.2 is not allowed: -1 <= zeta <= 1"),
        ({"g": -0.5}, "g = -0.5 is not allowed: 0 <= g <= 1"),
        ({"engine": "fast"}, "engine = 'fast' is not allowed"),
        ({"draws": 2}, "draws = 2 is not allowed: 1 with engine haar"),
        ({"draws": 0}, "draws = 0 is not allowed: 1 with engine haar"),
        ({"draws": -1}, "draws = -1 is not allowed"),
        ({"engine": "mean", "g": 0.5}, "engine = 'mean' is not allowed: haar or raw for g < 1"),
        ({"engine": "raw", "g": 0.5, "lam_s": [0.0]}, "lam_s = 0 is not allowed"),
        ({"g": 0, "n_s": 1}, "n_s = 1 is not allowed"),
    ],
)
def test_bad_input_is_named(change, message):
    call = {"d": 10, "n_t": 20, "n_s": 20, **CALL, **change}
    with pytest.raises(ValueError, match=message) as error:
        simulate(call.pop("d"), call.pop("n_t"), call.pop("n_s"), **call)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weak": np.ones(3)}, r"weak = an array of shape \(3,\) is not allowed"),
        ({"strong": np.zeros(12)}, "strong = 0 is not allowed: above 0"),
        ({"target": np.full(12, np.inf)}, "target = an array with nan or inf"),
        ({"alpha_w": 0}, "alpha_w = 0 is not allowed: finite and above 0"),
        ({"sigma2": np.inf}, "sigma2 = inf is not allowed"),
        ({"engine": "haar"}, "engine = 'haar' is not allowed"),
    ],
)
def test_bad_shared_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        simulate_shared(10, 10, **SHARED | change)


def test_estimate_needs_two_designs():
    with pytest.raises(ValueError, match="values = an array of shape"):
        estimate([1.0])
