"""What a reader needs to recompute the rates of every class at any of many thresholds."""

from dataclasses import dataclass

from opiscli.arrays import FloatArray, IntArray
from opiscli.metrics.opis import mean_over_range, opis_contributions
from opiscli.metrics.utility import utility
from opiscli.pairs.counts import PairCounts
from opiscli.results import Evaluation
from opiscli.settings import Utility


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorerTable:
    """Counts of every class with two items or more, and its numbers over the calibration range.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, increasing.
    n_items
        Of the whole set, N.
    names, sizes
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
    n_items: int
    names: tuple[str, ...]
    sizes: IntArray
    positive: IntArray
    negative: IntArray
    singletons_negative: IntArray
    n_positive: int
    n_negative: int
    mean_utility: FloatArray
    opis_contribution: FloatArray


def explorer_table(
    counts: PairCounts, on_grid: PairCounts, names: tuple[str, ...], of: Evaluation
) -> ExplorerTable:
    """Gather the table.

    Parameters
    ----------
    counts
        Of all classes, at the thresholds to be explored.
    on_grid
        Of all classes, over the calibration range.
    """
    has_pairs = counts.class_sizes > 1
    paired = counts.of_classes(has_pairs)
    curves = utility(on_grid.of_classes(has_pairs), Utility(of.utility.kind), of.utility.beta)
    return ExplorerTable(
        thresholds=counts.thresholds,
        n_items=counts.n_items,
        names=tuple(name for name, keep in zip(names, has_pairs, strict=True) if keep),
        sizes=paired.class_sizes,
        positive=paired.positive,
        negative=paired.negative,
        singletons_negative=counts.negative[~has_pairs].sum(axis=0),
        n_positive=of.pairs.n_positive,
        n_negative=of.pairs.n_negative,
        mean_utility=mean_over_range(curves, on_grid.thresholds),
        opis_contribution=opis_contributions(curves, on_grid.thresholds),
    )
