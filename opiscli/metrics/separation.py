"""How far apart a single threshold can keep same-class pairs and different-class pairs."""

from dataclasses import dataclass

import numpy as np

from opiscli.counts.histogram import DistanceHistogram

_USUAL_FAR = 0.1


@dataclass(frozen=True, slots=True)
class Separation:
    """How much more often positive pairs are accepted than negative ones.

    Parameters
    ----------
    difference
        Largest TAR minus FAR over all thresholds but those that accept everything, Youden's index:
        1 if a threshold separates all pairs, 0 or less if positive pairs are accepted no more
        often than negative ones.
    tar, far
        Rates at the largest threshold with a FAR of at most 0.1, or, if there is none, at the one
        of the largest difference.
    n_positive
        Positive pairs.
    """

    difference: float
    tar: float
    far: float
    n_positive: int


def separation(pooled: DistanceHistogram) -> Separation:
    r"""Largest difference of pooled TAR and FAR over all thresholds that were counted.

    .. math:: \max_t \; \mathrm{TAR}(t) - \mathrm{FAR}(t)

    References
    ----------
    Youden, "Index for rating diagnostic tests", Cancer 3 (1950).
    """
    positive, negative = pooled.accepted
    tar, far = positive / positive[-1], negative / negative[-1]
    some = np.flatnonzero(far < 1)
    best = int(some[np.argmax((tar - far)[some])]) if len(some) else 0
    usual = np.flatnonzero((far > 0) & (far <= _USUAL_FAR))
    shown = int(usual[-1]) if len(usual) else best
    return Separation(
        float(tar[best] - far[best]), float(tar[shown]), float(far[shown]), int(positive[-1])
    )
