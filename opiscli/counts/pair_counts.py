"""Exact counts of accepted pairs: per class, at given thresholds or in the bins between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Self

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, FloatArray, IntArray
from opiscli.counts.histogram import DistanceHistogram

_CELLS_AT_ONCE = 1 << 18


class _Totals:
    """Pairs of all classes together, each pair counted once."""

    positive_pairs: IntArray
    negative_pairs: IntArray
    ends: int

    @property
    def n_positive(self) -> int:
        """Positive pairs, accepted or not."""
        return int(self.positive_pairs.sum())

    @property
    def n_negative(self) -> int:
        """Negative pairs, accepted or not."""
        return int(self.negative_pairs.sum()) // self.ends

    @property
    def has_positives(self) -> BoolArray:
        """Shape ``(n_classes,)``, which classes have positive pairs (two or more items)."""
        return np.asarray(self.positive_pairs > 0)


@dataclass(frozen=True, kw_only=True)
class PairCounts(_Totals):
    """Accepted pairs of every class at every threshold: the input of all metrics.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances, increasing.
    class_sizes
        Shape ``(n_classes,)``, items of each class.
    positive_pairs
        Same shape, positive pairs of each class, accepted or not.
    negative_pairs
        Same shape, negative pairs with one end in each class, accepted or not.
    positive
        Shape ``(n_classes, n_thresholds)``, accepted positive pairs of the class, P, of any
        integer type.
    negative
        Same shape, accepted negative pairs with one end in the class.
    ends
        How many classes count a negative pair as theirs: those of both its ends.
    """

    thresholds: FloatArray
    class_sizes: IntArray
    positive_pairs: IntArray
    negative_pairs: IntArray
    positive: AnyArray
    negative: AnyArray
    ends: int = 2

    @property
    def accepted_positive(self) -> IntArray:
        """Shape ``(n_thresholds,)``, accepted positive pairs of all classes."""
        return np.asarray(self.positive.sum(axis=0, dtype=np.int64))

    @property
    def accepted_negative(self) -> IntArray:
        """Same shape, accepted negative pairs, every pair once."""
        return np.asarray(self.negative.sum(axis=0, dtype=np.int64) // self.ends)

    def of_classes(self, chosen: BoolArray | IntArray) -> Self:
        """Counts of the classes of a mask or at positions; negative pairs involve the whole set."""
        if chosen.dtype == np.bool_ and chosen.all():
            return self
        of_class = ("class_sizes", "positive_pairs", "negative_pairs", *self._tables())
        return replace(self, **{name: getattr(self, name)[chosen] for name in of_class})

    def at(self, thresholds: FloatArray) -> Self:
        """Only the given thresholds, each of which must be one of these; counts in 64 bits."""
        positions = positions_of(thresholds, self.thresholds)
        tables = {
            name: getattr(self, name)[:, positions].astype(np.int64) for name in self._tables()
        }
        return replace(self, thresholds=self.thresholds[positions], **tables)

    def merged(self) -> "PairCounts":
        """All classes merged into one, each pair counted once."""
        return PairCounts(
            thresholds=self.thresholds,
            class_sizes=self.class_sizes.sum(keepdims=True),
            positive_pairs=np.array([self.n_positive]),
            negative_pairs=np.array([self.n_negative]),
            positive=self.accepted_positive[None],
            negative=self.accepted_negative[None],
            ends=1,
        )

    def _tables(self) -> list[str]:
        """Names of the arrays with one row per class and one column per threshold."""
        names = (field.name for field in fields(self))
        return [name for name in names if np.ndim(getattr(self, name)) == 2]


@dataclass(frozen=True, kw_only=True)
class SpreadCounts(PairCounts):
    """Pair counts with the sums from which the variance between items of a class follows.

    Parameters
    ----------
    positive_adjacent
        Shape ``(n_classes, n_thresholds)``, ordered pairs of accepted positive pairs that
        share an item: with p_a the accepted positives of item a, the sum of
        ``p_a (p_a - 1)``.
    negative_squares, cross_products
        Same shape, sums over the class's items of ``n_a ** 2`` and ``p_a n_a``, with n_a
        the accepted negatives of item a.
    """

    positive_adjacent: IntArray
    negative_squares: IntArray
    cross_products: IntArray


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


@dataclass(frozen=True, kw_only=True)
class BinnedCounts(_Totals):
    """All pairs of every class in fine bins, which allows any threshold between them.

    Parameters
    ----------
    thresholds
        Shape ``(n_bins,)``, distances, increasing; bin ``j`` holds the pairs that threshold
        ``j`` accepts and the one before does not. The last accepts all pairs.
    class_sizes, positive_pairs, negative_pairs, ends
        As in `PairCounts`.
    positive, negative
        Pairs of each class, a negative pair being counted in as many classes as ``ends``.
    """

    thresholds: FloatArray
    class_sizes: IntArray
    positive_pairs: IntArray
    negative_pairs: IntArray
    positive: ClassBins
    negative: ClassBins
    ends: int = 2

    def of_classes(self, chosen: IntArray) -> "BinnedCounts":
        """Counts of the classes at these positions; their negative pairs involve the whole set."""
        return replace(
            self,
            class_sizes=self.class_sizes[chosen],
            positive_pairs=self.positive_pairs[chosen],
            negative_pairs=self.negative_pairs[chosen],
            positive=self.positive.of_classes(chosen),
            negative=self.negative.of_classes(chosen),
        )

    @property
    def pooled(self) -> DistanceHistogram:
        """All classes together."""
        n_bins = len(self.thresholds)
        return DistanceHistogram(
            self.positive.of_all_classes(n_bins),
            self.negative.of_all_classes(n_bins) // self.ends,
            self.thresholds,
        )

    def at(self, thresholds: FloatArray) -> PairCounts:
        """Accepted pairs at increasing thresholds, each of which must be one of these."""
        positions = positions_of(thresholds, self.thresholds)
        return PairCounts(
            thresholds=thresholds,
            class_sizes=self.class_sizes,
            positive_pairs=self.positive_pairs,
            negative_pairs=self.negative_pairs,
            positive=self.positive.accepted(positions),
            negative=self.negative.accepted(positions),
            ends=self.ends,
        )


def positions_of(thresholds: FloatArray, among: FloatArray) -> IntArray:
    """Positions of thresholds among increasing ones.

    Raises
    ------
    ValueError
        If one is not among them: no count is known there.
    """
    positions = np.searchsorted(among, thresholds)
    missing = (positions == len(among)) | (
        among[np.minimum(positions, len(among) - 1)] != thresholds
    )
    if missing.any():
        raise ValueError(f"no pairs were counted at threshold {thresholds[missing][0]!r}")
    return positions
