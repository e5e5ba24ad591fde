"""How large the share of all classes may be that exceed a rate, from the classes that were seen."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.rates import false_accept_rate

_STEP = 1.25
"""The factor by which rates are moved to see how the share of classes above a rate changes."""

_ROUNDING = 1e-9
"""Three errors in ten pairs are not above a rate of 0.3, whatever float64 makes of it."""


@dataclass(frozen=True, slots=True)
class ShareOfClasses:
    """Share of classes whose own rate is above a limit, at every threshold.

    Parameters
    ----------
    share
        Shape ``(n_thresholds,)``, in [0, 1].
    effective
        Same shape, the number of independent classes that would tell as much; at most the number
        of classes.
    """

    share: FloatArray
    effective: FloatArray

    def upper_bound(self, confidence: float) -> FloatArray:
        """One-sided upper bound of the share of all classes, at each threshold.

        References
        ----------
        Clopper and Pearson, Biometrika 26 (1934), with an effective number of classes as in Korn
        and Graubard, "Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data", Survey Methodology 24 (1998).
        """
        # Imported here: SciPy takes long to import, and few calibrations need it.
        from scipy.special import betaincinv

        failing = self.share * self.effective
        left = np.maximum(self.effective - failing, 1e-9)
        return np.where(self.share < 1, betaincinv(failing + 1, left, confidence), 1.0)


def classes_above_far(counts: PairCounts, limit: float) -> ShareOfClasses:
    """Share of classes with two items or more whose own FAR is above a limit.

    These classes are not independent: all are compared with each other, so with other classes
    seen, the FAR of all of them would have been higher or lower together. The variance of the
    share is therefore that of a delete-one-class jackknife to first order. A class adds its own
    place above or below the limit, and what its pairs add to the FAR of the others: if its FAR is
    twice the mean, theirs would fall by a part of ``1 / n_classes`` without it, and the
    share with them, as fast as it does if all rates are moved a little.
    """
    far, paired = false_accept_rate(counts), counts.has_positives
    own, most = far[paired], most_errors(counts.negative_pairs[paired], limit)
    above = counts.negative[paired] > most[:, None]
    share: FloatArray = above.mean(axis=0)
    lower, higher = ((own > limit * factor).mean(axis=0) for factor in (1 / _STEP, _STEP))
    slope = (lower - higher) / (2 * np.log(_STEP))
    # Of listed pairs, items are not known: a class then counts by its pairs.
    sizes = counts.class_sizes if counts.class_sizes.any() else counts.negative_pairs
    weights = sizes / sizes.sum()
    mean = weights @ far
    relative = np.divide(far, mean, out=np.ones_like(far), where=mean > 0) - 1
    influence = slope * len(far) * weights[:, None] * relative
    influence[paired] += (above - share) * (len(far) / len(own))
    variance = (influence**2).sum(axis=0) / len(far) ** 2
    independent = share * (1 - share) / len(own)
    ratio = np.divide(independent, variance, out=np.ones_like(share), where=variance > independent)
    return ShareOfClasses(share, len(own) * np.where(independent > 0, ratio, 1.0))


def classes_above_frr(counts: PairCounts, limit: float) -> ShareOfClasses:
    """Share of classes with two items or more whose own FRR is above a limit: independent ones."""
    paired = counts.of_classes(counts.has_positives)
    rejected = paired.positive_pairs[:, None] - paired.positive
    share: FloatArray = (rejected > most_errors(paired.positive_pairs, limit)[:, None]).mean(axis=0)
    return ShareOfClasses(share, np.full(share.shape, float(len(paired.class_sizes))))


def most_errors(pairs: IntArray, limit: float) -> IntArray:
    """Largest number of pairs whose share of ``pairs`` is not above a limit."""
    return np.asarray(np.floor(limit * pairs + _ROUNDING), dtype=np.int64)
