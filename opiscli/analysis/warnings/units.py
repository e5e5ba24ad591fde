"""A threshold that makes sense in the other unit only: a similarity given as a distance, or so."""

from collections.abc import Iterable, Iterator

import numpy as np

from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.results import ReportWarning
from opiscli.settings import units
from opiscli.settings.target import Criterion, Target

_ALMOST_NOTHING = 0.02
"""A threshold with a smaller TAR is of no use, and so is one with a larger FAR than this:"""
_ALMOST_EVERYTHING = 0.5
_USEFUL_TAR, _USEFUL_FAR = 0.05, 0.1


def unit_warnings(
    pooled: DistanceHistogram, targets: Iterable[Target], distance: Distance
) -> Iterator[ReportWarning]:
    """Warn of given thresholds that are useless as given, and useful in the other unit.

    Parameters
    ----------
    pooled
        Of all pairs.
    """
    for target in targets:
        given = target.threshold(distance)
        if given is None or target.value is None:
            continue
        is_distance = target.criterion is Criterion.THRESHOLD
        unit = units.DISTANCE if is_distance else units.SIMILARITY
        other = units.other(unit)
        if not other.holds(target.value):
            continue
        meant = distance.of_similarity(target.value) if is_distance else target.value
        tar, far = _rates(pooled, given)
        tar_meant, far_meant = _rates(pooled, meant)
        is_useless = tar < _ALMOST_NOTHING or far > _ALMOST_EVERYTHING
        if is_useless and tar_meant >= _USEFUL_TAR and far_meant <= _USEFUL_FAR:
            value = f"{target.value:g}"
            yield ReportWarning(
                "threshold-unit",
                f"{unit.option} {value} is {unit.name}, with FAR {far:.3g} and TAR {tar:.3g};"
                f" {value} as {other.name} has FAR {far_meant:.3g} and TAR {tar_meant:.3g}: if that"
                f" was meant, use {other.option} {value}",
            )


def _rates(pooled: DistanceHistogram, threshold: float) -> tuple[float, float]:
    """TAR and FAR at a threshold, or at the next one that was counted."""
    end = int(np.searchsorted(pooled.ticks, threshold)) + 1
    tar, far = (side[:end].sum() / side.sum() for side in (pooled.positive, pooled.negative))
    return float(tar), float(far)
