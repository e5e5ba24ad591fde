"""At which thresholds to look, so that a picture shows all that happens and little else."""

import numpy as np
from scipy.special import ndtr, ndtri

from opiscli.arrays import FloatArray, IntArray
from opiscli.pairs.histogram import DistanceHistogram

_FIRST_POSITIVES = 2e-3
_MOST_NEGATIVES = 0.7
_MARGIN = 0.15
_FEWEST_ERRORS = 10


def overview(
    pooled: DistanceHistogram, ends: tuple[float, float], n_thresholds: int
) -> FloatArray:
    """Spread thresholds evenly over the distances at which acceptance happens.

    From where the first positive pairs are accepted to where most negative pairs are,
    and some way past both ends of the calibration range.

    Parameters
    ----------
    ends
        The calibration range; both are among the thresholds.

    Returns
    -------
    FloatArray
        Shape ``(at most n_thresholds + 2,)``, ticks of the ruler and ``ends``, increasing.
    """
    room = _MARGIN * (ends[1] - ends[0])
    lo = min(_quantile(pooled.positive, _FIRST_POSITIVES), _tick(pooled, ends[0] - room))
    hi = max(_quantile(pooled.negative, _MOST_NEGATIVES), _tick(pooled, ends[1] + room))
    ticks = np.unique(np.linspace(lo, hi, n_thresholds).round().astype(np.int64))
    return np.union1d(pooled.ticks[ticks], ends)


def evenly_by_far(pooled: DistanceHistogram, n_thresholds: int) -> FloatArray:
    """Spread thresholds evenly over the normal deviates of FAR, as a DET curve is drawn.

    From a FAR of ten errors to one of 0.9.

    Returns
    -------
    FloatArray
        Shape ``(at most n_thresholds,)``, ticks of the ruler, increasing.
    """
    accepted = np.cumsum(pooled.negative)
    least = min(_FEWEST_ERRORS / accepted[-1], 0.1)
    levels = ndtr(np.linspace(ndtri(least), ndtri(0.9), n_thresholds))
    ticks = np.searchsorted(accepted, levels * accepted[-1])
    return pooled.ticks[np.unique(np.minimum(ticks, len(pooled.ticks) - 1))]


def _quantile(counted: IntArray, share: float) -> int:
    accepted = np.cumsum(counted)
    return int(np.searchsorted(accepted, share * accepted[-1]))


def _tick(pooled: DistanceHistogram, distance: float) -> int:
    return int(min(np.searchsorted(pooled.ticks, distance), len(pooled.ticks) - 1))
