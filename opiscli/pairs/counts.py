"""Exact counts of accepted pairs at given thresholds, per item and per class."""

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Self

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, Int32Array, IntArray
from opiscli.distance import cutoffs
from opiscli.embeddings import EmbeddingSet
from opiscli.pairs.sweep import Progress, sweep
from opiscli.pairs.tiles import Block, Tile, cosine_distances
from opiscli.settings import Distance

_ITEMS_AT_ONCE = 4096


def zeros(shape: tuple[int, ...], kind: type[np.signedinteger]) -> AnyArray:
    """Make a table of zeros that is written at once.

    NumPy asks for large memory pages only where it does not leave the zeroing to the
    system; a kernel that adds all over a table is markedly quicker with them.
    """
    table: AnyArray = np.empty(shape, dtype=kind)
    table.fill(0)
    return table


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


@dataclass(frozen=True, kw_only=True)
class PairCounts:
    """Accepted pairs of every class at every threshold: all that metrics ever see.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances, increasing.
    n_items
        Items of the whole set, N, also after `of_classes`.
    class_sizes
        Shape ``(n_classes,)``, items of each class.
    positive
        Shape ``(n_classes, n_thresholds)``, accepted positive pairs of the class, P.
    negative
        Same shape, accepted negative pairs with one end in the class; summed over
        classes, every such pair is counted twice.
    """

    thresholds: FloatArray
    n_items: int
    class_sizes: IntArray
    positive: IntArray
    negative: IntArray

    @property
    def positive_pairs(self) -> IntArray:
        """Shape ``(n_classes,)``, positive pairs of each class, accepted or not."""
        return np.asarray(self.class_sizes * (self.class_sizes - 1) // 2)

    @property
    def negative_pairs(self) -> IntArray:
        """Shape ``(n_classes,)``, negative pairs with one end in each class."""
        return np.asarray(self.class_sizes * (self.n_items - self.class_sizes))

    def of_classes(self, chosen: BoolArray) -> Self:
        """Only the chosen classes; their negatives still reach into the whole set."""
        tables = {name: table[chosen] for name, table in self._tables().items()}
        return replace(self, class_sizes=self.class_sizes[chosen], **tables)

    def at(self, positions: IntArray) -> Self:
        """Only the thresholds at the given positions."""
        tables = {name: table[:, positions] for name, table in self._tables().items()}
        return replace(self, thresholds=self.thresholds[positions], **tables)

    def _tables(self) -> dict[str, Any]:
        one_dimensional = {"thresholds", "n_items", "class_sizes"}
        names = (field.name for field in fields(self))
        return {name: getattr(self, name) for name in names if name not in one_dimensional}


@dataclass(frozen=True, kw_only=True)
class SpreadCounts(PairCounts):
    """Pair counts with the sums that tell how the items of a class differ.

    Parameters
    ----------
    positive_adjacent
        Shape ``(n_classes, n_thresholds)``, ordered pairs of accepted positive pairs that
        share an item: with p_a the accepted positives of item a, the sum of
        ``p_a (p_a - 1)``.
    negative_squares, cross_products
        Same shape, sums over the class's items of ``n_a ** 2`` and ``p_a n_a``, with n_a
        the accepted negatives of item a.
    """

    positive_adjacent: IntArray
    negative_squares: IntArray
    cross_products: IntArray


def count_block(of: Block, accepted_up_to: Float32Array) -> TileCounts:
    """Kernel: count a block's pairs per item and bin.

    Parameters
    ----------
    accepted_up_to
        Shape ``(n_thresholds,)``, largest cosine distance that each threshold accepts,
        non-decreasing, from `opiscli.distance.cutoffs`.
    """
    n_rows, n_columns = of.similarity.shape
    n_bins = len(accepted_up_to)
    # A hair wider than the last cutoff, because nearly equal pairs are computed anew.
    pairs = np.flatnonzero(of.similarity >= 1 - accepted_up_to[-1] - 1e-6)
    bins = np.searchsorted(accepted_up_to, cosine_distances(of, pairs), side="left")
    inside = bins < n_bins
    pairs, bins = pairs[inside], bins[inside]
    row, column = np.divmod(pairs, n_columns)

    def tally(item: IntArray, chosen: IntArray | slice, n_items: int) -> IntArray:
        cells = np.bincount(item[chosen] * n_bins + bins[chosen], minlength=n_items * n_bins)
        return cells.reshape(n_items, n_bins)

    if not of.has_positives:
        everything = slice(None)
        return TileCounts(tally(row, everything, n_rows), tally(column, everything, n_columns))
    same = of.row_codes[row] == of.column_codes[column]
    positive, negative = np.flatnonzero(same), np.flatnonzero(~same)
    return TileCounts(
        tally(row, negative, n_rows),
        tally(column, negative, n_columns),
        tally(row, positive, n_rows),
        tally(column, positive, n_columns),
    )


def count_pairs(
    items: EmbeddingSet,
    thresholds: FloatArray,
    distance: Distance,
    *,
    side: int,
    threads: int,
    on_progress: Progress | None = None,
) -> SpreadCounts:
    """Count the accepted pairs of every class at every threshold.

    A pair is accepted when its distance is at most the threshold, ties included.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances in ``[0, 2]``, increasing.
    """
    counts = ItemCounts.zeros(items.n_items, len(thresholds))
    kernel = partial(count_block, accepted_up_to=cutoffs(thresholds, distance))
    for tile, counted in sweep(
        items, kernel, side=side, threads=threads, stage="thresholds", on_progress=on_progress
    ):
        counts.add_tile(tile, counted)
    return by_class(counts, items.class_sizes, thresholds)


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
        n_items=len(code_of_item),
        class_sizes=class_sizes,
        positive=sums[0] // 2,  # both ends of a positive pair are in the class
        negative=sums[1],
        positive_adjacent=sums[2],
        negative_squares=sums[3],
        cross_products=sums[4],
    )
