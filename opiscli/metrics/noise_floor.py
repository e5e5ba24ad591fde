"""The noise floor: the part of OPIS that is sampling noise because classes have few items."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.pair_counts import SpreadCounts
from opiscli.metrics.opis import mean_over_range
from opiscli.metrics.rates import true_negative_rate, true_positive_rate

FEWEST_ITEMS = 4
"""A class needs two pairs without a common item before its own noise can be estimated."""


def noise_floor(counts: SpreadCounts, beta: float, ends: tuple[float, float]) -> float:
    """Expected OPIS of identical classes with the same numbers of items.

    The mean over classes of `utility_variance`, averaged over the calibration range,
    times (C - 1) / C because OPIS measures deviations from the classes' own mean.

    Parameters
    ----------
    counts
        Of at least one class, each with at least four items, at thresholds that enclose
        the calibration range.
    ends
        The calibration range.
    """
    inside = counts.thresholds[(counts.thresholds > ends[0]) & (counts.thresholds < ends[1])]
    thresholds = np.concatenate([ends[:1], inside, ends[1:]])
    return float(mean_over_range(noise_curve(counts, beta, thresholds), thresholds))


def noise_curve(counts: SpreadCounts, beta: float, thresholds: FloatArray) -> FloatArray:
    """Expected variance of the scores of identical classes, at each threshold.

    Parameters
    ----------
    counts
        As in `noise_floor`.
    thresholds
        Shape ``(n_thresholds,)``, inside those of the counts; linear between them.

    Returns
    -------
    FloatArray
        Shape ``(n_thresholds,)``.
    """
    n_classes = len(counts.class_sizes)
    curve = utility_variance(counts, beta).mean(axis=0) * (n_classes - 1) / n_classes
    return np.asarray(np.interp(thresholds, counts.thresholds, curve))


def utility_variance(counts: SpreadCounts, beta: float) -> FloatArray:
    r"""Estimate the sampling variance of the score of each class at each threshold.

    First order in the two rates, with b for beta squared and D = b TNR + TPR:

    .. math::
        \mathrm{Var}\,U = U_P^2 \mathrm{Var\,TPR} + U_N^2 \mathrm{Var\,FAR}
            + 2 U_P U_N \mathrm{Cov(TPR, TNR)} \qquad
        U_P = \frac{(1+b)\, b\, \mathrm{TNR}^2}{D^2}, \quad
        U_N = \frac{(1+b)\, \mathrm{TPR}^2}{D^2}

    Items are the independent draws, pairs are not. Without bias, and so possibly
    negative for a single class.

    Parameters
    ----------
    counts
        Of classes with at least four items.

    Returns
    -------
    FloatArray
        Shape ``(n_classes, n_thresholds)``.
    """
    tpr, tnr = true_positive_rate(counts), true_negative_rate(counts)
    b = beta**2
    squared = (b * tnr + tpr) ** 2
    per_squared = np.divide(1 + b, squared, out=np.zeros(squared.shape), where=squared > 0)
    by_tpr = per_squared * b * tnr**2
    by_tnr = per_squared * tpr**2
    return (
        by_tpr**2 * tpr_variance(counts, tpr)
        + by_tnr**2 * far_variance(counts)
        + 2 * by_tpr * by_tnr * _rate_covariance(counts)
    )


def tpr_variance(counts: SpreadCounts, tpr: FloatArray) -> FloatArray:
    """TPR² minus its unbiased estimate from pairs of accepted pairs without a common item."""
    n = counts.class_sizes[:, None].astype(np.float64)
    accepted = counts.positive.astype(np.float64)
    disjoint = accepted**2 - accepted - counts.positive_adjacent
    return np.asarray(tpr**2 - disjoint / (n * (n - 1) * (n - 2) * (n - 3) / 4))


def far_variance(counts: SpreadCounts) -> FloatArray:
    """Sample variance of the false-accept rates per item, divided by n."""
    n = counts.class_sizes[:, None].astype(np.float64)
    others = counts.negative_pairs[:, None] / n
    spread = (counts.negative_squares - counts.negative**2 / n) / (n - 1)
    return np.asarray(spread / others**2 / n)


def _rate_covariance(counts: SpreadCounts) -> FloatArray:
    """Covariance of TPR and TNR: items with many accepted negatives often accept more positives."""
    n = counts.class_sizes[:, None].astype(np.float64)
    others = counts.negative_pairs[:, None] / n
    # Every accepted positive pair is seen from both its items: the sum of p_a is 2P.
    together = counts.cross_products - 2.0 * counts.positive * counts.negative / n
    return np.asarray(-2 / n * together / (n - 1) / ((n - 1) * others))
