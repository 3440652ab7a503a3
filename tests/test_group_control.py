"""Control variates of the group model: means stay, scatter falls, and what is subtracted is the first-order term."""

import numpy as np
import pytest

from w2s_utils.simulate import _group_control as control
from w2s_utils.simulate import _group_gram as gram
from w2s_utils.simulate.group_imbalance import LAWS, GroupModel, estimate, simulate

XI = np.array([[0.3, 0.2], [-0.1, 0.5], [0.2, 0.1]])
MEANS = dict(mu_T=[0.9, -0.2, 0.3], mu_S=[0.5, -0.6], Xi=XI, sigma_xi2=1.5)
POINTS = dict(eta_l=[0.1, 0.3], eta_u=[0.3, 0.5], eta_t=[1.0, 0.5])


@pytest.mark.parametrize("law", LAWS)
def test_means_stay_and_scatter_falls(law):
    model = GroupModel(**MEANS, law=law)
    sizes = dict(d_z=6, **POINTS, trials=1000, seed=3)
    for engine in ("shared", "gram")[law != "mean_shift" :]:
        plain, steady = (simulate(model, 150, 200, **sizes, engine=engine, steady=s) for s in (False, True))
        for name in ("teacher", "student"):
            before, after = getattr(plain, name), getattr(steady, name)
            taken, se = estimate(before - after)
            assert np.all(np.abs(taken) < 4 * se) and np.all(se < 0.03 * before.mean(0))
            assert np.all(after.var(0) < before.var(0) / 2)


def test_shared_and_gram_take_off_the_same():
    model = GroupModel(**MEANS)
    sizes = dict(d_z=4, **POINTS, trials=5, seed=1, steady=True)
    shared, by_gram = (simulate(model, 100, 90, **sizes, engine=engine) for engine in ("shared", "gram"))
    np.testing.assert_allclose(shared.teacher, by_gram.teacher, rtol=1e-9)
    np.testing.assert_allclose(shared.student, by_gram.student, rtol=1e-9)


@pytest.mark.parametrize("law", LAWS)
def test_what_is_taken_off_is_the_first_order_term(law):
    """Gram matrices that deviate from their expectation by less and less leave an error of second order."""
    model, d_z, n, N = GroupModel(**MEANS, law=law), 3, 10**11, 2 * 10**11  # so large that Wishart's constants are 1/n
    rng, errors = np.random.default_rng(0), []
    bends = []
    for seen in (gram.teacher_sees(model), gram.both_see(model)):
        bend = rng.standard_normal((2, *[(seen.mean.size + 1) * d_z] * 2))
        bends.append(bend + bend.swapaxes(1, 2))
    for size in (1e-3, 1e-4):
        drawn = [
            rows * (np.kron(gram.second_moment(model, seen.mean, eta), np.eye(d_z)) + size * bend)
            for rows, seen, eta, bend in zip(
                (n, N), (gram.teacher_sees(model), gram.both_see(model)), (0.1, 0.3), bends, strict=True
            )
        ]
        K = gram.inverses(drawn[0])
        (K0, dK), (Q0, dQ) = (
            control.teacher(model, drawn[0], n, d_z, 0.1),
            control.student(model, drawn[1], N, d_z, 0.3),
        )
        exact = gram.student_traces(gram.student_maps(model, drawn[1], d_z), K, d_z)
        flat = gram.student_traces(np.kron(Q0, np.eye(d_z))[None], np.kron(K0, np.eye(d_z))[None], d_z)
        first = control.traces(Q0, dQ, K0, dK)
        pairs = [(gram.teacher_traces(K, d_z), d_z * K0, dK), *zip(exact, flat, first, strict=True)]
        errors.append([np.abs(a - b - c).max() / np.abs(c).max() for a, b, c in pairs])
    shrunk = np.array(errors[0]) / errors[1]
    assert np.all(shrunk > 8) and np.all(np.array(errors[1]) < 0.02)


def test_the_raw_engine_takes_nothing_off():
    with pytest.raises(ValueError, match=r"^steady = True is not allowed: False for the raw engine$"):
        simulate(GroupModel(**MEANS), 100, 100, d_z=4, **POINTS, engine="raw", steady=True)
