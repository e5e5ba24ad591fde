"""Both error rates of every class at one threshold, and by which of them a class is worst."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import CountedSet
from opiscli.errors import UndefinedMetric
from opiscli.metrics.rates import false_accept_rate, false_reject_rate, pooled_far, pooled_frr
from opiscli.results import ReportWarning
from opiscli.thresholds.at_rate import threshold_at_far, unattainable


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassErrors:
    """Error rates at one threshold.

    Parameters
    ----------
    names, sizes, far, frr
        Of each class with two items or more; ``sizes`` are in ``size_unit``.
    pooled_far, pooled_frr
        Over all pairs of the set.
    warnings
        What a reader must know of the threshold.
    """

    source: str
    distance: str
    threshold: float
    names: tuple[str, ...]
    sizes: IntArray
    far: FloatArray
    frr: FloatArray
    pooled_far: float
    pooled_frr: float
    warnings: tuple[ReportWarning, ...] = ()
    size_unit: str = "items"

    @property
    def far_order(self) -> IntArray:
        """Place of each class by FAR, 0 for the highest; of equal ones the largest class first."""
        return self._order(self.far)

    @property
    def frr_order(self) -> IntArray:
        """The same by FRR."""
        return self._order(self.frr)

    def worst_first(self) -> list[str]:
        """All labels: the highest FRR, the highest FAR, the second highest FRR and so on."""
        n = len(self.names)
        # A class without errors is worst by nothing.
        by_frr = np.where(self.frr > 0, self.frr_order, n)
        by_far = np.where(self.far > 0, self.far_order, n)
        order = np.lexsort((by_far < by_frr, np.minimum(by_far, by_frr)))
        return [self.names[i] for i in order]

    def _order(self, rates: FloatArray) -> IntArray:
        places = np.empty(len(rates), dtype=np.int64)
        places[np.lexsort((-self.sizes, -rates))] = np.arange(len(rates))
        return places


def class_errors(name: str, run: CountedSet, threshold: float) -> ClassErrors:
    """Take the rates at a threshold, or at the next larger one at which pairs were counted."""
    counted = run.counted
    counts = counted.at_or_above(threshold)
    has_pairs = counts.has_positives
    if not counts.has_classes or not has_pairs.any():
        raise UndefinedMetric(
            f"{name} has no classes with both kinds of pairs, so there are no rates of classes to"
            " draw",
            hint="Name the identities of both items (--a-column, --b-column) or a --class-column;"
            " plot-det and plot-distances need no classes.",
        )
    paired, is_listed = counts.of_classes(has_pairs), run.settings.unit is not None
    return ClassErrors(
        source=name,
        distance=run.settings.distance,
        threshold=run.settings.distance.shown(float(counts.thresholds[0])),
        names=tuple(name for name, keep in zip(counted.names, has_pairs, strict=True) if keep),
        sizes=paired.positive_pairs if is_listed else paired.class_sizes,
        size_unit="same-class pairs" if is_listed else "items",
        far=false_accept_rate(paired)[:, 0],
        frr=false_reject_rate(paired)[:, 0],
        pooled_far=float(pooled_far(counts)[0]),
        pooled_frr=float(pooled_frr(counts)[0]),
    )


def threshold_at(run: CountedSet, far: float) -> float:
    """Largest threshold whose pooled FAR is at most ``far``.

    Raises
    ------
    UndefinedMetric
        If no threshold accepts any negative pair without exceeding it.
    """
    threshold = threshold_at_far(run.counted.pooled, far)
    if threshold is None:
        raise UndefinedMetric(
            unattainable(far, run.counted.pooled),
            hint="Give a larger --far, or the threshold itself with --threshold.",
        )
    return threshold
