"""A histogram of all pairwise distances on a fine grid, from which thresholds are planned."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import BoolArray, Float32Array, IntArray
from opiscli.engine import ruler
from opiscli.engine.executors import Workers, results
from opiscli.engine.kernels.numpy_kernel import recompute
from opiscli.engine.portions import portions
from opiscli.engine.space import Block, PairSpace
from opiscli.engine.tiles import Tile, exact_below, tiles
from opiscli.progress import Progress

_SIDE = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Number of pairs in each cell of the grid. Histograms of disjoint pairs can be added.

    Parameters
    ----------
    positive, negative
        Shape ``(n_cells,)``, pairs in the cells from ``first_cell`` on.
    first_cell
        Number of the first of them.
    lowest
        The smallest cosine distances of negative pairs, increasing, every one up to the
        last.
    n_lowest
        How many of those are kept.
    """

    positive: IntArray
    negative: IntArray
    first_cell: int
    lowest: Float32Array
    n_lowest: int

    def __add__(self, other: "Pool") -> "Pool":
        lowest = np.sort(np.concatenate([self.lowest, other.lowest]))[: self.n_lowest]
        known = [one.first_cell for one in (self, other) if len(one.negative) + len(one.positive)]
        first = min(known, default=0)
        positive, negative = (
            _sum(first, (self.first_cell, one), (other.first_cell, two))
            for one, two in ((self.positive, other.positive), (self.negative, other.negative))
        )
        return Pool(positive, negative, first, lowest, self.n_lowest)


def pool(
    space: PairSpace,
    *,
    n_lowest: int,
    workers: Workers,
    stage: str = "distances",
    on_progress: Progress | None = None,
) -> Pool:
    """Count all pairs of a space in the cells of the grid.

    Parameters
    ----------
    n_lowest
        How many of the smallest distances of negative pairs to keep, one by one.
    """
    blocks = space.blocks(_SIDE)
    if workers.n_apart:
        blocks = portions(space, blocks, workers.n_apart)
    total = _nothing(n_lowest)
    done, n_pairs = 0, sum(block.n_pairs for block in blocks)
    for block, counted in results(workers, _Pooler(space, n_lowest), blocks):
        total = total + counted
        done += block.n_pairs
        if on_progress is not None:
            on_progress(stage, done, n_pairs)
    return total


_NONE: Float32Array = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Pooler:
    space: PairSpace
    n_lowest: int

    def __call__(self, block: Block) -> Pool:
        total = _nothing(self.n_lowest)
        for part in block.parts or (block,):
            for tile in tiles(self.space, part):
                total = total + self._of_tile(tile)
        return total

    def _of_tile(self, tile: Tile) -> Pool:
        distances = tile.row_sums[:, None] - tile.products
        keep = self._pairs(tile)
        self._recompute(tile, distances, keep)
        same = tile.rows.codes[:, None] == tile.columns.codes
        if keep is None:
            positive, negative = distances[same], distances[~same]
        else:
            positive, negative = distances[same & keep], distances[~same & keep]
        cells = ruler.cells(positive), ruler.cells(negative)
        first = min((int(c.min()) for c in cells if len(c)), default=0)
        last = max((int(c.max()) for c in cells if len(c)), default=-1)
        counts = [np.bincount(c - first, minlength=last - first + 1) for c in cells]
        lowest = self._lowest(negative, cells[1], counts[1], first)
        return Pool(counts[0], counts[1], first, lowest, self.n_lowest)

    def _pairs(self, tile: Tile) -> BoolArray | None:
        """Mask of the tile entries that are pairs; ``None`` if all are."""
        if self.space.is_one_set and tile.first > -len(tile.rows):
            return np.arange(len(tile.columns)) >= tile.first + np.arange(len(tile.rows))[:, None]
        return None if np.isfinite(tile.products).all() else np.isfinite(tile.products)

    def _recompute(self, tile: Tile, distances: Float32Array, keep: BoolArray | None) -> None:
        rows, columns = tile.rows, tile.columns
        farthest: Float32Array | np.float32 = exact_below(self.space)
        if rows.offsets is not None or columns.offsets is not None:
            farthest = (farthest + rows.all_offsets)[:, None] + columns.all_offsets
        near = distances < farthest
        row, column = np.nonzero(near if keep is None else near & keep)
        found = distances[row, column]
        recompute(
            found,
            row,
            column,
            rows.vectors,
            columns.vectors,
            rows.all_offsets,
            columns.all_offsets,
            exact_below(self.space),
        )
        distances[row, column] = found

    def _lowest(
        self, negative: Float32Array, cells: IntArray, counts: IntArray, first: int
    ) -> Float32Array:
        if not self.n_lowest:
            return _NONE
        last = int(np.searchsorted(np.cumsum(counts), self.n_lowest)) + first
        return np.sort(negative[cells <= last])[: self.n_lowest]


def _nothing(n_lowest: int) -> Pool:
    none = np.zeros(0, dtype=np.int64)
    return Pool(none, none, 0, _NONE, n_lowest)


def _sum(first: int, *parts: tuple[int, IntArray]) -> IntArray:
    n = max((start + len(counts) for start, counts in parts if len(counts)), default=first) - first
    total = np.zeros(n, dtype=np.int64)
    for start, counts in parts:
        if len(counts):
            total[start - first : start - first + len(counts)] += counts
    return total
