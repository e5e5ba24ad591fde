"""Reuse of counts under other settings, without counting again."""

from dataclasses import replace

import numpy as np

from opiscli.counting.plan import nearest
from opiscli.counts.counts import CountedSet
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.thresholds.at_rate import calibration_range


def under(run: CountedSet, settings: EvaluationSettings) -> CountedSet:
    """Return the same counts under other settings.

    Thresholds of another calibration range are the nearest that were counted; the
    noise floor is known where items were counted one by one.

    Raises
    ------
    UndefinedMetric
        If the new range cannot be formed.
    """
    old = run.settings
    same_range = settings.calibration_range == old.calibration_range
    if same_range and settings.n_thresholds == old.n_thresholds:
        return replace(run, settings=settings)
    counted = run.counted
    ends = calibration_range(counted.pooled, settings.calibration_range, settings.distance)
    even = np.linspace(*ends, settings.n_thresholds)
    grid = np.unique(nearest(counted.table.thresholds, even))
    noise = counted.for_noise
    covered = noise is not None and (
        noise.thresholds[0] <= grid[0] and grid[-1] <= noise.thresholds[-1]
    )
    counted = replace(counted, grid=grid, for_noise=noise if covered else None)
    return replace(run, counted=counted, settings=settings)
