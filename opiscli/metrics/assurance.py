"""The largest threshold whose FAR keeps within a target on new classes, and not only on these."""

from collections.abc import Callable

import numpy as np

from opiscli.metrics.jackknife import upper_bound
from opiscli.metrics.rate_spread import RateSpread
from opiscli.pairs.counts import PairCounts

_THRESHOLDS_AT_ONCE = 64


def assured_threshold(
    counts: PairCounts,
    target: float,
    spread_of: Callable[[PairCounts], RateSpread],
    confidence: float = 0.95,
) -> int | None:
    """Position of the largest threshold whose upper bound of FAR is within the target.

    Smaller thresholds accept less, so what holds at this one holds at them, although
    their own bounds may be above the target: from few errors little can be concluded.

    Parameters
    ----------
    counts
        Of all classes at increasing thresholds.
    target
        False-accept rate, in (0, 1).
    spread_of
        `pooled_far_spread`, or `macro_far_spread` for the mean over classes.
    confidence
        Of the bound, one-sided.

    Returns
    -------
    int or None
        ``None`` if the bound is within the target at none of the thresholds.
    """
    # From above, because the bound is hardly ever within the target far below the rate.
    for end in range(len(counts.thresholds), 0, -_THRESHOLDS_AT_ONCE):
        positions = np.arange(max(0, end - _THRESHOLDS_AT_ONCE), end)
        bound = upper_bound(spread_of(counts.at(positions)), confidence)
        within = np.flatnonzero(bound <= target)
        if len(within):
            return int(positions[within[-1]])
    return None
