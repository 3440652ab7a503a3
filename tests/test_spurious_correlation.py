"""Closed forms of liu2026: printed values, the fixed point against the closed form, optima, limits, and errors."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from w2s_utils.theory import spurious_correlation as theory
from w2s_utils.theory.spurious_correlation import fixed_point

XI = np.array([[0.3, 0.2], [-0.1, 0.5], [0.2, 0.1]])
PAIR = dict(mu_T=[1.5, -0.4, 0.8], mu_S=[0.7, -1.1], Xi=XI, gamma=0.08, nu=0.12)
REPRESENTATIONS = {name: PAIR[name] for name in ("mu_T", "mu_S", "Xi")}
FRACTIONS = (0.1, 0.3, 0.8)


# the two numbers of the exact limit


@pytest.mark.parametrize(
    ("ratio", "p", "m0", "m1"),
    [
        (0.05, 3, 1.1764705882, 1.2958909398),
        (0.03, 4, 1.1363636364, 1.2050547607),
        (0.1, 4, 1.6666666667, 2.0223249373),
    ],
)
def test_resolvent_moments_take_known_values(ratio, p, m0, m1):
    found = theory.resolvent_moments(ratio, p)
    assert found == (pytest.approx(m0, abs=1e-10), pytest.approx(m1, abs=1e-10))


@pytest.mark.parametrize(("ratio", "p"), [(0.2, 2), (0.45, 2), (0.3, 3), (0.2, 4), (0.24, 4), (0.15, 6)])
def test_resolvent_moments_solve_their_equation(ratio, p):
    m0, m1 = theory.resolvent_moments(ratio, p)

    def integrand(x):  # x = sqrt(r), so that the density is smooth at 0
        return 2 * x * stats.chi2.pdf(x * x, p - 1) / (1 + ratio * (m0 + m1 * x * x))

    value = integrate.quad(integrand, 0, np.inf, epsabs=1e-12)[0]
    assert value == pytest.approx(1 - ratio * p, abs=2e-9)


def test_resolvent_moments_of_small_ratios_broadcast():
    m0, m1 = theory.resolvent_moments([[0.0, 1e-9], [1e-4, 1e-4]], 4)
    assert m0.shape == m1.shape == (2, 2)
    assert m0[0, 0] == 1 and m1[0, 0] == pytest.approx(1, abs=1e-14)
    assert m1[0, 1] - 1 == pytest.approx(6e-9, rel=1e-5)  # 1 + (p + 2) ratio
    assert m1[1, 0] - 1 == pytest.approx(6e-4, rel=2e-3)
    assert all(float(m) == 1 / (1 - 0.3) for m in theory.resolvent_moments(0.3, 1))


# risks


def test_printed_formula_is_the_leading_order():
    eta_l, eta_u, eta_t = FRACTIONS
    mu_T, mu_S = np.array(PAIR["mu_T"]), np.array(PAIR["mu_S"])
    p_T, p_S, p_TS, s_xi, s_y = 4, 3, 1 + (XI**2).sum(), 2.0, 3.0
    teacher = s_y * 0.08 * (p_T + (eta_t - eta_l) ** 2 * mu_T @ mu_T / s_xi)
    moved = (eta_u - eta_l) * mu_T + (eta_t - eta_u) * XI @ mu_S
    theta = 0.12 * (p_T - p_TS) * (eta_t - eta_u) ** 2 * mu_S @ mu_S / s_xi
    student = s_y * 0.08 * (p_TS + 0.12 * p_S * (p_T - p_TS) + moved @ moved / s_xi + theta)
    scales = dict(sigma_xi2=s_xi, sigma_y2=s_y, order="leading")
    assert theory.teacher_risk(eta_l, eta_t, mu_T=mu_T, gamma=0.08, **scales) == pytest.approx(teacher, rel=1e-13)
    assert theory.student_risk(*FRACTIONS, **PAIR, **scales) == pytest.approx(student, rel=1e-13)
    assert theory.gain(*FRACTIONS, **PAIR, **scales) == pytest.approx(teacher - student, rel=1e-12)


@pytest.mark.parametrize("order", theory.ORDERS)
@pytest.mark.parametrize("fractions", [FRACTIONS, (0.5, 0.0, 1.0)])
def test_fixed_point_gives_the_closed_form_of_a_mean_shift(order, fractions):
    mu_T, mu_S = (np.asarray(PAIR[name]) for name in ("mu_T", "mu_S"))
    options = dict(order=order, law="mean_shift")
    student = fixed_point.student(*fractions, mu_T, mu_S, XI, 0.08, 0.12, **options)
    teacher = fixed_point.teacher(fractions[0], fractions[2], mu_T, 0.08, **options)
    assert student == pytest.approx(float(theory.student_risk(*fractions, **PAIR, order=order)), rel=1e-8)
    expected = theory.teacher_risk(fractions[0], fractions[2], mu_T=mu_T, gamma=0.08, order=order)
    assert teacher == pytest.approx(float(expected), rel=1e-8)


@pytest.mark.parametrize(
    ("law", "size", "expected"),
    [
        ("mean_shift", 10, (0.02810, 0.01533, 0.02817)),
        ("mixture", 10, (0.01531, 0.01532, 0.01532)),
        ("whitened_mixture", 3, (0.01914, 0.01531, 0.01914)),
    ],
)
def test_teacher_under_three_laws_agrees_with_earlier_simulations(law, size, expected):
    # simulated risks times (1 + exact/MC - 1) of facts 6.4, both rounded: 0.1 %
    risks = theory.teacher_risk(0.5, [0, 0.5, 1], mu_T=[size**0.5, 0.0], gamma=0.005, law=law)
    np.testing.assert_allclose(risks, expected, rtol=2.5e-3)


def test_leading_order_of_the_mixture_is_linear_in_the_test_fraction():
    eta_l, a = 0.1, 10.0
    eta_t = np.linspace(0, 1, 5)
    printed = 3 - 1 + (1 + a * (eta_t * (1 - 2 * eta_l) + eta_l**2)) / (1 + a * eta_l * (1 - eta_l))
    risks = theory.teacher_risk(eta_l, eta_t, mu_T=[a**0.5, 0.0], gamma=0.02, order="leading", law="mixture")
    np.testing.assert_allclose(risks, 0.02 * printed, rtol=1e-12)
    for order in theory.ORDERS:
        risk = theory.student_risk(eta_l, 0.3, eta_t, **PAIR, law="mixture", order=order)
        np.testing.assert_allclose(np.diff(risk, 2), 0, atol=1e-12)


@pytest.mark.parametrize("law", ["mixture", "whitened_mixture"])
def test_mixtures_without_a_mixture_are_mean_shifts(law):
    pure = (0.0, 1.0, 1.0)
    expected = theory.student_risk(*pure, **PAIR)
    assert theory.student_risk(*pure, **PAIR, law=law) == pytest.approx(float(expected), rel=1e-8)
    still = PAIR | dict(mu_T=np.zeros(3), mu_S=np.zeros(2))
    expected = theory.gain(*FRACTIONS, **still)
    assert theory.gain(*FRACTIONS, **still, law=law) == pytest.approx(float(expected), rel=1e-8)


def test_whitened_mixture_follows_the_printed_formula_as_samples_grow():
    small = PAIR | dict(mu_T=[0.8, 0.1, 0.0], mu_S=[0.3, -0.2])
    deviation = []
    for ratio in (1e-3, 1e-4):
        exact = theory.student_risk(*FRACTIONS, **(small | dict(gamma=ratio, nu=ratio)), law="whitened_mixture")
        printed = theory.student_risk(*FRACTIONS, **(small | dict(gamma=ratio, nu=ratio)), order="leading")
        deviation.append(exact / printed - 1)
    assert 9 < deviation[0] / deviation[1] < 11 and abs(deviation[0]) < 0.02


def test_risks_do_not_depend_on_units_or_on_the_basis():
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    turned = PAIR | dict(mu_T=rotation @ PAIR["mu_T"], Xi=rotation @ XI)
    scaled = PAIR | dict(mu_T=np.array(PAIR["mu_T"]) * 3, mu_S=np.array(PAIR["mu_S"]) * 3, sigma_xi2=9.0)
    for law in ("mean_shift", "mixture"):
        expected = float(theory.gain(*FRACTIONS, **PAIR, law=law))
        assert theory.gain(*FRACTIONS, **turned, law=law) == pytest.approx(expected, rel=1e-9)
        assert theory.gain(*FRACTIONS, **scaled, law=law, sigma_y2=2.0) == pytest.approx(2 * expected, rel=1e-9)


@pytest.mark.parametrize("law", ["mean_shift", "mixture"])
def test_arguments_broadcast(law):
    sizes = np.array([0.5, 1.0, 2.0])
    stack = PAIR | dict(mu_S=sizes[:, None] * PAIR["mu_S"])
    table = theory.student_risk([[0.1], [0.4]], 0.2, 0.5, **stack, law=law)
    assert table.shape == (2, 3)
    alone = theory.student_risk(0.4, 0.2, 0.5, **(PAIR | dict(mu_S=2 * np.array(PAIR["mu_S"]))), law=law)
    assert table[1, 2] == pytest.approx(float(alone), rel=1e-12)
    # leading axes of the means: two of one, the last of them of the other
    both = stack | dict(mu_T=np.ones((2, 1, 1)) * PAIR["mu_T"])
    again = theory.student_risk([[0.1], [0.4]], 0.2, 0.5, **both, law=law)
    np.testing.assert_allclose(again, table, rtol=1e-12)


def test_no_group_feature_is_the_textbook():
    alone = dict(mu_T=np.zeros(0), mu_S=np.zeros(0), Xi=np.zeros((0, 0)))
    for law in theory.LAWS:
        risk = theory.teacher_risk(0.2, 0.5, mu_T=np.zeros(0), gamma=0.25, law=law)
        assert risk == pytest.approx(0.25 / 0.75)
        assert theory.gain(0.2, 0.3, 0.5, **alone, gamma=0.25, nu=0.1, law=law) == pytest.approx(0, abs=1e-13)


def test_nested_representations_are_allowed():
    nested = dict(mu_T=[1.0, 2.0], mu_S=[2.0], Xi=[[0.0], [1.0]])
    for law in ("mean_shift", "mixture"):
        assert np.isfinite(theory.gain(0.1, 0.2, 0.5, **nested, gamma=0.1, nu=0.1, law=law))


# optima and the matched gain


@pytest.mark.parametrize("order", theory.ORDERS)
@pytest.mark.parametrize(("eta_l", "eta_t"), [(0.1, 0.5), (0.3, 1.0), (0.5, 0.0)])
def test_optimal_eta_u_is_the_argmax(order, eta_l, eta_t):
    best = theory.optimal_eta_u(eta_l, eta_t, **REPRESENTATIONS, nu=0.12, order=order, clip=None)
    found = optimize.minimize_scalar(
        lambda x: float(theory.student_risk(eta_l, min(max(x, 0), 1), eta_t, **PAIR, order=order)),
        bounds=(0, 1),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert np.clip(best, 0, 1) == pytest.approx(found.x, abs=1e-5)
    assert theory.optimal_eta_u(eta_l, eta_t, **REPRESENTATIONS, nu=0.12, order=order) == np.clip(best, 0, 0.5)


def test_optimal_eta_u_of_a_mixture_is_the_argmax():
    best = theory.optimal_eta_u(0.4, 0.5, **REPRESENTATIONS, nu=0.12, gamma=0.08, law="mixture", clip=None)
    near = theory.gain(0.4, [best - 1e-3, best, best + 1e-3], 0.5, **PAIR, law="mixture")
    assert 0 < best < 1 and np.argmax(near) == 1


def test_optimal_eta_u_at_equal_fractions_and_where_nothing_depends_on_it():
    assert theory.optimal_eta_u(0.2, 0.2, **REPRESENTATIONS, nu=0.12) == pytest.approx(0.2)
    blind = dict(mu_T=[0.0], mu_S=[0.0], Xi=[[0.5]])
    assert np.isnan(theory.optimal_eta_u(0.2, 0.5, **blind, nu=0.1))
    assert np.isnan(theory.optimal_eta_u(0.2, 0.5, **blind, nu=0.1, law="mixture"))
    both = theory.optimal_eta_u([0.2, 0.3], 0.5, **REPRESENTATIONS, nu=0.12)
    assert both.shape == (2,)


@pytest.mark.parametrize("order", theory.ORDERS)
def test_matched_gain_is_the_gain_at_equal_fractions(order):
    scales = dict(sigma_xi2=2.0, sigma_y2=3.0, order=order)
    eta = np.array([0.0, 0.2, 0.5])
    matched = theory.matched_gain(eta, 0.9, **PAIR, **scales)
    np.testing.assert_allclose(matched.gain, theory.gain(eta, eta, 0.9, **PAIR, **scales), rtol=1e-11)


def test_matched_condition_tells_apart_where_matching_can_fail():
    grid = np.linspace(0, 1, 21)
    seen = PAIR | dict(mu_T=[2.0, 0.0, 0.0], mu_S=[0.3, 0.1])
    assert theory.matched_gain(0.1, 0.5, **seen).always
    assert np.all(theory.gain(grid[:, None], grid[:, None], grid, **seen) > 0)
    blind = PAIR | dict(mu_T=np.zeros(3), mu_S=[4.0, 4.0])
    assert not theory.matched_gain(0.1, 0.5, **blind).always
    assert np.any(theory.gain(grid[:, None], grid[:, None], grid, **blind) < 0)
    few = seen | dict(nu=0.3)  # too few unlabelled points
    assert not theory.matched_gain(0.1, 0.5, **few).always


def test_separated_groups_turn_the_gain_at_twelve_and_a_half():
    # Xi = 0, nu = 0: gain/(sigma2 gamma) = (p_T - 1) + |mu_T|^2 ((eta_t - eta_l)^2 - (eta_u - eta_l)^2)
    for size, sign in ((12.4, 1), (12.6, -1)):
        apart = dict(mu_T=[(size * 3) ** 0.5, 0, 0], mu_S=[1.0], Xi=np.zeros((3, 1)), gamma=0.01, nu=0.0)
        assert np.sign(theory.gain(0.4, 0.1, 0.5, **apart, order="leading")) == sign


# bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(gamma=0.25), r"gamma = 0.25 is not allowed: 0 <= gamma < 1/p_T = 0.25"),
        (dict(gamma=-0.1), "gamma = -0.1 is not allowed"),
        (dict(nu=0.34), r"nu = 0.34 is not allowed: 0 <= nu < 1/p_S = 0.333333"),
        (dict(nu=np.nan), "nu = nan is not allowed"),
        (dict(Xi=XI.T), r"Xi = an array of shape \(2, 3\) is not allowed: \(len\(mu_T\), len\(mu_S\)\) = \(3, 2\)"),
        (dict(Xi=XI * 3), r"Xi = an array of operator norm 1.6\d* is not allowed: \|\|Xi\|\|_op <= 1"),
        (dict(mu_T=1.0), r"mu_T = an array of shape \(\) is not allowed"),
        (dict(mu_S=[np.nan, 0]), "mu_S = nan or inf is not allowed"),
        (dict(mu_T=np.zeros((2, 3)), mu_S=np.zeros((3, 2))), "leading axes that broadcast"),
        (dict(Xi=np.eye(3, 2), mu_S=[0.0, 0.0]), "mu_S = .* away from Xi' mu_T is not allowed"),
        (dict(mu_T=[1.0, 0, 0], Xi=np.eye(3, 2), mu_S=[1.001, 0]), "mu_S = 0.001 away from Xi' mu_T is not allowed"),
        (dict(sigma_xi2=0.0), "sigma_xi2 = 0 is not allowed: sigma_xi2 > 0"),
        (dict(sigma_y2=-1.0), "sigma_y2 = -1 is not allowed"),
        (dict(order="exact"), "order = 'exact' is not allowed: one of proportional, leading"),
        (dict(law="normal"), "law = 'normal' is not allowed: one of mean_shift"),
        (dict(law="whitened_mixture"), "eta_l = 0.1 is not allowed: .*, here 0.04 .whitened mixture"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = PAIR | change
    if change.get("law") == "whitened_mixture":
        arguments |= dict(mu_T=[5.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=message) as caught:
        theory.gain(*FRACTIONS, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("at", "name"), list(enumerate(("eta_l", "eta_u", "eta_t"))))
@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_fractions_outside_are_named(at, name, value):
    fractions = list(FRACTIONS)
    fractions[at] = [0.5, value]
    with pytest.raises(ValueError, match=rf"{name} = {value} is not allowed: 0 <= {name} <= 1"):
        theory.gain(*fractions, **PAIR)


def test_other_bad_arguments():
    with pytest.raises(ValueError, match="eta_t = 2 is not allowed"):
        theory.teacher_risk(0.1, 2, mu_T=[1.0], gamma=0.1)
    with pytest.raises(ValueError, match="clip = "):
        theory.optimal_eta_u(0.1, 0.5, **REPRESENTATIONS, nu=0.1, clip=(0.5, 0.2))
    with pytest.raises(ValueError, match="p = 0 is not allowed"):
        theory.resolvent_moments(0.1, 0)
    with pytest.raises(ValueError, match="eta_u = 0.5 is not allowed"):  # the student's part of the mean counts too
        hidden = dict(mu_T=[0.1], mu_S=[3.0], Xi=[[0.0]], gamma=0.1, nu=0.1)
        theory.student_risk(0.1, 0.5, 0.0, **hidden, law="whitened_mixture")
