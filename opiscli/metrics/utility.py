"""The class score (utility): an F-measure of two rates of a class at a threshold."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.pair_counts import BinnedCounts, PairCounts
from opiscli.metrics.rates import true_negative_rate, true_positive_rate
from opiscli.settings.evaluation import Utility

_CLASSES_AT_ONCE = 1024
_CELLS_AT_ONCE = 1 << 18


def utility(counts: PairCounts, kind: Utility, beta: float) -> FloatArray:
    r"""Score of each class at each threshold.

    .. math:: U_i = \frac{(1+\beta^2)\, a_i\, b_i}{\beta^2 a_i + b_i}

    with a, b the specificity and sensitivity of the class, or its precision and
    recall; 0 where both are 0.

    Parameters
    ----------
    counts
        Of classes with at least two items.
    beta
        Weight of the second rate over the first, as in F-beta; 1 weighs them alike.

    Returns
    -------
    FloatArray
        Shape ``(n_classes, n_thresholds)``, in [0, 1].

    References
    ----------
    Zhang et al., "Threshold-Consistent Margin Loss for Open-World Deep Metric
    Learning", ICLR 2024, arXiv:2307.04047, where beta is 1.
    """
    first = precision(counts) if kind is Utility.PRECISION_RECALL else true_negative_rate(counts)
    return f_measure(first, true_positive_rate(counts), beta)


def class_scores(
    table: PairCounts | BinnedCounts, thresholds: FloatArray, kind: Utility, beta: float
) -> FloatArray:
    """Scores of the classes with two or more items, some classes at a time.

    The same as `utility` of all of them at once, which needs several tables of its size.

    Parameters
    ----------
    table
        Counts of all classes at more thresholds.
    thresholds
        Shape ``(n_thresholds,)``, increasing.

    Returns
    -------
    FloatArray
        Shape ``(n_classes, n_thresholds)``, in [0, 1].
    """
    paired = np.flatnonzero(table.has_positives)
    scores = np.empty((len(paired), len(thresholds)))
    for start in range(0, len(paired), _CLASSES_AT_ONCE):
        some = slice(start, start + _CLASSES_AT_ONCE)
        scores[some] = utility(table.of_classes(paired[some]).at(thresholds), kind, beta)
    return scores


def precision(counts: PairCounts) -> FloatArray:
    """Share of each class's accepted pairs that are positive; 0 where none is accepted."""
    accepted = counts.positive + counts.negative
    share: FloatArray = np.zeros(accepted.shape)
    np.divide(counts.positive, accepted, out=share, where=accepted > 0)
    return share


def f_measure(first: FloatArray, second: FloatArray, beta: float) -> FloatArray:
    """Weighted harmonic mean of two rates, 0 where both are 0."""
    score: FloatArray = np.zeros(first.shape)
    below = beta**2 * first + second
    np.divide((1 + beta**2) * first * second, below, out=score, where=below > 0)
    return score


def mean_utility(table: BinnedCounts, kind: Utility, beta: float) -> FloatArray:
    """Mean score of the classes with two or more items, at every threshold of a table.

    Returns
    -------
    FloatArray
        Shape ``(n_thresholds,)``, in [0, 1].
    """
    total = np.zeros(len(table.thresholds))
    paired = np.flatnonzero(table.has_positives)
    at_once = max(1, _CELLS_AT_ONCE // len(total))
    for start in range(0, len(paired), at_once):
        some = table.of_classes(paired[start : start + at_once])
        total += utility(some.at(some.thresholds), kind, beta).sum(axis=0)
    return total / len(paired)
