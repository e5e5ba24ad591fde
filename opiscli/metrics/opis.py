"""OPIS and ε-OPIS: how much class scores differ at one threshold.

Zhang et al., "Threshold-Consistent Margin Loss for Open-World Deep Metric Learning",
ICLR 2024, arXiv:2307.04047.
"""

import math
from collections.abc import Iterator

import numpy as np

from opiscli.arrays import FloatArray

_CLASSES_AT_ONCE = 1024

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
    return np.asarray(curve @ _weights(thresholds))


def _weights(thresholds: FloatArray) -> FloatArray:
    """Weights of the trapezoidal rule over the range, which add up to 1."""
    steps = np.diff(thresholds)
    return np.asarray((np.append(steps, 0.0) + np.append(0.0, steps)) / (2 * steps.sum()))


def _few_classes(utility: FloatArray) -> Iterator[slice]:
    """Slices of so few classes that a copy of their scores is small."""
    for start in range(0, len(utility), _CLASSES_AT_ONCE):
        yield slice(start, start + _CLASSES_AT_ONCE)


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
    weights, mean = _weights(thresholds), utility.mean(axis=0)
    contributions = np.empty(len(utility))
    for some in _few_classes(utility):
        contributions[some] = (utility[some] - mean) ** 2 @ weights
    return contributions / len(utility)


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
    mean = utility.mean(axis=0)
    squares = np.zeros((2, len(thresholds)))
    for some in _few_classes(utility):
        deviation = utility[some] - mean
        squares += [(np.minimum(deviation, 0.0) ** 2).sum(axis=0), (deviation**2).sum(axis=0)]
    below, total = mean_over_range(squares, thresholds).tolist()
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
    gap = np.empty(utility.shape[1])
    for at in range(len(gap)):
        # Sorted, so that the order of classes does not show in the last digit.
        ascending = np.sort(utility[:, at])
        gap[at] = ascending[worst:].mean() - ascending[:worst].mean()
    return gap


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
