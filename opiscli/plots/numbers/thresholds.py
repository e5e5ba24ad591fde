"""At which thresholds to look, so that a picture shows all that happens and little else."""

from dataclasses import replace

import numpy as np
from scipy.special import ndtr, ndtri

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import Counts
from opiscli.counts.pair_counts import PairCounts

_FIRST_POSITIVES = 2e-3
_MOST_NEGATIVES = 0.7
_MARGIN = 0.15
_GAP = 0.005
"""Counts thresholds further apart than this have no pair between them."""


def overview(counted: Counts, range_: tuple[float, float], n_thresholds: int) -> PairCounts:
    """Count at thresholds spread evenly over the distances at which acceptance happens.

    From where the first positive pairs are accepted to where most negative pairs are,
    and some way past both ends of the calibration range. Where no pair lies for a while
    the counts are those of the threshold before, so that curves have steps and no slopes.

    Returns
    -------
    PairCounts
        All classes at ``n_thresholds + 2`` thresholds at most, with both ends of the range.
    """
    ticks, room = counted.pooled.ticks, _MARGIN * (range_[1] - range_[0])
    first = min(ticks[_quantile(counted.pooled.positive, _FIRST_POSITIVES)], range_[0] - room)
    last = max(ticks[_quantile(counted.pooled.negative, _MOST_NEGATIVES)], range_[1] + room)
    known = counted.table.thresholds
    even = np.linspace(max(first, known[0]), min(last, known[-1]), n_thresholds)
    below = _known_below(counted, even)
    shown = np.union1d(np.where(even - below > _GAP, even, below), range_)
    return replace(counted.at(_known_below(counted, shown)), thresholds=shown)


def evenly_by_far(counted: Counts, n_thresholds: int, *, least: float, most: float) -> FloatArray:
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
    return np.unique(_known_below(counted, counted.pooled.ticks[at]))


def _known_below(counted: Counts, thresholds: FloatArray) -> FloatArray:
    """The largest counted threshold not above each of the given ones, else the first."""
    known = counted.table.thresholds
    at = np.searchsorted(known, thresholds, side="right") - 1
    return known[np.maximum(at, 0)]


def _quantile(pairs: IntArray, share: float) -> int:
    accepted = np.cumsum(pairs)
    return int(np.searchsorted(accepted, share * accepted[-1]))
