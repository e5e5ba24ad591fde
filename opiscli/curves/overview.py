"""At which thresholds to look, so that a picture shows all that happens and little else."""

import numpy as np
from scipy.special import ndtr, ndtri

from opiscli.arrays import FloatArray, IntArray
from opiscli.counted import Counted

_FIRST_POSITIVES = 2e-3
_MOST_NEGATIVES = 0.7
_MARGIN = 0.15


def overview(counted: Counted, range_: tuple[float, float], n_thresholds: int) -> FloatArray:
    """Spread thresholds evenly over the distances at which acceptance happens.

    From where the first positive pairs are accepted to where most negative pairs are,
    and some way past both ends of the calibration range.

    Returns
    -------
    FloatArray
        Shape ``(at most n_thresholds + 2,)``, increasing, with both ends of the range.
    """
    ticks, room = counted.pooled.ticks, _MARGIN * (range_[1] - range_[0])
    first = ticks[_quantile(counted.pooled.positive, _FIRST_POSITIVES)]
    last = ticks[_quantile(counted.pooled.negative, _MOST_NEGATIVES)]
    even = np.linspace(min(first, range_[0] - room), max(last, range_[1] + room), n_thresholds)
    return np.union1d(known(counted, even), range_)


def evenly_by_far(counted: Counted, n_thresholds: int, *, least: float, most: float) -> FloatArray:
    """Spread thresholds evenly over the normal deviates of FAR, as a DET curve is drawn.

    Parameters
    ----------
    least, most
        The first and the last FAR, in (0, 1), as nearly as they are attained.

    Returns
    -------
    FloatArray
        Shape ``(at most n_thresholds,)``, increasing.
    """
    accepted = np.cumsum(counted.pooled.negative)
    rates = ndtr(np.linspace(ndtri(least), ndtri(most), n_thresholds))
    at = np.searchsorted(accepted, rates * accepted[-1])
    return known(counted, counted.pooled.ticks[at])


def known(counted: Counted, thresholds: FloatArray) -> FloatArray:
    """The largest counted threshold not above each of the given ones, each once."""
    all_known = counted.table.thresholds
    at = np.searchsorted(all_known, thresholds, side="right") - 1
    return np.unique(all_known[np.maximum(at, 0)])


def _quantile(pairs: IntArray, share: float) -> int:
    accepted = np.cumsum(pairs)
    return int(np.searchsorted(accepted, share * accepted[-1]))
