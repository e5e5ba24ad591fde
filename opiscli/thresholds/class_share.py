"""The threshold at which most classes, not only their mean, meet a target: a tolerance bound.

Classes are the sampling units: how many of those seen fail says how many of all do.
"""

from itertools import pairwise

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.errors import UndefinedMetric
from opiscli.metrics.intervals.share_of_classes import (
    ShareOfClasses,
    classes_above_far,
    most_errors,
)
from opiscli.settings.calibration import ShareGuarantee
from opiscli.settings.numbers import plain
from opiscli.thresholds.guarantee import assured_threshold


def far_for_classes(
    table: BinnedCounts, candidates: FloatArray, target: float, sure: ShareGuarantee
) -> float | None:
    """Largest threshold at which surely few enough classes have a FAR above the target.

    Parameters
    ----------
    candidates
        Increasing thresholds of the table.

    Returns
    -------
    float or None
        ``None`` if the share may be too large at all of them.

    Raises
    ------
    UndefinedMetric
        If there are too few classes for any share to be small.
    """
    bins, pairs = _paired(table, table.negative, table.negative_pairs)
    above_from = np.sort(_first_reaching(bins, most_errors(pairs, target) + 1))
    allowed = _most_failing(len(above_from), sure)
    # Were classes independent, as many could fail; as they are not, it is fewer.
    end = table.thresholds[above_from[allowed]] if allowed < len(above_from) else np.inf
    return assured_threshold(
        table,
        candidates[candidates < end],
        1 - sure.share,
        lambda counts: classes_above_far(counts, target).upper_bound(sure.confidence),
    )


def frr_for_classes(table: BinnedCounts, target: float, sure: ShareGuarantee) -> float:
    """Smallest threshold at which surely few enough classes have an FRR above the target.

    A class has a low FRR from the first bin on up to which enough of its pairs are accepted.

    Raises
    ------
    UndefinedMetric
        If there are too few classes for any share to be small.
    """
    bins, pairs = _paired(table, table.positive, table.positive_pairs)
    below_from = np.sort(_first_reaching(bins, pairs - most_errors(pairs, target)))
    allowed = _most_failing(len(below_from), sure)
    return float(table.thresholds[below_from[len(below_from) - 1 - allowed]])


def _paired(table: BinnedCounts, bins: ClassBins, pairs: IntArray) -> tuple[ClassBins, IntArray]:
    chosen = np.flatnonzero(table.has_positives)
    return bins.of_classes(chosen), pairs[chosen]


def _first_reaching(bins: ClassBins, needed: IntArray) -> IntArray:
    """First bin of each class up to which a number of its pairs lie, at least 1 and at most all."""
    found = []
    for (start, stop), n_needed in zip(pairwise(bins.starts), needed, strict=True):
        up_to = np.cumsum(bins.pairs[start:stop], dtype=np.int64)
        found.append(bins.bins[start + int(np.searchsorted(up_to, max(n_needed, 1)))])
    return np.array(found, dtype=np.int64)


def _most_failing(n_classes: int, sure: ShareGuarantee) -> int:
    """How many of ``n_classes`` independent classes may fail."""
    share, confidence = sure
    failing = np.arange(n_classes) / n_classes
    bounds = ShareOfClasses(failing, np.full(n_classes, float(n_classes))).upper_bound(confidence)
    n_within = int(np.count_nonzero(bounds <= 1 - share))
    if not n_within:
        needed = int(np.ceil(np.log(1 - confidence) / np.log(share)))
        raise UndefinedMetric(
            f"{n_classes} classes have two items or more, but it takes {needed} to be sure of"
            f" {plain(share)} of all classes at a confidence of {plain(confidence)}",
            hint="Collect more classes, or give a smaller --class-share.",
        )
    return n_within - 1
