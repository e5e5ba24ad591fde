"""Counts of all classes at the threshold for a false-accept rate."""

import numpy as np

from opiscli.counts.counts import Counts
from opiscli.counts.pair_counts import PairCounts
from opiscli.errors import UndefinedMetric
from opiscli.thresholds.at_rate import threshold_at_far, unattainable


def counts_at_far(counted: Counts, far: float) -> PairCounts:
    """Counts of all classes at the largest threshold with a FAR of at most ``far``.

    Parameters
    ----------
    counted
        Counts for which this FAR was asked for.

    Raises
    ------
    UndefinedMetric
        If no threshold accepts a negative pair without exceeding it.
    """
    threshold = threshold_at_far(counted.pooled, far)
    if threshold is None:
        raise UndefinedMetric(
            unattainable(far, counted.pooled), hint="Give a larger FAR, or more items."
        )
    return counted.at(np.array([threshold]))
