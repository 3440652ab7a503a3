"""Intrinsic and correlation dimension on features whose dimensions are known."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_utils import dimensions
from w2s_utils.dimensions import correlation_dimension, intrinsic_dimension

# rows of the embedded data set this was first tried on
M = 1688


def features(m, d_w, d_s, shared, *, widths=None, rho2=1.0, seed=0):
    """Gaussian features of given dimensions; `shared` pairs of directions have squared correlation rho2."""
    rng = np.random.default_rng(seed)
    weak, strong = rng.standard_normal((m, d_w)), rng.standard_normal((m, d_s))
    strong[:, :shared] = np.sqrt(rho2) * weak[:, :shared] + np.sqrt(1 - rho2) * strong[:, :shared]
    if widths is None:
        return weak, strong
    into = [np.linalg.qr(rng.standard_normal((width, d)))[0].T for width, d in zip(widths, (d_w, d_s), strict=True)]
    return weak @ into[0], strong @ into[1]


def test_intrinsic_dimension_counts_directions_of_a_known_spectrum():
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((size, 30)))[0] for size in (200, 40))
    squares = 0.5 ** np.arange(30)
    X = left * np.sqrt(squares) @ right.T
    shares = np.cumsum(squares) / squares.sum()
    for energy in (0.3, 0.9, 0.99, 0.9999):
        assert intrinsic_dimension(X, energy) == np.argmax(shares >= energy) + 1
        assert intrinsic_dimension(X.T * 1e-200, energy) == intrinsic_dimension(X, energy)


def test_intrinsic_dimension_is_not_centred_and_keeps_ties():
    assert intrinsic_dimension(np.ones((50, 3)) + 1e-3 * np.eye(50, 3)) == 1
    assert intrinsic_dimension(np.eye(100), 0.99) == 99
    assert intrinsic_dimension(np.eye(100), 1) == 100


@given(st.integers(1, 15), st.integers(1, 15), st.integers(0, 1000), st.floats(0.01, 1.0))
@settings(max_examples=40, deadline=None)
def test_intrinsic_dimension_grows_with_energy(m, d, seed, energy):
    X = np.random.default_rng(seed).standard_normal((m, d))
    assert 1 <= intrinsic_dimension(X, energy / 2) <= intrinsic_dimension(X, energy) <= min(m, d)


@pytest.mark.parametrize("energy", [0, -0.1, 1.01, float("nan")])
def test_bad_energy(energy):
    with pytest.raises(ValueError, match=rf"energy = {energy} is outside \(0, 1\]"):
        intrinsic_dimension(np.eye(3), energy)


def test_unrelated_features_share_nothing():
    c = correlation_dimension(*features(M, 300, 200, 0), 300, 200)
    assert abs(c) < 3
    assert c.plugin == pytest.approx(35.5, abs=1)
    assert c.chance == pytest.approx(300 * 200 / M)


@pytest.mark.parametrize("widths", [None, (420, 260)])
def test_shared_directions_come_out(widths):
    weak, strong = features(M, 300, 200, 100, widths=widths)
    c = correlation_dimension(weak, strong, 300, 200)
    assert abs(c - 100) < 3
    assert c.plugin > 110
    assert abs(correlation_dimension(strong, weak, 200, 300) - c) < 1e-9


@pytest.mark.parametrize(
    ("m", "d_w", "d_s", "shared", "rho2"),
    [(600, 150, 100, 50, 1.0), (600, 150, 100, 100, 0.2), (600, 150, 100, 100, 0.8), (2000, 20, 10, 10, 0.5)],
)
def test_correction_against_simulation(m, d_w, d_s, shared, rho2):
    """The mean over draws is the truth, also for partial angles: the chance overlap is removed without bias."""
    found = [
        float(correlation_dimension(*features(m, d_w, d_s, shared, rho2=rho2, seed=seed), d_w, d_s))
        for seed in range(30)
    ]
    truth = shared * rho2
    se = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 4 * se


def test_mean_of_the_plugin_by_chance():
    """Unrelated subspaces overlap by d_w d_s / m on average, whatever the law of the features."""
    rng = np.random.default_rng(0)
    found = [
        correlation_dimension(rng.uniform(-1, 1, (100, 20)), rng.standard_t(3, (100, 30)), 20, 30) for _ in range(200)
    ]
    plugins = [c.plugin for c in found]
    se = np.std(plugins, ddof=1) / np.sqrt(len(plugins))
    assert abs(np.mean(plugins) - 6.0) < 4 * se
    assert found[0].chance == 6.0


def test_contained_and_identical_subspaces():
    weak, strong = features(500, 60, 40, 40)
    assert correlation_dimension(weak, strong, 60, 40) == pytest.approx(40)
    assert correlation_dimension(weak, weak, 60, 60) == pytest.approx(60)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 100), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_canonical_inverts_the_stated_formula(d_w, d_s, extra, seed):
    m = d_w + d_s + 1 + extra
    rng = np.random.default_rng(seed)
    c = correlation_dimension(rng.standard_normal((m, d_w)), rng.standard_normal((m, d_s)), d_w, d_s)
    assert (m - c) * (c.plugin - c) == pytest.approx((d_w - c) * (d_s - c), abs=1e-8 * m)
    assert c <= min(d_w, d_s) + 1e-9


def test_canonical_ignores_scale_and_rotation_of_either_space():
    weak, strong = features(400, 30, 20, 10)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((20, 20)))[0]
    c = correlation_dimension(weak, strong, 30, 20)
    assert correlation_dimension(weak * 1e180, strong @ rotation * 1e-180, 30, 20) == pytest.approx(c)


def test_dimensions_default_to_the_intrinsic_ones():
    weak, strong = features(400, 30, 20, 10, widths=(70, 500))
    assert correlation_dimension(weak, strong).chance == intrinsic_dimension(weak) * intrinsic_dimension(strong) / 400


def test_ill_conditioned_features_use_the_svd():
    weak, strong = features(300, 20, 20, 20)
    scales = np.geomspace(1, 1e-9, 20)
    assert correlation_dimension(weak * scales, strong, 20, 20) == pytest.approx(20, abs=1e-4)


@pytest.mark.parametrize("shared", [0, 100])
def test_random_projection_returns_its_chance_value(shared):
    """The authors' estimator gives d_w d_s / min(width) on related and unrelated features alike."""
    weak, strong = features(M, 150, 100, shared, widths=(600, 300))
    c = correlation_dimension(weak, strong, 150, 100, "random_projection", seed=42)
    assert c.chance == 150 * 100 / 300
    assert c == c.plugin == pytest.approx(c.chance, rel=0.04)
    other = correlation_dimension(weak, strong, 150, 100, "random_projection", seed=1)
    assert other != c and other == pytest.approx(c.chance, rel=0.04)
    assert c.p_value > 1e-2


def test_shared_basis():
    X = np.random.default_rng(0).standard_normal((500, 8))
    weak, strong = np.zeros((2, 500, 12))
    weak[:, :8], strong[:, 5:] = X, X[:, :7]  # coordinates 0-7 and 5-11
    c = correlation_dimension(weak, strong, 8, 7, "shared_basis")
    assert c == c.plugin == pytest.approx(3)
    assert c.chance == pytest.approx(8 * 7 / 12)
    with pytest.raises(ValueError, match="shared_basis needs equal widths, not 12 and 11"):
        correlation_dimension(weak, strong[:, :11], 8, 5, "shared_basis")


def test_p_value_is_small_for_related_and_uniform_for_unrelated_features():
    assert correlation_dimension(*features(200, 10, 8, 3), 10, 8).p_value == 1 / 200
    p = [correlation_dimension(*features(100, 6, 4, 0, seed=seed), 6, 4).p_value for seed in range(60)]
    # the mean of 60 uniform variables has standard deviation 0.037
    assert abs(np.mean(p) - 0.5) < 0.15
    assert min(p) >= 1 / 200 and max(p) <= 1


def test_p_value_sees_through_a_shared_mean():
    """Features with a common offset share the constant direction, and permuting rows keeps it."""
    weak, strong = features(200, 6, 4, 0)
    c = correlation_dimension(weak + 5, strong + 5, 6, 4)
    assert 0.5 < c < 2
    assert c.p_value > 1e-2


def test_p_value_is_lazy_and_reproducible(monkeypatch):
    weak, strong = features(100, 6, 4, 1, rho2=0.1)
    first, second = (correlation_dimension(weak, strong, 6, 4, seed=3) for _ in range(2))
    assert first.p_value == second.p_value
    monkeypatch.setattr(dimensions, "_overlap", None)
    assert first.p_value == second.p_value


def test_behaves_like_a_float():
    c = correlation_dimension(*features(100, 6, 4, 2), 6, 4)
    assert isinstance(c, float) and type(c + 0) is float
    assert json.loads(json.dumps({"c": c})) == {"c": float(c)}
    again = pickle.loads(pickle.dumps(c))
    assert (again, again.plugin, again.chance, again.p_value) == (c, c.plugin, c.chance, c.p_value)
    assert repr(c).startswith("CorrelationDimension(")


GOOD = np.random.default_rng(0).standard_normal((40, 5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weak": np.where(GOOD > 2, np.nan, GOOD)}, "weak holds nan at index"),
        ({"strong": GOOD[:39]}, "weak has 40 rows, strong has 39"),
        ({"strong": GOOD[:, 0]}, r"strong has shape \(40,\); it must be 2-D"),
        ({"weak": np.zeros((40, 5))}, "weak is all zeros"),
        ({"d_w": 6}, r"d_w = 6 must be an integer in \[1, 5\]"),
        ({"d_s": 0}, r"d_s = 0 must be an integer in \[1, 5\]"),
        ({"d_s": 2.5}, r"d_s = 2.5 must be an integer in \[1, 5\]"),
        ({"strong": np.outer(GOOD[:, 0], GOOD[0]), "d_s": 3}, "d_s = 3 exceeds the rank 1 of its features"),
        (
            {"weak": GOOD[:10], "strong": GOOD[:10]},
            "10 rows are too few: canonical needs more than d_w . d_s = 10",
        ),
        (
            {"method": "cca"},
            "method = 'cca' is unknown; it must be one of canonical, shared_basis, random_projection",
        ),
        ({"strong": GOOD[:, :3], "d_w": 4, "method": "random_projection"}, "d_w = 4 exceeds the rank 3"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        correlation_dimension(**{"weak": GOOD, "strong": GOOD, "d_w": 5, "d_s": None} | arguments)
    assert "\n" not in str(error.value)
