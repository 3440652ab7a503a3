"""Second moments of two feature files, block by block and in one pass.

Row i belongs to block i mod 20, so that a file sorted by class has blocks that are alike. Moments of blocks add:
leaving one out is a subtraction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_utils._arrays import FloatArray
from w2s_utils.theory.deterministic_equivalent import Moments

BLOCKS = 20
# beyond this many multiplications sums are taken in single precision, chunk by chunk
_DOUBLE = 2e10
# the intercept's feature, in units of the features' root mean square norm: a penalty that matters to them spares it
_CONSTANT = 10.0

Chunk = tuple[npt.NDArray[Any], npt.NDArray[Any], FloatArray | None]  # weak rows, strong rows, targets


@dataclass(frozen=True, eq=False)
class BlockMoments:
    """Raw sums of 20 row blocks.

    Attributes
    ----------
    rows : ndarray, shape (20,)
    sums : tuple of ndarray, shapes (20, D_w), (20, D_s), (20, k)
        Of weak features, strong features and targets, around a fixed origin.
    products : dict of ndarray, shapes (20, ...)
        ``weak``, ``strong``, ``cross``, and with targets ``weak_target``, ``strong_target``, ``target``.
    """

    rows: FloatArray
    sums: dict[str, FloatArray]
    products: dict[str, FloatArray]
    _totals: dict[tuple[str, str], FloatArray] = field(default_factory=dict, init=False, repr=False)

    @property
    def total(self) -> int:
        """Rows of all blocks."""
        return int(self.rows.sum())

    @property
    def widths(self) -> tuple[int, int]:
        """Numbers of weak and strong features."""
        return self.products["cross"].shape[2], self.products["cross"].shape[1]

    @property
    def labelled(self) -> bool:
        """Whether there are targets."""
        return "target" in self.products

    @classmethod
    def of_chunks(cls, chunks: Iterable[Chunk], rows: int) -> BlockMoments:
        """Sum over consecutive chunks of rows.

        Parameters
        ----------
        chunks : iterable of (weak, strong, targets)
            Arrays of shapes (c, D_w), (c, D_s) and (c, k) or None; c may differ from chunk to chunk.
        rows : int
            How many rows there are in all; decides the precision of the sums.

        Returns
        -------
        BlockMoments

        Raises
        ------
        ValueError
            With fewer than two rows per block.

        Examples
        --------
        >>> x = np.arange(40.0)[:, None]
        >>> blocks = BlockMoments.of_chunks([(x, x, x)], 40)
        >>> blocks.total, blocks.rows[:3].tolist(), blocks.widths
        (40, [2.0, 2.0, 2.0], (1, 1))
        """
        if rows < 2 * BLOCKS:
            raise ValueError(f"{rows} rows are too few: at least {2 * BLOCKS}, two for each of {BLOCKS} blocks")
        return cls._of(chunks, rows, None)[0]

    @classmethod
    def of_groups(cls, chunks: Iterable[Chunk], rows: int, minority: npt.NDArray[np.bool_]) -> dict[str, BlockMoments]:
        """The same for two groups of rows; ``all`` is their sum.

        Parameters
        ----------
        chunks, rows
            As in `of_chunks`.
        minority : ndarray of bool, shape (rows,)

        Returns
        -------
        dict
            ``all``, ``majority``, ``minority``, around one origin.

        Examples
        --------
        >>> x = np.arange(80.0)[:, None]
        >>> parts = BlockMoments.of_groups([(x, x, x)], 80, x[:, 0] >= 40)
        >>> {name: part.total for name, part in parts.items()}
        {'all': 80, 'majority': 40, 'minority': 40}
        """
        low, high = cls._of(chunks, rows, minority)
        return {"all": low.plus(high), "majority": low, "minority": high}

    def plus(self, other: BlockMoments) -> BlockMoments:
        """Sums of both, block by block; both must have the same origin."""
        return BlockMoments(
            self.rows + other.rows,
            {name: array + other.sums[name] for name, array in self.sums.items()},
            {name: array + other.products[name] for name, array in self.products.items()},
        )

    @classmethod
    def _of(
        cls, chunks: Iterable[Chunk], rows: int, minority: npt.NDArray[np.bool_] | None
    ) -> tuple[BlockMoments, ...]:
        if rows < 2 * BLOCKS:
            raise ValueError(f"{rows} rows are too few: at least {2 * BLOCKS}, two for each of {BLOCKS} blocks")
        made: list[BlockMoments] = []
        # each group has its own round of blocks
        number = np.arange(rows) if minority is None else np.where(minority, minority.cumsum(), (~minority).cumsum())
        start = 0
        for weak, strong, targets in chunks:
            if not made:
                k = None if targets is None else targets.shape[1]
                made = [cls._empty(weak.shape[1], strong.shape[1], k) for _ in range(1 if minority is None else 2)]
                origin = [x.mean(0, dtype=np.float64) for x in (weak, strong)]
                work = rows * float(max(weak.shape[1], strong.shape[1])) ** 2
                kind = np.float64 if work < _DOUBLE else np.float32
            a, b = (
                (x - at.astype(x.dtype)).astype(kind, copy=False) for x, at in zip((weak, strong), origin, strict=True)
            )
            now = slice(start, start + len(weak))
            for which, part in enumerate(made):
                blocks = number[now] % BLOCKS
                part._add(blocks if minority is None else np.where(minority[now] == which, blocks, -1), a, b, targets)
            start += len(weak)
        return tuple(made)

    @classmethod
    def _empty(cls, d_w: int, d_s: int, k: int | None) -> BlockMoments:
        shapes: dict[str, tuple[int, ...]] = {"weak": (d_w, d_w), "strong": (d_s, d_s), "cross": (d_s, d_w)}
        widths = {"weak": d_w, "strong": d_s}
        if k is not None:
            shapes |= {"weak_target": (d_w, k), "strong_target": (d_s, k), "target": (k,)}
            widths["target"] = k
        return cls(
            np.zeros(BLOCKS),
            {name: np.zeros((BLOCKS, width)) for name, width in widths.items()},
            {name: np.zeros((BLOCKS, *shape)) for name, shape in shapes.items()},
        )

    def _add(self, blocks: npt.NDArray[np.int64], weak: Any, strong: Any, targets: FloatArray | None) -> None:
        for block in range(BLOCKS):
            own = np.flatnonzero(blocks == block)
            if not own.size:
                continue
            a, b = weak[own], strong[own]
            self.rows[block] += len(a)
            self.sums["weak"][block] += a.sum(0, dtype=np.float64)
            self.sums["strong"][block] += b.sum(0, dtype=np.float64)
            self.products["weak"][block] += a.T @ a
            self.products["strong"][block] += b.T @ b
            self.products["cross"][block] += b.T @ a
            if targets is not None:
                y = targets[own]
                self.sums["target"][block] += y.sum(0)
                self.products["target"][block] += (y**2).sum(0)
                self.products["weak_target"][block] += a.T.astype(float) @ y
                self.products["strong_target"][block] += b.T.astype(float) @ y

    def _left(self, name: str, without: int | None, kind: str = "") -> Any:
        """Sum over blocks, without one of them; the sum of all is taken once."""
        array = getattr(self, kind)[name] if kind else getattr(self, name)
        if (kind, name) not in self._totals:
            self._totals[kind, name] = array.sum(0)
        total = self._totals[kind, name]
        return total if without is None else total - array[without]

    def frame(self, without: int | None = None) -> Frame:
        """Means of these rows, and constants in proportion to their features."""
        rows = self._left("rows", without)
        means = {name: self._left(name, without, "sums") / rows for name in self.sums}
        sizes = {
            name: _CONSTANT
            * float(np.sqrt(np.trace(self._left(name, without, "products")) / rows - means[name] @ means[name]))
            for name in ("weak", "strong")
        }
        return Frame(means, sizes)

    def turned(self, weak: FloatArray, strong: FloatArray) -> BlockMoments:
        """The same of ``features @ weak`` and ``features @ strong``."""
        turns = {"weak": weak, "strong": strong}
        sums = {name: array @ turns[name] if name in turns else array for name, array in self.sums.items()}
        sides = {
            "weak": (weak, weak), "strong": (strong, strong), "cross": (strong, weak),
            "weak_target": (weak, None), "strong_target": (strong, None), "target": (None, None),
        }  # fmt: skip
        products = {}
        for name, array in self.products.items():
            left, right = sides[name]
            array = array if left is None else np.einsum("ij,bik->bjk", left, array, optimize=True)
            products[name] = array if right is None else array @ right
        return BlockMoments(self.rows, sums, products)

    def moments(self, without: int | None = None, constant: bool = True, frame: Frame | None = None) -> Moments:
        """Moments of all rows, or of all but one block's.

        Parameters
        ----------
        without : int, optional
            The block to leave out, in [0, 20).
        constant : bool
            Append a large constant feature, an intercept that hardly feels the penalty.
        frame : Frame, optional
            Centre there instead of at these rows' own mean: for groups, which share one.

        Returns
        -------
        Moments
            Targets are centred, too: ``target`` is their variance, summed over columns. Without labels the target is
            noise of variance 1.

        Examples
        --------
        >>> x = np.arange(40.0)[:, None]
        >>> blocks = BlockMoments.of_chunks([(x, x, x)], 40)
        >>> blocks.moments(constant=False).weak.tolist(), float(x.var())
        ([[133.25]], 133.25)
        """
        rows = self._left("rows", without)
        own = self.frame(without)
        frame = own if frame is None else frame
        c = frame.means
        off = {name: mean - c[name] for name, mean in own.means.items()}
        raw = {name: self._left(name, without, "products") / rows for name in self.products}

        def moved(name: str, left: str, right: str) -> FloatArray:
            # E[(a - c)(b - c)'] from E[a b'], the means and c
            return raw[name] - np.outer(own.means[left], own.means[right]) + np.outer(off[left], off[right])

        weak, strong = moved("weak", "weak", "weak"), moved("strong", "strong", "strong")
        cross = moved("cross", "strong", "weak")
        columns: tuple[Any, ...] = (np.zeros((len(weak), 1)), np.zeros((len(strong), 1)), 1.0)
        shift = np.zeros(1)
        if self.labelled:
            shift = off["target"]
            variance = raw["target"] - own.means["target"] ** 2 + shift**2
            columns = moved("weak_target", "weak", "target"), moved("strong_target", "strong", "target"), variance.sum()
        if constant:
            a, b = frame.sizes["weak"], frame.sizes["strong"]
            weak = _bordered(weak, a * off["weak"], a * off["weak"], a * a)
            strong = _bordered(strong, b * off["strong"], b * off["strong"], b * b)
            cross = _bordered(cross, a * off["strong"], b * off["weak"], a * b)
            columns = np.vstack([columns[0], a * shift]), np.vstack([columns[1], b * shift]), columns[2]
        return Moments(weak, strong, cross, *columns)


@dataclass(frozen=True, eq=False)
class Frame:
    """Where features and targets are centred, and how large the constant features are."""

    means: dict[str, FloatArray]
    sizes: dict[str, float]


def _bordered(matrix: FloatArray, last_column: FloatArray, last_row: FloatArray, corner: float) -> FloatArray:
    return np.block([[matrix, last_column[:, None]], [last_row[None, :], np.array([[corner]])]])
