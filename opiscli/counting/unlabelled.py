"""Counts all pairs of a set, or of two sets, whatever classes the items are of.

Pairs are counted twice. The first count takes all of them together, at candidate thresholds: the
share of accepted pairs at each threshold follows from it. The second one is at the few thresholds
that were chosen from it, and unit by unit: how much the accepted pairs of one item, or of one class
where classes are known, differ from those of another is what confidence intervals rest on.
"""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.arrays import FloatArray, Int32Array, IntArray
from opiscli.counting.plan import Plan
from opiscli.counting.request import CountRequest
from opiscli.counting.sampled_items import SAMPLE_ITEMS, sample_of_items
from opiscli.counting.sweep import Sweep, count_at, sweep
from opiscli.counting.tables import pair_counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import PairCounts
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import NO_LABELS
from opiscli.engine.kernels import kernel_for
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.workers import workers_of
from opiscli.errors import EmbeddingError
from opiscli.progress import Progress
from opiscli.settings.evaluation import RangeRequest
from opiscli.settings.resources import Resources

_GRID = 2
"""Thresholds of a calibration range, of which none is needed here."""

_ANY = (1e-2,)
"""Asked for where only thresholds are given; candidates are dense there anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What the items of one side are, if one unit is left out at a time.

    Parameters
    ----------
    codes
        Shape ``(n_items,)``, unit of each item, non-decreasing from 0.
    name
        ``items`` or ``classes``.
    """

    codes: Int32Array
    name: str

    @classmethod
    def of(cls, items: EmbeddingSet) -> "Units":
        """The classes of a set if it has two or more, otherwise its items."""
        if items.names == NO_LABELS or items.n_classes < 2:
            return cls.each_item(items)
        return cls(items.codes, "classes")

    @classmethod
    def each_item(cls, items: EmbeddingSet) -> "Units":
        """Every item is a unit."""
        return cls(np.arange(items.n_items, dtype=np.int32), "items")

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.codes[-1]) + 1


@dataclass(frozen=True, slots=True, eq=False)
class AllPairs:
    """All pairs, taken for negative ones.

    Parameters
    ----------
    together
        All pairs without a distinction.
    sample
        Pairs of some of the items, from which thresholds are planned; ``together`` if it is small.
    by_unit
        All pairs, with the units as classes.
    units
        What they are, ``items`` or ``classes``, on each side.
    """

    together: PairSpace
    sample: PairSpace
    by_unit: PairSpace
    units: tuple[str, ...]

    @classmethod
    def within(cls, items: EmbeddingSet) -> "AllPairs":
        """All unordered pairs of two items of a set; every item is a unit.

        Raises
        ------
        EmbeddingError
            If there are fewer than two items.
        """
        if items.n_items < 2:
            raise EmbeddingError(
                "there is only one item, expected two or more", hint="One item forms no pairs."
            )
        side, units = Side.of(items), Units.each_item(items)
        together = PairSpace.without_labels(side)
        drawn = sample_of_items(items)
        return cls(
            together,
            together if drawn is None else PairSpace.without_labels(side[drawn]),
            PairSpace.within(_with_codes(side, units.codes), units.n),
            (units.name,),
        )

    @classmethod
    def across(cls, items: EmbeddingSet, others: EmbeddingSet) -> "AllPairs":
        """All pairs of an item of one set and an item of another; classes are units if known."""
        items = items.recentred(others)
        sides = Side.of(items), Side.of(others)
        units = Units.of(items), Units.of(others)
        drawn = [_sample(side, of) for side, of in zip(sides, (items, others), strict=True)]
        is_small = max(len(items.codes), len(others.codes)) <= SAMPLE_ITEMS
        together = _across(*sides)
        return cls(
            together,
            together if is_small else _across(*drawn),
            PairSpace.across(
                _with_codes(sides[0], units[0].codes),
                _with_codes(sides[1], units[1].codes + np.int32(units[0].n)),
                units[0].n + units[1].n,
            ),
            tuple(one.name for one in units),
        )


@dataclass(frozen=True, slots=True)
class Counting:
    """How pairs are counted: the unit of thresholds, the resources, the progress callback."""

    distance: Distance
    resources: Resources
    on_progress: Progress | None = None


def count_together(
    pairs: AllPairs, how: Counting, *, shares: tuple[float, ...], thresholds: tuple[float, ...] = ()
) -> DistanceHistogram:
    """Count all pairs, so that thresholds for shares of accepted pairs can be chosen.

    Parameters
    ----------
    shares
        Shares of all pairs, in (0, 1), whose thresholds will be asked for.
    thresholds
        Thresholds that are needed to the digit.

    Returns
    -------
    DistanceHistogram
        Every pair is a negative one, so that `opiscli.thresholds.at_rate` chooses from it.
    """
    request = CountRequest(
        how.distance, RangeRequest(), _GRID, (), fars=shares or _ANY, thresholds=thresholds
    )
    with workers_of(how.resources) as workers:
        kernel = kernel_for(pairs.together.n_pairs)
        run = Sweep(request, how.resources, kernel, workers, how.on_progress, by_item=False)
        return sweep(pairs.together, pairs.sample, run).pooled


def count_by_unit(pairs: AllPairs, how: Counting, thresholds: FloatArray) -> PairCounts:
    """Count the accepted pairs of every unit at a few thresholds."""
    return _count_at(pairs.by_unit, how, np.unique(thresholds), stage="pairs by item")


def count_by_class(items: EmbeddingSet, how: Counting, threshold: float) -> PairCounts:
    """Count the accepted pairs of every class of a labelled set at one threshold."""
    space = PairSpace.within(Side.of(items), items.n_classes)
    return _count_at(space, how, np.array([threshold]), stage="pairs by class")


def histogram_at(counts: PairCounts) -> DistanceHistogram:
    """All pairs together between the thresholds of counts by item, every one a negative pair."""
    negative = np.diff(counts.accepted_negative, prepend=0)
    return DistanceHistogram(np.zeros_like(negative), negative, counts.thresholds)


def _count_at(space: PairSpace, how: Counting, thresholds: FloatArray, stage: str) -> PairCounts:
    request = CountRequest(how.distance, RangeRequest(), len(thresholds), ())
    plan = Plan(thresholds, None, None, largest=space.extent(how.distance)[1])
    with workers_of(how.resources) as workers:
        kernel = kernel_for(space.n_pairs)
        run = Sweep(request, how.resources, kernel, workers, how.on_progress, by_item=False)
        tally = count_at(space, plan, run, stage)
    return pair_counts(space, thresholds, tally, thresholds)


def _across(rows: Side, columns: Side) -> PairSpace:
    ones = np.ones_like(columns.codes)
    return PairSpace.across(
        _with_codes(rows, np.zeros_like(rows.codes)), _with_codes(columns, ones), 2
    )


def _sample(side: Side, items: EmbeddingSet) -> Side:
    drawn: IntArray | None = sample_of_items(items)
    return side if drawn is None else side[drawn]


def _with_codes(side: Side, codes: Int32Array) -> Side:
    return replace(side, codes=codes)
