"""Counts labelled pairs with scores: exact at every threshold, ties together."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counting.grouped_pairs import binned_by_group, in_one_class
from opiscli.counting.request import CountRequest
from opiscli.counting.score_ticks import MOST_TICKS, AskedRates, pooled_bins, ticks_of
from opiscli.counts.counts import Counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.embeddings.pair_scores import PairScores
from opiscli.errors import UndefinedMetric
from opiscli.settings.evaluation import RangeBy
from opiscli.thresholds.at_rate import OPERATING_FARS, calibration_range

ALL_PAIRS = "all pairs"
"""Name of the one row of pairs without classes."""

_MOST_CELLS = 1 << 25
"""Of classes by thresholds, where pairs are more than this."""

_FEWEST_TICKS = 1 << 12


def count_pairs(pairs: PairScores, request: CountRequest, frrs: tuple[float, ...] = ()) -> Counts:
    """Count all pairs, pooled and by class and cluster.

    Parameters
    ----------
    request
        Its thresholds and the rates of its range and of ``fars`` are counted exactly.
    frrs
        Further false-reject rates whose thresholds are to be exact.
    """
    ticks, are_all = ticks_of(pairs, _rates(request, frrs), _most_ticks(pairs))
    pooled = DistanceHistogram(*pooled_bins(pairs, ticks), ticks)
    grid = _grid(pooled, request)
    more = request.thresholds if grid is None else (*grid, *request.thresholds)
    thresholds = np.union1d(ticks, more)
    pooled = _between(pairs, pooled, thresholds, are_all=are_all)
    table = _table(pairs, thresholds, pooled)
    return Counts(
        names=(ALL_PAIRS,) if pairs.classes is None else pairs.classes.names,
        mode="listed",
        kernel="NumPy",
        pooled=pooled.observed(),
        table=table,
        grid=grid,
        for_noise=None,
        retrieval={},
        queries=np.zeros(len(table.class_sizes), dtype=np.int64),
        has_every_score=are_all,
    )


def _table(pairs: PairScores, thresholds: FloatArray, pooled: DistanceHistogram) -> BinnedCounts:
    clusters = None
    if pairs.clusters is not None:
        clusters = binned_by_group(pairs, pairs.clusters, thresholds)
    if pairs.classes is None:
        return in_one_class(pooled, clusters)
    return binned_by_group(pairs, pairs.classes, thresholds, clusters)


def _between(
    pairs: PairScores, pooled: DistanceHistogram, thresholds: FloatArray, *, are_all: bool
) -> DistanceHistogram:
    """All pairs between more thresholds than ticks, if these are all distinct scores or not."""
    if not are_all:
        return DistanceHistogram(*pooled_bins(pairs, thresholds), thresholds)
    at = np.searchsorted(thresholds, pooled.ticks)
    positive, negative = np.zeros((2, len(thresholds)), dtype=np.int64)
    positive[at], negative[at] = pooled.positive, pooled.negative
    return DistanceHistogram(positive, negative, thresholds)


def _rates(request: CountRequest, frrs: tuple[float, ...]) -> AskedRates:
    asked, fars = request.calibration_range, (*OPERATING_FARS, *request.fars)
    if asked.by is RangeBy.FAR:
        fars = (*fars, asked.lo, asked.hi)
    elif asked.by is RangeBy.FRR:
        frrs = (*frrs, asked.lo, asked.hi)
    return AskedRates(fars, frrs)


def _grid(pooled: DistanceHistogram, request: CountRequest) -> FloatArray | None:
    try:
        ends = calibration_range(pooled, request.calibration_range, request.distance)
    except UndefinedMetric:
        return None
    return np.linspace(*ends, request.n_thresholds)


def _most_ticks(pairs: PairScores) -> int:
    """Fewer where classes by ticks would be too many cells, and pairs are more than these."""
    if pairs.classes is None or 2 * pairs.n_pairs <= _MOST_CELLS:
        return MOST_TICKS
    n_classes = len(pairs.classes.names)
    return min(MOST_TICKS, max(_FEWEST_TICKS, _MOST_CELLS // n_classes))
