"""How good the class scores are on average."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.metrics.opis import mean_over_range


def measure(scores: FloatArray, thresholds: FloatArray, weights: FloatArray) -> FloatArray:
    r"""Mean class score over the calibration range, in [0, 1]; all classes have equal weight.

    .. math:: \frac{1}{C\,(d_\max - d_\min)} \sum_i \int_{d_\min}^{d_\max} U_i(t) \, dt

    Parameters
    ----------
    scores
        Shape ``(n_classes, n_thresholds)``.
    thresholds
        Shape ``(n_thresholds,)``, increasing.
    weights
        Shape ``(n_resamples, n_classes)``: how often each class counts.

    Returns
    -------
    FloatArray
        Shape ``(n_resamples,)``.
    """
    return np.asarray(weights @ mean_over_range(scores, thresholds) / weights.sum(axis=1))
