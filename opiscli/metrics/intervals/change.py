"""Confidence intervals of the change between two evaluations of the same classes.

Both are resampled by the same `ClassBootstrap`, so what a draw of classes does to both
cancels out: the interval of the change is narrower than two intervals suggest.
"""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.metrics.intervals.quantiles import student_quantile


def difference_interval(
    change: float,
    before: FloatArray,
    after: FloatArray,
    n_classes: int,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Interval of the difference of a statistic that adds up over classes, such as R@1.

    Student's t times the spread of the resampled differences.

    Parameters
    ----------
    change
        The statistic after less the statistic before.
    before, after
        Shape ``(n_resamples,)``, the statistic in the same resamples of the same classes.

    Returns
    -------
    tuple of float
        Lower and upper bound; both ``change`` if all classes changed alike.
    """
    reach = _quantile(n_classes, confidence) * float(np.std(after - before))
    return change - reach, change + reach


def ratio_interval(
    ratio: float,
    before: FloatArray,
    after: FloatArray,
    n_classes: int,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Interval of the ratio of two squared spreads, such as OPIS and ε-OPIS.

    Student's t times the spread of the resampled ratios, on the log scale.

    Parameters
    ----------
    ratio
        The statistic after over the statistic before, more than 0.
    before, after
        Shape ``(n_resamples,)``, the statistic in the same resamples of the same classes.

    Returns
    -------
    tuple of float
        Lower and upper bound; 0 and infinity if hardly a resample has a spread.
    """
    # A resample that drew a single class has no spread to speak of.
    informative = (before > 1e-6 * before.mean()) & (after > 1e-6 * after.mean())
    if np.count_nonzero(informative) < 2:
        return 0.0, float("inf")
    logs = np.log(after[informative] / before[informative])
    factor = np.exp(min(_quantile(n_classes, confidence) * float(np.std(logs)), 700.0))
    return float(ratio / factor), float(ratio * factor)


def _quantile(n_classes: int, confidence: float) -> float:
    return float(student_quantile(n_classes - 1, (1 + confidence) / 2))
