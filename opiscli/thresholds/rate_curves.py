"""FAR and FRR at every threshold: pooled over all pairs, or macro (mean over classes)."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import BinnedCounts, positions_of


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Two rates at every threshold that may be chosen.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances, increasing.
    far, frr
        Same shape, in [0, 1], FAR not decreasing and FRR not increasing.
    accepted
        Same shape, negative pairs accepted.
    """

    thresholds: FloatArray
    far: FloatArray
    frr: FloatArray
    accepted: IntArray


def pooled_rates(histogram: DistanceHistogram) -> RateCurve:
    """Pooled rates: every pair has the same weight."""
    accepted = np.cumsum(histogram.negative)
    positive = np.cumsum(histogram.positive)
    return RateCurve(
        histogram.ticks,
        accepted / accepted[-1],
        (positive[-1] - positive) / positive[-1],
        accepted,
    )


def macro_rates(table: BinnedCounts, histogram: DistanceHistogram) -> RateCurve:
    """Macro rates: every class with two or more items has the same weight.

    Parameters
    ----------
    histogram
        Of the same pairs, on the thresholds that may be chosen.
    """
    paired = table.has_positives
    n_bins = len(table.thresholds)
    at = positions_of(histogram.ticks, table.thresholds)
    far = _mean_share(table.negative, table.negative_pairs, paired, n_bins)[at]
    tar = _mean_share(table.positive, table.positive_pairs, paired, n_bins)[at]
    return RateCurve(histogram.ticks, far, 1 - tar, np.cumsum(histogram.negative))


def _mean_share(of: ClassBins, pairs: IntArray, chosen: BoolArray, n_bins: int) -> FloatArray:
    """Mean over the chosen classes of the share of their pairs up to each bin."""
    weight = np.where(chosen, 1.0 / np.maximum(pairs, 1), 0.0) / np.count_nonzero(chosen)
    share = of.pairs * np.repeat(weight, np.diff(of.starts))
    return np.minimum(np.cumsum(np.bincount(of.bins, weights=share, minlength=n_bins)), 1.0)
