"""Everything an evaluation needs of the pairs, brought home from a single pass over them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import (
    BinnedCounts,
    ClassBins,
    PairCounts,
    SpreadCounts,
    exact_totals,
)
from opiscli.distance import LARGEST
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep_tiles
from opiscli.pairs.items import ItemCounts, by_class, cell_type, zeros
from opiscli.pairs.lattice import Lattice
from opiscli.pairs.listing import Lister, TileSide
from opiscli.pairs.tiles import Tile
from opiscli.settings.evaluation import Distance

_SIDE = 1024
COLUMNS_AT_ONCE = 512


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
    within_classes: bool = False,
    compiled: bool = True,
    on_progress: Progress | None = None,
) -> Survey:
    """Walk all pairs once, and count them on the way.

    Parameters
    ----------
    lattice, coarse
        As in `Survey`.
    sparse
        Whether most bins will stay empty, as those of a lattice over all distances do.
    within_classes
        Whether only positive pairs are counted.
    compiled
        Which kernel.
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
    bands = class_bands(items, side)
    lister = Lister(lattice, distance, compiled=compiled)
    tiles = [t for t in _in_turn(bands) if not within_classes or _share_class(items, t)]
    for _ in sweep_tiles(
        tiles,
        _Worker(items, home, lister, bands, within_classes=within_classes),
        n_pairs=sum(tile.n_pairs for tile in tiles),
        threads=threads,
        stage="pairs",
        on_progress=on_progress,
    ):
        pass
    return home


class _Worker:
    """Adds one tile at a time to a survey, from several threads."""

    def __init__(
        self,
        items: EmbeddingSet,
        home: Survey,
        lister: Lister,
        bands: list[slice],
        *,
        within_classes: bool,
    ) -> None:
        self._items = items
        self._lister = lister
        coarse = coarse_bins(home.coarse, home.lattice)
        positives = True, home.positive, coarse, home.items.positive, home.nearest_positive
        negatives = False, home.negative, coarse, home.items.negative, home.nearest_negative
        self._signs = (positives,) if within_classes else (negatives, positives)
        groups = list(class_groups(items, bands))
        self._group = dict(zip((band.start for band in bands), groups, strict=True))
        self._locks = [threading.Lock() for _ in range(groups[-1] + 1)]

    def __call__(self, tile: Tile) -> None:
        # Few columns at a time, so that the counts of all of them stay in the cache.
        for start in range(tile.columns.start, tile.columns.stop, COLUMNS_AT_ONCE):
            stop = min(start + COLUMNS_AT_ONCE, tile.columns.stop)
            self._add(tile, slice(start, stop))

    def _add(self, tile: Tile, columns: slice) -> None:
        unit, codes = self._items.unit_rows, self._items.codes
        listed = self._lister.list(
            TileSide(unit[tile.rows], codes[tile.rows]),
            TileSide(unit[columns], codes[columns]),
            offset=tile.rows.start + 1 - columns.start,
        )
        row_group, column_group = (self._group[b.start] for b in (tile.rows, tile.columns))
        for positive, class_bins, coarse, item_bins, nearest in self._signs:
            found = listed(positive)
            for group, band, item_of in (
                (row_group, tile.rows, found.rows),
                (column_group, columns, found.columns),
            ):
                with self._locks[group]:
                    self._lister.kernel.tally(
                        item_of,
                        found.bins,
                        found.distances,
                        codes[band],
                        class_bins,
                        coarse,
                        item_bins[band],
                        nearest[band],
                    )


def coarse_bins(coarse: IntArray, lattice: Lattice) -> AnyArray:
    """Coarse bin of each bin of a lattice, and of the one beyond it."""
    return np.searchsorted(coarse, np.arange(lattice.n_thresholds + 1)).astype(np.int32)


def class_bands(items: EmbeddingSet, side: int) -> list[slice]:
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


def class_groups(items: EmbeddingSet, bands: list[slice]) -> Iterator[int]:
    """Number the bands; those that share a class share a number, because they share its counts."""
    group, last_class = -1, -1
    for band in bands:
        group += int(items.codes[band.start] != last_class)
        last_class = int(items.codes[band.stop - 1])
        yield group


def _share_class(items: EmbeddingSet, tile: Tile) -> bool:
    """Whether a class has items on both sides of a tile."""
    return bool(items.codes[tile.rows.stop - 1] >= items.codes[tile.columns.start])


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
