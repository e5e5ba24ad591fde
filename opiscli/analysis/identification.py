"""FPIR and FNIR at a threshold, from counts alone."""

from dataclasses import replace
from typing import TypeVar

from opiscli.arrays import AnyArray, IntArray
from opiscli.counts.counts import Counts
from opiscli.counts.search_counts import TWICE
from opiscli.metrics.intervals.search_rate import search_interval
from opiscli.results import Identification, Interval, OperatingPoint, SearchRate

Point = TypeVar("Point", bound=OperatingPoint)


def identification_at(counted: Counts, threshold: float | None) -> Identification | None:
    """Error rates of searches at a threshold that was counted, or at the next.

    Returns
    -------
    Identification or None
        ``None`` without a threshold, or if there are no searches of both kinds.
    """
    searches = counted.searches
    if searches is None or threshold is None:
        return None
    if not (searches.non_mated.any() and searches.mated.any()):
        return None
    at = searches.at_or_above(threshold)
    return Identification(
        n_gallery=searches.n_gallery,
        fpir=_rate(at.false_positives, at.non_mated, is_within=searches.is_within),
        fnir=_rate(at.misses / TWICE, at.mated, is_within=searches.is_within),
    )


def with_identification(point: Point, counted: Counts) -> Point:
    """Add the error rates of searches to the rates of pairs at the same threshold."""
    return replace(point, identification=identification_at(counted, point.threshold))


def _rate(errors: AnyArray, searches: IntArray, *, is_within: bool) -> SearchRate:
    k, n = errors.sum(), int(searches.sum())
    bounds = search_interval(errors, searches, is_within=is_within)
    return SearchRate(float(k / n), int(k) if k == int(k) else float(k), n, Interval(*bounds))
