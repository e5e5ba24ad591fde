"""The plain kernel: counts the pairs of a block of similarities with NumPy alone."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from opiscli.counts.pair_counts import BinnedCounts, ClassBins, SpreadCounts, exact_totals
from opiscli.distance import cutoffs
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep
from opiscli.pairs.items import ItemCounts, TileCounts, by_class, cell_type
from opiscli.pairs.tiles import Block, cosine_distances
from opiscli.settings.evaluation import Distance


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


def bin_pairs(
    items: EmbeddingSet,
    thresholds: FloatArray,
    for_items: FloatArray,
    distance: Distance,
    *,
    side: int,
    threads: int,
    on_progress: Progress | None = None,
) -> tuple[BinnedCounts, SpreadCounts]:
    """Put all pairs into the bins between many thresholds, by class; at a few also by item.

    Parameters
    ----------
    thresholds
        Shape ``(n_bins,)``, increasing; the last is the largest distance there can be.
    for_items
        Those of them at which items are counted one by one.
    """
    counts = ItemCounts.zeros(items.n_items, len(for_items))
    # Left to the system to zero: most of these cells are never touched.
    n_cells = items.n_classes * len(thresholds)
    positive, negative = np.zeros((2, n_cells), dtype=cell_type(items.class_sizes))
    kernel = partial(
        bin_block,
        accepted_up_to=cutoffs(thresholds, distance),
        item_bin=np.searchsorted(for_items, thresholds),
        n_item_bins=len(for_items),
    )
    for tile, binned in sweep(
        items, kernel, side=side, threads=threads, stage="thresholds", on_progress=on_progress
    ):
        counts.add_tile(tile, binned.counts)
        np.add.at(positive, binned.positive, 1)
        np.add.at(negative, binned.negative, 1)
    shape = (items.n_classes, len(thresholds))
    table = BinnedCounts(
        thresholds=thresholds,
        positive=ClassBins.of_table(positive.reshape(shape)),
        negative=ClassBins.of_table(negative.reshape(shape)),
        **exact_totals(items.class_sizes),
    )
    return table, by_class(counts, items.class_sizes, for_items)


@dataclass(frozen=True, slots=True)
class BinnedTile:
    """One tile's pairs, by item in a few bins and by class in many.

    Parameters
    ----------
    counts
        Pairs of each item.
    positive, negative
        Cell ``class * n_bins + bin`` of every pair; of a negative pair both its cells.
    """

    counts: TileCounts
    positive: IntArray
    negative: IntArray


def count_block(of: Block, accepted_up_to: Float32Array) -> TileCounts:
    """Kernel: count a block's pairs per item and bin.

    Parameters
    ----------
    accepted_up_to
        Shape ``(n_thresholds,)``, largest cosine distance that each threshold accepts,
        non-decreasing, from `opiscli.distance.cutoffs`.
    """
    found = _list_pairs(of, accepted_up_to)
    return _by_item(of, found, found.bins, len(accepted_up_to))


def bin_block(
    of: Block, accepted_up_to: Float32Array, item_bin: IntArray, n_item_bins: int
) -> BinnedTile:
    """Kernel: sort a block's pairs into many bins by class and a few by item.

    Parameters
    ----------
    accepted_up_to
        As for `count_block`.
    item_bin
        Shape ``(n_thresholds,)``, the items' bin of each bin.
    n_item_bins
        Pairs in the items' bins from this one on are left out.
    """
    found = _list_pairs(of, accepted_up_to)
    n_bins = len(accepted_up_to)
    row_cell = of.row_codes[found.row].astype(np.int64) * n_bins + found.bins
    column_cell = of.column_codes[found.column].astype(np.int64) * n_bins + found.bins
    different = ~found.same
    return BinnedTile(
        _by_item(of, found, item_bin[found.bins], n_item_bins),
        row_cell[found.same],
        np.concatenate([row_cell[different], column_cell[different]]),
    )


@dataclass(frozen=True, slots=True)
class _Listed:
    """Pairs of a block that the last threshold accepts."""

    row: IntArray
    column: IntArray
    bins: IntArray
    same: BoolArray


def _list_pairs(of: Block, accepted_up_to: Float32Array) -> _Listed:
    # A hair wider than the last cutoff, because nearly equal pairs are computed anew.
    pairs = np.flatnonzero(of.similarity >= 1 - accepted_up_to[-1] - 1e-6)
    bins = np.searchsorted(accepted_up_to, cosine_distances(of, pairs), side="left")
    inside = bins < len(accepted_up_to)
    pairs, bins = pairs[inside], bins[inside]
    row, column = np.divmod(pairs, of.similarity.shape[1])
    same = (
        of.row_codes[row] == of.column_codes[column]
        if of.has_positives
        else np.zeros(len(pairs), dtype=bool)
    )
    return _Listed(row, column, bins, same)


def _by_item(of: Block, found: _Listed, bins: IntArray, n_bins: int) -> TileCounts:
    """Tally listed pairs at both their items; bins from ``n_bins`` on are left out."""
    n_rows, n_columns = of.similarity.shape
    inside = bins < n_bins

    def tally(item: IntArray, chosen: BoolArray, n_items: int) -> AnyArray:
        cells = np.bincount(item[chosen] * n_bins + bins[chosen], minlength=n_items * n_bins)
        return cells.reshape(n_items, n_bins)

    negative, positive = inside & ~found.same, inside & found.same
    counts = tally(found.row, negative, n_rows), tally(found.column, negative, n_columns)
    if not of.has_positives:
        return TileCounts(*counts)
    return TileCounts(
        *counts, tally(found.row, positive, n_rows), tally(found.column, positive, n_columns)
    )
