"""Chooses thresholds by the share of all pairs that they accept, and bounds FAR by it."""

import math
from dataclasses import dataclass

import numpy as np

from opiscli.analysis.given_thresholds import similarity_at
from opiscli.arrays import FloatArray
from opiscli.counting.unlabelled import AllPairs, Counting, count_by_unit
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import PairCounts
from opiscli.errors import UndefinedMetric
from opiscli.metrics.intervals.rate import interval, upper_bound
from opiscli.metrics.intervals.rate_spread import RateSpread, pooled_spread
from opiscli.results import Interval, OneSidedBound, Rate
from opiscli.results.unlabelled import UnlabelledPoint
from opiscli.settings.numbers import plain
from opiscli.settings.target import Target
from opiscli.settings.unlabelled import UnlabelledSettings
from opiscli.thresholds import ties
from opiscli.thresholds.at_rate import threshold_at_far
from opiscli.thresholds.guarantee import assured_threshold

_LEAST_ASSURED = 1e-2
"""Fewer accepted pairs than this part of what is allowed are too few to set a threshold."""

_BOUNDS_AT_ONCE = 8
"""Thresholds of which the jackknife is taken at once; each needs some numbers per item."""


@dataclass(frozen=True, slots=True, eq=False)
class SharesCounted:
    """All pairs, counted together.

    Parameters
    ----------
    pairs
        What was counted, to be counted again by item.
    pooled
        All of them between candidate thresholds.
    dims
        Of the embeddings.
    how
        How they are counted.
    """

    pairs: AllPairs
    pooled: DistanceHistogram
    dims: int
    how: Counting

    def at(self, thresholds: FloatArray) -> PairCounts:
        """Accepted pairs of every item or class at some thresholds."""
        return count_by_unit(self.pairs, self.how, thresholds)


def chosen_thresholds(run: SharesCounted, settings: UnlabelledSettings) -> tuple[float, ...]:
    """Threshold of each target.

    Raises
    ------
    UndefinedMetric
        If no threshold meets one.
    """
    return tuple(_chosen(run, target, settings) for target in settings.targets)


def _chosen(run: SharesCounted, target: Target, settings: UnlabelledSettings) -> float:
    given = target.threshold(settings.distance)
    if given is not None:
        return ties.settled(run.pooled, given, settings.distance, run.dims)
    share = settings.accepted_share(target.value or 0.0)
    if settings.confidence is None:
        found = threshold_at_far(run.pooled, share)
    else:
        found = _assured(run, share, settings.confidence)
    if found is not None:
        return found
    raise _not_attainable(run.pooled, target.value or 0.0, share, settings)


def _assured(run: SharesCounted, share: float, confidence: float) -> float | None:
    """The largest threshold at which the upper bound of the accepted share is at most this."""
    accepted = np.cumsum(run.pooled.negative)
    rate = accepted / accepted[-1]
    likely = (accepted > 0) & (rate >= _LEAST_ASSURED * share) & (rate <= share)
    return assured_threshold(
        run, run.pooled.ticks[likely], share, lambda counts: _upper_bounds(counts, confidence)
    )


def _upper_bounds(counts: PairCounts, confidence: float) -> FloatArray:
    found = []
    for start in range(0, len(counts.thresholds), _BOUNDS_AT_ONCE):
        some = counts.at(counts.thresholds[start : start + _BOUNDS_AT_ONCE])
        found.append(upper_bound(_spread(some), confidence))
    return np.concatenate(found)


def _not_attainable(
    pooled: DistanceHistogram, far: float, share: float, settings: UnlabelledSettings
) -> UndefinedMetric:
    n = int(pooled.negative.sum())
    nearest = int(pooled.negative[np.argmax(pooled.negative > 0)])
    hint = "Give a larger --far, or more items."
    if nearest / n > share:
        problem = (
            f"FAR {plain(far)} is unattainable: at most {share:.3g} of the pairs may be accepted,"
            f" but the smallest threshold that accepts any accepts {nearest / n:.3g}"
            f" ({nearest:,} of {n:,} pairs)"
        )
        if not settings.drop_duplicates:
            hint = "Give a larger --far, or more items; for equal embeddings, --drop-duplicates."
    else:
        problem = (
            f"cannot guarantee FAR ≤ {plain(far)} at a confidence of"
            f" {plain(settings.confidence or 0.0)}: too few items form accepted pairs"
        )
    return UndefinedMetric(problem, hint=hint)


def unlabelled_points(
    counts: PairCounts,
    thresholds: tuple[float, ...],
    settings: UnlabelledSettings,
    evaluated_on: str,
) -> tuple[UnlabelledPoint, ...]:
    """The accepted share at each threshold, and what it says of FAR.

    Parameters
    ----------
    counts
        Of every item or class at these thresholds.
    """
    return tuple(
        _point(counts.at(np.array([threshold])), target, settings, evaluated_on)
        for threshold, target in zip(thresholds, settings.targets, strict=True)
    )


def _point(
    counts: PairCounts, target: Target, settings: UnlabelledSettings, evaluated_on: str
) -> UnlabelledPoint:
    threshold = float(counts.thresholds[0])
    spread, accepted = _spread(counts), accepted_rate(counts)
    far = target.value if target.threshold(settings.distance) is None else None
    bound = None
    if settings.confidence is not None:
        share = float(upper_bound(spread, settings.confidence)[0])
        bound = OneSidedBound(min(1.0, share / (1 - settings.positive_share)), settings.confidence)
    return UnlabelledPoint(
        target_far=far,
        threshold=threshold,
        similarity=similarity_at(threshold, target, settings.distance),
        far=_largest_far(accepted, settings.positive_share),
        name=target.name,
        criterion=target.criterion.value,
        target=target.value,
        confidence=settings.confidence,
        evaluated_on=evaluated_on,
        accepted=accepted,
        far_is_upper_bound=not settings.has_impostors,
        far_bound=bound,
        n_effective=float(spread.effective[0]),
    )


def accepted_rate(counts: PairCounts) -> Rate:
    """Share of all pairs that are accepted at the one threshold of counts by item or class."""
    k, n = int(counts.accepted_negative[0]), counts.n_negative
    lo, hi = interval(_spread(counts))
    return Rate(k / n, k, n, Interval(float(lo[0]), float(hi[0])))


def _spread(counts: PairCounts) -> RateSpread:
    """Spread of the share of all pairs that is accepted, over the items or classes of counts."""
    seen = counts.negative_pairs > 0
    return pooled_spread(counts.negative[seen], counts.negative_pairs[seen], counts.ends)


def _largest_far(accepted: Rate, positive_share: float) -> Rate:
    """What FAR is at most, with an interval from the least to the most that it can be."""
    if positive_share == 0:
        return accepted
    n = max(1, math.ceil((1 - positive_share) * accepted.n))
    k = min(accepted.k, n)
    lowest = (accepted.ci.lo - positive_share) / (1 - positive_share)
    highest = accepted.ci.hi / (1 - positive_share)
    return Rate(k / n, k, n, Interval(max(0.0, lowest), min(1.0, highest)))
