"""Counts at chosen thresholds from a tally: pure functions of integers."""

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray
from opiscli.counting.plan import Plan
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import BinnedCounts, PairCounts, SpreadCounts
from opiscli.embeddings.cosine import LARGEST
from opiscli.embeddings.on_disk import release
from opiscli.engine.count import cell_type
from opiscli.engine.space import Pairing, PairSpace
from opiscli.engine.tally import ItemTally, PooledTally, Tally

_ITEMS_AT_ONCE = 4096
_CLASSES_AT_ONCE = 1024


def pooled_counts(
    space: PairSpace, thresholds: FloatArray, tally: Tally | PooledTally, largest: float = LARGEST
) -> DistanceHistogram:
    """Counts of all classes together; the last tick takes the pairs beyond the last threshold."""
    sides = []
    for bins, pairs, ends in (
        (tally.pooled_positive, space.positive_pairs, 1),
        (tally.ends_of_negative, space.negative_pairs, space.ends),
    ):
        inside = bins[:-1] // ends
        sides.append(np.append(inside, int(pairs.sum()) // ends - inside.sum()))
    if thresholds[-1] < largest:
        return DistanceHistogram(sides[0], sides[1], np.append(thresholds, largest))
    # The last threshold accepts every pair.
    return DistanceHistogram(sides[0][:-1], sides[1][:-1], thresholds)


def pair_counts(
    space: PairSpace, thresholds: FloatArray, tally: Tally, chosen: FloatArray
) -> PairCounts:
    """Accepted pairs of every class at a subset of the counted thresholds."""
    at = np.searchsorted(thresholds, chosen)
    return PairCounts(
        thresholds=chosen,
        class_sizes=class_sizes(space),
        positive_pairs=space.positive_pairs,
        negative_pairs=space.negative_pairs,
        positive=_accepted(tally.positive, at, space.positive_pairs),
        negative=_accepted(tally.negative, at, space.negative_pairs),
        ends=space.ends,
    )


def binned_counts(
    space: PairSpace, thresholds: FloatArray, tally: Tally, largest: float = LARGEST
) -> BinnedCounts:
    """All pairs of every class in bins; the last one is unbounded."""
    accepts_all = bool(thresholds[-1] >= largest)
    sides = [
        _class_bins(bins, pairs, accepts_all=accepts_all)
        for bins, pairs in (
            (tally.positive, space.positive_pairs),
            (tally.negative, space.negative_pairs),
        )
    ]
    return BinnedCounts(
        thresholds=thresholds if accepts_all else np.append(thresholds, largest),
        class_sizes=class_sizes(space),
        positive_pairs=space.positive_pairs,
        negative_pairs=space.negative_pairs,
        positive=sides[0],
        negative=sides[1],
        ends=space.ends,
    )


def _class_bins(bins: AnyArray, pairs: IntArray, *, accepts_all: bool) -> ClassBins:
    """The filled bins of each class, with one more for what no threshold accepts."""
    parts = []
    for first in range(0, len(bins), _CLASSES_AT_ONCE):
        some = slice(first, first + _CLASSES_AT_ONCE)
        inside = bins[some, :-1]
        if not accepts_all:
            beyond = pairs[some] - inside.sum(axis=1, dtype=np.int64)
            inside = np.column_stack([inside, beyond.astype(bins.dtype)])
        parts.append(ClassBins.of_table(inside))
        release(bins[some])
    return ClassBins.joined(parts)


def spread_counts(space: PairSpace, plan: Plan, items: ItemTally) -> SpreadCounts | None:
    """Sums over the accepted pairs per item, by class, for the noise floor."""
    if plan.items_at is None:
        return None
    n_thresholds = len(plan.items_at)
    codes = space.rows.codes
    sums = np.zeros((5, space.n_classes, n_thresholds), dtype=np.int64)
    for start in range(0, len(codes), _ITEMS_AT_ONCE):
        chunk = slice(start, start + _ITEMS_AT_ONCE)
        p, n = (
            np.cumsum(of[chunk, :n_thresholds], axis=1, dtype=np.int64)
            for of in (items.positive, items.negative)
        )
        for of in (items.positive, items.negative):
            release(of[chunk])
        classes, first = np.unique(codes[chunk], return_index=True)
        for total, of_items in zip(sums, (p, n, p * (p - 1), n * n, p * n), strict=True):
            total[classes] += np.add.reduceat(of_items, first, axis=0)
    return SpreadCounts(
        thresholds=plan.thresholds[plan.items_at],
        class_sizes=class_sizes(space),
        positive_pairs=space.positive_pairs,
        negative_pairs=space.negative_pairs,
        positive=sums[0] // 2,  # both ends of a positive pair are in the class
        negative=sums[1],
        positive_adjacent=sums[2],
        negative_squares=sums[3],
        cross_products=sums[4],
        ends=space.ends,
    )


def class_sizes(space: PairSpace) -> IntArray:
    """Shape ``(n_classes,)``, items of each class, on both sides if there are two sets."""
    is_two_sets = space.pairing is Pairing.ALL
    sides = [space.rows, space.columns] if is_two_sets else [space.rows]
    counts = [np.bincount(side.codes, minlength=space.n_classes) for side in sides]
    return np.asarray(np.sum(counts, axis=0), dtype=np.int64)


def _accepted(bins: AnyArray, at: IntArray, pairs: IntArray) -> AnyArray:
    """Shape ``(n_classes, len(at))``, pairs in all bins up to each of some increasing positions.

    In the smallest integers that hold all pairs of a class: there may be very many classes.
    """
    starts = np.concatenate([[0], at[:-1] + 1])
    accepted: AnyArray = np.empty((len(bins), len(at)), dtype=cell_type(pairs))
    for first in range(0, len(bins), _CLASSES_AT_ONCE):
        some = slice(first, first + _CLASSES_AT_ONCE)
        inside = np.add.reduceat(bins[some, : at[-1] + 1], starts, axis=1, dtype=np.int64)
        accepted[some] = np.cumsum(inside, axis=1, out=inside)
        release(bins[some])
    return accepted
