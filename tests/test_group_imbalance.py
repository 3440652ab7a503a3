"""The engines of the group model: three that share little agree, with each other, with theory, and with themselves."""

import subprocess
import sys

import numpy as np
import pytest

from w2s_utils.environment import ROOT
from w2s_utils.simulate import _group_engines as engines
from w2s_utils.simulate import _group_gram as gram
from w2s_utils.simulate import _group_raw as raw
from w2s_utils.simulate.group_imbalance import LAWS, GroupModel, estimate, simulate
from w2s_utils.theory import spurious_correlation as theory

XI = np.array([[0.3, 0.2], [-0.1, 0.5], [0.2, 0.1]])
MEANS = dict(mu_T=[1.2, -0.4, 0.8], mu_S=[0.5, -0.6], Xi=XI)
FRACTIONS = dict(eta_l=[0.1, 0.1, 0.4], eta_u=[0.2, 0.9, 0.1], eta_t=[0.5, 1.0, 0.1])


def z_scores(first, second):
    (a, a_se), (b, b_se) = estimate(first), estimate(second)
    return np.abs(a - b) / np.hypot(a_se, b_se)


# one design


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("label_noise", ["averaged", "drawn"])
def test_raw_risks_are_mean_squared_errors_on_fresh_points(law, label_noise):
    model = GroupModel(**(MEANS | dict(mu_T=[0.6, -0.2, 0.3])), sigma_y2=2.0, law=law)
    rngs = np.random.default_rng(1), np.random.default_rng(2)
    taught = raw.teach(model, 2, 60, 3, rngs[0], 0.2, label_noise=label_noise)
    both = raw.learn(taught, 50, 3, rngs[1], 0.4, [0.3])
    assert both.shape == (2, 1, 2) and np.all(both > 0) and both[0, 0, 0] != both[1, 0, 0]
    risks = both[0, 0]
    # the first design again: features, labels and fits written out
    first, second, test = (raw.Streams.of(np.random.default_rng(seed)) for seed in (1, 2, 3))
    world = raw.World.turned(model, first.turn, 1)

    def sample(streams, rows, eta):
        return (numbers[0].T for numbers in world.draw(streams, rows, 3, eta))

    (z, xi), (z_new, xi_new) = sample(first, 60, 0.2), sample(second, 50, 0.4)
    z_test, xi_test = sample(test, 400_000, 0.3)
    T, S = world.T[0], world.S[0]

    def design(core, view):
        return np.hstack([core, *(core * column[:, None] for column in view.T)])

    phi, phi_u, psi_u = design(z, xi @ T), design(z_new, xi_new @ T), design(z_new, xi_new @ S)
    hats = [np.linalg.pinv(phi)]
    hats.append(np.linalg.pinv(psi_u) @ phi_u @ hats[0])
    tests = [design(z_test, xi_test @ T), design(z_test, xi_test @ S)]
    if label_noise == "drawn":
        beta = first.label.standard_normal(3)
        y = z @ beta + np.sqrt(2.0) * first.label.standard_normal(60)
        measured = [np.mean((x @ (hat @ y) - z_test @ beta) ** 2) for x, hat in zip(tests, hats, strict=True)]
    else:
        measured = [2 * np.mean(((x @ hat) ** 2).sum(1)) for x, hat in zip(tests, hats, strict=True)]
    np.testing.assert_allclose(risks, measured, rtol=0.03)


def test_polynomials_are_the_risks_of_shifted_features():
    model, d_z, n, N = GroupModel(**MEANS, sigma_xi2=1.7, sigma_y2=0.6), 5, 80, 90

    def fitted(eta_l, eta_u):
        K = gram.inverses(gram.grams(gram.teacher_sees(model), np.random.default_rng(1), 2, n, d_z, eta_l))
        drawn = gram.grams(gram.both_see(model), np.random.default_rng(2), 2, N, d_z, eta_u)
        return gram.teacher_traces(K, d_z), gram.student_traces(gram.student_maps(model, drawn, d_z), K, d_z)

    blocks, traces = fitted(None, None)
    teacher, student = gram.teacher_polynomial(model, blocks), gram.student_polynomial(model, traces)
    assert teacher.shape == (2, 3) and student.shape == (2, 3, 3)
    for eta_l, eta_u, eta_t in zip(*FRACTIONS.values(), strict=True):
        # the same random numbers, features drawn at their fractions
        blocks, traces = fitted(eta_l, eta_u)
        moments = [gram.second_moment(model, mu, eta_t) for mu in (model.mu_T, model.mu_S)]
        expected = [0.6 * (m * b).sum((1, 2)) for m, b in zip(moments, (blocks, traces.plain), strict=True)]
        powers = np.arange(3)
        np.testing.assert_allclose(teacher @ (eta_t - eta_l) ** powers, expected[0], rtol=1e-9)
        value = (eta_u - eta_l) ** powers @ student @ (eta_t - eta_u) ** powers
        np.testing.assert_allclose(value, expected[1], rtol=1e-9)


@pytest.mark.parametrize("law", LAWS)
def test_gram_matrices_give_the_fits_of_the_features(law, monkeypatch):
    """Coefficients and their traces, written out with the features of one design and pseudo-inverses."""
    model, d_z, n, N = GroupModel(**(MEANS | dict(mu_T=[0.6, -0.2, 0.3])), law=law), 4, 60, 50
    sees = gram.teacher_sees(model), gram.both_see(model)
    sizes = ((n, 0.1), (N, 0.3))

    def fits():
        drawn = [
            gram.grams(s, np.random.default_rng(i), 3, size, d_z, eta)
            for i, (s, (size, eta)) in enumerate(zip(sees, sizes, strict=True))
        ]
        K = gram.inverses(drawn[0])
        return K, gram.student_maps(model, drawn[1], d_z)

    K, Q = fits()
    phi, both = (
        gram.features(*gram.draw(s, tuple(np.random.default_rng(i).spawn(2)), 3, size, d_z, eta))[0]
        for i, (s, (size, eta)) in enumerate(zip(sees, sizes, strict=True))
    )
    blocks = both.reshape(6, d_z, N)
    seen = np.tensordot(np.hstack([XI.T, model.root]), blocks[1:], 1)
    phi_u, psi = both[: 4 * d_z], np.concatenate([blocks[:1], seen]).reshape(3 * d_z, N)
    np.testing.assert_allclose(K[0], np.linalg.pinv(phi @ phi.T), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(Q[0], np.linalg.pinv(psi.T) @ phi_u.T, rtol=1e-8, atol=1e-11)
    spread = (Q[0] @ K[0] @ Q[0].T).reshape(3, d_z, 3, d_z)
    traces = gram.student_traces(Q, K, d_z)
    np.testing.assert_allclose(traces.plain[0], np.einsum("aibi->ab", spread), rtol=1e-9)
    np.testing.assert_allclose(gram.teacher_traces(K, d_z)[0], np.einsum("aibi->ab", K[0].reshape(4, d_z, 4, d_z)))


@pytest.mark.parametrize("law", LAWS)
def test_drawn_views_have_the_laws_moments(law):
    model, eta = GroupModel(**(MEANS | dict(mu_T=[0.9, -0.2, 0.3])), sigma_xi2=1.5, law=law), 0.3
    streams = np.random.default_rng(0), np.random.default_rng(1)
    xi = gram.draw(gram.both_see(model), streams, 1, 400_000, 1, eta)[0][0].T
    views = np.hstack([xi[:, :3], xi[:, :3] @ XI + xi[:, 3:] @ model.root])
    alone = gram.draw(gram.teacher_sees(model), streams, 1, 400_000, 1, eta)[0][0].T
    np.testing.assert_allclose(alone.mean(0), views[:, :3].mean(0), atol=0.01)
    np.testing.assert_allclose(np.cov(alone.T), np.cov(views[:, :3].T), atol=0.03)
    mean = np.r_[model.mu_T, model.mu_S]
    joint = 1.5 * np.block([[np.eye(3), XI], [XI.T, np.eye(2)]])
    spread = joint + (eta * (1 - eta) * np.outer(mean, mean) if law == "mixture" else 0)
    np.testing.assert_allclose(views.mean(0), eta * mean, atol=0.01)
    np.testing.assert_allclose(np.cov(views.T), spread, atol=0.02)
    w = np.hstack([np.ones((400_000, 1)), views[:, :3]])
    np.testing.assert_allclose(gram.second_moment(model, model.mu_T, eta), w.T @ w / 400_000, atol=0.02)


def test_nested_representations_see_the_same_direction():
    model = GroupModel(mu_T=[1.0, 2.0], mu_S=[2.0], Xi=[[0.0], [1.0]], law="mixture")
    world = raw.World.turned(model, np.random.default_rng(0), 2)
    np.testing.assert_allclose(world.S[:, :, 0], world.T[:, :, 1], atol=1e-12)
    drawn = simulate(model, 100, 100, d_z=4, eta_l=0.2, eta_u=0.3, eta_t=0.5, trials=2, engine="raw")
    assert np.isfinite(drawn.gain).all()


# engines


@pytest.mark.parametrize("law", LAWS)
def test_engines_agree(law):
    model = GroupModel(**(MEANS | dict(mu_T=[1.0, -0.4, 0.8])), law=law)
    sizes = dict(d_z=8, **FRACTIONS)
    engines = ("shared", "gram", "raw") if law == "mean_shift" else ("gram", "raw")
    drawn = [
        simulate(model, 120, 110, trials=80 if e == "raw" else 300, engine=e, seed=i, **sizes)
        for i, e in enumerate(engines)
    ]
    drawn.append(simulate(model, 120, 110, trials=400, label_noise="drawn", seed=9, **sizes))
    for other in drawn[1:]:
        for name in ("teacher", "student", "gain"):
            assert z_scores(getattr(drawn[0], name), getattr(other, name)).max() < 4.5


@pytest.mark.parametrize("law", LAWS)
def test_simulation_approaches_the_limit(law):
    model = GroupModel(**(MEANS | dict(mu_T=[1.0, -0.4, 0.8])), law=law)
    gaps = []
    for d_z, trials in ((8, 300), (32, 100)):
        drawn = simulate(model, 20 * d_z, 15 * d_z, d_z=d_z, trials=trials, **FRACTIONS)
        moments = model.moments() | dict(gamma=1 / 20, nu=1 / 15)
        student = theory.student_risk(*FRACTIONS.values(), **moments)
        mean, se = estimate(drawn.student)
        assert np.all(np.abs(mean - student) < 2 / d_z * student + 5 * se)
        gaps.append(np.mean(mean / student - 1))
    assert gaps[1] < gaps[0] / 2


# seeds


def test_a_point_does_not_depend_on_the_others_nor_on_the_number_of_trials():
    for law, engine in (("mean_shift", "shared"), ("mixture", "gram"), ("mixture", "raw")):
        model = GroupModel(**MEANS, law=law)
        many = simulate(model, 60, 50, d_z=3, trials=4, engine=engine, **FRACTIONS)
        one = simulate(model, 60, 50, d_z=3, eta_l=0.1, eta_u=0.9, eta_t=1.0, trials=2, engine=engine)
        np.testing.assert_allclose(many.student[:2, 1], one.student, rtol=1e-12)
        again = simulate(model, 60, 50, d_z=3, eta_l=0.1, eta_u=0.9, eta_t=1.0, trials=2, engine=engine, seed=1)
        assert not np.allclose(one.student, again.student)


def test_calls_with_one_seed_share_their_teachers():
    model = GroupModel(**MEANS)
    first, second = (simulate(model, 60, N, d_z=3, eta_l=0.1, eta_u=0.2, eta_t=1, trials=3) for N in (50, 500))
    assert np.array_equal(first.teacher, second.teacher)
    assert not np.array_equal(first.student, second.student)


def test_samples_are_kept_for_who_asks_again_up_to_a_size(monkeypatch):
    kept = engines._Kept(3 * 8 * 10)
    for at in range(4):
        kept[(at,)] = (np.zeros(4), np.zeros(6))
    assert list(kept) == [(1,), (2,), (3,)] and kept.size == 240
    kept[(4,)] = (np.zeros(50),)
    assert list(kept) == [(4,)] and kept.size == 400  # too large for the limit, and alone
    monkeypatch.setattr(engines, "_KEPT", engines._Kept(2**20))
    sizes = dict(d_z=3, eta_l=0.1, eta_u=0.2, eta_t=1, trials=2)
    first = simulate(GroupModel(**MEANS), 60, 50, **sizes)
    moved = GroupModel(**(MEANS | dict(mu_T=[2.0, 0.0, 1.0])))
    drawn = simulate(moved, 60, 50, **sizes)
    assert len(engines._KEPT) == 3 and not np.allclose(first.teacher, drawn.teacher)
    simulate(GroupModel(**(MEANS | dict(Xi=0.5 * XI))), 60, 50, **sizes)  # other students, the same samples
    assert len(engines._KEPT) == 4
    engines._KEPT.clear()
    np.testing.assert_array_equal(simulate(moved, 60, 50, **sizes).student, drawn.student)


def test_portions_do_not_change_the_law(monkeypatch):
    model = GroupModel(**MEANS)
    whole = simulate(model, 300, 300, d_z=4, eta_l=0.1, eta_u=0.2, eta_t=1.0, trials=200)
    monkeypatch.setattr(gram, "_PORTION", 500)
    monkeypatch.setattr(engines, "_KEPT", engines._Kept(0))
    parts = simulate(model, 300, 300, d_z=4, eta_l=0.1, eta_u=0.2, eta_t=1.0, trials=200)
    assert z_scores(whole.student, parts.student) < 4


@pytest.mark.parametrize("rows", [9, 20, 33, 40])
def test_portions_have_every_row_of_every_design_once(monkeypatch, rows):
    monkeypatch.setattr(gram, "_PORTION", 100)
    seen = np.zeros(5, int)
    for which, some in gram._portions(5, rows, 10):
        seen[which] += some
    assert seen.tolist() == [rows] * 5


def test_memory_stays_below_two_gigabytes():
    code = """
import resource, numpy as np
from w2s_utils.simulate._group_engines import shared_risks
from w2s_utils.simulate.group_imbalance import GroupModel
model = GroupModel.from_norms(p_T=6, p_S=5, mu_T2=10.0, mu_S2=0.1, Xi2=0.4)
fractions = [np.full(50, 0.1), np.linspace(0, 0.5, 50), np.full(50, 0.5)]
risks = shared_risks(model, 20000, 20000, 200, fractions, 1, 0, True)
assert np.all(risks[..., 0] > risks[..., 1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
    command = [sys.executable, "-c", code]
    peak = float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert peak < 1024  # of 2048 allowed


# models and bad input


def test_from_norms_has_these_norms():
    model = GroupModel.from_norms(p_T=5, p_S=3, mu_T2=10.0, mu_S2=0.5, Xi2=0.8, cosine=-0.3)
    v = model.Xi @ model.mu_S
    assert model.mu_T @ model.mu_T == pytest.approx(10) and model.mu_S @ model.mu_S == pytest.approx(0.5)
    assert np.sum(model.Xi**2) == pytest.approx(0.8)
    assert v @ model.mu_T / np.sqrt(10 * v @ v) == pytest.approx(-0.3)
    assert v @ v == pytest.approx(0.4 * 0.5)
    alone = GroupModel.from_norms(p_T=1, p_S=1, mu_T2=0.0, mu_S2=0.0, Xi2=0.0)
    assert (alone.p_T, alone.p_S) == (1, 1)


NORMS = dict(p_T=4, p_S=3, mu_T2=10.0, mu_S2=0.1, Xi2=0.3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(p_S=5), r"p_S = 5 is not allowed: 1 <= p_S <= p_T = 4"),
        (dict(p_T=0), "p_T = 0 is not allowed"),
        (dict(mu_T2=-1), "mu_T2 = -1 is not allowed"),
        (dict(Xi2=2.1), r"Xi2 = 2.1 is not allowed: 0 <= \|\|Xi\|\|_F\^2 <= p_S - 1 = 2"),
        (dict(cosine=1.5), "cosine = 1.5 is not allowed"),
        (dict(p_S=1, Xi2=0.0), "mu_S2 = 0.1 is not allowed: 0 where there is no group feature"),
        (dict(sigma_xi2=0), "sigma_xi2 = 0 is not allowed"),
        (dict(sigma_y2=-1), "sigma_y2 = -1 is not allowed"),
        (dict(law="normal"), "law = 'normal' is not allowed: one of mean_shift"),
        (dict(Xi2=2.0), "mu_S = .* away from Xi' mu_T is not allowed"),
    ],
)
def test_bad_norms_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        GroupModel.from_norms(**(NORMS | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(Xi=XI.T), r"Xi = an array of shape \(2, 3\) is not allowed"),
        (dict(Xi=3 * XI), r"Xi = an array of operator norm 1.6\d* is not allowed: \|\|Xi\|\|_op <= 1"),
        (dict(mu_T=1.0), r"mu_T = an array of shape \(\) is not allowed"),
        (dict(mu_S=[np.inf, 0]), "mu_S = .* is not allowed: 1-D, finite values"),
    ],
)
def test_bad_arrays_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        GroupModel(**(MEANS | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(n=33), r"n = 33 is not allowed: an integer, n > p_T d_z \+ 1 = 33"),
        (dict(N=25.5), r"N = 25.5 is not allowed: an integer, N > p_S d_z \+ 1 = 25"),
        (dict(d_z=0), "d_z = 0 is not allowed"),
        (dict(eta_l=-0.1), "eta_l = -0.1 is not allowed: 0 <= eta_l <= 1"),
        (dict(eta_u=[0.5, 1.1]), "eta_u = 1.1 is not allowed"),
        (dict(eta_t=np.nan), "eta_t = nan is not allowed"),
        (dict(trials=1), "trials = 1 is not allowed"),
        (dict(label_noise="no"), "label_noise = 'no' is not allowed"),
        (dict(engine="fast"), "engine = 'fast' is not allowed"),
        (dict(engine="gram", label_noise="drawn"), "engine = 'gram' is not allowed: raw or auto"),
        (dict(seed=-1), "seed = -1 is not allowed"),
    ],
)
def test_bad_calls_are_named(change, message):
    arguments = dict(n=100, N=100, d_z=8, eta_l=0.1, eta_u=0.2, eta_t=0.5, trials=2) | change
    with pytest.raises(ValueError, match=message) as caught:
        simulate(GroupModel.from_norms(**NORMS), **arguments)
    assert "\n" not in str(caught.value)


def test_engines_that_do_not_fit_the_law_say_so():
    whitened = GroupModel.from_norms(**NORMS, law="whitened_mixture")
    sizes = dict(d_z=8, eta_l=0.0, eta_u=0.0, eta_t=1.0, trials=2)
    with pytest.raises(ValueError, match="engine = 'shared' is not allowed: gram, raw or auto for law"):
        simulate(whitened, 100, 100, engine="shared", **sizes)
    with pytest.raises(ValueError, match=r"eta_l = 0.3 is not allowed: eta \(1 - eta\) <= sigma_xi2"):
        simulate(whitened, 100, 100, **(sizes | dict(eta_l=0.3)))
    with pytest.raises(ValueError, match="values = "):
        estimate([1.0])


# tables


def test_tables_pair_designs_and_refuse_what_cannot_be_paired():
    from w2s_utils.group_comparison import GROUP_COLUMNS, GROUP_KEYS, group_table, paired_steps, simulated_optima

    small = NORMS | dict(d_z=4, gamma=0.02, nu=0.02, fractions=[(0.1, 0.1, 0.5), (0.1, 0.4, 0.5)])
    table = group_table([small | dict(trials=6), small | dict(trials=8, engine="raw")], seed=3)
    assert not table.duplicated(list(GROUP_KEYS)).any() and not table[list(GROUP_COLUMNS)].isna().to_numpy().any()
    alone = group_table([small | dict(trials=8, engine="raw", fractions=[(0.1, 0.4, 0.5)])], seed=3)
    assert alone.gain[0] == pytest.approx(table.gain[3], rel=1e-12)
    exact = theory.gain(0.1, 0.4, 0.5, **GroupModel.from_norms(**NORMS).moments(), gamma=0.02, nu=0.02) / 0.02
    assert table.gain_limit[1] == pytest.approx(float(exact))
    steps = paired_steps(table, "eta_u", by=["engine"], of="student")
    assert steps.df.tolist() == [7, 5] and np.all(steps.se < table.student_se.max() * 2)
    with pytest.raises(ValueError, match="designs = "):
        paired_steps(table.assign(all=1), "engine", by=["all", "eta_u"])
    with pytest.raises(ValueError, match="at least three values"):
        simulated_optima(table, by=["engine", "eta_l", "eta_t"])
    with pytest.raises(ValueError, match=r"gamma = 0.25 is not allowed: 0 <= gamma < 1/p_T"):
        group_table([small | dict(gamma=0.25, trials=2)], seed=0)
    with pytest.raises(ValueError, match="eta_u = 1.5 is not allowed"):
        group_table([small | dict(fractions=[(0.1, 1.5, 0.5)], trials=2)], seed=0)


def test_simulated_optimum_is_the_closed_form():
    from w2s_utils.group_comparison import group_table, simulated_optima

    norms = NORMS | dict(mu_S2=1.0, cosine=-0.5)
    points = [(0.2, x, 0.6) for x in (0.0, 0.2, 0.5)]
    table = group_table([norms | dict(d_z=24, gamma=0.02, nu=0.03, fractions=points, trials=60)], seed=0)
    found = simulated_optima(table, by=["eta_l", "eta_t"]).iloc[0]
    moments = GroupModel.from_norms(**norms).moments()
    geometry = {name: moments[name] for name in ("mu_T", "mu_S", "Xi")}
    assert abs(found.optimum - theory.optimal_eta_u(0.2, 0.6, **geometry, nu=0.03)) < 4.5 * found.optimum_se


def test_simulated_zero_is_where_the_exact_gain_turns():
    from w2s_utils.group_comparison import group_table, simulated_zeros

    study = dict(p_T=4, p_S=3, mu_S2=0.1, Xi2=0.0, d_z=24, gamma=0.02, nu=0.03, fractions=[(0.4, 0.1, 0.5)])
    table = group_table([study | dict(mu_T2=x, trials=60) for x in (10.0, 30.0, 60.0)], seed=0)
    found = simulated_zeros(table, "mu_T2", by=["engine", "N"]).iloc[0]
    # the exact gain is a line in |mu_T|^2
    low, high = table.gain_limit[0], table.gain_limit[2]
    exact = 10 + 50 * low / (low - high)
    assert table.gain_limit[1] == pytest.approx(low + (high - low) * 20 / 50)
    assert abs(found.zero / exact - 1) < 2 / 24 + 4.5 * found.zero_se / exact
    assert found.zero_se < 0.02 * exact
    with pytest.raises(ValueError, match="at least two values"):
        simulated_zeros(table[:1], "mu_T2", by=["engine", "N"])


def test_studies_that_differ_in_norms_share_their_random_numbers():
    from w2s_utils.group_comparison import group_table, paired_steps

    study = NORMS | dict(d_z=8, gamma=0.05, nu=0.05, fractions=[(0.1, 0.1, 0.5)], trials=40)
    for engine in ("shared", "raw"):
        table = group_table([study | dict(Xi2=x, engine=engine) for x in (0.1, 0.4)], seed=0)
        assert table.teacher[0] == pytest.approx(table.teacher[1], rel=1e-12)
        step = paired_steps(table, "Xi2", by=["engine"]).iloc[0]
        assert step.se < 0.5 * table.student_se[0]
