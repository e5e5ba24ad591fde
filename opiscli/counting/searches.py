"""Counts searches from the nearest distances that counting all pairs has left behind."""

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, Int32Array, IntArray
from opiscli.counting.plan import Plan
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.search_counts import TWICE, SearchCounts
from opiscli.distance import Distance
from opiscli.engine.bins import Bins
from opiscli.metrics.recall import hits_at
from opiscli.neighbours.match_ranks import MatchRanks


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
    """
    n_gallery = int(gallery_sizes.sum())
    has_own = gallery_sizes[codes] > is_within
    has_other = n_gallery - gallery_sizes[codes] > 0
    cutoffs = Bins(plan.thresholds, distance, plan.largest).cutoffs
    thresholds = plan.thresholds
    if thresholds[-1] < plan.largest:
        thresholds = np.append(thresholds, plan.largest)
    shape = len(gallery_sizes), len(thresholds)
    hits = np.round(TWICE * hits_at(ranks, 1)).astype(np.int64)
    return SearchCounts(
        thresholds=thresholds,
        n_gallery=n_gallery - is_within,
        is_within=is_within,
        non_mated=np.bincount(codes[has_other], minlength=shape[0]),
        mated=np.bincount(codes[has_own], minlength=shape[0]),
        nearest_other=_by_class(
            codes[has_other],
            np.searchsorted(cutoffs, nearest_negative[has_other]),
            np.ones(np.count_nonzero(has_other), dtype=np.int64),
            shape,
        ),
        hits=_by_class(
            codes[has_own], np.searchsorted(cutoffs, nearest_positive[has_own]), hits, shape
        ),
    )


def _by_class(
    codes: Int32Array, bins: AnyArray, weights: IntArray, shape: tuple[int, int]
) -> ClassBins:
    """Sum weights of queries by class and bin, leaving out empty cells."""
    counted = weights > 0
    cells, place = np.unique(
        codes[counted].astype(np.int64) * shape[1] + bins[counted], return_inverse=True
    )
    sums = np.zeros(len(cells), dtype=np.int64)
    np.add.at(sums, place, weights[counted])
    classes, inside = np.divmod(cells, shape[1])
    starts = np.searchsorted(classes, np.arange(shape[0] + 1))
    return ClassBins(starts, inside.astype(np.int32), sums)
