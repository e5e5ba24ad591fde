"""Counts all pairs within one set."""

import numpy as np

from opiscli.counting.request import CountRequest
from opiscli.counting.retrieval import ranking_sums
from opiscli.counting.sampled_items import sample_of_classes, sample_of_items
from opiscli.counting.searches import search_counts
from opiscli.counting.sweep import Counted, Sweep, sweep
from opiscli.counting.tables import binned_counts, pair_counts, spread_counts
from opiscli.counts.counts import Counts
from opiscli.counts.search_counts import SearchCounts
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.kernels import in_use, kernel_for
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.workers import workers_of
from opiscli.metrics.noise_floor import FEWEST_ITEMS
from opiscli.metrics.recall import recall_sums
from opiscli.neighbours.match_ranks import MatchRanks, match_ranks, match_ranks_from_nearest
from opiscli.neighbours.second_class import class_gaps
from opiscli.progress import Progress
from opiscli.settings.evaluation import RangeBy
from opiscli.settings.resources import Resources


def count_within(
    items: EmbeddingSet,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counts:
    """Count all pairs of a set.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed, and nothing else was asked for.
    UsageError
        If the memory limit is too small.
    """
    space = PairSpace.within(Side.of(items), items.n_classes)
    kernel = kernel_for(space.n_pairs)
    by_item = bool(np.count_nonzero(items.class_sizes >= FEWEST_ITEMS) >= 2)
    with workers_of(resources) as workers:
        how = Sweep(request, resources, kernel, workers, on_progress, by_item)
        counted = sweep(space, sample_space(items, space, request), how)
    ranks = _ranks(items, counted, request, resources, on_progress)
    retrieval = {} if ranks is None else recall_sums(ranks, request.ks, items.n_classes)
    if request.ranking:
        retrieval |= ranking_sums(items, resources, on_progress)
    return Counts(
        names=items.names,
        kernel=in_use(kernel),
        pooled=counted.pooled,
        table=(
            binned_counts(space, counted.plan.thresholds, counted.tally, counted.plan.largest)
            if request.keeps_bins
            else pair_counts(
                space,
                counted.plan.thresholds,
                counted.tally,
                np.union1d(counted.chosen, request.thresholds),
            )
        ),
        grid=counted.grid,
        for_noise=(
            None
            if counted.grid is None or not by_item
            else spread_counts(space, counted.plan, counted.tally.row_items)
        ),
        retrieval=retrieval,
        queries=items.class_sizes,
        searches=None
        if ranks is None
        else _searches(items, counted, request, ranks, resources, on_progress),
    )


def sample_space(
    items: EmbeddingSet, space: PairSpace, request: CountRequest, n_pairs: int | None = None
) -> PairSpace:
    """Pairs of a sample of items; the whole space if the set is small.

    Parameters
    ----------
    n_pairs
        How many pairs are counted afterwards, if not all.
    """
    by_frr = request.calibration_range.by is RangeBy.FRR
    drawn = (sample_of_classes if by_frr else sample_of_items)(items, n_pairs)
    if drawn is None:
        return space
    sample = PairSpace.within(Side.of(items)[drawn], items.n_classes)
    has_both = sample.positive_pairs.any() and sample.negative_pairs.any()
    return sample if has_both else space


def _ranks(
    items: EmbeddingSet,
    counted: Counted,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None,
) -> MatchRanks | None:
    """First ranks of all queries; ``None`` if no recall is needed."""
    if not request.ks:
        return None
    if max(request.ks) > 1:
        return match_ranks(
            items, max(request.ks), threads=resources.threads, on_progress=on_progress
        )
    nearest = counted.tally.row_items
    return match_ranks_from_nearest(
        items, nearest.nearest_positive, nearest.nearest_negative, threads=resources.threads
    )


def _searches(
    items: EmbeddingSet,
    counted: Counted,
    request: CountRequest,
    ranks: MatchRanks,
    resources: Resources,
    on_progress: Progress | None,
) -> SearchCounts:
    nearest, gaps = counted.tally.row_items, None
    if request.margin:
        gaps = class_gaps(
            items, items, request.distance, threads=resources.threads, on_progress=on_progress
        )
    return search_counts(
        counted.plan,
        request.distance,
        items.codes,
        nearest.nearest_positive,
        nearest.nearest_negative,
        ranks,
        items.class_sizes,
        is_within=True,
        gaps=gaps,
    )
