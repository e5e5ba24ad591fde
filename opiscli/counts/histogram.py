"""Pooled counts between thresholds, from which the threshold for a rate is chosen."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class DistanceHistogram:
    """Positive and negative pairs between the thresholds that may be chosen.

    Bin ``k`` holds the distances in ``(ticks[k-1], ticks[k]]``.

    Parameters
    ----------
    positive, negative
        Shape ``(n_ticks,)``, pairs.
    ticks
        Shape ``(n_ticks,)``, distances, increasing; the last accepts all pairs.
    """

    positive: IntArray
    negative: IntArray
    ticks: FloatArray

    def observed(self) -> "DistanceHistogram":
        """Only the ticks that end a bin with pairs; there are pairs."""
        filled = (self.positive > 0) | (self.negative > 0)
        return DistanceHistogram(self.positive[filled], self.negative[filled], self.ticks[filled])

    @property
    def accepted(self) -> IntArray:
        """Shape ``(2, n_ticks)``, positive and negative pairs accepted at each tick."""
        return np.cumsum([self.positive, self.negative], axis=1)
