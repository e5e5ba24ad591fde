"""The largest threshold whose FAR meets a target on new classes with a given confidence."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.rate import upper_bound
from opiscli.metrics.intervals.rate_spread import RateSpread

_THRESHOLDS_AT_ONCE = 128


class Countable(Protocol):
    """Objects that give the accepted pairs at thresholds: `PairCounts`, `BinnedCounts`."""

    def at(self, thresholds: FloatArray) -> PairCounts:
        """Accepted pairs of every class at increasing thresholds."""


def assured_threshold(
    counts: Countable,
    candidates: FloatArray,
    target: float,
    spread_of: Callable[[PairCounts], RateSpread],
    confidence: float = 0.95,
) -> float | None:
    """Largest candidate at which the upper confidence bound of FAR meets the target.

    Smaller thresholds accept less, so what holds at this one holds at them, although
    their own bounds may be above the target: from few errors little can be concluded.
    Many candidates are searched by halves, or rather by 128ths: between the largest of those
    looked at that is within the target and the next.

    Parameters
    ----------
    counts
        Of all classes, at the candidates at least.
    candidates
        Shape ``(n_candidates,)``, increasing thresholds; best those with attained
        rates between a hundredth of the target and the target.
    target
        False-accept rate, in (0, 1).
    spread_of
        `pooled_far_spread`, or `macro_far_spread` for the mean over classes.
    confidence
        Of the bound, one-sided, above 0.5.

    Returns
    -------
    float or None
        ``None`` if the bound is within the target at no candidate looked at.
    """
    first, last = 0, len(candidates) - 1
    found = None
    while first <= last:
        n_looks = min(_THRESHOLDS_AT_ONCE, last - first + 1)
        looks = np.linspace(first, last, n_looks).round().astype(np.int64)
        bound = upper_bound(spread_of(counts.at(candidates[looks])), confidence)
        within = np.flatnonzero(bound <= target)
        if len(within) == 0:
            break
        best = int(within[-1])
        found = float(candidates[looks[best]])
        if best == len(looks) - 1:
            break
        first, last = int(looks[best]) + 1, int(looks[best + 1]) - 1
    return found
