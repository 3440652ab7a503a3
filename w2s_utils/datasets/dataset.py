"""The one type every data set has, and how rows are divided. Imports numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


class Split(NamedTuple):
    """Row numbers of one trial: `labelled` (n,) and `unlabelled` (N,) from the pool, `test` (t,) from the rest."""

    labelled: IntArray
    unlabelled: IntArray
    test: IntArray


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Targets of m examples and where they come from; inputs only where they are at hand.

    Attributes
    ----------
    name : str
    targets : mapping of str to ndarray, shape (m,)
        float64. A class is a whole number; a row on which a target is undefined holds NaN.
    default_target : str
        The key of `targets` that the paper predicts.
    pool_rows, test_rows : ndarray of int64
        A fixed division of the rows, sorted. PCA and vocabularies are fitted on pool rows only.
    ids : ndarray of str, shape (m,)
        What a row is in its source: a file name, a position, a line.
    checksum : str
        SHA-256 of targets, groups, ids and division (embedded) or of the files read (a reader's data).
    licence, citation, source : str
        Terms, whom to cite, where to get it.
    stand_in_for : str or None
        The paper's data set that this one stands in for; None for the papers' own data.
    groups : ndarray of int64, shape (m,), or None
    group_names : tuple of str
        Name of each group number.
    images : sequence of ndarray, shape (height, width, 3), uint8, or None
        Read when indexed; None for the embedded sets, which carry features but no images.
    texts : sequence of str, or None
    skipped : tuple of str
        Corrupt files that were left out, by name.
    aligned : ndarray of int64, shape (K,), or None
        For data with targets ``label`` and ``background``: the background that is each class's own.
        `w2s_utils.datasets.groups` tells majority and minority by it.
    class_names : tuple of str
        Name of each class, where classes have names.
    """

    name: str
    targets: Mapping[str, npt.NDArray[np.float64]]
    default_target: str
    pool_rows: IntArray
    test_rows: IntArray
    ids: npt.NDArray[np.str_]
    checksum: str
    licence: str
    citation: str
    source: str
    stand_in_for: str | None = None
    groups: IntArray | None = None
    group_names: tuple[str, ...] = ()
    images: Sequence[npt.NDArray[np.uint8]] | None = None
    texts: Sequence[str] | None = None
    skipped: tuple[str, ...] = ()
    aligned: IntArray | None = None
    class_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        stand_in = f", stands in for {self.stand_in_for}" if self.stand_in_for else ""
        return f"<Dataset {self.name}: {len(self)} rows, targets {', '.join(self.targets)}{stand_in}>"

    @property
    def target(self) -> npt.NDArray[np.float64]:
        """The default target, shape (m,)."""
        return self.targets[self.default_target]

    def rows(self, part: str = "pool", *, target: str | None = None) -> IntArray:
        """Row numbers of a part on which a target is defined.

        Parameters
        ----------
        part : {"pool", "test"}
        target : str, optional
            A key of `targets`; the default target if left out.

        Returns
        -------
        ndarray of int64, sorted

        Raises
        ------
        ValueError
            If the part or the target does not exist.

        Examples
        --------
        >>> from w2s_utils import datasets
        >>> snippets = datasets.load("movie_snippets")
        >>> len(snippets.rows("pool")), len(snippets.rows("pool", target="sentiment"))
        (8000, 7593)
        """
        parts = {"pool": self.pool_rows, "test": self.test_rows}
        name = self.default_target if target is None else target
        if part not in parts:
            raise ValueError(f"part = {part!r} is unknown; known: pool, test")
        if name not in self.targets:
            raise ValueError(f"target = {name!r} is unknown to {self.name}; known: {', '.join(self.targets)}")
        return parts[part][np.isfinite(self.targets[name][parts[part]])]

    def split(self, n: int, N: int, *, seed: int, target: str | None = None, test: int | None = None) -> Split:
        """Draw disjoint labelled and unlabelled rows from the pool; test rows are those of the fixed division.

        Parameters
        ----------
        n, N : int
            Numbers of labelled and unlabelled rows, at least 1. For one seed, smaller n and smaller N give
            subsets of larger ones: labelled rows come from the front of one permutation, unlabelled from its end.
        seed : int
        target : str, optional
            Rows on which it is undefined are left out.
        test : int, optional
            Number of test rows wanted, the first of the division; all if left out.

        Raises
        ------
        ValueError
            If the division does not hold that many rows.

        Examples
        --------
        >>> from w2s_utils import datasets
        >>> [len(part) for part in datasets.load("blue_marble").split(250, 1000, seed=0)]
        [250, 1000, 438]
        """
        pool, rest = self.rows("pool", target=target), self.rows("test", target=target)
        require_rows(self.name, n, N, test, pool=len(pool), available=len(rest))
        order = np.random.default_rng([seed, 0x5911]).permutation(pool)
        return Split(order[:n], order[::-1][:N], rest[:test])


def require_rows(name: str, n: int, N: int, test: int | None = None, *, pool: int, available: int) -> None:
    """Refuse sample sizes that a data set cannot give.

    Parameters
    ----------
    name : str
        Data set, for the message.
    n, N, test : int
        Rows wanted: labelled, unlabelled, test (None: no matter).
    pool, available : int
        Rows there are in the pool and for testing.

    Raises
    ------
    ValueError
        If one of them is below 1, n + N exceeds `pool`, or `test` exceeds `available`.

    Examples
    --------
    >>> require_rows("blue_marble", 400, 1000, pool=1250, available=438)
    Traceback (most recent call last):
        ...
    ValueError: n + N = 400 + 1000 is more than the 1250 pool rows of blue_marble; lower one of them
    """
    for label, value in (("n", n), ("N", N), ("test", test)):
        if value is not None and value < 1:
            raise ValueError(f"{label} = {value} must be at least 1")
    if n + N > pool:
        raise ValueError(f"n + N = {n} + {N} is more than the {pool} pool rows of {name}; lower one of them")
    if test is not None and test > available:
        raise ValueError(f"test = {test} is more than the {available} test rows of {name}")
