"""How often the tests behind the verdicts raise a false alarm, and how often they catch what they say they catch."""

import numpy as np
import pytest
from scipy import stats

from tests.stats import limit
from w2s_utils import claims
from w2s_utils.claims import registry, statistics

FEW = dict(df=399, on="simulation")
KIND_OF = {kind: f"test/{kind}" for kind in claims.KINDS}


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """One claim of each kind."""
    rows = {
        id: registry.Claim(id, f"A sentence, {kind}.", "talk", kind, "holds", "toy") for kind, id in KIND_OF.items()
    }
    monkeypatch.setattr(registry, "expected", lambda: rows)
    monkeypatch.setattr("w2s_utils.claims.inequalities.expected", lambda: rows)


def exact(expected, observed, se, **options):
    return claims.exact("test/exact", expected, observed, se, **(FEW | options))


def bound(limit, observed, se, **options):
    return claims.bound("test/bound", limit, observed, se, **(FEW | options))


def trend(effect, se, **options):
    return claims.trend("test/trend", effect, se, **(FEW | dict(smallest=0.02) | options))


def asymptotic(deviations, se, allowance, size=(10, 20, 40, 80), **options):
    observed = 1 + np.asarray(deviations)
    return claims.asymptotic("test/asymptotic", size, 1.0, observed, se, allowance=allowance, **(FEW | options))


def draw(rng, count, points, df, deviation=0.0):
    """Means and standard errors of normal measurements around 1 + deviation, 1 % relative error."""
    se = 0.01 * np.sqrt(rng.chisquare(df, (count, points)) / df)
    return 1 + deviation + 0.01 * rng.standard_normal((count, points)), se


@pytest.mark.parametrize("df", [4, 39])
def test_false_alarms_of_exact_are_as_many_as_stated(df, monkeypatch):
    monkeypatch.setattr(statistics, "ALPHA", 0.2)
    count, points = 1200, 5
    means, ses = draw(np.random.default_rng(df), count, points, df)
    alarms = sum(exact(1.0, mean, se, df=df).verdict == "fails" for mean, se in zip(means, ses, strict=True))
    rate = 1 - (1 - 0.2 / points) ** points
    assert abs(alarms - count * rate) / np.sqrt(count * rate * (1 - rate)) < limit(2)


def test_critical_value_is_that_of_the_family_wise_level():
    for size, df in ((1, 3), (7, 39), (40, 399)):
        critical = stats.t.isf(1e-4 / (2 * size), df)
        test = statistics.student_t(np.full(size, critical), np.ones(size), np.full(size, df))
        np.testing.assert_allclose(test.z, test.critical, rtol=1e-9)
    extreme = statistics.student_t(np.array([1e9, -1e9]), np.ones(2), np.full(2, 999))
    assert np.all(np.isfinite(extreme.z)) and extreme.z[0] == -extreme.z[1] > 30


@pytest.mark.parametrize(("df", "points"), [(4, 2), (11, 20), (39, 1), (399, 3)])
def test_deviations_of_the_size_that_is_said_are_caught_nine_times_in_ten(df, points):
    reach = exact(1.0, np.ones(points), 0.01, df=df).detects
    count = 800
    means, ses = draw(np.random.default_rng(points), count, points, df)
    means[:, 0] += reach
    caught = sum(exact(1.0, mean, se, df=df).verdict == "fails" for mean, se in zip(means, ses, strict=True))
    power = stats.nct.sf(stats.t.isf(1e-4 / (2 * points), df), df, reach / 0.01)
    assert power == pytest.approx(0.9, abs=0.002)
    assert abs(caught - count * power) / np.sqrt(count * power * (1 - power)) < limit(3)


def test_bound_says_what_crossing_it_would_have_caught():
    count, df = 800, 99
    reach = bound(2.0, 2.0, 0.02, df=df).detects * 2
    rng = np.random.default_rng(1)
    means, ses = 2 - reach + 0.02 * rng.standard_normal(count), 0.02 * np.sqrt(rng.chisquare(df, count) / df)
    caught = sum(bound(2.0, mean, se, df=df).verdict == "fails" for mean, se in zip(means, ses, strict=True))
    assert caught / count == pytest.approx(0.9, abs=0.04)
    # a bound of 0 has no relative crossing, and is still tested
    assert bound(0.0, -1.0, 0.1).verdict == "fails"
    assert bound(0.0, 1.0, 0.1).detects is None


def test_trend_says_what_effect_it_would_have_caught():
    count, df = 800, 99
    reach = trend(0.0, 0.01, df=df).detects * 0.02
    rng = np.random.default_rng(1)
    means, ses = reach + 0.01 * rng.standard_normal(count), 0.01 * np.sqrt(rng.chisquare(df, count) / df)
    caught = sum(trend(mean, se, df=df).verdict == "holds" for mean, se in zip(means, ses, strict=True))
    assert caught / count == pytest.approx(0.9, abs=0.04)


def test_asymptotic_says_how_steep_the_slope_is_as_well_as_its_error():
    rng, size = np.random.default_rng(2), np.array([10, 20, 40, 80])
    slopes, errors = [], []
    for _ in range(300):
        on = asymptotic(1 / size + 1e-3 * rng.standard_normal(4), 1e-3, 1.0, size=size).on
        slope, error = on.split("slope of the deviation ")[1].split(";")[0].split(" ± ")
        slopes.append(float(slope))
        errors.append(float(error))
    assert np.mean(slopes) == pytest.approx(-1, abs=0.02)
    assert np.std(slopes) / np.mean(errors) == pytest.approx(1, abs=0.25)
