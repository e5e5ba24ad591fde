"""Two plain passes: find the thresholds with one, count at them with the other."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counting.request import CountRequest, points
from opiscli.counts.counts import Counts
from opiscli.counts.histogram import TICKS, DistanceHistogram, distance_histogram
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress
from opiscli.errors import UndefinedMetric
from opiscli.metrics.recall import recall_sums
from opiscli.neighbours.match_ranks import match_ranks
from opiscli.pairs.plain import bin_pairs, count_pairs
from opiscli.pairs.tiles import tile_side
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import calibration_range

_OUTSIDE = 16
"""Thresholds on either side of the range at which items are counted, for another range later."""


def count_in_two_passes(
    items: EmbeddingSet,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counts:
    """Find the thresholds with one pass over all pairs, then count at them with another.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed, unless all thresholds are wanted.
    UsageError
        If the memory limit is too small.
    """
    threads = resources.threads
    histogram = distance_histogram(
        items,
        request.distance,
        side=_side(items, 0, 0, resources),
        threads=threads,
        on_progress=on_progress,
    )
    count = _count_everywhere if request.complete else _count_where_needed
    return count(items, request, histogram, resources, on_progress)


def _count_where_needed(
    items: EmbeddingSet,
    request: CountRequest,
    histogram: DistanceHistogram,
    resources: Resources,
    on_progress: Progress | None,
) -> Counts:
    ends = calibration_range(histogram, request.calibration_range)
    grid = np.linspace(*ends, request.n_thresholds)
    asked = [*points(histogram).values(), *request.thresholds]
    thresholds = np.unique(np.concatenate([grid, asked]))
    table = count_pairs(
        items,
        thresholds,
        request.distance,
        side=_side(items, len(thresholds), 0, resources),
        threads=resources.threads,
        on_progress=on_progress,
    )
    return Counts(
        names=items.names,
        kernel="NumPy",
        pooled=histogram,
        table=table,
        grid=grid,
        for_noise=table.up_to(grid),
        retrieval=recall(items, request.ks, resources, on_progress),
        queries=items.class_sizes,
    )


def _count_everywhere(
    items: EmbeddingSet,
    request: CountRequest,
    histogram: DistanceHistogram,
    resources: Resources,
    on_progress: Progress | None,
) -> Counts:
    ticks = _occupied(histogram)
    try:
        ends = calibration_range(histogram, request.calibration_range)
    except UndefinedMetric:
        grid = None
        at_items = ticks[-1:]
    else:
        grid = np.linspace(*ends, request.n_thresholds)
        at_items = np.union1d(grid, _outside(ticks, *ends))
    thresholds = np.unique(np.concatenate([ticks, at_items, request.thresholds]))
    table, spread = bin_pairs(
        items,
        thresholds,
        at_items,
        request.distance,
        side=_side(items, len(at_items), len(thresholds), resources),
        threads=resources.threads,
        on_progress=on_progress,
    )
    return Counts(
        names=items.names,
        kernel="NumPy",
        pooled=table.pooled,
        table=table,
        grid=grid,
        for_noise=None if grid is None else spread,
        retrieval=recall(items, request.ks, resources, on_progress),
        queries=items.class_sizes,
    )


def recall(
    items: EmbeddingSet,
    ks: tuple[int, ...],
    resources: Resources,
    on_progress: Progress | None = None,
) -> dict[str, FloatArray]:
    """Recall at each rank, summed by class, from a search of all items."""
    if not ks:
        return {}
    ranks = match_ranks(items, max(ks), threads=resources.threads, on_progress=on_progress)
    return recall_sums(ranks, ks, items.n_classes)


def _occupied(histogram: DistanceHistogram) -> FloatArray:
    """Ticks with pairs in their bin or the next: thresholds between others are all the same."""
    some = (histogram.positive + histogram.negative) > 0
    some[:-1] |= some[1:]
    some[-1] = True
    return histogram.ticks[some]


def _outside(ticks: FloatArray, lo: float, hi: float) -> FloatArray:
    """Evenly spread ticks below and above the range."""
    below, above = ticks[ticks < lo], ticks[ticks > hi]
    chosen = [
        side[np.unique(np.linspace(0, len(side) - 1, _OUTSIDE).astype(np.int64))]
        for side in (below, above)
        if len(side)
    ]
    return np.concatenate([*chosen, TICKS[:0]])


def _side(items: EmbeddingSet, n_of_items: int, n_of_classes: int, resources: Resources) -> int:
    """Side of a tile, given at how many thresholds items and classes are counted."""
    return tile_side(
        items.n_items,
        # Embeddings twice, because the index keeps its own; two int32 counts per threshold.
        fixed_bytes=2 * items.unit_rows.nbytes
        + 8 * items.n_items * n_of_items
        + 8 * items.n_classes * n_of_classes,
        bytes_per_item=2 * 8 * n_of_items,
        resources=resources,
    )
