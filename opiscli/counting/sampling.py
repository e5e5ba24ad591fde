"""A random sample of pairs: all positive ones, and every item against a few random others."""

import math
from dataclasses import replace

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, FloatArray, IntArray
from opiscli.counting.pilot import Expected, expect
from opiscli.counting.request import CountRequest
from opiscli.counts.counts import Counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import PairCounts
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress
from opiscli.errors import UndefinedMetric, UsageError
from opiscli.metrics.recall import recall_sums
from opiscli.neighbours.match_ranks import match_ranks, ranks_from_nearest
from opiscli.pairs.crossing import Crossing, cross
from opiscli.pairs.items import ItemCounts, by_class
from opiscli.pairs.kernels import has_compiler
from opiscli.pairs.survey import Survey, survey
from opiscli.settings.evaluation import RangeBy
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import calibration_range

FEWEST_OTHERS = 200
"""With fewer random others, their own chance would show in every rate."""

_NOISE_THRESHOLDS = 33


def count_sample(
    items: EmbeddingSet,
    request: CountRequest,
    n_pairs: int,
    seed: int,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counts:
    """Count about ``n_pairs`` pairs that stand for all, every class having its share.

    Positive pairs are counted in full, or of a random part of the items of large classes
    where they would take more than half of the sample. For the negative ones some items
    are drawn at random, and every item is paired with each of them: the accepted share is
    an unbiased estimate of each class's FAR and of the pooled one. The drawn items have
    met all others, so their neighbours are exact and R@k is an average over them.

    Which items are drawn depends on their embeddings and the seed, not on the order of rows.

    Raises
    ------
    UsageError
        If so few pairs leave less than `FEWEST_OTHERS` items to draw, or the memory limit
        is too small.
    UndefinedMetric
        If the calibration range cannot be formed.
    """
    key = _shuffled(items, seed)
    for_negatives = max(n_pairs // 2, FEWEST_OTHERS * items.n_items)
    inside = _within_classes(items, key, n_pairs - for_negatives)
    sizes = np.bincount(items.codes[inside], minlength=items.n_classes)
    positive_pairs = sizes * (sizes - 1) // 2
    n_drawn = (n_pairs - int(positive_pairs.sum())) // items.n_items
    if n_drawn < FEWEST_OTHERS:
        least = int(positive_pairs.sum()) + FEWEST_OTHERS * items.n_items
        raise UsageError(
            f"--sample-pairs {n_pairs:,} pairs each of {items.n_items:,} items with {n_drawn}"
            f" others, expected {FEWEST_OTHERS} or more",
            hint=f"Give at least --sample-pairs {least}.",
        )
    drawn = np.sort(np.argsort(key, kind="stable")[:n_drawn])
    expected = expect(items, request, resources.threads)
    if expected is None:
        raise UndefinedMetric(
            "a sample of pairs does not show where the calibration range lies",
            hint="Leave --sample-pairs out, or give a range with higher rates.",
        )
    coarse = expected.lattice.between(expected.range_lo, expected.range_hi, _NOISE_THRESHOLDS)
    _require_memory(items, expected, len(coarse), resources)
    compiled = has_compiler()
    crossing = cross(
        items,
        drawn,
        expected.lattice,
        coarse,
        request.distance,
        threads=resources.threads,
        compiled=compiled,
        on_progress=on_progress,
    )
    positives = survey(
        items.subset(inside) if len(inside) < items.n_items else items,
        expected.lattice,
        coarse,
        request.distance,
        threads=resources.threads,
        within_classes=True,
        compiled=compiled,
        on_progress=on_progress,
    )
    return _counted(items, request, expected, inside, drawn, crossing, positives, resources)


def _require_memory(
    items: EmbeddingSet, expected: Expected, n_coarse: int, resources: Resources
) -> None:
    tables = 2 * 4 * items.n_classes * (expected.lattice.n_thresholds + 1)
    counts = 3 * 4 * items.n_items * (n_coarse + 1)
    # Embeddings twice, because an index keeps its own.
    need = 2 * items.unit_rows.nbytes + tables + counts
    if need > resources.memory_limit:
        raise UsageError(
            f"--memory-limit is {resources.memory_limit / 1e6:,.0f} MB, but a sample of"
            f" {items.n_items:,} items in {items.n_classes:,} classes needs {need / 1e6:,.0f} MB",
            hint=f"Raise it to --memory-limit {math.ceil(need / 1e6)}MB.",
        )


def _shuffled(items: EmbeddingSet, seed: int) -> AnyArray:
    """Numbers that put the items in a random order, another one for each seed."""
    mixed = items.fingerprints + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def _within_classes(items: EmbeddingSet, key: AnyArray, most: int) -> IntArray:
    """Positions of the items whose positive pairs are counted: as many a class as fit."""
    sizes = items.class_sizes

    def n_positive(cap: int) -> int:
        kept = np.minimum(sizes, cap)
        return int((kept * (kept - 1) // 2).sum())

    largest = int(sizes.max())
    if n_positive(largest) <= most:
        return np.arange(items.n_items)
    low, high = 2, largest
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if n_positive(middle) <= most else (low, middle - 1)
    order = np.lexsort((key, items.codes))
    rank = np.arange(items.n_items) - np.repeat(items.class_starts, sizes)
    return np.sort(order[rank < low])


def _counted(
    items: EmbeddingSet,
    request: CountRequest,
    expected: Expected,
    inside: IntArray,
    drawn: IntArray,
    crossing: Crossing,
    positives: Survey,
    resources: Resources,
) -> Counts:
    lattice = expected.lattice
    sizes = np.bincount(items.codes[inside], minlength=items.n_classes)
    of_drawn = np.bincount(items.codes[drawn], minlength=items.n_classes)
    others = len(drawn) - of_drawn
    # In place: for many classes a second copy of these would be the largest array.
    positives.positive[:] //= 2
    for bins in (positives.positive, crossing.negative):
        np.cumsum(bins, axis=1, out=bins)
    positive_pairs = items.class_sizes * (items.class_sizes - 1) // 2
    table = PairCounts(
        thresholds=lattice.thresholds,
        positive=_scaled(positives.positive[:, :-1], sizes * (sizes - 1) // 2, positive_pairs),
        negative=crossing.negative[:, :-1],
        class_sizes=items.class_sizes,
        positive_pairs=positive_pairs,
        negative_pairs=items.class_sizes * others,
        ends=1,
    )
    last = len(positives.coarse)
    of_items = ItemCounts(positives.items.positive[:, :last], crossing.items[inside, :last].copy())
    spread = by_class(of_items, sizes, lattice.thresholds[positives.coarse])
    histogram = _pooled(table, is_tick=lattice.is_tick)
    return Counts(
        names=items.names,
        mode="sampled",
        kernel="compiled" if has_compiler() else "NumPy",
        pooled=histogram,
        table=table,
        grid=_grid(histogram, expected, request),
        for_noise=replace(spread, negative_pairs=sizes * others, ends=1),
        retrieval=_retrieval(items, request.ks, drawn, crossing, resources),
        queries=of_drawn,
    )


def _scaled(counted: IntArray, pairs: IntArray, in_full: IntArray) -> IntArray:
    """Counts of classes of which only some pairs were counted, as if all had been.

    Each class then weighs in pooled rates as it does among all pairs.
    """
    if np.array_equal(pairs, in_full):
        return counted
    scale = in_full / np.maximum(pairs, 1)
    return np.round(counted * scale[:, None]).astype(np.int64)


def _pooled(table: PairCounts, is_tick: BoolArray) -> DistanceHistogram:
    """All counted pairs on the ticks; what lies beyond them in one last bin."""
    positive, negative = (
        np.append(side.sum(axis=0, dtype=np.int64), pairs.sum())
        for side, pairs in (
            (table.positive, table.positive_pairs),
            (table.negative, table.negative_pairs),
        )
    )
    return DistanceHistogram.of_bins(
        np.diff(positive, prepend=0),
        np.diff(negative, prepend=0),
        np.append(table.thresholds, 2.0),
        np.append(is_tick, True),
    )


def _grid(histogram: DistanceHistogram, expected: Expected, request: CountRequest) -> FloatArray:
    lo, hi = calibration_range(histogram, request.calibration_range)
    even = np.linspace(lo, hi, request.n_thresholds)
    if request.calibration_range.by is RangeBy.DISTANCE:
        return even
    return expected.lattice.thresholds[expected.lattice.nearest(even)]


def _retrieval(
    items: EmbeddingSet,
    ks: tuple[int, ...],
    drawn: IntArray,
    crossing: Crossing,
    resources: Resources,
) -> dict[str, FloatArray]:
    """Hits of the drawn items, summed by class."""
    if not ks:
        return {}
    searched = items.class_sizes[items.codes[drawn]] > 1
    queries = drawn[searched]
    if max(ks) > 1:
        ranks = match_ranks(items, max(ks), threads=resources.threads, queries=queries)
    else:
        ranks = ranks_from_nearest(
            items,
            queries,
            crossing.nearest_positive[searched],
            crossing.nearest_negative[searched],
            threads=resources.threads,
        )
    return recall_sums(ranks, ks, items.n_classes)
