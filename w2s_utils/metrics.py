"""How good a model is, and how much of the gap to its ceiling the student recovers. Imports numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatOrArray = float | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Risks:
    """Errors of the four models of a weak-to-strong experiment; lower is better.

    Each part is a number or an array; arrays broadcast against each other. Excess risks, mean squared errors
    and error rates are all fine as long as the parts are of one kind.

    Parameters
    ----------
    teacher : float or array_like
        Error of the weak teacher, trained on the labelled sample.
    student : float or array_like
        Error of the strong student, trained on the teacher's predictions.
    baseline : float or array_like, optional
        Error of the strong model trained on the labelled sample.
    ceiling : float or array_like, optional
        Error of the strong model trained with the true labels of both samples.

    Raises
    ------
    ValueError
        If a part is not numeric, or the shapes do not broadcast.

    References
    ----------
    .. [1] burns2024, performance gap recovered (PGR); dong2025 uses it with excess risks.
    .. [2] dong2025, outperforming ratio (OPR).

    Examples
    --------
    >>> risks = Risks(teacher=0.40, student=0.20, baseline=0.30, ceiling=0.15)
    >>> round(risks.gain, 3), round(risks.pgr, 3), round(risks.opr, 3)
    (0.2, 0.8, 1.5)
    >>> Risks(teacher=0.40, student=[0.20, 0.30]).gain
    array([0.2, 0.1])
    """

    teacher: FloatOrArray
    student: FloatOrArray
    baseline: FloatOrArray | None = None
    ceiling: FloatOrArray | None = None

    def __post_init__(self) -> None:
        parts = {"teacher": _errors("teacher", self.teacher), "student": _errors("student", self.student)}
        for name, value in {"baseline": self.baseline, "ceiling": self.ceiling}.items():
            if value is not None:
                parts[name] = _errors(name, value)
        for name, value in parts.items():
            object.__setattr__(self, name, value)
        try:
            np.broadcast_shapes(*(np.shape(value) for value in parts.values()))
        except ValueError:
            shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in parts.items())
            raise ValueError(f"shapes do not broadcast: {shapes}") from None

    @classmethod
    def from_accuracies(
        cls,
        teacher: npt.ArrayLike,
        student: npt.ArrayLike,
        baseline: npt.ArrayLike | None = None,
        ceiling: npt.ArrayLike | None = None,
    ) -> Risks:
        """Build error rates from accuracies in [0, 1].

        Parameters
        ----------
        teacher, student, baseline, ceiling : float or array_like
            Accuracies, higher is better; the last two may be None.

        Returns
        -------
        Risks
            One minus each accuracy.

        Raises
        ------
        ValueError
            If an accuracy lies outside [0, 1], for example because it is a percentage.

        Examples
        --------
        >>> round(Risks.from_accuracies(0.6, 0.8, ceiling=0.85).pgr, 3)
        0.8
        >>> Risks.from_accuracies(60, 80)
        Traceback (most recent call last):
            ...
        ValueError: teacher accuracy 60.0 is outside [0, 1]
        """
        parts = {"teacher": teacher, "student": student, "baseline": baseline, "ceiling": ceiling}
        errors: dict[str, Any] = {}
        for name, value in parts.items():
            if value is None:
                continue
            accuracies = np.asarray(_errors(name, value))
            outside = ~((accuracies >= 0) & (accuracies <= 1))
            if outside.any():
                raise ValueError(f"{name} accuracy {float(accuracies[outside][0])} is outside [0, 1]")
            errors[name] = 1.0 - accuracies
        # without a teacher or a student the constructor says what is missing
        return cls(**{"teacher": None, "student": None} | errors)

    @property
    def gain(self) -> FloatOrArray:
        """Teacher's error minus student's: positive when weak-to-strong training helps."""
        return self.teacher - self.student

    @property
    def pgr(self) -> FloatOrArray:
        """Performance gap recovered, (teacher - student) / (teacher - ceiling); NaN where there is no gap."""
        gap = np.subtract(self.teacher, self._part("ceiling", "pgr"))
        return _ratio(self.gain, np.where(gap == 0, np.nan, gap))

    @property
    def opr(self) -> FloatOrArray:
        """Outperforming ratio, baseline / student: above 1 the student beats training on the few labels."""
        return _ratio(self._part("baseline", "opr"), self.student)

    def _part(self, name: str, wanted_by: str) -> FloatOrArray:
        value: FloatOrArray | None = getattr(self, name)
        if value is None:
            raise ValueError(f"{wanted_by} needs the {name} error, which is None")
        return value


def accuracy(labels: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Share of predictions that equal their label.

    Parameters
    ----------
    labels, predictions : array_like, shape (m,)
        Classes: integers, strings or booleans.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If the lengths differ, there is no row, a value is NaN, or only one of the two holds strings.

    Examples
    --------
    >>> accuracy([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    return float(_hits(*_columns(labels=labels, predictions=predictions)).mean())


def group_accuracies(labels: npt.ArrayLike, predictions: npt.ArrayLike, groups: npt.ArrayLike) -> dict[Any, float]:
    """Accuracy within each group.

    Parameters
    ----------
    labels, predictions : array_like, shape (m,)
        Classes.
    groups : array_like, shape (m,)
        Group of each row, for example label and background together.

    Returns
    -------
    dict
        Group to accuracy, in the order of the sorted groups. A group without a row has no entry.

    Raises
    ------
    ValueError
        If the lengths differ, there is no row, or a value is NaN.

    Examples
    --------
    >>> group_accuracies([0, 1, 1, 0], [0, 1, 0, 0], ["sea", "land", "sea", "sea"])
    {'land': 1.0, 'sea': 0.6666666666666666}
    """
    true, predicted, group = _columns(labels=labels, predictions=predictions, groups=groups)
    names, index = np.unique(group, return_inverse=True)
    right = np.bincount(index, weights=_hits(true, predicted))
    return dict(zip(names.tolist(), (right / np.bincount(index)).tolist(), strict=True))


def worst_group_accuracy(labels: npt.ArrayLike, predictions: npt.ArrayLike, groups: npt.ArrayLike) -> float:
    """Smallest accuracy over the groups that occur.

    Parameters
    ----------
    labels, predictions, groups : array_like, shape (m,)
        As for `group_accuracies`.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If the lengths differ, there is no row, or a value is NaN.

    References
    ----------
    .. [1] liu2026, worst-group results on the real-data benchmarks.

    Examples
    --------
    >>> worst_group_accuracy([0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0])
    0.0
    """
    return min(group_accuracies(labels, predictions, groups).values())


def _errors(name: str, value: npt.ArrayLike) -> FloatOrArray:
    """A float for a number, a float64 array for anything with axes."""
    try:
        # numpy would read None as NaN
        array = np.asarray(float if value is None else value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number or an array of numbers, not {value!r:.80}") from None
    return float(array) if array.ndim == 0 else array


def _ratio(numerator: FloatOrArray, denominator: npt.ArrayLike) -> FloatOrArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(numerator, denominator)
    return float(ratio) if ratio.ndim == 0 else ratio


def _hits(labels: npt.NDArray[Any], predictions: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    # numpy calls a string and a number unequal without a word, so every prediction would count as wrong
    if (labels.dtype.kind in "US") != (predictions.dtype.kind in "US"):
        raise ValueError(f"labels are {labels.dtype}, predictions {predictions.dtype}; they must be of one kind")
    return np.asarray(labels == predictions)


def _columns(**columns: npt.ArrayLike) -> list[npt.NDArray[Any]]:
    """Arrays of one length, without NaN."""
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    for name, array in arrays.items():
        if array.ndim != 1:
            raise ValueError(f"{name} has shape {array.shape}; it must be 1-D")
        if array.size == 0:
            raise ValueError(f"{name} is empty; at least one row is needed")
        # NaN is the only value that differs from itself
        if not np.all(array == array):
            raise ValueError(f"{name} holds nan; every row must be labelled")
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"lengths differ: {counts}")
    return list(arrays.values())
