"""Lower bounds of PGR and OPR: printed values, where they and the exact ratios peak, and that they are bounds."""

import numpy as np
import pytest

from tests.printed import agrees, authors_moments
from w2s_utils.theory import intrinsic_dimension as theory

BOUNDS = dict(d_w=100, d_s=80, d_sw=10, sigma2=1.0, rho=0.1)


# bound curves


@pytest.mark.parametrize(
    ("n", "N", "pgr", "opr"),
    [
        (110, 4000, "-0.552", None),
        (200, 4000, "0.562", None),
        (600, 4000, "0.258", None),
        (220, 160, "-0.237", "0.647"),
        (220, 500, "0.329", "1.192"),
        (220, 1000, "0.462", "1.487"),
        (220, 4000, "0.562", "1.826"),
        (800, 160, "-0.429", None),
        (800, 500, "-0.079", None),
        (800, 1000, "0.003", None),
        (800, 4000, "0.065", None),
    ],
)
def test_bounds_take_the_values_of_the_authors_curves(n, N, pgr, opr):
    assert agrees(theory.pgr_lower_bound(n, N, **BOUNDS), pgr)
    assert opr is None or agrees(theory.opr_lower_bound(n, N, **BOUNDS), opr)


@pytest.mark.parametrize(
    ("N", "closed", "argmax", "pgr", "opr"),
    [
        (1600, "222.0", 222, "0.512", "1.639"),
        (2800, "213.7", 214, "0.548", "1.770"),
        (4000, "210.2", 210, "0.563", "1.829"),
    ],
)
def test_both_bounds_peak_at_the_closed_form(N, closed, argmax, pgr, opr):
    best = theory.optimal_n(N, **BOUNDS)
    grid = np.arange(103, 1001)
    assert agrees(best, closed)
    for bound, top in ((theory.pgr_lower_bound, pgr), (theory.opr_lower_bound, opr)):
        values = bound(grid, N, **BOUNDS)
        assert grid[np.argmax(values)] == argmax
        assert agrees(values.max(), top)
        # nothing on a fine grid around it is higher
        around = bound(best * (1 + np.linspace(-1e-2, 1e-2, 2001)), N, **BOUNDS)
        assert np.argmax(around) == 1000


def test_optimal_n_against_grid_search_in_random_settings():
    rng = np.random.default_rng(0)
    for _ in range(200):
        d_w, d_s = rng.integers(1, 200, 2)
        setting = dict(d_w=d_w, d_s=d_s, d_sw=rng.uniform(0, min(d_w, d_s)), sigma2=10 ** rng.uniform(-3, 1))
        setting["rho"] = setting["sigma2"] * 10 ** rng.uniform(-3, 1)
        N = int(rng.integers(d_s, 5000))
        best = theory.optimal_n(N, **setting)
        grid = d_w + 1 + (best - d_w - 1) * np.geomspace(0.1, 10, 4001)
        for bound in (theory.pgr_lower_bound, theory.opr_lower_bound):
            assert np.argmax(bound(grid, N, **setting)) == 2000


def test_value_of_the_bounds_at_their_peak():
    N, d_w, d_s, share = 4000, 100, 80, 0.1
    overlap = theory.effective_overlap(N, d_w=d_w, d_s=d_s, d_sw=10)
    best = theory.optimal_n(N, **BOUNDS)
    pgr = 1 - (np.sqrt(overlap / d_w) + np.sqrt((d_w + 1) * share / d_w)) ** 2
    opr = d_s / (np.sqrt(overlap) + np.sqrt((d_w + 1) * share)) ** 2
    assert theory.pgr_lower_bound(best, N, **BOUNDS) == pytest.approx(pgr, rel=1e-12)
    assert theory.opr_lower_bound(best, N, **BOUNDS) == pytest.approx(opr, rel=1e-12)


def test_without_approximation_error_the_bounds_only_rise():
    free = BOUNDS | {"rho": 0.0}
    assert theory.optimal_n(4000, **free) == np.inf
    both = theory.optimal_n(4000, **(BOUNDS | {"rho": [0.0, 0.1]}))
    assert both[0] == np.inf and agrees(both[1], "210.2")
    for bound in (theory.pgr_lower_bound, theory.opr_lower_bound):
        assert np.all(np.diff(bound(np.geomspace(103, 1e7, 200), 4000, **free)) > 0)


@pytest.mark.parametrize(
    ("d_sw", "n", "bound", "plotted_n", "plotted", "opr_n", "opr"),
    [
        (10, 510, "0.799", 810, "0.882", 520, "2.56"),
        (50, 812, "0.526", 1360, "0.651", 875, "1.10"),
        (90, 1124, "0.312", 2045, "0.456", 1320, "0.775"),
    ],
)
def test_optima_of_the_three_curves_at_the_authors_settings(d_sw, n, bound, plotted_n, plotted, opr_n, opr):
    moments = authors_moments(d_sw)
    plain = dict(d_w=200, d_s=100, d_sw=d_sw, sigma2=1e-2)
    rho = moments["rho_w"] + moments["rho_s"]
    # the table has whole numbers, some rounded (509.96), some cut off (812.60)
    assert n in (int(theory.optimal_n(4000, **plain, rho=rho)), round(float(theory.optimal_n(4000, **plain, rho=rho))))
    assert agrees(theory.pgr_lower_bound(n, 4000, **plain, rho=rho), bound)
    grid = np.arange(400, 4001)
    curve = theory.plotted_risks(grid, 4000, **plain, rho_w=moments["rho_w"], rho_s=moments["rho_s"])
    # the table of optima is rounded to 5
    assert grid[np.argmax(curve.pgr)] == pytest.approx(plotted_n, abs=5)
    assert agrees(np.max(curve.pgr), plotted)
    assert grid[np.argmax(curve.opr)] == pytest.approx(opr_n, abs=5)
    assert agrees(np.max(curve.opr), opr)


@pytest.mark.parametrize(
    ("d_sw", "pgr_n", "pgr", "opr_n", "opr"),
    [(10, 210, "0.926", 430, "3.19"), (50, 215, "0.731", 685, "1.25"), (90, 895, "0.541", 1030, "0.848")],
)
def test_optima_of_the_exact_ratios_at_the_authors_settings(d_sw, pgr_n, pgr, opr_n, opr):
    setting = dict(d_w=200, d_s=100, d_sw=d_sw, sigma2=1e-2, **authors_moments(d_sw))
    best, at_edge = theory.optimal_n_exact(4000, **setting, n_range=(210, 4000))
    assert best == pytest.approx(pgr_n, abs=5)
    assert at_edge is (d_sw == 10)
    assert agrees(theory.excess_risks(best, 4000, **setting).pgr, pgr)
    best, at_edge = theory.optimal_n_exact(4000, **setting, of="opr", n_range=(210, 4000))
    assert best == pytest.approx(opr_n, abs=5) and at_edge is False
    assert agrees(theory.excess_risks(best, 4000, **setting).opr, opr)


# lower bounds that are bounds


def random_aligned_settings(count: int):
    """Settings of aligned supports from well-posed to extreme: sizes just above their limits, small N, large errors."""
    rng = np.random.default_rng(20250530)
    d_w, d_s = rng.integers(1, 60, (2, count))
    d_sw = rng.integers(0, np.minimum(d_w, d_s) + 1)
    n = np.maximum(d_w, d_s) + 1 + rng.geometric(10 ** -rng.uniform(0.3, 3.5, count))
    N = d_s + 1 + rng.geometric(10 ** -rng.uniform(0.3, 3.5, count))
    sigma2 = 10 ** rng.uniform(-3, 2, count)
    # squared norms of the target: weak only, strong only, neither
    weak, strong, neither = sigma2 * 10 ** rng.uniform(-5, 1, (3, count)) * rng.integers(0, 2, (3, count))
    weak *= d_sw < d_w
    strong *= d_sw < d_s
    risks = theory.excess_risks(
        n, N, d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2, rho_w=strong + neither, rho_s=weak + neither, p=weak
    )
    rho = strong + weak + 2 * neither
    return (n, N), dict(d_w=d_w, d_s=d_s, d_sw=d_sw, sigma2=sigma2, rho=rho), risks


def test_corrected_bounds_are_never_above_the_exact_ratios_and_the_coded_ones_are():
    sizes, setting, risks = random_aligned_settings(20_000)
    crossed = {}
    for evaluate in ("population", "unlabeled"):
        pgr = theory.pgr_lower_bound(*sizes, **setting, evaluate=evaluate)
        opr = theory.opr_lower_bound(*sizes, **setting, evaluate=evaluate)
        speaks = (pgr >= 0) & (risks.teacher > risks.ceiling)
        assert speaks.sum() > 3000
        above_pgr = pgr[speaks] - risks.pgr[speaks]
        crossed[evaluate] = (above_pgr.max(), (opr / risks.opr - 1).max())
    assert max(crossed["population"]) <= 1e-12
    # the form as coded is crossed, so that this test could have failed
    assert min(crossed["unlabeled"]) > 0.01


def test_corrected_bounds_are_tight_somewhere():
    sizes, setting, risks = random_aligned_settings(20_000)
    opr = theory.opr_lower_bound(*sizes, **setting, evaluate="population")
    assert (opr / risks.opr).max() > 0.97


def test_both_forms_of_the_bounds_meet_for_large_samples():
    for bound in (theory.pgr_lower_bound, theory.opr_lower_bound):
        coded, corrected = (bound(1e7, 1e9, **BOUNDS, evaluate=form) for form in ("unlabeled", "population"))
        assert corrected == pytest.approx(coded, rel=1e-5)
        coded, corrected = (bound(150, 160, **BOUNDS, evaluate=form) for form in ("unlabeled", "population"))
        assert corrected < coded


# exact optimum


@pytest.mark.parametrize("of", ["pgr", "opr"])
def test_optimal_n_exact_against_brute_force(of):
    rng = np.random.default_rng(5)
    edges = set()
    for _ in range(25):
        d_w, d_s = rng.integers(2, 60, 2)
        setting = dict(d_w=d_w, d_s=d_s, d_sw=rng.integers(0, min(d_w, d_s) + 1), sigma2=10 ** rng.uniform(-2, 1))
        setting |= dict(rho_w=rng.uniform(0.05, 0.1), rho_s=rng.uniform(0, 0.05), p=rng.uniform(0, 0.03))
        low, N = int(max(d_w, d_s) + 2 + rng.integers(0, 30)), int(d_s + 2 + rng.integers(0, 2000))
        high = low + int(rng.integers(0, 150))
        best, at_edge = theory.optimal_n_exact(N, **setting, of=of, n_range=(low, high))
        ratios = [getattr(theory.excess_risks(n, N, **setting), of) for n in range(low, high + 1)]
        assert best == low + int(np.argmax(ratios))
        assert at_edge is (best in (low, high))
        assert type(best) is int
        edges.add(at_edge)
    assert edges == {True, False}


def test_optimal_n_exact_broadcasts():
    moments = {key: np.array([authors_moments(d)[key] for d in (10, 90)]) for key in ("rho_w", "rho_s", "p")}
    best, at_edge = theory.optimal_n_exact(4000, d_w=200, d_s=100, d_sw=[10, 90], sigma2=1e-2, **moments)
    for index, d_sw in enumerate((10, 90)):
        alone = theory.optimal_n_exact(4000, d_w=200, d_s=100, d_sw=d_sw, sigma2=1e-2, **authors_moments(d_sw))
        assert (best[index], at_edge[index]) == alone
    with_angles = theory.optimal_n_exact(4000, d_w=200, d_s=100, d_sw=90, sigma2=1e-2, rho_w=1e-4, rho_sw=[1e-4, 9e-4])
    assert with_angles[0][0] != with_angles[0][1]
