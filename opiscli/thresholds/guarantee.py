"""The largest threshold at which an upper confidence bound meets a target."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.pair_counts import PairCounts

_THRESHOLDS_AT_ONCE = 128


class Countable(Protocol):
    """Objects that give the accepted pairs at thresholds: `PairCounts`, `BinnedCounts`."""

    def at(self, thresholds: FloatArray) -> PairCounts:
        """Accepted pairs of every class at increasing thresholds."""


def assured_threshold(
    counts: Countable,
    candidates: FloatArray,
    target: float,
    bound_of: Callable[[PairCounts], FloatArray],
) -> float | None:
    """Largest candidate at which the upper confidence bound of an error rate meets the target.

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
        In (0, 1).
    bound_of
        The bound at each threshold of counts, such as that of `pooled_far_spread`.

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
        within = np.flatnonzero(bound_of(counts.at(candidates[looks])) <= target)
        if len(within) == 0:
            break
        best = int(within[-1])
        found = float(candidates[looks[best]])
        if best == len(looks) - 1:
            break
        first, last = int(looks[best]) + 1, int(looks[best + 1]) - 1
    return found
