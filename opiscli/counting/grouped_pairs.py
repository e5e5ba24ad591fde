"""Pairs by class or by cluster in the bins between thresholds, from the groups of each pair."""

from collections.abc import Iterator

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray
from opiscli.counting.score_ticks import chunks_of
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.embeddings.pair_scores import PairGroups, PairScores

_MOST_DENSE = 1 << 26
"""Cells of groups by bins that are counted in a table; of more, those with pairs are listed."""


def binned_by_group(
    pairs: PairScores,
    groups: PairGroups,
    thresholds: FloatArray,
    clusters: BinnedCounts | None = None,
) -> BinnedCounts:
    """Pairs of each group in bins; a pair between two groups is counted in both.

    Parameters
    ----------
    groups
        Classes or clusters of the pairs.
    thresholds
        Increasing, the last not below any score.
    clusters
        The same pairs by cluster, to go with classes.
    """
    positive, negative = (
        _bins(pairs, groups, thresholds, positive=wanted) for wanted in (True, False)
    )
    return BinnedCounts(
        thresholds=thresholds,
        class_sizes=np.zeros(len(groups.names), dtype=np.int64),  # items are not known
        positive_pairs=positive.of_each_class(),
        negative_pairs=negative.of_each_class(),
        positive=positive,
        negative=negative,
        ends=len(groups.sides),
        clusters=clusters,
    )


def in_one_class(pooled: DistanceHistogram, clusters: BinnedCounts | None) -> BinnedCounts:
    """All pairs in one row, where there are no classes."""
    sides = [_row(pairs) for pairs in (pooled.positive, pooled.negative)]
    return BinnedCounts(
        thresholds=pooled.ticks,
        class_sizes=np.zeros(1, dtype=np.int64),
        positive_pairs=pooled.positive.sum(keepdims=True),
        negative_pairs=pooled.negative.sum(keepdims=True),
        positive=sides[0],
        negative=sides[1],
        ends=1,
        has_classes=False,
        clusters=clusters,
    )


def _row(pairs: IntArray) -> ClassBins:
    filled = np.flatnonzero(pairs)
    return ClassBins(np.array([0, len(filled)]), filled.astype(np.int32), pairs[filled])


def _bins(
    pairs: PairScores, groups: PairGroups, thresholds: FloatArray, *, positive: bool
) -> ClassBins:
    n_groups, n_bins = len(groups.names), len(thresholds)
    cells = _cells(pairs, groups, thresholds, positive=positive)
    if n_groups * n_bins <= min(_MOST_DENSE, 2 * pairs.n_pairs):
        holds = np.int32 if 2 * pairs.n_pairs < 1 << 31 else np.int64
        table = np.zeros(n_groups * n_bins, dtype=holds)
        for some in cells:
            np.add.at(table, some, 1)
        found = np.flatnonzero(table)
        counted = table[found]
    else:
        found, counted = _runs(cells, len(groups.sides) * pairs.n_pairs, n_groups * n_bins)
    starts = np.searchsorted(found, np.arange(n_groups + 1) * n_bins)
    found %= n_bins
    kind = np.uint16 if n_bins <= 1 << 16 else np.int32
    return ClassBins(starts, found.astype(kind), counted)


def _cells(
    pairs: PairScores, groups: PairGroups, thresholds: FloatArray, *, positive: bool
) -> Iterator[IntArray]:
    """Group and bin of pairs as one number, twice for a pair between two groups."""
    n_bins = len(thresholds)
    for chunk in chunks_of(pairs):
        wanted = pairs.is_positive[chunk] == positive
        bins = np.searchsorted(thresholds, pairs.distances[chunk][wanted])
        sides = [side[chunk][wanted].astype(np.int64) for side in groups.sides]
        yield sides[0] * n_bins + bins
        if len(sides) > 1:
            differ = sides[1] != sides[0]
            yield sides[1][differ] * n_bins + bins[differ]


def _runs(cells: Iterator[IntArray], most: int, n_cells: int) -> tuple[AnyArray, AnyArray]:
    """Distinct cells, and how often each occurs.

    Parameters
    ----------
    most
        Cells that may come.
    n_cells
        How many different ones there are.
    """
    kind = np.int32 if n_cells < 1 << 31 else np.int64
    everything, n = np.empty(most, dtype=kind), 0
    for some in cells:
        everything[n : n + len(some)] = some
        n += len(some)
    listed = everything[:n]
    listed.sort()
    is_first = np.append(True, listed[1:] != listed[:-1])[:n]
    first = np.flatnonzero(is_first).astype(np.int32 if n < 1 << 31 else np.int64)
    return listed[is_first], np.diff(first, append=first.dtype.type(n))
