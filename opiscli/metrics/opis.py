"""OPIS and ε-OPIS: how much class scores differ at one threshold.

Zhang et al., "Threshold-Consistent Margin Loss for Open-World Deep Metric Learning",
ICLR 2024, arXiv:2307.04047.
"""

import math

import numpy as np

from opiscli.arrays import FloatArray

LARGEST_OPIS = 0.25
"""Half of the classes at utility 0, half at 1."""

LARGEST_EPSILON_OPIS = 1.0
"""The worst classes at utility 0, the rest at 1."""


def mean_over_range(curve: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Integral of curves over the calibration range, divided by its width.

    Parameters
    ----------
    curve
        Shape ``(..., n_thresholds)``.
    thresholds
        Shape ``(n_thresholds,)``, increasing. Trapezoidal rule.
    """
    width = thresholds[-1] - thresholds[0]
    return np.asarray(np.trapezoid(curve, thresholds, axis=-1) / width)


def opis_contributions(utility: FloatArray, thresholds: FloatArray) -> FloatArray:
    r"""Contribution of each class to OPIS; the contributions sum to OPIS.

    .. math::
        \frac{1}{C\,(d_\max - d_\min)} \int_{d_\min}^{d_\max} (U_i(t) - \bar U(t))^2 \, dt

    Parameters
    ----------
    utility
        Shape ``(n_classes, n_thresholds)``.
    thresholds
        Shape ``(n_thresholds,)``, increasing.

    Returns
    -------
    FloatArray
        Shape ``(n_classes,)``.
    """
    deviation = utility - utility.mean(axis=0)
    return mean_over_range(deviation**2, thresholds) / len(utility)


def opis(utility: FloatArray, thresholds: FloatArray) -> float:
    """Operating-point inconsistency score: variance of class scores, in [0, 0.25].

    The population variance, averaged over the calibration range; every class counts once.
    """
    return float(opis_contributions(utility, thresholds).sum())


def share_below_mean(utility: FloatArray, thresholds: FloatArray) -> float | None:
    r"""Share of OPIS that comes from class scores below the mean, in [0, 1].

    .. math::
        \int \sum_{i: U_i(t) < \bar U(t)} (U_i(t) - \bar U(t))^2 \, dt
        \;\Big/\; \int \sum_i (U_i(t) - \bar U(t))^2 \, dt

    Returns
    -------
    float or None
        ``None`` where OPIS is 0.
    """
    deviation = utility - utility.mean(axis=0)
    below, total = (
        float(mean_over_range((part**2).sum(axis=0), thresholds))
        for part in (np.minimum(deviation, 0.0), deviation)
    )
    return below / total if total > 0 else None


def n_worst(epsilon: float, n_classes: int) -> int:
    """Number of worst classes: the smallest whole number not below ``epsilon * n``."""
    # 0.07 * 100 is a little more than 7 in binary; that is not an eighth class.
    return math.ceil(round(epsilon * n_classes, 9))


def epsilon_opis(utility: FloatArray, thresholds: FloatArray, epsilon: float) -> float | None:
    r"""Squared gap between the worst classes and the rest, averaged over the range, in [0, 1].

    .. math::
        \frac{1}{d_\max - d_\min}
        \int (\bar U_\text{worst}(t) - \bar U_\text{rest}(t))^2 \, dt

    with the worst :math:`\lceil \varepsilon C \rceil` classes chosen anew at each threshold.

    Returns
    -------
    float or None
        ``None`` when the worst classes are all classes.
    """
    gap = worst_gap(utility, epsilon)
    return None if gap is None else float(mean_over_range(gap**2, thresholds))


def worst_gap(utility: FloatArray, epsilon: float) -> FloatArray | None:
    """Gap between the mean scores of the worst classes and the others at each threshold.

    Returns
    -------
    FloatArray or None
        Shape ``(n_thresholds,)``, at least 0; ``None`` when the worst classes are all classes.
    """
    worst = n_worst(epsilon, len(utility))
    if worst >= len(utility):
        return None
    ascending = np.sort(utility, axis=0)
    return np.asarray(ascending[worst:].mean(axis=0) - ascending[:worst].mean(axis=0))


def corrected_epsilon_opis(
    utility: FloatArray, thresholds: FloatArray, epsilon: float, noise: FloatArray
) -> float | None:
    r"""Estimate ε-OPIS without sampling noise, as if classes had many more items.

    .. math::
        \frac{1}{d_\max - d_\min} \int (\bar U_\text{worst} - \bar U_\text{rest})^2
        \left(1 - \frac{\text{noise}(t)}{\mathrm{Var}_i\, U_i(t)}\right) dt

    Noise makes the worst classes look worse than they are. If true scores and noise have about
    the same shape, the gap shrinks as the standard deviation does. May be slightly negative.

    Parameters
    ----------
    noise
        Shape ``(n_thresholds,)``, variance of the scores by chance (`noise_curve`).

    Returns
    -------
    float or None
        ``None`` when the worst classes are all classes.
    """
    gap = worst_gap(utility, epsilon)
    if gap is None:
        return None
    variance = utility.var(axis=0)
    by_chance = np.divide(noise, variance, out=np.ones(len(variance)), where=variance > 0)
    return float(mean_over_range(gap**2 * (1 - by_chance), thresholds))
