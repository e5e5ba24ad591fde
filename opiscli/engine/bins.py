"""Bins between increasing thresholds, and the table that finds the bin of a distance."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, FloatArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import LARGEST, cutoffs

_CELLS_A_BIN = 16
"""So many that a distance hardly ever lies beyond the first bin of its cell."""

_MOST_CELLS = 1 << 15
_MOST_A_UNIT = 1e36
"""Of float32 numbers that multiply without overflow; cutoffs closer than that need no table."""

_SLACK = 0.02
"""Of a cell: more than rounding can move a distance across the border of two."""


@dataclass(frozen=True)
class Bins:
    """Bin ``j`` holds the pairs that threshold ``j`` accepts and the one before does not.

    One more bin holds the pairs beyond the last threshold.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances, increasing, at least one.
    distance
        What they are measured in.
    largest
        A threshold from which every pair is accepted.
    """

    thresholds: FloatArray
    distance: Distance
    largest: float = LARGEST

    def __len__(self) -> int:
        return len(self.thresholds)

    @cached_property
    def cutoffs(self) -> Float32Array:
        """Shape ``(n_thresholds + 1,)``, largest cosine distance of each bin; the last infinite.

        A threshold at the largest distance accepts every pair, also one that rounding
        moved past it.
        """
        edges = cutoffs(self.thresholds, self.distance)
        edges[self.thresholds >= self.largest] = np.inf
        return np.append(edges, np.float32(np.inf))

    @property
    def reach(self) -> np.float32:
        """Largest cosine distance in any bin except the last, unbounded one."""
        return np.float32(self.cutoffs[-2])

    @cached_property
    def _finite(self) -> Float32Array:
        return self.cutoffs[np.isfinite(self.cutoffs)]

    @property
    def origin(self) -> np.float32:
        """Start of the table: all distances below it are in the first bin."""
        return np.float32(self._finite[0]) if len(self._finite) else np.float32(0)

    @property
    def cells_a_unit(self) -> np.float32:
        """Table cells per unit of cosine distance; 0 for a table of one cell."""
        if len(self._finite) < 2 or self._finite[-1] <= self._finite[0]:
            return np.float32(0)
        n_cells = min(_CELLS_A_BIN * len(self._finite), _MOST_CELLS)
        wanted = n_cells / (float(self._finite[-1]) - float(self._finite[0]))
        return np.float32(wanted if wanted < _MOST_A_UNIT else 0)

    @cached_property
    def first_bin(self) -> AnyArray:
        """The first bin that a distance in each cell can belong to.

        Cell ``int((c - origin) * cells_a_unit)``, clipped to the table. From there on, a
        distance is compared with the cutoffs of the bins, so that every bin is exact.
        """
        scale = float(self.cells_a_unit)
        if scale == 0:
            return np.zeros(1, dtype=np.int32)
        n_cells = int(np.ceil((float(self._finite[-1]) - float(self.origin)) * scale)) + 1
        edges = float(self.origin) + (np.arange(n_cells) - _SLACK) / scale
        first = np.searchsorted(self.cutoffs, edges.astype(np.float64), side="left")
        first[0] = 0
        return first.astype(np.int32)
