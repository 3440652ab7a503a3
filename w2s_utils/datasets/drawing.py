"""Rows drawn by class and minority from arrays: what `resample_groups` does. Imports numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from w2s_utils.datasets.dataset import Split

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def draw_rows(
    labels: npt.ArrayLike,
    minority: npt.ArrayLike,
    n: int,
    N: int,
    *,
    eta_l: float,
    eta_u: float,
    eta_t: float = 0.5,
    test: int | None = None,
    seed: int,
    pool_rows: npt.ArrayLike,
    test_rows: npt.ArrayLike,
    class_names: Sequence[str] = (),
) -> Split:
    """As `resample_groups`, from arrays.

    Parameters
    ----------
    labels : array_like of int, shape (m,)
        Classes, all of 0 to K - 1.
    minority : array_like of bool, shape (m,)
    n, N, eta_l, eta_u, eta_t, test, seed
        As for `resample_groups`.
    pool_rows, test_rows : array_like of int
        Disjoint row numbers.
    class_names : sequence of str, optional
        For messages.

    Examples
    --------
    >>> labels, minority = np.tile([0, 0, 1, 1], 5), np.tile([False, True], 10)
    >>> pool, rest = np.arange(12), np.arange(12, 20)
    >>> draw_rows(labels, minority, 4, 12, eta_l=0.5, eta_u=0.5, seed=0, pool_rows=pool, test_rows=rest)
    Traceback (most recent call last):
        ...
    ValueError: too few images: class 0, majority: 4 wanted (n 1 + N 3), 3 there, 1 missing; ...
    """
    classes, rare = class_numbers(labels), np.asarray(minority, dtype=bool)
    if classes.shape != rare.shape:
        raise ValueError(f"labels have shape {classes.shape}, minority {rare.shape}; they must be the same")
    _require(n=n, N=N, test=test)
    for name, eta in (("eta_l", eta_l), ("eta_u", eta_u), ("eta_t", eta_t)):
        if not 0 <= eta <= 1:
            raise ValueError(f"{name} = {eta} is outside [0, 1]")
    K = int(classes.max()) + 1
    generator = np.random.default_rng([seed, 0x6E7A])
    pool, rest = (_cells(classes, rare, rows, K, generator) for rows in (pool_rows, test_rows))
    wanted_l, wanted_u = counts(n, eta_l, K), counts(N, eta_u, K)
    wanted_t = (
        counts(test, eta_t, K) if test is not None else _largest(eta_t, K, [[len(c) for c in row] for row in rest])
    )
    names = [*class_names, *(f"class {k}" for k in range(len(class_names), K))]
    short = [*_short(pool, {"n": wanted_l, "N": wanted_u}, names), *_short(rest, {"test": wanted_t}, names)]
    if short:
        raise ValueError(f"too few images: {'; '.join(short)}")
    labelled = [cell[:k] for row, want in zip(pool, wanted_l, strict=True) for cell, k in zip(row, want, strict=True)]
    unlabelled = [
        cell[::-1][:k] for row, want in zip(pool, wanted_u, strict=True) for cell, k in zip(row, want, strict=True)
    ]
    tested = [cell[:k] for row, want in zip(rest, wanted_t, strict=True) for cell, k in zip(row, want, strict=True)]
    # mixed, since who takes the first rows of a batch should not get one class
    mixed = [
        np.random.default_rng([seed, 0x6E7A, k]).permutation(np.concatenate(parts))
        for k, parts in enumerate((labelled, unlabelled))
    ]
    return Split(mixed[0], mixed[1], np.sort(np.concatenate(tested)))


def counts(total: int, eta: float, K: int) -> list[tuple[int, int]]:
    """Majority and minority images of every class that make `total`, as balanced over classes as can be.

    Examples
    --------
    >>> counts(100, 0.05, 2)
    [(47, 3), (48, 2)]
    >>> counts(10, 0.5, 3)
    [(2, 2), (1, 2), (2, 1)]
    """
    few = round(eta * total)
    sizes = [total // K + (k < total % K) for k in range(K)]
    minority = [few // K + (k < few % K) for k in range(K)]
    # a class never gets more minority images than it has images: sizes and minority fall in the same order
    return [(size - part, part) for size, part in zip(sizes, minority, strict=True)]


def class_numbers(labels: npt.ArrayLike) -> IntArray:
    """Labels as integers 0 to K - 1.

    Raises
    ------
    ValueError
        If one is no whole number, or a class in between has no row.

    Examples
    --------
    >>> class_numbers([0, 2, 2])
    Traceback (most recent call last):
        ...
    ValueError: labels must be all of 0 to K - 1; class 1 has no row
    """
    given = np.asarray(labels, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(given) | (given != np.floor(given)) | (given < 0))
    if given.ndim != 1 or len(given) == 0:
        raise ValueError(f"labels have shape {given.shape}; (m,) with m at least 1 is needed")
    if len(wrong):
        first = ", ".join(f"{given[k]:g} in row {k}" for k in wrong[:3])
        raise ValueError(f"labels must be all of 0 to K - 1; {len(wrong)} are not: {first}")
    found = given.astype(np.int64)
    absent = np.flatnonzero(np.bincount(found) == 0)
    if len(absent):
        raise ValueError(f"labels must be all of 0 to K - 1; class {', '.join(map(str, absent[:5]))} has no row")
    return found


def _require(**sizes: int | None) -> None:
    for name, value in sizes.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} = {value} must be at least 1")


def _cells(
    labels: IntArray, minority: BoolArray, rows: npt.ArrayLike, K: int, generator: np.random.Generator
) -> list[list[IntArray]]:
    given = np.asarray(rows, dtype=np.int64)
    return [
        [generator.permutation(given[(labels[given] == k) & (minority[given] == rare)]) for rare in (False, True)]
        for k in range(K)
    ]


def _largest(eta: float, K: int, there: list[list[int]]) -> list[tuple[int, int]]:
    """Counts of the largest multiple of K that the groups allow; zero rows when a group needed is empty."""
    for total in range(sum(map(sum, there)) // K * K, 0, -K):
        wanted = counts(total, eta, K)
        if all(k <= have for want, row in zip(wanted, there, strict=True) for k, have in zip(want, row, strict=True)):
            return wanted
    return counts(K, eta, K)


def _short(cells: list[list[IntArray]], wanted: dict[str, list[tuple[int, int]]], names: Sequence[str]) -> list[str]:
    found = []
    for k, row in enumerate(cells):
        for rare, cell in enumerate(row):
            each = {name: want[k][rare] for name, want in wanted.items()}
            missing = sum(each.values()) - len(cell)
            if missing > 0:
                parts = " + ".join(f"{name} {value}" for name, value in each.items())
                kind = "minority" if rare else "majority"
                found.append(
                    f"{names[k]}, {kind}: {sum(each.values())} wanted ({parts}), {len(cell)} there, {missing} missing"
                )
    return found
