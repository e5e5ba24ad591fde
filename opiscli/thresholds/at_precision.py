"""Chooses the largest threshold up to which precision never falls below a target.

Precision rises and falls with the threshold, so it is followed from the nearest pairs on. Between
two thresholds at which pairs were counted their order is not known: in the worst one all negative
pairs come first. Where precision would then fall below the target, although it meets the target at
both thresholds, the pairs must be counted at more thresholds, or the threshold is chosen below.
"""

from typing import NamedTuple

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import Counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.embeddings.cosine import to_cosine_distance
from opiscli.errors import UndefinedMetric
from opiscli.metrics.precision import precision
from opiscli.settings.numbers import plain

TIE = 2.0**-21
"""Of the largest cosine distance, or of 1: pairs this close may differ by rounding alone."""

_SLACK = 1.01

_ROUNDING = 1e-12
"""By how much a precision that is exactly the target may come out below it."""


class Doubt(NamedTuple):
    """Bins of counts in which the order of pairs decides whether precision meets a target."""

    counts: DistanceHistogram
    bins: IntArray

    def bounds(self, bin: int) -> tuple[float, float]:
        """The thresholds before and after the pairs of a bin."""
        ticks = self.counts.ticks
        return (float(ticks[bin - 1]) if bin else min(0.0, float(ticks[0]))), float(ticks[bin])


class _Followed(NamedTuple):
    """Precision from the nearest pairs on, in the bins that have any: at their ends, and worst."""

    bins: IntArray
    at_end: FloatArray
    lowest: FloatArray


def threshold_at_precision(
    counted: Counts, target: float, prevalence: float | None, distance: Distance
) -> float:
    """The largest threshold up to which precision is certainly at least ``target``.

    Parameters
    ----------
    counted
        Complete counts; their ``finer`` pairs are looked at, if there are any.
    prevalence
        Share of positive pairs among those that are compared, in (0, 1).

    Raises
    ------
    UndefinedMetric
        If the nearest pairs do not meet the target.
    """
    if prevalence is None:
        raise AssertionError("settings with a target for precision have a prevalence")
    followed = _follow(counted, prevalence, distance)
    fails = followed.lowest < _least(target)
    pooled = counted.pooled
    is_seen = (pooled.positive > 0) | (pooled.negative > 0)
    if fails.any():
        first = _counts(counted).ticks[followed.bins[np.argmax(fails)]]
        is_seen &= pooled.ticks < first
    if not is_seen.any():
        raise _not_among_nearest(counted, followed, target, prevalence, distance)
    return float(pooled.ticks[np.flatnonzero(is_seen)[-1]])


def doubts(counted: Counts, target: float, prevalence: float, distance: Distance) -> Doubt:
    """Find the bins in which precision may fall below a target that it meets at both ends.

    Beyond the first bin at whose end it certainly falls below, nothing is in doubt.
    """
    followed = _follow(counted, prevalence, distance)
    fails = followed.at_end < _least(target)
    n_meeting = int(np.argmax(fails)) if fails.any() else len(fails)
    in_doubt = followed.lowest[:n_meeting] < _least(target)
    return Doubt(_counts(counted), followed.bins[:n_meeting][in_doubt])


def resolution(counts: DistanceHistogram, distance: Distance) -> float:
    """Cosine distance below which two pairs are as good as tied; given scores are exact."""
    if distance.is_given:
        return 0.0
    is_seen = (counts.positive > 0) | (counts.negative > 0)
    largest = to_cosine_distance(counts.ticks[is_seen][-1:], distance)
    return TIE * min(1.0, float(largest[0]))


def _least(target: float) -> float:
    return target * (1 - _ROUNDING)


def _counts(counted: Counts) -> DistanceHistogram:
    return counted.pooled if counted.finer is None else counted.finer


def _follow(counted: Counts, prevalence: float, distance: Distance) -> _Followed:
    counts = _counts(counted)
    right, wrong = counts.accepted
    tar, far = right / right[-1], wrong / wrong[-1]
    at_end = precision(tar, far, prevalence)
    # All negative pairs of a bin before its positive ones.
    worst = precision((right - counts.positive) / right[-1], far, prevalence)
    has_both = (counts.positive > 0) & (counts.negative > 0)
    if counted.has_every_score:
        has_both[:] = False
    else:
        ticks = counts.ticks if distance.is_given else to_cosine_distance(counts.ticks, distance)
        width = np.diff(ticks, prepend=min(0.0, float(ticks[0])))
        has_both &= width > _SLACK * resolution(counts, distance)
    lowest = np.where(has_both, np.fmin(worst, at_end), at_end)
    seen = np.flatnonzero((counts.positive > 0) | (counts.negative > 0))
    return _Followed(seen, at_end[seen], lowest[seen])


def _not_among_nearest(
    counted: Counts, followed: _Followed, target: float, prevalence: float, distance: Distance
) -> UndefinedMetric:
    at_end, lowest = followed.at_end[0], followed.lowest[0]
    unit = "score" if distance.is_given else "distance"
    ticks = [distance.shown(tick) for tick in _counts(counted).ticks[followed.bins].tolist()]
    problem = (
        f"precision is {at_end:.4g} among the nearest pairs, at {unit} {ticks[0]:.4g} and a"
        f" prevalence of {plain(prevalence)}, expected {plain(target)} or more"
    )
    if lowest >= _least(target):
        below = int(np.argmax(followed.lowest < _least(target)))
        problem = (
            f"precision falls to {followed.lowest[below]:.4g} at {unit} {ticks[below]:.6g} and a"
            f" prevalence of {plain(prevalence)}, expected {plain(target)} or more, and no"
            " threshold before it was counted that accepts any pair"
        )
    elif at_end >= _least(target):
        problem = (
            f"precision may be {lowest:.4g} among the nearest pairs, up to {unit} {ticks[0]:.4g}"
            f" and at a prevalence of {plain(prevalence)}, expected {plain(target)} or more: the"
            " counts do not show"
            " whether its positive or its negative pairs are nearer"
        )
    return UndefinedMetric(
        problem,
        hint="Look at these pairs with opis inspect: are labels wrong, or items of several"
        " classes alike? Else give a lower target.",
    )
