"""What each item counts, and the sums of it that a class's metrics need."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, Int32Array, IntArray
from opiscli.counts.pair_counts import SpreadCounts, exact_totals
from opiscli.pairs.tiles import Tile

_ITEMS_AT_ONCE = 4096


def zeros(shape: tuple[int, ...], kind: type[np.signedinteger]) -> AnyArray:
    """Make a table of zeros that is written at once.

    NumPy asks for large memory pages only where it does not leave the zeroing to the
    system; a kernel that adds all over a table is markedly quicker with them.
    """
    table: AnyArray = np.empty(shape, dtype=kind)
    table.fill(0)
    return table


def cell_type(class_sizes: IntArray) -> type[np.signedinteger]:
    """Integers that hold all pairs which any one class could have in a bin."""
    most = int(class_sizes.max()) * int(class_sizes.sum())
    return np.int32 if most < 2**31 else np.int64


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Pairs of each item in each bin between thresholds; what a kernel returns.

    Bin ``j`` holds the pairs that threshold ``j`` accepts and the one before does not;
    pairs beyond the last threshold are in no bin. Counts of disjoint tiles add up.

    Parameters
    ----------
    positive, negative
        Shape ``(n_items, n_thresholds)``. Every pair is counted at both its items.
    """

    positive: Int32Array
    negative: Int32Array

    @classmethod
    def zeros(cls, n_items: int, n_thresholds: int) -> "ItemCounts":
        """Counts to add to."""
        positive, negative = zeros((2, n_items, n_thresholds), np.int32)
        return cls(positive, negative)

    def add_tile(self, tile: Tile, counted: "TileCounts") -> None:
        """Add the counts of one tile in place."""
        self.negative[tile.rows] += counted.row_negative
        self.negative[tile.columns] += counted.column_negative
        if counted.row_positive is not None and counted.column_positive is not None:
            self.positive[tile.rows] += counted.row_positive
            self.positive[tile.columns] += counted.column_positive


@dataclass(frozen=True, slots=True)
class TileCounts:
    """What `ItemCounts` gains from one tile, on its row side and on its column side.

    Positives are left out where no class is on both sides.
    """

    row_negative: IntArray
    column_negative: IntArray
    row_positive: IntArray | None = None
    column_positive: IntArray | None = None


def by_class(counts: ItemCounts, class_sizes: IntArray, thresholds: FloatArray) -> SpreadCounts:
    """Sum what the items of each class accepted, and what the noise floor needs of it.

    Items must stand in class order. ``counts`` is used up: its bins become running sums.
    """
    # In place: for a million items a second copy of these would be the largest array.
    np.cumsum(counts.positive, axis=1, out=counts.positive)
    np.cumsum(counts.negative, axis=1, out=counts.negative)
    shape = (len(class_sizes), len(thresholds))
    sums = np.zeros((5, *shape), dtype=np.int64)
    code_of_item = np.repeat(np.arange(len(class_sizes)), class_sizes)
    for start in range(0, len(code_of_item), _ITEMS_AT_ONCE):
        chunk = slice(start, start + _ITEMS_AT_ONCE)
        p = counts.positive[chunk].astype(np.int64)
        n = counts.negative[chunk].astype(np.int64)
        classes, first = np.unique(code_of_item[chunk], return_index=True)
        for total, of_items in zip(sums, (p, n, p * (p - 1), n * n, p * n), strict=True):
            total[classes] += np.add.reduceat(of_items, first, axis=0)
    return SpreadCounts(
        thresholds=thresholds,
        **exact_totals(class_sizes),
        positive=sums[0] // 2,  # both ends of a positive pair are in the class
        negative=sums[1],
        positive_adjacent=sums[2],
        negative_squares=sums[3],
        cross_products=sums[4],
    )
