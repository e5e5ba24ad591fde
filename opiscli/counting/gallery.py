"""How the pairs across queries and a gallery are counted: find the thresholds, count at them."""

import numpy as np

from opiscli.counting.request import CountRequest, points
from opiscli.counts.counts import Counts
from opiscli.engine.executors import Progress
from opiscli.metrics.recall import recall_sums
from opiscli.neighbours.match_ranks import match_ranks_across
from opiscli.pairs.gallery import Across, count_across, histogram_across
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import calibration_range


def count_against_gallery(
    sets: Across, request: CountRequest, resources: Resources, on_progress: Progress | None = None
) -> Counts:
    """Count all pairs across the two in two passes.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed.
    UsageError
        If the memory limit is too small.
    """
    histogram = histogram_across(sets, request.distance, resources, on_progress)
    ends = calibration_range(histogram, request.calibration_range)
    grid = np.linspace(*ends, request.n_thresholds)
    thresholds = np.unique([*grid, *points(histogram).values(), *request.thresholds])
    ranks = match_ranks_across(*sets.sides, threads=resources.threads, on_progress=on_progress)
    return Counts(
        names=sets.names,
        kernel="NumPy",
        pooled=histogram,
        table=count_across(sets, thresholds, request.distance, resources, on_progress),
        grid=grid,
        for_noise=None,
        retrieval=recall_sums(ranks, request.ks, len(sets.names)),
        queries=sets.query_sizes,
    )
