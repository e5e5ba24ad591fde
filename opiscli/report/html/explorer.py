"""What a reader needs to recompute the rates of every class at any of many thresholds."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import CountedSet, Counts
from opiscli.plots.numbers.thresholds import evenly_by_far
from opiscli.plots.numbers.utility import mean_utilities, parts_of_opis
from opiscli.results import Evaluation

_MOST_CELLS = 350_000
"""Classes times thresholds: what fits into a page of two megabytes."""

_FEWEST, _MOST = 51, 301
_FEWEST_ERRORS = 10
_LEAST_FAR, _MOST_FAR = 1e-6, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorerTable:
    """Counts of every class with two items or more, and its numbers over the calibration range.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, increasing.
    ends
        How many classes count a negative pair as theirs.
    names, sizes, positive_pairs, negative_pairs
        Of each class.
    positive, negative
        Shape ``(n_classes, n_thresholds)``, accepted pairs as in `PairCounts`.
    singletons_negative
        Shape ``(n_thresholds,)``, accepted negative pairs with one end in a class of a
        single item, summed over those classes.
    n_positive, n_negative
        Pairs of the whole set.
    mean_utility, opis_contribution
        Of each class, over the calibration range.
    """

    thresholds: FloatArray
    ends: int
    names: tuple[str, ...]
    sizes: IntArray
    positive_pairs: IntArray
    negative_pairs: IntArray
    positive: IntArray
    negative: IntArray
    singletons_negative: IntArray
    n_positive: int
    n_negative: int
    mean_utility: FloatArray
    opis_contribution: FloatArray


def explorer_table(run: CountedSet, of: Evaluation) -> ExplorerTable:
    """Gather the table from complete counts, at as many thresholds as keep it small."""
    counted = run.counted
    points = [point.threshold for point in of.operating_points if point.threshold is not None]
    counts = counted.at(_thresholds(counted, of, points))
    has_pairs = counts.has_positives
    paired = counts.of_classes(has_pairs)
    return ExplorerTable(
        thresholds=counts.thresholds,
        ends=counts.ends,
        names=tuple(name for name, keep in zip(counted.names, has_pairs, strict=True) if keep),
        sizes=paired.class_sizes,
        positive_pairs=paired.positive_pairs,
        negative_pairs=paired.negative_pairs,
        positive=paired.positive,
        negative=paired.negative,
        singletons_negative=counts.negative[~has_pairs].sum(axis=0),
        n_positive=of.pairs.n_positive,
        n_negative=of.pairs.n_negative,
        mean_utility=mean_utilities(run),
        opis_contribution=parts_of_opis(run),
    )


def _thresholds(counted: Counts, of: Evaluation, points: list[float]) -> FloatArray:
    n = int(np.clip(_MOST_CELLS // len(counted.names), _FEWEST, _MOST))
    least = min(max(_FEWEST_ERRORS / of.pairs.n_negative, _LEAST_FAR), _MOST_FAR / 2)
    return np.union1d(evenly_by_far(counted, n, least=least, most=_MOST_FAR), points)
