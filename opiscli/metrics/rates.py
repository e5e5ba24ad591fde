"""Acceptance and rejection rates, per class and over the whole set."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.pair_counts import PairCounts


def true_positive_rate(counts: PairCounts) -> FloatArray:
    r"""Accepted share of each class's positive pairs, its sensitivity.

    .. math:: \mathrm{TPR}_i(t) = P_i(t) \,/\, \tfrac12 n_i (n_i - 1)

    Parameters
    ----------
    counts
        Of classes with at least two items.

    Returns
    -------
    FloatArray
        Shape ``(n_classes, n_thresholds)``, in [0, 1].
    """
    return counts.positive / counts.positive_pairs[:, None]


def false_accept_rate(counts: PairCounts) -> FloatArray:
    r"""Accepted share of the negative pairs with one end in each class.

    .. math:: \mathrm{FAR}_i(t) = F_i(t) \,/\, n_i (N - n_i)

    Returns
    -------
    FloatArray
        Shape ``(n_classes, n_thresholds)``, in [0, 1]; 0 for a class without negative pairs.
    """
    return counts.negative / np.maximum(counts.negative_pairs, 1)[:, None]


def true_negative_rate(counts: PairCounts) -> FloatArray:
    """Rejected share of the negative pairs with one end in each class, its specificity."""
    pairs = counts.negative_pairs[:, None]
    return (pairs - counts.negative) / pairs


def false_reject_rate(counts: PairCounts) -> FloatArray:
    """Rejected share of each class's positive pairs, for classes with at least two items."""
    pairs = counts.positive_pairs[:, None]
    return (pairs - counts.positive) / pairs


def pooled_far(counts: PairCounts) -> FloatArray:
    """Accepted share of all negative pairs, shape ``(n_thresholds,)``; needs all classes."""
    return np.asarray(counts.accepted_negative / counts.n_negative)


def pooled_frr(counts: PairCounts) -> FloatArray:
    """Rejected share of all positive pairs; shape ``(n_thresholds,)``."""
    n = counts.n_positive
    return np.asarray((n - counts.accepted_positive) / n)
