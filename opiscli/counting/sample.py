"""A random sample of pairs: positive pairs, and each item with a few random others."""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.arrays import AnyArray, IntArray
from opiscli.counting.evenly import nearest
from opiscli.counting.plan import Plan
from opiscli.counting.request import CountRequest
from opiscli.counting.searches import search_counts
from opiscli.counting.sweep import Sweep, count_at, expected_plan
from opiscli.counting.tables import pair_counts, spread_counts
from opiscli.counting.within import sample_space
from opiscli.counts.counts import Counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import PairCounts, SpreadCounts
from opiscli.counts.search_counts import SearchCounts
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.kernels import COMPILED, NUMPY, has_compiler, in_use
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.tally import ItemTally, Tally
from opiscli.engine.workers import workers_of
from opiscli.errors import UndefinedMetric, UsageError
from opiscli.metrics.recall import recall_sums
from opiscli.neighbours.match_ranks import MatchRanks, match_ranks, ranks_from_nearest
from opiscli.progress import Progress
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import calibration_range

FEWEST_OTHERS = 200
"""With fewer random others, their own chance would show in every rate."""


def count_sample(
    items: EmbeddingSet,
    request: CountRequest,
    n_pairs: int,
    seed: int,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counts:
    """Count a random sample of about ``n_pairs`` pairs, stratified by class.

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
            f"--sample-pairs {n_pairs:,} compares each of {items.n_items:,} items with only"
            f" {n_drawn} others; at least {FEWEST_OTHERS} are needed",
            hint=f"Give at least --sample-pairs {least}.",
        )
    drawn = np.sort(np.argsort(key, kind="stable")[:n_drawn])
    side = Side.of(items)
    crossing = PairSpace.sampled(side, side[drawn], items.n_classes)
    counted = side if len(inside) == items.n_items else side[inside]
    positives = PairSpace.within(counted, items.n_classes, same_class_only=True)
    kernel = COMPILED if has_compiler() else NUMPY
    with workers_of(resources) as workers:
        how = Sweep(request, resources, kernel, workers, on_progress)
        everything = PairSpace.within(side, items.n_classes)
        plan = expected_plan(sample_space(items, everything, request, n_pairs), how, everything)
        if plan is None:
            raise UndefinedMetric(
                "a sample of pairs does not show where the calibration range lies",
                hint="Leave --sample-pairs out, or give a range with higher rates.",
            )
        across = count_at(crossing, plan, how, stage="sample")
        within = count_at(positives, plan, how, stage="positive pairs")
    return _counted(
        items,
        request,
        plan,
        _Parts(inside, drawn, crossing, positives, across, within),
        resources,
        kernel,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The two counts of a sample: positive pairs and random pairs.

    Parameters
    ----------
    inside
        Positions of the items whose positive pairs were counted.
    drawn
        Positions of the items that all others were paired with.
    crossing, positives
        The pairs of both sweeps.
    across, within
        What they counted.
    """

    inside: IntArray
    drawn: IntArray
    crossing: PairSpace
    positives: PairSpace
    across: Tally
    within: Tally


def _shuffled(items: EmbeddingSet, seed: int) -> AnyArray:
    """Sort keys for a random order of the items, which depends on the seed."""
    mixed = items.fingerprints + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def _within_classes(items: EmbeddingSet, key: AnyArray, most: int) -> IntArray:
    """Positions of the items whose positive pairs are counted: as many per class as fit."""
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
    plan: Plan,
    parts: _Parts,
    resources: Resources,
    kernel: str,
) -> Counts:
    positive_pairs = items.class_sizes * (items.class_sizes - 1) // 2
    positive, negative = (
        pair_counts(space, plan.thresholds, tally, plan.thresholds)
        for space, tally in ((parts.positives, parts.within), (parts.crossing, parts.across))
    )
    table = replace(
        negative,
        positive=_scaled(positive.positive, parts.positives.positive_pairs, positive_pairs),
        positive_pairs=positive_pairs,
        class_sizes=items.class_sizes,
    )
    pooled = _pooled(table, plan.largest)
    ends = calibration_range(pooled, request.calibration_range, request.distance)
    even = np.linspace(*ends, request.n_thresholds)
    ranks = _ranks(items, request.ks, parts, resources)
    return Counts(
        names=items.names,
        mode="sampled",
        kernel=in_use(kernel),
        pooled=pooled,
        table=table,
        grid=even if plan.grid is not None or plan.inner is None else nearest(plan.inner, even),
        for_noise=_for_noise(plan, parts),
        retrieval={} if ranks is None else recall_sums(ranks, request.ks, items.n_classes),
        queries=np.bincount(items.codes[parts.drawn], minlength=items.n_classes),
        searches=None if ranks is None else _searches(items, request, plan, parts, ranks),
    )


def _for_noise(plan: Plan, parts: _Parts) -> SpreadCounts | None:
    """Positive pairs of each item in its class, and its negative pairs with the drawn items."""
    across = parts.across.row_items
    of_items = ItemTally(
        parts.within.row_items.positive,
        across.negative[parts.inside],
        across.nearest_positive,
        across.nearest_negative,
    )
    spread = spread_counts(parts.positives, plan, of_items)
    sizes = np.bincount(parts.positives.rows.codes, minlength=parts.crossing.n_classes)
    others = len(parts.drawn) - np.bincount(
        parts.crossing.columns.codes, minlength=parts.crossing.n_classes
    )
    return spread and replace(spread, negative_pairs=sizes * others, ends=1)


def _scaled(counted: IntArray, pairs: IntArray, in_full: IntArray) -> IntArray:
    """Scale the counts of partly counted classes up to all their pairs.

    Each class then weighs in pooled rates as it does among all pairs.
    """
    if np.array_equal(pairs, in_full):
        return counted
    scale = in_full / np.maximum(pairs, 1)
    return np.round(counted * scale[:, None]).astype(np.int64)


def _pooled(table: PairCounts, largest: float) -> DistanceHistogram:
    """All counted pairs; the last bin holds everything beyond the last threshold."""
    positive, negative = (
        np.diff(np.append(accepted.sum(axis=0, dtype=np.int64), pairs.sum()), prepend=0)
        for accepted, pairs in (
            (table.positive, table.positive_pairs),
            (table.negative, table.negative_pairs),
        )
    )
    return DistanceHistogram(positive, negative, np.append(table.thresholds, largest))


def _ranks(
    items: EmbeddingSet, ks: tuple[int, ...], parts: _Parts, resources: Resources
) -> MatchRanks | None:
    """First ranks of the drawn items, which were compared with all others."""
    if not ks:
        return None
    searched = items.class_sizes[items.codes[parts.drawn]] > 1
    queries = parts.drawn[searched]
    if max(ks) > 1:
        return match_ranks(items, max(ks), threads=resources.threads, queries=queries)
    met = parts.across.column_items
    return ranks_from_nearest(
        items,
        queries,
        met.nearest_positive[searched],
        met.nearest_negative[searched],
        threads=resources.threads,
    )


def _searches(
    items: EmbeddingSet, request: CountRequest, plan: Plan, parts: _Parts, ranks: MatchRanks
) -> SearchCounts:
    """Searches of the drawn items among all others: the gallery is the whole set."""
    met = parts.across.column_items
    return search_counts(
        plan,
        request.distance,
        items.codes[parts.drawn],
        met.nearest_positive,
        met.nearest_negative,
        ranks,
        items.class_sizes,
        is_within=True,
    )
