"""Every verdict of every kind of claim, and the error rates of the tests behind them."""

import json
import re

import numpy as np
import pytest
from scipy import stats

from w2s_utils import claims
from w2s_utils.claims import registry

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


# exact


def test_exact():
    # the worst of the points is reported
    finding = exact([2.0, 4.0], [2.01, 3.96], [0.01, 0.02])
    assert finding.verdict == "holds"
    assert (finding.expected, finding.observed, finding.se) == (4.0, 3.96, 0.02)
    assert finding.z == pytest.approx(-2.0, abs=0.02)
    assert exact([2.0, 4.0], [2.0, 3.9], [0.01, 0.02]).verdict == "fails"
    assert exact([2.0, 4.0], [2.0, 4.1], [0.01, 0.02]).z > 0
    # one point that is not measured well enough
    assert exact([2.0, 4.0], [2.0, 4.0], [0.01, 0.1]).verdict == "inconclusive"
    # fails although it would not have caught 5 %
    assert exact(2.0, 3.0, 0.1).verdict == "fails"


@pytest.mark.parametrize("sign", [1, -1])
def test_exact_is_two_sided_at_the_family_wise_level(sign):
    critical = stats.t.isf(1e-4 / 2 / 3, 399)
    assert exact(1.0, 1 + sign * np.array([0, 0, 0.999 * critical]) * 1e-3, 1e-3).verdict == "holds"
    assert exact(1.0, 1 + sign * np.array([0, 0, 1.001 * critical]) * 1e-3, 1e-3).verdict == "fails"
    # few designs make the test more careful
    assert exact(1.0, 1 + sign * np.array([0, 0, 1.001 * critical]) * 1e-3, 1e-3, df=9).verdict == "holds"


def test_correction():
    printed, right = 1.2, 1.0
    both = exact(right, 1.001, 0.004, original=printed)
    assert both.verdict == "holds with a correction"
    assert "the printed form is at worst 19.9% too high" in both.on
    assert exact(right, 1.1, 0.004, original=printed).verdict == "fails"
    assert exact(right, 1.001, 0.004, original=1.001).verdict == "inconclusive"
    assert exact(right, 1.0, 0.1, original=1.1).verdict == "inconclusive"
    # rejected only at the family-wise level: one point of many
    assert exact(right, np.ones(4), 0.004, original=[1, 1, 1, 1.2]).verdict == "holds with a correction"
    assert exact(right, np.ones(4), 0.004, original=[1, 1, 1, 1.01]).verdict == "inconclusive"


def test_tolerance_is_allowed_for_and_counts_as_not_caught():
    assert exact(1.0, 1.02, 1e-4).verdict == "fails"
    allowed = exact(1.0, 1.02, 1e-4, tolerance=0.02)
    assert allowed.verdict == "holds" and abs(allowed.z) < 1e-6
    assert allowed.detects == pytest.approx(0.02 + exact(1.0, 1.0, 1e-4).detects)
    assert exact(1.0, 1.021, 1e-4, tolerance=0.02).verdict == "fails"
    assert exact(1.0, 1.0, 1e-4, tolerance=0.06).verdict == "inconclusive"


def test_number_is_tested_like_exact():
    number = claims.exact("test/number", 0.7, 0.703, 0.001, kind="number", tolerance=0.005, df=99, on="a data set")
    assert (number.verdict, number.kind) == ("holds", "number")
    assert claims.exact("test/number", 0.7, 0.72, 0.001, kind="number", df=99, on="x").verdict == "fails"
    assert claims.exact("test/number", 0.7, 0.7, 0.01, kind="number", df=99, on="x").verdict == "inconclusive"


def test_numbers_without_error_are_compared_as_they_are():
    assert exact([1.0, 2.0], [1.0, 2.0], 0.0).verdict == "holds"
    assert exact(1.0, 1 + 1e-9, 0.0, tolerance=1e-6).verdict == "holds"
    wrong = exact(1.0, 1 + 1e-5, 0.0, tolerance=1e-6)
    assert wrong.verdict == "fails" and wrong.z > 30
    json.dumps(wrong.to_dict(), allow_nan=False)


# asymptotic


def test_asymptotic():
    shrinking, allowance = np.array([0.1, 0.05, 0.025, 0.0125]), np.array([0.2, 0.1, 0.05, 0.025])
    finding = asymptotic(shrinking, 1e-3, allowance)
    assert finding.verdict == "holds"
    assert "slope of the deviation -1.00 ± " in finding.on
    # nothing to tell from 0
    rng = np.random.default_rng(0)
    assert asymptotic(1e-3 * rng.standard_normal(4), 1e-3, allowance).verdict == "holds"
    assert asymptotic(np.zeros(4), 1e-3, allowance).verdict == "holds"
    # what is allowed would not have been caught, at the largest size
    assert finding.detects == pytest.approx(0.025, abs=0.01)
    assert finding.detects > 0.025
    # one size beyond its allowance
    assert asymptotic([0.1, 0.05, 0.025, 0.035], 1e-3, allowance).verdict == "fails"
    assert asymptotic([0.1, 0.05, 0.025, -0.035], 1e-3, allowance).verdict == "fails"
    # beyond it, but not beyond the noise
    assert asymptotic([0.1, 0.05, 0.025, 0.027], 1e-3, allowance).verdict != "fails"
    # within every allowance, yet it does not shrink
    level = asymptotic([0.02, 0.02, 0.02, 0.02], 1e-3, allowance)
    assert level.verdict == "inconclusive"
    assert re.search(r"slope of the deviation -?0\.00 ", level.on)
    # shrinking, but too noisy to see 5 %
    assert asymptotic(shrinking, 0.02, allowance).verdict == "inconclusive"


def test_asymptotic_correction_needs_both_tests():
    shrinking, allowance = np.array([0.1, 0.05, 0.025, 0.0125]), np.array([0.2, 0.1, 0.05, 0.025])
    both = asymptotic(shrinking, 1e-3, allowance, original=0.8)
    assert both.verdict == "holds with a correction"
    assert both.on.endswith("z before the allowance; the printed form is at worst 27% too low")
    # where only one point tells the forms apart, one is enough; where none does, nothing was corrected
    assert asymptotic(shrinking, 1e-3, allowance, original=[1, 1, 1, 0.9]).verdict == "holds with a correction"
    assert asymptotic(shrinking, 1e-3, allowance, original=[1, 1, 1, 1.001]).verdict == "inconclusive"
    # a correction that does not hold is no correction
    assert asymptotic(shrinking + 0.15, 1e-3, allowance, original=0.8).verdict == "fails"
    assert asymptotic(shrinking, 0.02, allowance, original=0.2).verdict == "inconclusive"


def test_asymptotic_slope_is_that_of_the_deviation():
    size = np.array([10, 20, 40, 80])
    for power in (0.5, 1, 2):
        finding = asymptotic(3.0 * size ** -float(power), 1e-4, 1.0, size=size)
        assert f"slope of the deviation {-power:.2f}" in finding.on
    # one deviation of exactly 0 has no logarithm
    assert "slope of the deviation -1.0" in asymptotic([0.1, 0.05, 0.025, 0.0], 1e-3, 0.2).on


def test_asymptotic_needs_sizes_and_errors():
    with pytest.raises(ValueError, match="needs at least three sizes"):
        asymptotic([0.1, 0.05, 0.02], 1e-3, 0.2, size=(10, 20, 20))
    with pytest.raises(ValueError, match="standard errors above 0"):
        asymptotic([0.1, 0.05, 0.02, 0.01], [1e-3, 1e-3, 0.0, 1e-3], 0.2)


# bounds


def test_bound():
    assert bound([0.5, 0.7], [0.6, 0.8], 0.01).verdict == "holds"
    # nearest point, beyond by less than the noise
    near = bound([0.5, 0.7], [0.6, 0.69], 0.01)
    assert near.verdict == "holds" and near.expected == 0.7 and near.z < 0
    assert bound([0.5, 0.7], [0.6, 0.6], 0.01).verdict == "fails"
    assert bound([0.5, 0.7], [0.4, 0.6], 0.01, side="upper").verdict == "holds"
    assert bound([0.5, 0.7], [0.6, 0.6], 0.01, side="upper").verdict == "fails"
    with pytest.raises(ValueError, match="^side = 'above' is not allowed: lower or upper$"):
        bound(0.5, 0.6, 0.01, side="above")


def test_bound_that_speaks_at_some_points_only():
    printed, observed = [0.5, 0.7], [0.6, 0.6]
    assert bound(printed, observed, 0.01, applies=[True, False]).verdict == "holds"
    assert bound(printed, observed, 0.01, applies=[True, False]).expected == 0.5
    assert bound(printed, observed, 0.01, applies=[False, True]).verdict == "fails"
    assert bound(printed, observed, 0.01, applies=False).verdict == "inconclusive"
    # a correction of what is nowhere crossed is not looked at
    options = dict(corrected=[0.9, 0.9], applies=[True, False])
    assert bound(printed, observed, 0.01, **options).verdict == "holds"


def test_bound_with_a_correction():
    printed, observed = [0.5, 0.7], [0.6, 0.6]
    kept = bound(printed, observed, 0.01, corrected=[0.4, 0.55])
    assert kept.verdict == "holds with a correction"
    assert kept.expected == 0.55
    assert "the printed bound is crossed by up to 0.1" in kept.on
    assert bound(printed, observed, 0.01, corrected=[0.4, 0.66]).verdict == "fails"
    assert bound(printed, [0.6, 0.8], 0.01, corrected=[0.4, 0.66]).verdict == "holds"
    # the correction is only tested where it says something
    elsewhere = bound(printed, observed, 0.01, corrected=[0.4, 0.66], corrected_applies=[True, False])
    assert elsewhere.verdict == "holds with a correction" and elsewhere.expected == 0.4
    assert bound(printed, observed, 0.01, corrected=[0.4, 0.66], corrected_applies=[False, True]).verdict == "fails"
    nowhere = bound(printed, observed, 0.01, corrected=[0.4, 0.55], corrected_applies=[False, False])
    assert nowhere.verdict == "inconclusive"
    upper = dict(side="upper", corrected=[0.65, 0.7])
    assert bound(printed, observed, 0.01, **upper).verdict == "holds with a correction"


# trends


def test_trend():
    assert trend([0.1, 0.2], 0.01).verdict == "holds"
    assert trend([0.1, -0.1], 0.01).verdict == "fails"
    # significant in neither direction, and an effect of the stated size is excluded
    assert trend([0.1, 0.0], 0.001).verdict == "fails"
    assert trend([0.1, 0.0], 0.01).verdict == "inconclusive"
    # small but certain
    assert trend([0.1, 0.005], 0.0001).verdict == "holds"
    finding = trend([0.1, 0.2], 0.01)
    assert (finding.expected, finding.observed) == (0.02, 0.1)
    with pytest.raises(ValueError, match="^smallest = 0 is not allowed: the effect stated beforehand is positive$"):
        trend([0.1, 0.2], 0.01, smallest=[0.02, 0.0])


# refusals and records


@pytest.mark.parametrize("kind", ["exact", "bound", "trend", "asymptotic"])
def test_claims_that_are_refused(kind):
    test = {
        "exact": lambda id, x, se: claims.exact(id, 1.0, x, se, **FEW),
        "bound": lambda id, x, se: claims.bound(id, 1.0, x, se, **FEW),
        "trend": lambda id, x, se: claims.trend(id, x, se, smallest=0.1, **FEW),
        "asymptotic": lambda id, x, se: claims.asymptotic(id, [1, 2, 3], 1.0, x, se, allowance=0.1, **FEW),
    }[kind]
    good = np.array([1.1, 1.05, 1.02])
    assert test(f"test/{kind}", good, 0.01).verdict in claims.VERDICTS
    with pytest.raises(ValueError, match="^claim = 'test/unknown' is not listed in data/claims.csv$"):
        test("test/unknown", good, 0.01)
    other = "bound" if kind != "bound" else "trend"
    with pytest.raises(ValueError, match=f"^claim 'test/{other}' is listed as {other}, not as {kind}$"):
        test(f"test/{other}", good, 0.01)
    for x, se in ((np.array([1.1, np.nan, 1.0]), 0.01), (good, np.nan), (np.array([1.1, np.inf, 1.0]), 0.01)):
        with pytest.raises(ValueError, match="^a claim was given nan or inf: every point must be measured$"):
            test(f"test/{kind}", x, se)
    if kind == "trend":
        assert test("test/trend", [], []).verdict == "not tested"
        return
    with pytest.raises(ValueError, match="^a claim was given no point: at least one must be measured$"):
        test(f"test/{kind}", np.ones((0, 1)), 0.01)


def test_not_tested():
    finding = claims.not_tested("test/number", needs="the real images")
    assert (finding.verdict, finding.kind, finding.needs, finding.z) == (
        "not tested",
        "number",
        "the real images",
        None,
    )
    with pytest.raises(ValueError, match="^claim = 'test/unknown' is not listed"):
        claims.not_tested("test/unknown", needs="more")


def test_findings_are_what_a_passport_holds():
    found = [
        exact(1.0, [1.0, 1.001], 0.001),
        exact(0.0, 0.0, 0.0),
        exact(0.0, 0.1, 0.001),
        bound(0.0, 0.2, 0.01, corrected=0.1),
        trend([0.1, 0.2], 0.01),
        asymptotic([0.1, 0.05, 0.025, 0.0125], 1e-3, 0.2),
        claims.not_tested("test/number", needs="data"),
    ]
    keys = ["id", "statement", "kind", "expected", "observed", "se", "z", "detects", "verdict", "on", "needs"]
    for finding in found:
        entry = json.loads(json.dumps(finding.to_dict(), allow_nan=False))
        assert list(entry) == keys
        assert entry == finding.to_dict()
        assert entry["verdict"] in claims.VERDICTS and entry["kind"] in claims.KINDS
        assert all(type(finding.to_dict()[key]) in (float, type(None)) for key in keys[3:8])
