"""Everything an evaluation needs of the pairs, brought home from a single pass over them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.distance import LARGEST, cutoffs
from opiscli.embeddings import EmbeddingSet
from opiscli.pairs.counts import (
    BinnedCounts,
    ClassBins,
    PairCounts,
    SpreadCounts,
    exact_totals,
)
from opiscli.pairs.histogram import STEP, DistanceHistogram
from opiscli.pairs.items import ItemCounts, by_class, cell_type, zeros
from opiscli.pairs.lattice import Lattice
from opiscli.pairs.sweep import Progress, sweep_tiles
from opiscli.pairs.tiles import EXACT_BELOW, Tile
from opiscli.settings import Distance

_SIDE = 1024
_COLUMNS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Survey:
    """Pairs in the bins of a lattice of candidate thresholds, and the nearest neighbours.

    Parameters
    ----------
    lattice
        The candidates.
    class_sizes
        Shape ``(n_classes,)``.
    positive, negative
        Shape ``(n_classes, n_thresholds + 1)``, pairs of each class in each bin, a pair
        being counted at both its items. Pairs beyond the last candidate are not in it.
    coarse
        Positions in the lattice at which items are counted one by one.
    items
        Shape ``(n_items, len(coarse) + 1)`` each, pairs of each item in each coarse bin.
    nearest_positive, nearest_negative
        Shape ``(n_items,)``, cosine distance to the nearest item of the same class and
        of another; infinite if it lies beyond the lattice.
    """

    lattice: Lattice
    class_sizes: IntArray
    positive: IntArray
    negative: IntArray
    coarse: IntArray
    items: ItemCounts
    nearest_positive: Float32Array
    nearest_negative: Float32Array


def survey(
    items: EmbeddingSet,
    lattice: Lattice,
    coarse: IntArray,
    distance: Distance,
    *,
    threads: int,
    side: int = _SIDE,
    sparse: bool = False,
    on_progress: Progress | None = None,
) -> Survey:
    """Walk all pairs once with the compiled kernel.

    Parameters
    ----------
    lattice, coarse
        As in `Survey`.
    sparse
        Whether most bins will stay empty, as those of a lattice over all distances do.
    """
    kind = cell_type(items.class_sizes)
    shape = (items.n_classes, lattice.n_thresholds + 1)
    # Left to the system to zero, cells that are never touched take no memory.
    table = np.zeros if sparse else zeros
    home = Survey(
        lattice=lattice,
        class_sizes=items.class_sizes,
        positive=table(shape, kind),
        negative=table(shape, kind),
        coarse=coarse,
        items=ItemCounts.zeros(items.n_items, len(coarse) + 1),
        nearest_positive=np.full(items.n_items, np.inf, dtype=np.float32),
        nearest_negative=np.full(items.n_items, np.inf, dtype=np.float32),
    )
    bands = _bands(items, side)
    worker = _Worker(items, home, distance, bands)
    for _ in sweep_tiles(
        _in_turn(bands),
        worker,
        n_pairs=items.n_pairs,
        threads=threads,
        stage="pairs",
        on_progress=on_progress,
    ):
        pass
    return home


class _Worker:
    """Adds one tile at a time to a survey, from several threads."""

    def __init__(
        self, items: EmbeddingSet, home: Survey, distance: Distance, bands: list[slice]
    ) -> None:
        # Imported here: an evaluation that never comes here need not load numba.
        from opiscli.pairs import compiled

        lattice = home.lattice
        self._kernel = compiled
        self._items = items
        widest = cutoffs(lattice.thresholds[-1:], distance)[0]
        # A hair wider, because nearly equal pairs are computed anew.
        self._least = np.float32(1 - widest - 1e-6)
        is_euclidean = distance is Distance.EUCLIDEAN
        split = lattice.split_of_tick(distance)
        self._ruler = is_euclidean, STEP, int(lattice.ticks[0]), lattice.bin_of_tick, split
        bins = np.arange(lattice.n_thresholds + 1)
        coarse = np.searchsorted(home.coarse, bins).astype(np.int32)
        self._negatives = home.negative, coarse, home.items.negative, home.nearest_negative
        self._positives = home.positive, coarse, home.items.positive, home.nearest_positive
        groups = list(_groups(items, bands))
        self._group = dict(zip((band.start for band in bands), groups, strict=True))
        self._locks = [threading.Lock() for _ in range(groups[-1] + 1)]
        self._scratch = threading.local()

    def __call__(self, tile: Tile) -> None:
        # Few columns at a time, so that the counts of all of them stay in the cache.
        for start in range(tile.columns.start, tile.columns.stop, _COLUMNS_AT_ONCE):
            stop = min(start + _COLUMNS_AT_ONCE, tile.columns.stop)
            self._add(tile, slice(start, stop))

    def _add(self, tile: Tile, columns: slice) -> None:
        row_unit, column_unit = self._items.unit[tile.rows], self._items.unit[columns]
        similarity, row_of, column_of, distances, bins = self._room(len(row_unit), len(column_unit))
        np.matmul(row_unit, column_unit.T, out=similarity)
        n_negative, n_positive = self._kernel.list_pairs(
            similarity,
            tile.rows.start,
            columns.start,
            self._items.codes,
            self._least,
            row_of,
            column_of,
            distances,
        )
        sides = (
            (self._group[tile.rows.start], tile.rows, row_of),
            (self._group[tile.columns.start], columns, column_of),
        )
        for of_sign, found in (
            (self._negatives, slice(0, n_negative)),
            (self._positives, slice(len(row_of) - n_positive, len(row_of))),
        ):
            class_bins, coarse, item_bins, nearest = of_sign
            some = distances[found]
            self._kernel.measure(
                row_unit,
                column_unit,
                row_of[found],
                column_of[found],
                some,
                np.float32(EXACT_BELOW),
                *self._ruler,
                bins[found],
            )
            for group, band, item_of in sides:
                with self._locks[group]:
                    self._kernel.tally(
                        item_of[found],
                        bins[found],
                        some,
                        self._items.codes[band],
                        class_bins,
                        coarse,
                        item_bins[band],
                        nearest[band],
                    )

    def _room(
        self, n_rows: int, n_columns: int
    ) -> tuple[Float32Array, AnyArray, AnyArray, Float32Array, AnyArray]:
        """Memory of the calling thread, kept from tile to tile."""
        n = n_rows * n_columns
        kept = self._scratch
        if not hasattr(kept, "similarity") or kept.similarity.size < n:
            kept.similarity, kept.distances = np.empty((2, n), dtype=np.float32)
            kept.rows, kept.columns = np.empty((2, n), dtype=np.uint16)
            kept.bins = np.empty(n, dtype=np.int32)
        similarity: Float32Array = kept.similarity[:n].reshape(n_rows, n_columns)
        return similarity, kept.rows[:n], kept.columns[:n], kept.distances[:n], kept.bins[:n]


def _bands(items: EmbeddingSet, side: int) -> list[slice]:
    """Cut the items into bands of at most ``side`` that split no class that fits into one."""
    bands: list[slice] = []
    start = stop = 0
    for size in items.class_sizes.tolist():
        if stop - start + size > side and stop > start:
            bands.append(slice(start, stop))
            start = stop
        stop += size
        while stop - start > side:
            bands.append(slice(start, start + side))
            start += side
    if stop > start:
        bands.append(slice(start, stop))
    return bands


def _groups(items: EmbeddingSet, bands: list[slice]) -> Iterator[int]:
    """Number the bands; those that share a class share a number, because they share its counts."""
    group, last_class = -1, -1
    for band in bands:
        group += int(items.codes[band.start] != last_class)
        last_class = int(items.codes[band.stop - 1])
        yield group


def _in_turn(bands: list[slice]) -> Iterator[Tile]:
    """Pair all bands as in a tournament: pairs of one round have no band in common."""
    n = len(bands)
    for turn in range(n):
        for i in range(n):
            j = (turn - i) % n
            if i <= j:
                yield Tile(bands[i], bands[j])


def pooled(of: Survey) -> DistanceHistogram:
    """All pairs on the ticks of the lattice; the last bin takes those beyond, up to distance 2."""
    totals = exact_totals(of.class_sizes)
    bins = []
    for counted, n_pairs in (
        (of.positive, int(totals["positive_pairs"].sum())),
        (of.negative, int(totals["negative_pairs"].sum()) // 2),
    ):
        in_all = counted.sum(axis=0, dtype=np.int64) // 2
        in_all[-1] = n_pairs - in_all[:-1].sum()
        bins.append(in_all)
    thresholds = np.append(of.lattice.thresholds, LARGEST)
    is_tick = np.append(of.lattice.is_tick, True)
    return DistanceHistogram.of_bins(bins[0], bins[1], thresholds, is_tick)


def accepted(of: Survey) -> PairCounts:
    """Counts of all classes at all thresholds of the lattice; uses up the bins."""
    for bins in (of.positive, of.negative):
        np.cumsum(bins, axis=1, out=bins)
    of.positive[:] //= 2
    return PairCounts(
        thresholds=of.lattice.thresholds,
        positive=of.positive[:, :-1],
        negative=of.negative[:, :-1],
        **exact_totals(of.class_sizes),
    )


def binned(of: Survey) -> BinnedCounts:
    """All pairs by class and bin; uses up the bins."""
    totals = exact_totals(of.class_sizes)
    of.positive[:, :-1] //= 2
    for bins, n_pairs in ((of.positive, "positive_pairs"), (of.negative, "negative_pairs")):
        bins[:, -1] = totals[n_pairs] - bins[:, :-1].sum(axis=1)
    return BinnedCounts(
        thresholds=np.append(of.lattice.thresholds, LARGEST),
        positive=ClassBins.of_table(of.positive),
        negative=ClassBins.of_table(of.negative),
        **totals,
    )


def spread_counts(of: Survey) -> SpreadCounts:
    """Counts and sums over items at the coarse thresholds; uses up ``of.items``."""
    last = len(of.coarse)
    items = ItemCounts(of.items.positive[:, :last], of.items.negative[:, :last])
    return by_class(items, of.class_sizes, of.lattice.thresholds[of.coarse])
