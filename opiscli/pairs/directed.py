"""Exact counts of ordered pairs: a query against a stored copy that may have lost something."""

from dataclasses import dataclass
from threading import Lock

import numpy as np

from opiscli.arrays import Float32Array, FloatArray, Int32Array, IntArray
from opiscli.counts.pair_counts import PairCounts
from opiscli.distance import cutoffs
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep_tiles
from opiscli.neighbours.ann_index import Decoder
from opiscli.pairs.tiles import EXACT_BELOW, Tile, tile_side
from opiscli.settings.evaluation import Distance
from opiscli.settings.resources import Resources

_PAIRS_AT_ONCE = 8192


def count_deployed(
    items: EmbeddingSet,
    decoder: Decoder,
    positions: IntArray,
    thresholds: FloatArray,
    distance: Distance,
    resources: Resources,
    on_progress: Progress | None = None,
) -> PairCounts:
    """Count the pairs that each threshold accepts when an index measures the distance.

    Each item is a query, as it is, against the stored copies of all others; so every
    unordered pair is seen twice, from both its ends. The distance is the one that the index
    reports: a copy that lost some of its length is not mended. An L2 index accepts where its
    distance is at most the threshold, an inner-product index where its product is at
    least the threshold's similarity.

    Parameters
    ----------
    positions
        Shape ``(n_items,)``, where each item's copy is stored.
    thresholds
        Shape ``(n_thresholds,)``, distances in ``[0, 2]``, increasing.
    """
    queries = decoder.queries(items.unit_rows)
    n_classes, n_thresholds = items.n_classes, len(thresholds)
    side = tile_side(
        items.n_items,
        fixed_bytes=3 * items.unit_rows.nbytes + 4 * 8 * n_classes * n_thresholds,
        bytes_per_item=2 * 4 * items.dims + 2 * 8 * n_thresholds,
        resources=resources,
    )
    copies = _Copies(decoder, positions)
    accepted_up_to = cutoffs(thresholds, distance)

    def count(tile: Tile) -> CrossingCounts:
        distances = copies.distances(queries[tile.rows], tile.columns)
        if tile.on_diagonal:
            np.fill_diagonal(distances, np.inf)
        codes = items.codes[tile.rows], items.codes[tile.columns]
        return count_crossing(distances, *codes, accepted_up_to)

    positive, negative = np.zeros((2, n_classes, n_thresholds), dtype=np.int64)
    bands = [slice(i, min(i + side, items.n_items)) for i in range(0, items.n_items, side)]
    tiles = [Tile(rows, columns) for columns in bands for rows in bands]
    n_pairs = sum(tile.n_pairs for tile in tiles)
    for tile, counted in sweep_tiles(
        tiles,
        count,
        n_pairs=n_pairs,
        threads=resources.threads,
        stage="as deployed",
        on_progress=on_progress,
    ):
        rows, columns = (classes_of(items.codes[band]) for band in (tile.rows, tile.columns))
        positive[rows] += counted.positive
        negative[rows] += counted.row_negative
        negative[columns] += counted.column_negative
    sizes = items.class_sizes
    return PairCounts(
        thresholds=thresholds,
        class_sizes=sizes,
        positive_pairs=sizes * (sizes - 1),
        negative_pairs=2 * sizes * (items.n_items - sizes),
        positive=np.cumsum(positive, axis=1),
        negative=np.cumsum(negative, axis=1),
    )


@dataclass(frozen=True, slots=True)
class CrossingCounts:
    """Pairs of one rectangle in the bins between thresholds, by class.

    Classes are those that the rectangle's own side has, `classes_of` it.

    Parameters
    ----------
    positive, row_negative
        Shape ``(row classes, n_thresholds)``.
    column_negative
        Shape ``(column classes, n_thresholds)``.
    """

    positive: IntArray
    row_negative: IntArray
    column_negative: IntArray


def count_crossing(
    distances: Float32Array,
    row_codes: Int32Array,
    column_codes: Int32Array,
    accepted_up_to: Float32Array,
) -> CrossingCounts:
    """Kernel: count every row against every column.

    Parameters
    ----------
    distances
        Shape ``(n_rows, n_columns)``, cosine distances; infinite where there is no pair.
    row_codes, column_codes
        Classes, each non-decreasing.
    accepted_up_to
        Shape ``(n_thresholds,)``, largest cosine distance that each threshold accepts.
    """
    n_bins = len(accepted_up_to)
    pairs = np.flatnonzero(distances <= accepted_up_to[-1])
    bins = np.searchsorted(accepted_up_to, distances.ravel()[pairs], side="left")
    row, column = np.divmod(pairs, len(column_codes))
    is_positive = row_codes[row] == column_codes[column]

    def tally(codes: Int32Array, item: IntArray, chosen: IntArray) -> IntArray:
        present, class_of = np.unique(codes, return_inverse=True)
        cells = class_of[item[chosen]] * n_bins + bins[chosen]
        return np.bincount(cells, minlength=len(present) * n_bins).reshape(-1, n_bins)

    positive, negative = np.flatnonzero(is_positive), np.flatnonzero(~is_positive)
    return CrossingCounts(
        tally(row_codes, row, positive),
        tally(row_codes, row, negative),
        tally(column_codes, column, negative),
    )


class _Copies:
    """Decodes the band of stored copies that is being worked on, once for all queries."""

    def __init__(self, decoder: Decoder, positions: IntArray) -> None:
        self._decoder = decoder
        self._positions = positions
        self._lock = Lock()
        self._band: slice | None = None
        self._decoded: Float32Array = np.empty((0, 0), dtype=np.float32)

    def distances(self, queries: Float32Array, band: slice) -> Float32Array:
        """Cosine distances, half of squared L2 distances, of queries to a band of copies."""
        copies = self._copies(band)
        similarity: Float32Array = queries @ copies.T
        if not self._decoder.is_l2:
            return np.subtract(np.float32(1), similarity, out=similarity)
        half = [(0.5 * np.einsum("ij,ij->i", x, x) - 0.5) for x in (queries, copies)]
        distances = np.subtract(np.float32(1), similarity, out=similarity)
        distances += half[0][:, None]
        distances += half[1]
        return with_nearest_exact(distances, queries, copies)

    def _copies(self, band: slice) -> Float32Array:
        with self._lock:
            if band != self._band:
                self._decoded = self._decoder.stored(self._positions[band])
                self._band = band
            return self._decoded


def with_nearest_exact(
    distances: Float32Array, queries: Float32Array, copies: Float32Array
) -> Float32Array:
    """Compute the smallest anew from the difference, as the exact engine does."""
    rows, columns = np.nonzero(distances < EXACT_BELOW)
    for start in range(0, len(rows), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        row, column = rows[some], columns[some]
        difference = queries[row].astype(np.float64) - copies[column]
        distances[row, column] = 0.5 * np.einsum("ij,ij->i", difference, difference)
    return distances


def classes_of(codes: Int32Array) -> Int32Array:
    """Classes that a band of items has, each once, in their order."""
    return np.unique(codes)
