"""Thresholds in the units of vector engines."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from opiscli.distance import Distance
from opiscli.embeddings.cosine import LARGEST, to_cosine_distance
from opiscli.results import Calibration
from opiscli.thresholds.engines import Engine


def with_engines(calibration: Calibration, engines: Sequence[Engine]) -> Calibration:
    """Add to each threshold what it is in each engine."""
    distance = Distance(calibration.distance)
    points = []
    for point in calibration.operating_points:
        cosine = to_cosine_distance(np.array(point.threshold or 0.0), distance)
        up_to = float(np.clip(cosine, 0.0, LARGEST))
        points.append(replace(point, engines=tuple(one.threshold(up_to) for one in engines)))
    return replace(calibration, operating_points=tuple(points))
