"""Reuse of counts under other settings, without counting again."""

from dataclasses import replace

import numpy as np

from opiscli.counting.evenly import nearest
from opiscli.counts.counts import CountedSet, Counts
from opiscli.counts.min_items import with_min_items
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.errors import UndefinedMetric
from opiscli.settings.evaluation import EvaluationSettings, RangeBy
from opiscli.thresholds.at_rate import calibration_range


def under(run: CountedSet, settings: EvaluationSettings) -> CountedSet:
    """Return the same counts under other settings.

    Thresholds of another calibration range are the nearest that were counted; the
    noise floor is known where items were counted one by one.

    Raises
    ------
    EmbeddingError
        If no class has enough items.
    UndefinedMetric
        If the new range cannot be formed.
    """
    old = run.settings
    run = with_min_items(replace(run, settings=settings))
    same_range = settings.calibration_range == old.calibration_range
    # False rejects are of other pairs where other classes are left out.
    by_frr = settings.calibration_range.by is RangeBy.FRR and settings.min_items != old.min_items
    if same_range and settings.n_thresholds == old.n_thresholds and not by_frr:
        return run
    counted = run.counted
    try:
        ends = calibration_range(counted.pooled, settings.calibration_range, settings.distance)
    except UndefinedMetric:
        if settings.unit is None:
            raise
        return replace(run, counted=replace(counted, grid=None))
    even = np.linspace(*ends, settings.n_thresholds)
    if counted.has_every_score and isinstance(counted.table, BinnedCounts):
        table = counted.table.between(even)
        return replace(run, counted=replace(counted, grid=even, table=table))
    grid = np.unique(nearest(counted.table.thresholds, even))
    noise = counted.for_noise
    covered = noise is not None and (
        noise.thresholds[0] <= grid[0] and grid[-1] <= noise.thresholds[-1]
    )

    def on_grid(counts: Counts) -> Counts:
        return replace(counts, grid=grid, for_noise=counts.for_noise if covered else None)

    of_all = None if run.of_all is None else on_grid(run.of_all)
    return replace(run, counted=on_grid(counted), of_all=of_all)
