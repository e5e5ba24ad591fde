"""The rates at a threshold, over all pairs and per class, from counts alone."""

import math
from dataclasses import replace
from typing import TypeVar

import numpy as np

from opiscli.analysis.given_thresholds import shown_similarity, similarity_at
from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.counts.pair_counts import PairCounts
from opiscli.distance import Distance
from opiscli.metrics.intervals.binomial import IndependentPairs
from opiscli.metrics.intervals.effective_classes import carried_by_few
from opiscli.metrics.intervals.rate import interval
from opiscli.metrics.intervals.rate_spread import (
    RateSpread,
    macro_far_spread,
    pooled_far_spread,
    pooled_frr_spread,
)
from opiscli.metrics.opis import n_worst
from opiscli.metrics.precision import precision
from opiscli.metrics.rates import false_accept_rate, false_reject_rate
from opiscli.results import (
    CalibratedPoint,
    ClassRate,
    ClassRates,
    Interval,
    OperatingPoint,
    Precision,
    Rate,
    WorstShare,
)
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.target import Criterion, Target

Point = TypeVar("Point", bound=OperatingPoint)

_HARDEST_SHOWN = 10
_EPSILON = 0.1


def operating_point(
    counts: PairCounts,
    target_far: float | None,
    names: tuple[str, ...],
    distance: Distance,
    epsilon: float = _EPSILON,
) -> OperatingPoint:
    """Rates at one threshold, pooled and per class.

    Parameters
    ----------
    counts
        Of all classes, at that one threshold.
    epsilon
        Share of classes that count as the worst.
    """
    threshold = float(counts.thresholds[0])
    frr = pooled_frr_rate(counts)
    tar = frr.complement()
    point = OperatingPoint(
        target_far=target_far,
        threshold=distance.shown(threshold),
        similarity=shown_similarity(threshold, distance),
        far=pooled_far_rate(counts),
        frr=frr,
        tar=tar.value,
        tar_rate=tar,
    )
    return _with_classes(point, counts, names, epsilon)


def _with_classes(
    point: OperatingPoint, counts: PairCounts, names: tuple[str, ...], epsilon: float
) -> OperatingPoint:
    """Add the rates of classes, if there are any with both kinds of pairs."""
    has_pairs = counts.has_positives
    if not counts.has_classes or not has_pairs.any():
        return point
    paired, names = counts.of_classes(has_pairs), chosen_names(names, has_pairs)
    far_of_class, frr_of_class = false_accept_rate(paired)[:, 0], false_reject_rate(paired)[:, 0]
    worst = n_worst(epsilon, len(names))
    return replace(
        point,
        macro_far=float(far_of_class.mean()),
        worst_far=_worst(far_of_class, paired.negative_pairs, names),
        worst_frr=_worst(frr_of_class, paired.positive_pairs, names),
        worst_classes_far=WorstShare(worst, float(np.sort(far_of_class)[-worst:].mean())),
        worst_classes_tar=WorstShare(worst, 1 - float(np.sort(frr_of_class)[-worst:].mean())),
    )


def pooled_far_rate(counts: PairCounts) -> Rate:
    """FAR over all pairs at the first threshold, with its interval."""
    spread = pooled_far_spread(counts)
    return _rate(int(counts.accepted_negative[0]), counts.n_negative, spread)


def pooled_frr_rate(counts: PairCounts) -> Rate:
    """FRR over all pairs at the first threshold, with its interval."""
    spread = pooled_frr_spread(counts)
    return _rate(counts.n_positive - int(counts.accepted_positive[0]), counts.n_positive, spread)


def _rate(k: int, n: int, spread: RateSpread | IndependentPairs) -> Rate:
    lo, hi = interval(spread)
    return Rate(k / n, k, n, Interval(float(lo[0]), float(hi[0])))


def _worst(rates: FloatArray, pairs: IntArray, names: tuple[str, ...]) -> ClassRate:
    """The class with the highest rate; among ties, the one with the most pairs."""
    tied = np.flatnonzero(rates == rates.max())
    worst = int(tied[np.argmax(pairs[tied])])
    return ClassRate(names[worst], float(rates[worst]), len(tied))


def with_precision(point: Point, prevalence: float | None) -> Point:
    """Add the precision at a stated prevalence; nothing without one, or if no pair is accepted."""
    if prevalence is None or point.far is None or point.tar_rate is None:
        return point
    far, tar = point.far, point.tar_rate
    # The lower end is that of the lowest TAR with the highest FAR.
    value, lo, hi = precision(
        [tar.value, tar.ci.lo, tar.ci.hi], [far.value, far.ci.hi, far.ci.lo], prevalence
    ).tolist()
    if math.isnan(value):
        return point
    bounds = Interval(0.0 if math.isnan(lo) else lo, 1.0 if math.isnan(hi) else hi)
    return replace(point, precision=Precision(prevalence, value, bounds))


def calibrated_point(
    counts: PairCounts,
    target: Target,
    names: tuple[str, ...],
    settings: CalibrationSettings,
    evaluated_on: str,
) -> CalibratedPoint:
    """Rates at the threshold that was chosen for a target.

    Parameters
    ----------
    counts
        Of all classes of what the rates are taken on, at that one threshold.
    evaluated_on
        Name of that set.
    """
    far = target.value if target.criterion is Criterion.FAR else None
    point = with_precision(
        operating_point(counts, far, names, settings.distance), settings.prevalence
    )
    attained = float(counts.accepted_negative[0] / counts.n_negative)
    limit = 2 * (attained if far is None else far)
    units, spread = counts.units, pooled_far_spread(counts)
    similarity = similarity_at(float(counts.thresholds[0]), target, settings.distance)
    plain = CalibratedPoint(
        **point.fields() | {"similarity": similarity},
        name=target.name,
        criterion=target.criterion.value,
        target=target.value,
        average=settings.average.value,
        confidence=settings.confidence,
        evaluated_on=evaluated_on,
        macro_far_ci=None,
        macro_frr=None,
        far_limit=limit,
        n_above_limit=0,
        share_above_limit=None,
        n_effective_classes=float(spread.effective[0]) if isinstance(spread, RateSpread) else None,
        is_carried_by_few=units is not None and carried_by_few(units.negative_pairs),
        hardest_classes=(),
    )
    return _with_class_limits(plain, counts, names, limit)


def _with_class_limits(
    point: CalibratedPoint, counts: PairCounts, names: tuple[str, ...], limit: float
) -> CalibratedPoint:
    """Add which classes have a FAR above a limit, if there are any with both kinds of pairs."""
    has_pairs = counts.has_positives
    if not counts.has_classes or not has_pairs.any():
        return point
    paired, names = counts.of_classes(has_pairs), chosen_names(names, has_pairs)
    far_of_class, frr_of_class = false_accept_rate(paired)[:, 0], false_reject_rate(paired)[:, 0]
    above = int(np.count_nonzero(far_of_class > limit))
    macro = interval(macro_far_spread(counts)) if np.count_nonzero(has_pairs) > 2 else None
    hardest = np.lexsort((-paired.negative_pairs, -far_of_class))[: min(above, _HARDEST_SHOWN)]
    return replace(
        point,
        macro_far_ci=None if macro is None else Interval(float(macro[0][0]), float(macro[1][0])),
        macro_frr=float(frr_of_class.mean()),
        n_above_limit=above,
        share_above_limit=above / len(far_of_class),
        hardest_classes=tuple(
            ClassRates(
                names[i],
                known_size(paired.class_sizes[i]),
                float(far_of_class[i]),
                float(frr_of_class[i]),
            )
            for i in hardest
        ),
    )


def known_size(n_items: int) -> int | None:
    """Items of a class; ``None`` where only its pairs are known."""
    return int(n_items) or None


def chosen_names(names: tuple[str, ...], chosen: BoolArray) -> tuple[str, ...]:
    """Names of the chosen classes."""
    return tuple(name for name, keep in zip(names, chosen, strict=True) if keep)
