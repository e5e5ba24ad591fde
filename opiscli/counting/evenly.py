"""Selects values that are evenly spread, of those that there are."""

import numpy as np

from opiscli.arrays import FloatArray


def some(values: FloatArray, most: int) -> FloatArray:
    """At most ``most`` of some values, from the first to the last."""
    if not len(values):
        return values
    return values[np.unique(np.linspace(0, len(values) - 1, most).astype(np.int64))]


def evenly(among: FloatArray, lo: float, hi: float, most: int) -> FloatArray:
    """Select at most ``n`` thresholds, evenly spread from ``lo`` to ``hi``."""
    among = np.unique(among)
    return np.unique(nearest(among, np.linspace(lo, hi, most)))


def nearest(among: FloatArray, thresholds: FloatArray) -> FloatArray:
    """For each value, the nearest of some increasing thresholds."""
    above = np.clip(np.searchsorted(among, thresholds), 1, max(len(among) - 1, 1))
    above = np.minimum(above, len(among) - 1)
    below = np.maximum(above - 1, 0)
    closer = thresholds - among[below] < among[above] - thresholds
    return np.asarray(np.where(closer, among[below], among[above]))
