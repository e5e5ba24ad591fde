"""Pairs of each class in fine bins between thresholds, as a sparse table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, IntArray

_CELLS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class ClassBins:
    """Sparse table of the pairs of each class in each bin between thresholds.

    Parameters
    ----------
    starts
        Shape ``(n_classes + 1,)``, where each class's bins begin in the other two.
    bins
        Bin numbers, increasing within a class, of any integer type.
    pairs
        Same shape, pairs in that bin, at least 1, of any integer type.
    """

    starts: IntArray
    bins: AnyArray
    pairs: AnyArray

    @classmethod
    def of_table(cls, table: AnyArray) -> "ClassBins":
        """Keep the non-zero cells of a table with one row per class."""
        kind = np.uint16 if table.shape[1] <= 1 << 16 else np.int32
        rows = [np.flatnonzero(row).astype(kind) for row in table]
        starts = np.cumsum([0, *(len(row) for row in rows)])
        pairs = [row[bins] for row, bins in zip(table, rows, strict=True)]
        return cls(starts, np.concatenate(rows), np.concatenate(pairs))

    @classmethod
    def joined(cls, parts: Sequence["ClassBins"]) -> "ClassBins":
        """The classes of several tables, one after the other."""
        starts = np.cumsum([0, *(n for part in parts for n in np.diff(part.starts))])
        bins, pairs = ([getattr(part, name) for part in parts] for name in ("bins", "pairs"))
        return cls(starts, np.concatenate(bins), np.concatenate(pairs))

    def of_classes(self, chosen: IntArray) -> "ClassBins":
        """Only the classes at the given positions."""
        n_bins = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(n_bins)])
        # Runs of positions, one a class: counted on from where each class begins.
        inside = np.arange(starts[-1]) + np.repeat(self.starts[chosen] - starts[:-1], n_bins)
        return ClassBins(starts, self.bins[inside], self.pairs[inside])

    def without(self, emptied: BoolArray) -> "ClassBins":
        """All classes, some of them without any pairs."""
        n_bins = np.diff(self.starts)
        kept = np.repeat(~emptied, n_bins)
        starts = np.concatenate([[0], np.cumsum(np.where(emptied, 0, n_bins))])
        return ClassBins(starts, self.bins[kept], self.pairs[kept])

    def moved(self, positions: AnyArray) -> "ClassBins":
        """The same pairs in bins that have other numbers, given for each of the present ones."""
        return ClassBins(self.starts, positions[self.bins], self.pairs)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.starts) - 1

    def accepted(self, positions: IntArray) -> IntArray:
        """Shape ``(n_classes, len(positions))``, pairs in all bins up to increasing positions."""
        known = positions.astype(self.bins.dtype)
        ends = [
            start + np.searchsorted(self.bins[start:stop], known, side="right")
            for start, stop in pairwise(self.starts)
        ]
        # Every class in parts: up to the first position, between positions, beyond the last.
        firsts = np.column_stack([self.starts[:-1], np.array(ends)]).ravel()
        filled = np.diff(np.append(firsts, len(self.pairs))) > 0
        parts = np.zeros(len(firsts), dtype=np.int64)
        parts[filled] = np.add.reduceat(self.pairs, firsts[filled], dtype=np.int64)
        return np.cumsum(parts.reshape(self.n_classes, -1)[:, :-1], axis=1)

    def of_all_classes(self, n_bins: int) -> IntArray:
        """Shape ``(n_bins,)``, pairs of all classes together in each bin."""
        total = np.zeros(n_bins)
        for some in self._blocks():
            cells = slice(self.starts[some.start], self.starts[some.stop])
            total += np.bincount(self.bins[cells], weights=self.pairs[cells], minlength=n_bins)
        return total.astype(np.int64)

    def of_each_class(self) -> IntArray:
        """Shape ``(n_classes,)``, pairs of each class in all bins."""
        sums = np.zeros(self.n_classes, dtype=np.int64)
        filled = np.diff(self.starts) > 0
        if filled.any():
            sums[filled] = np.add.reduceat(self.pairs, self.starts[:-1][filled], dtype=np.int64)
        return sums

    def _blocks(self) -> Iterator[slice]:
        """Slices of classes with few enough cells to stay in the cache."""
        start = 0
        while start < self.n_classes:
            stop = int(np.searchsorted(self.starts, self.starts[start] + _CELLS_AT_ONCE))
            stop = min(max(stop, start + 1), self.n_classes)
            yield slice(start, stop)
            start = stop
