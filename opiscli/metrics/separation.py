"""How far apart a single threshold can keep same-class pairs and different-class pairs."""

from dataclasses import dataclass

import numpy as np

from opiscli.counts.histogram import DistanceHistogram


@dataclass(frozen=True, slots=True)
class Separation:
    """The rates at the threshold where they differ most.

    ``difference`` is TAR minus FAR there: Youden's index, in [0, 1]; 0 means that positive pairs
    are accepted no more often than negative ones, whatever the threshold.
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
    best = int(np.argmax(tar - far))
    return Separation(float(tar[best]), float(far[best]), int(positive[-1]))
