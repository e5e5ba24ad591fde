"""Who pays for the single threshold: both error rates of every class at it."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counted import Counted
from opiscli.curves.naming import short_name
from opiscli.metrics.rates import false_accept_rate, false_reject_rate, pooled_far, pooled_frr
from opiscli.results import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassErrors:
    """Error rates at one threshold.

    Parameters
    ----------
    names, sizes, far, frr
        Of each class with two items or more.
    pooled_far, pooled_frr
        Over all pairs of the set.
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

    def worst(self, n: int) -> list[int]:
        """Positions of the ``n`` classes with the largest sum of both rates, largest first."""
        order = np.argsort(-(self.far + self.frr), kind="stable")
        return [int(position) for position in order[:n]]


def class_errors(counted: Counted, of: Evaluation, threshold: float) -> ClassErrors:
    """Take the rates at a threshold, or at the next larger one at which pairs were counted."""
    counts = counted.at(np.array([counted.nearest_above(threshold)]))
    has_pairs = counts.class_sizes > 1
    paired = counts.of_classes(has_pairs)
    return ClassErrors(
        source=short_name(of),
        distance=of.distance,
        threshold=float(counts.thresholds[0]),
        names=tuple(name for name, keep in zip(counted.names, has_pairs, strict=True) if keep),
        sizes=paired.class_sizes,
        far=false_accept_rate(paired)[:, 0],
        frr=false_reject_rate(paired)[:, 0],
        pooled_far=float(pooled_far(counts)[0]),
        pooled_frr=float(pooled_frr(counts)[0]),
    )
