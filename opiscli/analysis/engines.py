"""Thresholds in the units of vector engines."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.embeddings.cosine import LARGEST, to_cosine_distance
from opiscli.results import Calibration
from opiscli.results.unlabelled import UnlabelledCalibration
from opiscli.thresholds.engines import Engine

Calibrated = TypeVar("Calibrated", Calibration, UnlabelledCalibration)

_ROOM = 2.0**-17
"""Of cosine distance: engines that compute in float32 are off by less."""


def with_engines(
    calibration: Calibrated, engines: Sequence[Engine], pooled: DistanceHistogram
) -> Calibrated:
    """Add to each threshold what it is in each engine.

    Parameters
    ----------
    pooled
        Of all pairs that the thresholds were chosen on.
    """
    distance = Distance(calibration.distance)
    points = []
    for point in calibration.operating_points:
        up_to = _with_room(point.threshold or 0.0, pooled, distance)
        points.append(replace(point, engines=tuple(one.threshold(up_to) for one in engines)))
    return replace(calibration, operating_points=tuple(points))


def _with_room(threshold: float, pooled: DistanceHistogram, distance: Distance) -> float:
    """Cosine distance that accepts the same pairs, and is not next to one where there is room.

    A threshold is often the last before the next pair. Between groups of tied pairs there is room
    for the rounding of an engine on both sides.
    """
    filled = np.flatnonzero(pooled.positive + pooled.negative)
    position = np.searchsorted(pooled.ticks, threshold)
    after = np.searchsorted(filled, position, side="right")
    lo = pooled.ticks[filled[after - 1]] if after else 0.0
    hi = pooled.ticks[filled[after] - 1] if after < len(filled) else LARGEST
    ends = np.array([min(lo, threshold), threshold, max(hi, threshold)])
    first, at, last = np.clip(to_cosine_distance(ends, distance), 0.0, LARGEST)
    room = min((last - first) / 2, _ROOM)
    return float(np.clip(at, first + room, last - room))
