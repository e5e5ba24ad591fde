"""The candidate thresholds of a single pass, chosen before it from a small sample of items."""

from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray
from opiscli.pairs.histogram import STEP, TICKS

LARGEST_GAP = 9e-5
"""Where a threshold is looked for, candidates stand no further apart than this."""


@dataclass(frozen=True)
class Lattice:
    """Some ticks of the ruler, dense where thresholds are looked for.

    Bin ``j`` of a count on a lattice holds the pairs that candidate ``j`` accepts and
    the one before does not; one more bin holds all pairs beyond the last.

    Parameters
    ----------
    ticks
        Shape ``(n_thresholds,)``, positions on the ruler, increasing.
    """

    ticks: IntArray

    @classmethod
    def covering(cls, lo: float, hi: float, gap: float = LARGEST_GAP) -> "Lattice":
        """Candidates from below ``lo`` to above ``hi``, at most ``gap`` apart if the ruler can.

        Always multiples of the same number of ticks, so that two lattices of one gap
        have the same candidates where they overlap.
        """
        stride = max(int(gap / STEP), 1)
        first = max(int(np.searchsorted(TICKS, lo)) // stride - 1, 0)
        last = min(int(np.searchsorted(TICKS, hi)) // stride + 1, (len(TICKS) - 2) // stride)
        return cls(stride * np.arange(first, max(first, last) + 1))

    def __or__(self, other: "Lattice") -> "Lattice":
        return Lattice(np.union1d(self.ticks, other.ticks))

    @property
    def n_thresholds(self) -> int:
        """Number of candidates."""
        return len(self.ticks)

    @cached_property
    def thresholds(self) -> FloatArray:
        """Shape ``(n_thresholds,)``, distances, increasing."""
        return TICKS[self.ticks]

    @cached_property
    def bin_of_tick(self) -> AnyArray:
        """Bin of each tick of the ruler, counted from the first candidate to past the last."""
        ticks = np.arange(self.ticks[0], self.ticks[-1] + 2)
        return np.searchsorted(self.ticks, ticks).astype(np.int32)

    def position(self, threshold: float) -> int:
        """Position of a threshold of the lattice."""
        return int(np.searchsorted(self.thresholds, threshold))

    def is_dense_at(self, position: int) -> bool:
        """Whether a candidate has another on both sides no further than `LARGEST_GAP`."""
        if not 0 < position < self.n_thresholds - 1:
            return False
        return bool(np.diff(self.thresholds[position - 1 : position + 2]).max() <= LARGEST_GAP)

    def nearest(self, thresholds: FloatArray) -> IntArray:
        """Position of the candidate nearest to each threshold between the first and the last."""
        above = np.searchsorted(self.thresholds, thresholds)
        above = np.clip(above, 1, self.n_thresholds - 1)
        closer = thresholds - self.thresholds[above - 1] < self.thresholds[above] - thresholds
        return np.asarray(np.where(closer, above - 1, above))

    def between(self, lo: float, hi: float, most: int) -> IntArray:
        """At most so many positions, evenly spread over the distances from ``lo`` to ``hi``."""
        return np.unique(self.nearest(np.linspace(lo, hi, most)))


def union(lattices: list[Lattice]) -> Lattice:
    """All candidates of several lattices."""
    return reduce(Lattice.__or__, lattices)
