"""All counts of a set, from which metrics and thresholds are derived."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import BinnedCounts, PairCounts, SpreadCounts
from opiscli.counts.search_counts import SearchCounts
from opiscli.results import Data, ReportWarning
from opiscli.settings.evaluation import EvaluationSettings


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Integer counts of all pairs, and the hits of nearest-neighbour searches.

    Parameters
    ----------
    names
        Label of each class.
    mode
        ``exact``: all pairs; ``sampled``: some that stand for all; ``listed``: those of a source
        of pairs.
    kernel
        What counted: ``compiled`` or ``NumPy``.
    pooled
        All pairs on the ruler; thresholds for a rate are chosen from its ticks.
    table
        All classes at every threshold that can be asked for.
    grid
        Thresholds of the calibration range; ``None`` where it cannot be formed.
    for_noise
        All classes, with the spread of their items, at thresholds that enclose the range.
    retrieval
        Shape ``(n_classes,)`` each, sums over the items of each class by measure:
        ``recall@k`` counts those with an item of their class among their k nearest.
    queries
        Shape ``(n_classes,)``, items of each class whose neighbours were searched for.
    has_every_score
        Whether every score of listed pairs is a threshold, so that counts are known at any, and all
        pairs of a bin of ``pooled`` are equally far.
    finer
        All pairs between more thresholds than may be chosen; ``None`` where ``pooled`` is enough.
    searches
        Searches for the nearest candidate, with and without the class of the query; ``None`` where
        they were not counted.
    """

    names: tuple[str, ...]
    mode: str = "exact"
    kernel: str
    pooled: DistanceHistogram
    table: PairCounts | BinnedCounts
    grid: FloatArray | None
    for_noise: SpreadCounts | None
    retrieval: dict[str, FloatArray]
    queries: IntArray
    has_every_score: bool = False
    finer: DistanceHistogram | None = None
    searches: SearchCounts | None = None

    def at(self, thresholds: FloatArray) -> PairCounts:
        """Counts of all classes at increasing thresholds.

        Raises
        ------
        ValueError
            If nothing was counted at one of them.
        """
        return self.table.at(thresholds)

    def at_or_above(self, threshold: float) -> PairCounts:
        """Counts of all classes at one threshold, or at the next counted one.

        The threshold of the counts is the one asked for where they are exact for it: if
        it was counted, or if no pair lies between it and the next.
        """
        known = self.table.thresholds
        if self.has_every_score:
            below = int(np.searchsorted(known, threshold, side="right")) - 1
            counts = self.at(known[[max(below, 0)]])
            return (counts if below >= 0 else counts.without_accepted()).named(threshold)
        position = int(np.searchsorted(known[:-1], threshold))
        counts = self.at(known[[position]])
        if isinstance(self.table, BinnedCounts) and not any(
            np.any(side.bins == position) for side in (self.table.positive, self.table.negative)
        ):
            return counts.named(threshold)
        return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedCounts:
    """The same counts through an approximate index.

    Parameters
    ----------
    index
        As it was asked for.
    bytes_per_item
        What one more item takes.
    exact_hits, hits
        Shape ``(n_classes,)``, recall at 1 summed over the items of each class, by an exact
        search and through the index.
    pairs
        Ordered pairs that the index accepts at the exact thresholds; ``None`` where
        it does not report the distances of vectors that it can decode.
    starved_centroids
        Clusters that the items were too few to train well; 0 if they were enough.
    """

    index: str
    bytes_per_item: float
    exact_hits: FloatArray
    hits: FloatArray
    pairs: PairCounts | None
    starved_centroids: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedGallery:
    """The gallery that the queries were compared with.

    Parameters
    ----------
    data
        The gallery.
    n_shared
        Queries with exactly the embedding of one of its items.
    """

    data: Data
    n_shared: int


@dataclass(frozen=True, kw_only=True)
class CountedSet:
    """Counts with a description of the data: the contents of an evaluation file.

    Parameters
    ----------
    counted
        The counts.
    data
        What was counted: the queries, where there is a gallery.
    n_conflicts
        Items whose embedding also occurs in another class, of the gallery where there is one.
    settings
        What was asked for.
    deployed
        The same through an index, if that was asked for; not part of an evaluation file.
    gallery
        What the queries were held against, if not one another; neither part of it.
    of_all
        The counts of all classes, where ``counted`` leaves those of few items out: what an
        evaluation file holds.
    doubts
        What was found when a source of pairs was read, and makes results doubtful.
    """

    counted: Counts
    data: Data
    n_conflicts: int
    settings: EvaluationSettings
    deployed: DeployedCounts | None = None
    gallery: CountedGallery | None = None
    of_all: Counts | None = None
    doubts: tuple[ReportWarning, ...] = ()
