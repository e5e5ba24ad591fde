"""How far the shares of pairs that two models accept differ by the choice of items."""

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.effective_classes import effective_classes
from opiscli.metrics.intervals.quantiles import expit, logit, student_quantile


def share_bounds(old: PairCounts, new: PairCounts, confidence: float = 0.95) -> tuple[float, float]:
    r"""Bounds of the share of pairs that a new model may have to accept.

    The threshold of the new model is chosen so that on the items at hand it accepts the share F of
    pairs that the old one accepts. On all items of this kind the two shares differ by chance: let L
    be the logit of the new share minus that of the old one, and s the standard error of L, by the
    jackknife that leaves out one item at a time, with all its pairs under both models. Thresholds
    whose share is within

    .. math:: \mathrm{logit}(F) \pm t\,s

    are those at which L is not significantly different from 0. Mapped through the distribution of
    distances, they are a confidence interval of a quantile (Woodruff's).

    Parameters
    ----------
    old, new
        Of the same items in the same order, each a class of its own, at one threshold each.

    Returns
    -------
    tuple of float
        Lower and upper bound, in (0, 1).

    References
    ----------
    Woodruff, "Confidence intervals for medians and other position measures", Journal of the
    American Statistical Association 47 (1952).
    Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9 (1981).
    """
    change = _logits_without_each(new) - _logits_without_each(old)
    reach = _reach(change, confidence)
    centre = logit(new.accepted_negative[0] / new.n_negative)
    return float(expit(centre - reach)), float(expit(centre + reach))


def _logits_without_each(counts: PairCounts) -> FloatArray:
    """Logit of the accepted share without each item; half a pair keeps it finite."""
    k, n = counts.accepted_negative[0], counts.n_negative
    accepted: IntArray = k - counts.negative[:, 0]
    left = n - counts.negative_pairs
    return np.asarray(np.log((accepted + 0.5) / (left - accepted + 0.5)))


def rate_change_interval(
    old: tuple[IntArray, IntArray],
    new: tuple[IntArray, IntArray],
    ends: int,
    confidence: float = 0.95,
) -> tuple[float, float] | None:
    """Interval of the change of a rate over pairs, for new classes of the same kind.

    The jackknife that leaves out one class at a time, with all its pairs under both models.

    Parameters
    ----------
    old, new
        Errors and pairs of each class, both of shape ``(n_classes,)``, pairs at least 1.
    ends
        Classes a pair is part of: 2 if it is negative, 1 if it is positive.

    Returns
    -------
    tuple of float or None
        ``None`` if without some class no pair is left.
    """
    changes, without = [], []
    for errors, pairs in (old, new):
        k, n = int(errors.sum()) // ends, int(pairs.sum()) // ends
        if len(pairs) < 3 or np.any(pairs >= n):
            return None
        changes.append(k / n)
        without.append((k - errors) / (n - pairs))
    value = changes[1] - changes[0]
    reach = _reach(without[1] - without[0], confidence)
    return value - reach, value + reach


def _reach(without: FloatArray, confidence: float) -> float:
    """Half the width of an interval, from the values without each item or class."""
    m, squares = len(without), (without - without.mean()) ** 2
    if squares.max() == 0:
        return 0.0
    error = float(np.sqrt((m - 1) / m * squares.sum()))
    degrees = float(effective_classes(squares)) + 1
    return float(student_quantile(degrees, (1 + confidence) / 2)) * error
