"""Bad input to the general formula is one line that names argument, value and what is allowed."""

import numpy as np
import pytest

from w2s_utils.theory.deterministic_equivalent import Moments, weak_to_strong


def pair(**changes):
    given = dict(weak=np.eye(2), strong=np.eye(2), cross=np.eye(2), weak_target=[1.0, 0.0], strong_target=[0.0, 1.0])
    return Moments(**{**given, "target": 2.0, **changes})


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(weak=np.ones((2, 3))), "weak = an array of shape"),
        (dict(weak=[[1.0, 0.5], [0.0, 1.0]]), "weak = a matrix that differs from its transpose"),
        (dict(weak=np.diag([1.0, -1.0])), "weak = a matrix with eigenvalue -1 is not allowed"),
        (dict(strong=[[np.nan, 0.0], [0.0, 1.0]]), "strong holds nan at index"),
        (dict(cross=np.ones((3, 2))), "cross = an array of shape"),
        (dict(weak_target=[1.0]), "weak_target = an array of shape"),
        (dict(strong_target=np.ones((2, 2)) / 2), "strong_target = an array of 2 columns"),
        (dict(target=None), "weak_target, strong_target, target = given in part"),
        (dict(target=0.5), "weak_target = a vector that explains 1 is not allowed: at most E"),
    ],
)
def test_moments_refuse(changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        pair(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(n=0), "n = 0 is not allowed"),
        (dict(N=-1), "N = -1 is not allowed"),
        (dict(teacher_penalty=-1), "teacher_penalty = -1 is not allowed"),
        (dict(ceiling_penalty=np.inf), "ceiling_penalty = inf is not allowed"),
        (dict(noise=-1.0), "noise = -1 is not allowed"),
        (dict(labeled=Moments(np.eye(2), np.eye(2), np.eye(2))), "labeled = moments without a target"),
        (dict(test=Moments(np.eye(2), np.eye(2), np.eye(2))), "test = moments without a target"),
        (dict(unlabeled=Moments(np.eye(3), np.eye(2), np.ones((2, 3)) / 2)), "unlabeled = moments of features of wid"),
    ],
)
def test_formula_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        weak_to_strong(**{"n": 10, "N": 10, "labeled": pair(), **arguments})


def test_mixture_refuses_what_are_no_shares():
    with pytest.raises(ValueError, match="shares = "):
        Moments.mixture([(0.5, pair()), (0.6, pair())])


def test_unlabelled_moments_give_no_ceiling():
    found = weak_to_strong(10, 10, labeled=pair(), unlabeled=Moments(np.eye(2), np.eye(2), np.eye(2)))
    assert found.risks.ceiling is None
    with pytest.raises(ValueError, match="ceiling"):
        found.risks.pgr  # noqa: B018
