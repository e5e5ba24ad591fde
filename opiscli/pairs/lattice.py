"""The candidate thresholds of a single pass, chosen before it from a small sample of items."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.pairs.histogram import STEP, TICKS

LARGEST_GAP = 9e-5
"""Candidates stand no further apart, so no threshold is further than this from the best."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Every ``stride``-th tick of the ruler, from tick ``first`` on.

    Bin ``j`` of a count on a lattice holds the pairs that threshold ``j`` accepts and
    the one before does not; one more bin holds all pairs beyond the last.

    Parameters
    ----------
    first, stride, n_thresholds
        Ticks of the ruler: ``first + stride * (0 .. n_thresholds - 1)``.
    """

    first: int
    stride: int
    n_thresholds: int

    @classmethod
    def covering(cls, lo: float, hi: float, gap: float = LARGEST_GAP) -> "Lattice":
        """Candidates from ``lo`` to ``hi``, no further apart than ``gap`` if the ruler has it."""
        stride = max(int(min(gap, LARGEST_GAP) / STEP), 1)
        first = max(int(np.searchsorted(TICKS, lo)) - stride, 0)
        last = min(int(np.searchsorted(TICKS, hi)) + stride, len(TICKS) - 2)
        return cls(first, stride, max(last - first, 0) // stride + 1)

    @property
    def thresholds(self) -> FloatArray:
        """Shape ``(n_thresholds,)``, distances, increasing."""
        return TICKS[self.first + self.stride * np.arange(self.n_thresholds)]

    @property
    def gap(self) -> float:
        """Distance between two candidates."""
        return self.stride * STEP

    def position(self, threshold: float) -> int:
        """Position of a threshold of the lattice."""
        return int(np.searchsorted(self.thresholds, threshold))

    def nearest(self, thresholds: FloatArray) -> IntArray:
        """Position of the candidate nearest to each threshold between the first and the last."""
        above = np.searchsorted(self.thresholds, thresholds)
        below = np.maximum(above - 1, 0)
        closer = thresholds - self.thresholds[below] < self.thresholds[above] - thresholds
        return np.asarray(np.where(closer, below, above))

    def between(self, lo: float, hi: float, most: int = 256) -> IntArray:
        """At most so many positions, evenly spread from ``lo`` to ``hi``, both enclosed."""
        last = self.n_thresholds - 1
        start = min(max(int(np.searchsorted(self.thresholds, lo)) - 1, 0), last)
        stop = min(int(np.searchsorted(self.thresholds, hi)) + 1, last)
        return np.unique(np.linspace(start, stop, most).round().astype(np.int64))
