"""Counts all pairs between queries and a gallery."""

import numpy as np

from opiscli.arrays import AnyArray, IntArray
from opiscli.counting.request import CountRequest
from opiscli.counting.sampled_items import SAMPLE_ITEMS
from opiscli.counting.searches import search_counts
from opiscli.counting.sweep import Counted, Sweep, sweep
from opiscli.counting.tables import binned_counts, pair_counts
from opiscli.counts.counts import Counts
from opiscli.counts.search_counts import SearchCounts
from opiscli.embeddings.query_gallery import ClassOrdered, QueryGallery
from opiscli.embeddings.row_pieces import pieces
from opiscli.engine.kernels import in_use, kernel_for
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.workers import workers_of
from opiscli.metrics.recall import recall_sums
from opiscli.neighbours.match_ranks import MatchRanks, match_ranks_across
from opiscli.neighbours.second_class import class_gaps
from opiscli.progress import Progress
from opiscli.settings.resources import Resources


def count_against_gallery(
    sets: QueryGallery,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counts:
    """Count all pairs of a query and a gallery item.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed.
    UsageError
        If the memory limit is too small.
    """
    queries, gallery = _side(sets.queries), _side(sets.gallery)
    space = PairSpace.across(queries, gallery, len(sets.names))
    sample = space
    if max(len(queries), len(gallery)) > SAMPLE_ITEMS:
        some, others = (side[_spread(side)] for side in (queries, gallery))
        sample = PairSpace.across(some, others, len(sets.names))
    kernel = kernel_for(space.n_pairs)
    with workers_of(resources) as workers:
        counted = sweep(space, sample, Sweep(request, resources, kernel, workers, on_progress))
    ranks = match_ranks_across(
        sets.queries, sets.gallery, threads=resources.threads, on_progress=on_progress
    )
    chosen = np.union1d(counted.chosen, request.thresholds)
    return Counts(
        names=sets.names,
        kernel=in_use(kernel),
        pooled=counted.pooled,
        table=(
            binned_counts(space, counted.plan.thresholds, counted.tally, counted.plan.largest)
            if request.keeps_bins
            else pair_counts(space, counted.plan.thresholds, counted.tally, chosen)
        ),
        grid=counted.grid,
        for_noise=None,
        retrieval=recall_sums(ranks, request.ks, len(sets.names)),
        queries=sets.query_sizes,
        searches=_searches(sets, counted, request, ranks, resources, on_progress),
    )


def _searches(
    sets: QueryGallery,
    counted: Counted,
    request: CountRequest,
    ranks: MatchRanks,
    resources: Resources,
    on_progress: Progress | None,
) -> SearchCounts:
    nearest, gaps = counted.tally.row_items, None
    if request.margin:
        gaps = class_gaps(
            sets.queries,
            sets.gallery,
            request.distance,
            threads=resources.threads,
            on_progress=on_progress,
        )
    return search_counts(
        counted.plan,
        request.distance,
        sets.queries.codes,
        nearest.nearest_positive,
        nearest.nearest_negative,
        ranks,
        sets.gallery_sizes,
        is_within=False,
        gaps=gaps,
    )


def _side(of: ClassOrdered) -> Side:
    ids = np.arange(len(of.codes))
    return Side(of.vectors, of.codes, ids, of.half_squares, of.offset_values)


def _spread(side: Side) -> IntArray:
    """Draw at most ``n`` positions by the content of the items, whatever their order."""
    words: AnyArray = np.ascontiguousarray(side.vectors).view(np.uint32)
    keys = np.random.default_rng(0).integers(0, 2**32, size=words.shape[1], dtype=np.uint32) | 1
    mixed = np.empty(len(words), dtype=np.uint64)
    for rows in pieces(words):
        mixed[rows] = (words[rows] * keys).sum(axis=1, dtype=np.uint64)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    n_drawn = min(SAMPLE_ITEMS, len(side))
    return np.sort(np.argpartition(mixed, n_drawn - 1)[:n_drawn])
