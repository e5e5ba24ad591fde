"""How far apart a single threshold can keep same-class pairs and different-class pairs."""

from dataclasses import dataclass

import numpy as np

from opiscli.counts.histogram import DistanceHistogram


@dataclass(frozen=True, slots=True)
class Separation:
    """The rates at the threshold where they differ most.

    ``difference`` is TAR minus FAR there, Youden's index: 1 if a threshold separates them all, 0
    or less if positive pairs are accepted no more often than negative ones.
    """

    tar: float
    far: float
    n_positive: int

    @property
    def difference(self) -> float:
        """TAR minus FAR."""
        return self.tar - self.far


def separation(pooled: DistanceHistogram) -> Separation:
    r"""Largest difference of pooled TAR and FAR over all thresholds that were counted.

    .. math:: \max_t \; \mathrm{TAR}(t) - \mathrm{FAR}(t)

    References
    ----------
    Youden, "Index for rating diagnostic tests", Cancer 3 (1950).
    """
    positive, negative = pooled.accepted
    tar, far = positive / positive[-1], negative / negative[-1]
    # A threshold that accepts everything separates nothing, so it is named only where it is alone.
    some = np.flatnonzero(far < 1)
    best = int(some[np.argmax((tar - far)[some])]) if len(some) else 0
    return Separation(float(tar[best]), float(far[best]), int(positive[-1]))
