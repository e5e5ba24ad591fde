"""FPIR and FNIR at a threshold, from counts alone."""

from dataclasses import replace
from typing import TypeVar

from opiscli.arrays import AnyArray, IntArray
from opiscli.counts.counts import Counts
from opiscli.counts.search_counts import TWICE
from opiscli.embeddings.cosine import to_similarity
from opiscli.errors import UndefinedMetric
from opiscli.metrics.intervals.search_rate import search_interval
from opiscli.results import Identification, Interval, OperatingPoint, SearchRate, ThresholdAlone
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.margin import Margin
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.at_fpir import threshold_at_fpir
from opiscli.thresholds.margin import best_margin, with_margin

Point = TypeVar("Point", bound=OperatingPoint)


def identification_at(
    counted: Counts, threshold: float | None, margin: Margin | None = None
) -> Identification | None:
    """Error rates of searches at a threshold that was counted, or at the next.

    Returns
    -------
    Identification or None
        ``None`` without a threshold, or if there are no searches of both kinds.
    """
    searches = with_margin(counted.searches, margin)
    if searches is None or threshold is None:
        return None
    if not (searches.non_mated.any() and searches.mated.any()):
        return None
    at = searches.at_or_above(threshold)
    return Identification(
        n_gallery=searches.n_gallery,
        fpir=_rate(at.false_positives, at.non_mated, in_twos=searches.is_within),
        fnir=_rate(at.misses / TWICE, at.mated, in_twos=False),
        margin=None if margin is None else margin.value,
    )


def with_identification(point: Point, counted: Counts) -> Point:
    """Add the error rates of searches to the rates of pairs at the same threshold."""
    return replace(point, identification=identification_at(counted, point.threshold))


def search_at(
    run: Counts, on: Counts, threshold: float, target: Target, settings: CalibrationSettings
) -> Identification | None:
    """Error rates of searches at the threshold of a target, with the margin and without it.

    Parameters
    ----------
    run
        What the threshold was chosen on.
    on
        What the rates are of.
    """
    found = identification_at(on, threshold, settings.margin)
    if found is None or settings.margin is None:
        return found
    alone = threshold
    if target.criterion is Criterion.FPIR and target.value is not None:
        try:
            zero = settings.allow_zero
            alone = threshold_at_fpir(run.searches, target.value, allow_zero=zero)
        except UndefinedMetric:
            return found
    without = identification_at(on, alone)
    if without is None:
        return found
    similarity = to_similarity(alone, settings.distance)
    return replace(
        found,
        threshold_alone=ThresholdAlone(
            threshold=alone, similarity=similarity, fpir=without.fpir, fnir=without.fnir
        ),
    )


def settings_with_margin(run: Counts, settings: CalibrationSettings) -> CalibrationSettings:
    """The same settings with the margin that suits these counts best, if it is to be chosen."""
    margin, target = settings.margin, settings.targets[0]
    if margin is None or not margin.is_auto or target.value is None:
        return settings
    if run.searches is None:
        raise AssertionError("searches are counted where a margin is asked for")
    best = best_margin(run.searches, target.value, allow_zero=settings.allow_zero)
    return replace(settings, margin=replace(margin, value=best))


def _rate(errors: AnyArray, searches: IntArray, *, in_twos: bool) -> SearchRate:
    k, n = errors.sum(), int(searches.sum())
    bounds = search_interval(errors, searches, in_twos=in_twos)
    return SearchRate(float(k / n), int(k) if k == int(k) else float(k), n, Interval(*bounds))
