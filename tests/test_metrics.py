"""Risks and accuracies: definitions, broadcasting, and errors that say what is wrong."""

import dataclasses

import numpy as np
import pytest

from w2s_utils.metrics import Risks, accuracy, group_accuracies, worst_group_accuracy


def test_definitions():
    risks = Risks(teacher=0.5, student=0.3, baseline=0.4, ceiling=0.1)
    assert risks.gain == pytest.approx(0.2)
    assert risks.pgr == pytest.approx(0.2 / 0.4)
    assert risks.opr == pytest.approx(0.4 / 0.3)
    assert all(type(value) is float for value in (risks.gain, risks.pgr, risks.opr))


def test_student_at_the_ceiling_recovers_everything_and_at_the_teacher_nothing():
    risks = Risks(teacher=0.5, student=[0.1, 0.5, 0.6], ceiling=0.1)
    np.testing.assert_allclose(risks.pgr, [1.0, 0.0, -0.25])


def test_parts_broadcast():
    teacher, student = np.full((3, 1), 0.5), np.linspace(0.1, 0.4, 4)
    risks = Risks(teacher, student, baseline=0.4, ceiling=0.05)
    assert np.shape(risks.gain) == np.shape(risks.pgr) == (3, 4)
    assert np.shape(risks.opr) == (4,)
    with pytest.raises(ValueError, match=r"shapes do not broadcast: teacher \(2,\), student \(3,\)"):
        Risks(np.ones(2), np.ones(3))


def test_undefined_ratios_give_no_warning():
    risks = Risks(teacher=[0.2, 0.2], student=[0.1, 0.0], baseline=[0.0, 0.3], ceiling=[0.2, 0.1])
    np.testing.assert_array_equal(np.isnan(risks.pgr), [True, False])
    assert risks.opr[1] == np.inf
    assert np.isnan(Risks(0.2, 0.1, ceiling=0.2).pgr)
    assert np.isnan(Risks(0.2, 0.0, baseline=0.0).opr)


def test_missing_part_is_named():
    risks = Risks(0.5, 0.3)
    with pytest.raises(ValueError, match="pgr needs the ceiling"):
        _ = risks.pgr
    with pytest.raises(ValueError, match="opr needs the baseline"):
        _ = risks.opr
    assert risks.gain == pytest.approx(0.2)


@pytest.mark.parametrize("bad", [None, "low", [[0.1], [0.2, 0.3]]])
def test_parts_must_be_numbers(bad):
    with pytest.raises(ValueError, match="teacher must be a number"):
        Risks(bad, 0.3)


def test_risks_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Risks(0.5, 0.3).teacher = 0.1


def test_from_accuracies():
    risks = Risks.from_accuracies(0.5, [0.7, 0.9], baseline=0.6, ceiling=0.9)
    np.testing.assert_allclose(risks.student, [0.3, 0.1])
    np.testing.assert_allclose(risks.pgr, [0.5, 1.0])
    assert Risks.from_accuracies(1, 0).gain == -1.0
    assert Risks.from_accuracies(0.5, 0.5).ceiling is None


@pytest.mark.parametrize("bad", [-0.01, 1.01, 70, float("nan")])
def test_accuracies_outside_the_unit_interval(bad):
    with pytest.raises(ValueError, match=r"student accuracy .* is outside \[0, 1\]"):
        Risks.from_accuracies(0.5, [0.7, bad])


def test_accuracy_and_groups():
    labels, predictions = ["a", "b", "b", "a"], ["a", "b", "a", "b"]
    groups = np.array([1, 1, 0, 1])
    assert accuracy(labels, predictions) == 0.5
    assert group_accuracies(labels, predictions, groups) == {0: 0.0, 1: 2 / 3}
    assert worst_group_accuracy(labels, predictions, groups) == 0.0
    assert worst_group_accuracy([True, False], [1, 0], ["x", "y"]) == 1.0


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([], [], "labels is empty"),
        ([0, 1], [0], "lengths differ: labels 2, predictions 1"),
        ([0.0, np.nan], [0.0, 1.0], "labels holds nan"),
        ([[0], [1]], [0, 1], r"labels has shape \(2, 1\)"),
        (["0", "1"], [0, 1], "they must be of one kind"),
    ],
)
def test_bad_labels(labels, predictions, message):
    for call in (
        lambda: accuracy(labels, predictions),
        lambda: worst_group_accuracy(labels, predictions, np.arange(len(labels))),
    ):
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "\n" not in str(error.value)


def test_groups_must_cover_the_rows():
    with pytest.raises(ValueError, match="lengths differ: labels 2, predictions 2, groups 3"):
        group_accuracies([0, 1], [0, 1], [0, 0, 1])
