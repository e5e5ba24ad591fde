"""Counts searches from the nearest distances that counting all pairs has left behind."""

import numpy as np

from opiscli.arrays import Float32Array, Int32Array, IntArray
from opiscli.counting.plan import Plan
from opiscli.counts.search_counts import TWICE, SearchCounts, SearchList
from opiscli.distance import Distance
from opiscli.engine.bins import Bins
from opiscli.metrics.recall import hits_at
from opiscli.neighbours.match_ranks import MatchRanks
from opiscli.neighbours.second_class import ClassGaps


def search_counts(
    plan: Plan,
    distance: Distance,
    codes: Int32Array,
    nearest_positive: Float32Array,
    nearest_negative: Float32Array,
    ranks: MatchRanks,
    gallery_sizes: IntArray,
    *,
    is_within: bool,
    gaps: ClassGaps | None = None,
) -> SearchCounts:
    """Sum the searches of all queries by class.

    Distances are compared with the same float32 numbers as those of pairs, so that a non-mated
    search is accepted exactly where a negative pair of its query is.

    Parameters
    ----------
    codes
        Shape ``(n_queries,)``, class of each query.
    nearest_positive, nearest_negative
        Same shape, cosine distance to the nearest candidate of the same class and of another;
        infinite beyond all thresholds of the plan.
    ranks
        Of the queries that have a candidate of their class, in their order.
    gallery_sizes
        Shape ``(n_classes,)``, items of each class that queries are compared with.
    is_within
        Whether queries are items of the gallery, and not compared with themselves.
    gaps
        How much farther the next class is; ``None`` if no margin is needed.
    """
    n_gallery = int(gallery_sizes.sum())
    has_own = gallery_sizes[codes] > is_within
    has_other = n_gallery - gallery_sizes[codes] > 0
    cutoffs = Bins(plan.thresholds, distance, plan.largest).cutoffs
    thresholds = plan.thresholds
    if thresholds[-1] < plan.largest:
        thresholds = np.append(thresholds, plan.largest)
    each_other = SearchList(
        codes[has_other],
        np.searchsorted(cutoffs, nearest_negative[has_other]),
        np.ones(np.count_nonzero(has_other), dtype=np.int64),
        np.zeros(np.count_nonzero(has_other)) if gaps is None else gaps.other_to_next[has_other],
    )
    each_hit = SearchList(
        codes[has_own],
        np.searchsorted(cutoffs, nearest_positive[has_own]),
        np.round(TWICE * hits_at(ranks, 1)).astype(np.int64),
        np.zeros(np.count_nonzero(has_own)) if gaps is None else gaps.own_to_other[has_own],
    )
    shape = len(gallery_sizes), len(thresholds)
    return SearchCounts(
        thresholds=thresholds,
        n_gallery=n_gallery - is_within,
        is_within=is_within,
        non_mated=np.bincount(codes[has_other], minlength=shape[0]),
        mated=np.bincount(codes[has_own], minlength=shape[0]),
        nearest_other=each_other.by_class(*shape),
        hits=each_hit.by_class(*shape),
        each_other=None if gaps is None else each_other,
        each_hit=None if gaps is None else each_hit,
    )
