"""Searches for the nearest candidate of every query, with and without the class of the query."""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, FloatArray, IntArray
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.pair_counts import positions_of

TWICE = 2
"""Hits are counted twice, so that the half of a tie is a whole number."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchList:
    """Searches one by one, shapes ``(n_searches,)``.

    Parameters
    ----------
    codes
        Class of the query.
    bins
        Bin of the distance of the nearest candidate.
    weights
        What each search counts.
    gaps
        How much farther the nearest candidate of another class than that of the nearest one is;
        infinite if there is no other class.
    """

    codes: AnyArray
    bins: AnyArray
    weights: IntArray
    gaps: FloatArray

    def by_class(self, n_classes: int, n_bins: int, margin: float = 0.0) -> ClassBins:
        """Sum by class and bin the searches whose gap is at least the margin."""
        counted = (self.weights > 0) & (self.gaps >= margin)
        at = self.codes[counted].astype(np.int64) * n_bins + self.bins[counted]
        cells, place = np.unique(at, return_inverse=True)
        sums = np.zeros(len(cells), dtype=np.int64)
        np.add.at(sums, place, self.weights[counted])
        classes, inside = np.divmod(cells, n_bins)
        starts = np.searchsorted(classes, np.arange(n_classes + 1))
        return ClassBins(starts, inside.astype(np.int32), sums)

    def without(self, left_out: BoolArray) -> "SearchList":
        """The same where searches of some classes count nothing."""
        return replace(self, weights=np.where(left_out[self.codes], 0, self.weights))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCounts:
    """Searches of the queries of each class, in bins of the distance of the nearest candidate.

    A *mated* search is one for a query whose class is in the gallery; a *non-mated* search leaves
    the class of the query out of the gallery, as if it had never been enrolled (ISO/IEC 19795-1).
    Bin ``j`` holds the searches whose nearest candidate threshold ``j`` accepts and the one before
    does not.

    Parameters
    ----------
    thresholds
        Shape ``(n_bins,)``, distances, increasing; the last accepts every candidate.
    n_gallery
        Items that a query is compared with; all but itself within one set.
    is_within
        Whether queries are items of the gallery themselves.
    non_mated, mated
        Shape ``(n_classes,)``, searches of each kind.
    nearest_other
        Non-mated searches by the distance of their nearest candidate.
    hits
        Mated searches whose nearest candidate is of their class, by its distance; each counts 2, or
        1 if a candidate of another class is equally near.
    each_other, each_hit
        The same one by one, with the gap to the next class; ``None`` where no margin was asked for.
    """

    thresholds: FloatArray
    n_gallery: int
    is_within: bool
    non_mated: IntArray
    mated: IntArray
    nearest_other: ClassBins
    hits: ClassBins
    each_other: SearchList | None = None
    each_hit: SearchList | None = None

    def at(self, threshold: float) -> "SearchErrors":
        """Errors of each class at one threshold, which must be one of these.

        Raises
        ------
        ValueError
            If nothing was counted at it.
        """
        position = int(positions_of(np.array([threshold]), self.thresholds)[0])
        return SearchErrors(
            non_mated=self.non_mated,
            mated=self.mated,
            false_positives=_up_to(self.nearest_other, position),
            misses=TWICE * self.mated - _up_to(self.hits, position),
        )

    def at_or_above(self, threshold: float) -> "SearchErrors":
        """Errors of each class at one threshold, or at the next counted one."""
        position = int(np.searchsorted(self.thresholds[:-1], threshold))
        return self.at(float(self.thresholds[position]))

    def without_mated(self, left_out: BoolArray) -> "SearchCounts":
        """The same without mated searches of some classes; they still have non-mated ones."""
        return replace(
            self,
            mated=np.where(left_out, 0, self.mated),
            hits=self.hits.without(left_out),
            each_hit=None if self.each_hit is None else self.each_hit.without(left_out),
        )

    def with_margin(self, margin: float) -> "SearchCounts":
        """Accept a candidate only if the next class is at least this much farther away.

        Raises
        ------
        ValueError
            If the gaps between classes are not known.
        """
        if self.each_other is None or self.each_hit is None:
            raise ValueError("the gaps between classes were not counted")
        shape = len(self.mated), len(self.thresholds)
        return replace(
            self,
            nearest_other=self.each_other.by_class(*shape, margin),
            hits=self.each_hit.by_class(*shape, margin),
        )

    @property
    def false_positives(self) -> IntArray:
        """Shape ``(n_bins,)``, non-mated searches of all classes that each threshold accepts."""
        return np.cumsum(self.nearest_other.of_all_classes(len(self.thresholds)))

    @property
    def misses(self) -> IntArray:
        """Same shape, twice the mated searches of all classes that fail at each threshold."""
        hits = np.cumsum(self.hits.of_all_classes(len(self.thresholds)))
        return np.asarray(TWICE * self.mated.sum() - hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchErrors:
    """Wrong searches of each class at one threshold, shapes ``(n_classes,)``.

    Parameters
    ----------
    non_mated, mated
        Searches of each kind.
    false_positives
        Non-mated searches whose nearest candidate is accepted.
    misses
        Mated searches whose nearest candidate is not of their class or not accepted, counted twice;
        once where it is tied with one of another class, and accepted.
    """

    non_mated: IntArray
    mated: IntArray
    false_positives: IntArray
    misses: IntArray


def _up_to(of: ClassBins, position: int) -> IntArray:
    """Shape ``(n_classes,)``, what each class has in all bins up to a position."""
    inside = np.where(of.bins <= position, of.pairs, 0)
    return np.diff(np.append(0, np.cumsum(inside, dtype=np.int64))[of.starts])
