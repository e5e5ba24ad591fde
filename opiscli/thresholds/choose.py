"""Chooses the threshold for a target: never above it, ties accepted together."""

from collections.abc import Callable

import numpy as np

from opiscli.arrays import BoolArray
from opiscli.counts.counts import Counts
from opiscli.counts.pair_counts import BinnedCounts, PairCounts
from opiscli.errors import UndefinedMetric
from opiscli.metrics.intervals.binomial import IndependentPairs
from opiscli.metrics.intervals.rate import upper_bound
from opiscli.metrics.intervals.rate_spread import RateSpread, macro_far_spread, pooled_far_spread
from opiscli.metrics.utility import mean_utility
from opiscli.settings.calibration import Average, CalibrationSettings, ShareGuarantee
from opiscli.settings.numbers import plain
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.at_fpir import threshold_at_fpir
from opiscli.thresholds.at_precision import threshold_at_precision
from opiscli.thresholds.at_rate import unattainable
from opiscli.thresholds.class_share import far_for_classes, frr_for_classes
from opiscli.thresholds.guarantee import assured_threshold
from opiscli.thresholds.margin import with_margin
from opiscli.thresholds.rate_curves import RateCurve, macro_rates, pooled_rates

_LEAST_ASSURED = 1e-2
"""A sample that assures no more than this part of the target is too small to set a threshold."""


def choose(counted: Counts, target: Target, settings: CalibrationSettings) -> float:
    """Threshold that meets a target, as a distance.

    Parameters
    ----------
    counted
        Complete counts: any threshold of its pooled ticks may be chosen.

    Raises
    ------
    UndefinedMetric
        If no threshold meets the target.
    """
    table = counted.table
    if not isinstance(table, BinnedCounts):
        raise TypeError("a threshold can only be chosen from complete counts")
    given = target.threshold(settings.distance)
    if given is not None:
        return given
    _require_classes(table, target, settings)
    if target.criterion is Criterion.MAX_UTILITY:
        curve = mean_utility(table, settings.utility, settings.beta)
        return float(table.thresholds[np.argmax(curve)])
    if settings.guarantee is not None:
        return _for_classes(counted, table, target, settings, settings.guarantee)
    if target.criterion is Criterion.FPIR and target.value is not None:
        searches = with_margin(counted.searches, settings.margin)
        return threshold_at_fpir(searches, target.value, allow_zero=settings.allow_zero)
    return _at_rate_of_pairs(counted, table, target, settings)


def _at_rate_of_pairs(
    counted: Counts, table: BinnedCounts, target: Target, settings: CalibrationSettings
) -> float:
    rates = (
        pooled_rates(counted.pooled)
        if settings.average is Average.POOLED
        else macro_rates(table, counted.pooled)
    )
    if target.criterion is Criterion.EER or target.value is None:
        return float(rates.thresholds[np.argmin(np.abs(rates.far - rates.frr))])
    if target.criterion is Criterion.FAR:
        return _at_far(counted, table, rates, target.value, settings)
    if target.most_frr is not None:
        return float(rates.thresholds[np.argmax(rates.frr <= target.most_frr)])
    return threshold_at_precision(counted, target.value, settings.prevalence, settings.distance)


def _require_classes(table: BinnedCounts, target: Target, settings: CalibrationSettings) -> None:
    """Raise `UndefinedMetric` if something of classes is asked for, of which there are none."""
    for option, is_asked in (
        ("--criterion=max-utility", target.criterion is Criterion.MAX_UTILITY),
        ("--class-share", settings.class_share is not None),
        ("--average=macro", settings.average is Average.MACRO),
    ):
        if is_asked and not table.has_classes:
            raise UndefinedMetric(
                f"{option} is about classes, but the pairs of this source have none",
                hint="Name their columns: --a-column and --b-column for the identities of both"
                " items, or --class-column.",
            )


def _for_classes(
    counted: Counts,
    table: BinnedCounts,
    target: Target,
    settings: CalibrationSettings,
    sure: ShareGuarantee,
) -> float:
    """The threshold at which most classes meet the target, each by itself."""
    if target.most_frr is not None:
        return frr_for_classes(table, target.most_frr, sure)
    rates, value = pooled_rates(counted.pooled), float(target.value or 0)
    is_used = np.diff(rates.accepted, prepend=0) > 0
    found = far_for_classes(table, rates.thresholds[is_used], value, sure)
    if found is not None:
        return found
    zero = _last(rates.accepted == 0)
    if settings.allow_zero and zero is not None:
        return float(rates.thresholds[zero])
    raise _not_attainable(counted, rates, value, settings, zero)


def _at_far(
    counted: Counts,
    table: BinnedCounts,
    rates: RateCurve,
    target: float,
    settings: CalibrationSettings,
) -> float:
    meets = rates.far <= target
    chosen = (
        _last(meets)
        if settings.confidence is None
        else _assured(table, rates, meets, target, settings)
    )
    if chosen is not None and rates.accepted[chosen] > 0:
        return float(rates.thresholds[chosen])
    zero = _last(rates.accepted == 0)
    if settings.allow_zero and zero is not None:
        return float(rates.thresholds[zero])
    raise _not_attainable(counted, rates, target, settings, zero)


def _assured(
    table: BinnedCounts,
    rates: RateCurve,
    meets: BoolArray,
    target: float,
    settings: CalibrationSettings,
) -> int | None:
    """Position of the largest threshold whose upper FAR bound meets the target."""
    likely = meets & (rates.accepted > 0) & (rates.far >= _LEAST_ASSURED * target)
    spread_of, confidence = far_spread(settings.average), settings.confidence or 0.95
    found = assured_threshold(
        table,
        rates.thresholds[likely],
        target,
        lambda counts: upper_bound(spread_of(counts), confidence),
    )
    return None if found is None else int(np.searchsorted(rates.thresholds, found))


def far_spread(average: Average) -> Callable[[PairCounts], RateSpread | IndependentPairs]:
    """The function for the standard error of a pooled or macro FAR."""
    return pooled_far_spread if average is Average.POOLED else macro_far_spread


def _last(holds: BoolArray) -> int | None:
    positions = np.flatnonzero(holds)
    return int(positions[-1]) if len(positions) else None


def _not_attainable(
    counted: Counts,
    rates: RateCurve,
    target: float,
    settings: CalibrationSettings,
    zero: int | None,
) -> UndefinedMetric:
    first = int(np.argmax(rates.accepted > 0))
    macro = float(rates.far[first]) if settings.average is Average.MACRO else None
    problem = unattainable(target, counted.pooled, macro)
    if settings.guarantee is not None:
        problem = (
            f"cannot be sure that {plain(settings.guarantee.share)} of all classes have FAR ≤"
            f" {plain(target)}: too many classes are above it with their nearest negative pair"
        )
    elif settings.confidence is not None and rates.far[first] <= target:
        problem = (
            f"cannot guarantee FAR ≤ {plain(target)} at a confidence of"
            f" {plain(settings.confidence)}: the false accepts come from too few classes"
        )
    hint = "Give a larger --far, or --allow-zero for a threshold that accepts no negative pair."
    if zero is None or settings.allow_zero:
        hint = "Give a larger --far; negative pairs at distance 0 are accepted by every threshold."
        if settings.distance.is_given:
            hint = "Give a larger --far: no pair scores better than the best negative pair."
    return UndefinedMetric(problem, hint=hint)
