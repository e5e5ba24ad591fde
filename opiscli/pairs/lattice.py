"""The candidate thresholds of a single pass, chosen before it from a small sample of items."""

from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from opiscli.counts.histogram import STEP, TICKS
from opiscli.distance import cutoffs
from opiscli.settings.evaluation import Distance

LARGEST_GAP = 9e-5
"""Where a threshold is looked for, candidates stand no further apart than this."""


_NO_EXTRA: FloatArray = np.empty(0)


@dataclass(frozen=True)
class Lattice:
    """Some ticks of the ruler, dense where thresholds are looked for.

    Bin ``j`` of a count on a lattice holds the pairs that candidate ``j`` accepts and
    the one before does not; one more bin holds all pairs beyond the last.

    Parameters
    ----------
    ticks
        Positions on the ruler, increasing, at least one.
    extra
        Thresholds given to the digit, increasing: they lie between the first and the last
        of the ticks, are none of them, and no two lie between the same ticks of the ruler.
    """

    ticks: IntArray
    extra: FloatArray = field(default_factory=lambda: _NO_EXTRA)

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
        return Lattice(np.union1d(self.ticks, other.ticks), np.union1d(self.extra, other.extra))

    def with_extra(self, thresholds: FloatArray) -> "Lattice | None":
        """Add thresholds that need not be ticks; ``None`` if two are closer than the ruler."""
        if np.any(thresholds > TICKS[-2]):
            return None
        extra = np.setdiff1d(np.append(self.extra, thresholds), TICKS)
        ticks = np.searchsorted(TICKS, extra)
        if np.any(np.diff(ticks) == 0):
            return None
        known = np.intersect1d(thresholds, TICKS)
        # The ticks around each, so that the lattice reaches beyond its last.
        around = np.concatenate([np.searchsorted(TICKS, known), ticks - 1, ticks, self.ticks])
        return Lattice(np.unique(np.clip(around, 0, len(TICKS) - 1)), extra)

    @property
    def n_thresholds(self) -> int:
        """Number of candidates."""
        return len(self.ticks) + len(self.extra)

    @cached_property
    def thresholds(self) -> FloatArray:
        """Shape ``(n_thresholds,)``, distances, increasing."""
        return np.union1d(TICKS[self.ticks], self.extra)

    @cached_property
    def is_tick(self) -> BoolArray:
        """Shape ``(n_thresholds,)``, which candidates are ticks of the ruler."""
        return np.isin(self.thresholds, self.extra, invert=True)

    @cached_property
    def bin_of_tick(self) -> AnyArray:
        """First bin of each tick of the ruler, from the first candidate to past the last.

        Where an extra threshold lies between a tick and the one before, that tick's
        distances belong to this bin or to the next: see `split_of_tick`.
        """
        before = np.where(self._ruler > 0, TICKS[self._ruler - 1], -1.0)
        first = np.searchsorted(self.thresholds, before, side="right")
        plain = np.searchsorted(self.thresholds, TICKS[np.minimum(self._ruler, len(TICKS) - 1)])
        bins = np.where(self._is_split, first, plain)
        bins[-1] = self.n_thresholds
        return bins.astype(np.int32)

    def split_of_tick(self, distance: Distance) -> Float32Array:
        """Cosine distance up to which each tick's pairs belong to its first bin.

        Infinite where no extra threshold lies between it and the tick before; empty
        if there is no extra threshold at all.
        """
        if not len(self.extra):
            return np.empty(0, dtype=np.float32)
        split = np.full(len(self._ruler), np.inf, dtype=np.float32)
        split[self._is_split] = cutoffs(self.extra, distance)
        return split

    @cached_property
    def _ruler(self) -> IntArray:
        return np.arange(self.ticks[0], self.ticks[-1] + 2)

    @cached_property
    def _is_split(self) -> BoolArray:
        return np.isin(self._ruler, np.searchsorted(TICKS, self.extra))

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
