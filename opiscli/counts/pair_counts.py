"""Exact counts of accepted pairs: per class, at given thresholds or in the bins between them."""

from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, FloatArray, IntArray
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.histogram import DistanceHistogram

_Units = TypeVar("_Units")


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
        """Shape ``(n_classes,)``, which classes are measured: those with both kinds of pairs.

        Of items, these are the classes of two items or more.
        """
        return np.asarray((self.positive_pairs > 0) & (self.negative_pairs > 0))


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
    has_classes
        Whether there are classes; without, all pairs are in one row.
    clusters
        The same pairs by cluster, each counted in every cluster that it belongs to: what is
        deleted at a time for confidence intervals, if not the classes.
    """

    thresholds: FloatArray
    class_sizes: IntArray
    positive_pairs: IntArray
    negative_pairs: IntArray
    positive: AnyArray
    negative: AnyArray
    ends: int = 2
    has_classes: bool = True
    clusters: "PairCounts | None" = None

    @property
    def units(self) -> "PairCounts | None":
        """What pairs are independent between: clusters or classes; ``None`` for the pairs."""
        return _units(self, self.clusters, has_classes=self.has_classes)

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
        clusters = None if self.clusters is None else self.clusters.at(thresholds)
        return replace(self, thresholds=self.thresholds[positions], clusters=clusters, **tables)

    def named(self, threshold: float) -> Self:
        """The same counts of one threshold as those of another that accepts the same pairs."""
        return replace(self, thresholds=np.array([threshold]))

    def without_accepted(self) -> Self:
        """The same pairs, none of which is accepted."""
        none = {name: np.zeros_like(getattr(self, name)) for name in self._tables()}
        clusters = None if self.clusters is None else self.clusters.without_accepted()
        return replace(self, clusters=clusters, **none)

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


@dataclass(frozen=True, kw_only=True)
class BinnedCounts(_Totals):
    """All pairs of every class in fine bins, which allows any threshold between them.

    Parameters
    ----------
    thresholds
        Shape ``(n_bins,)``, distances, increasing; bin ``j`` holds the pairs that threshold
        ``j`` accepts and the one before does not. The last accepts all pairs.
    class_sizes, positive_pairs, negative_pairs, ends, has_classes, clusters
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
    has_classes: bool = True
    clusters: "BinnedCounts | None" = None

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

    def between(self, more: FloatArray) -> "BinnedCounts":
        """The same with more thresholds, if every distance of a pair is a threshold already."""
        thresholds = np.union1d(self.thresholds, more)
        at = np.searchsorted(thresholds, self.thresholds).astype(np.int32)
        return replace(
            self,
            thresholds=thresholds,
            positive=self.positive.moved(at),
            negative=self.negative.moved(at),
            clusters=None if self.clusters is None else self.clusters.between(more),
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
            has_classes=self.has_classes,
            clusters=None if self.clusters is None else self.clusters.at(thresholds),
        )


def _units(of: _Units, clusters: _Units | None, *, has_classes: bool) -> _Units | None:
    if clusters is not None:
        return clusters
    return of if has_classes else None


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
