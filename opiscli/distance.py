"""How a distance, a cosine distance and a similarity translate into one another.

The engine compares pairs by their cosine distance ``c = 1 - s`` in float32. That keeps
full relative precision near zero, where ``s`` itself rounds to one. A threshold is
translated once into the largest float32 ``c`` it accepts, so that *accept* means the
same pairs everywhere: ``distance <= threshold``, ties accepted.
"""

from typing import TypeAlias

import numpy as np

from opiscli.arrays import Float32Array, FloatArray
from opiscli.settings.evaluation import Distance

LARGEST = 2.0
"""The largest value of either distance: two opposite unit vectors."""

_Cosines: TypeAlias = FloatArray | Float32Array


def from_cosine_distance(cosine_distance: _Cosines, distance: Distance) -> FloatArray:
    """Translate ``1 - s`` into the chosen distance, in float64.

    Parameters
    ----------
    cosine_distance
        Any shape, values in ``[0, 2]``; rounding past either end is clipped.
    distance
        ``euclidean`` gives ``sqrt(2 - 2s)``, ``cosine`` gives ``1 - s``.
    """
    clipped = np.clip(cosine_distance.astype(np.float64), 0.0, LARGEST)
    if distance is Distance.COSINE:
        return clipped
    return np.asarray(np.sqrt(2.0 * clipped, out=clipped))


def to_similarity(threshold: float, distance: Distance) -> float:
    """Cosine similarity, in ``[-1, 1]``, of a pair exactly at ``threshold``."""
    return 1.0 - float(_to_cosine_distance(np.array(threshold), distance))


def cutoffs(thresholds: FloatArray, distance: Distance) -> Float32Array:
    """Largest float32 cosine distance that each threshold accepts.

    For every float32 ``c``: ``c <= cutoff`` exactly when
    ``from_cosine_distance(c) <= threshold``.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances in ``[0, 2]``.
    """
    thresholds = np.asarray(thresholds, dtype=np.float64)
    cutoff = np.clip(_to_cosine_distance(thresholds, distance), 0.0, LARGEST).astype(np.float32)

    too_far = from_cosine_distance(cutoff, distance) > thresholds
    while too_far.any():
        cutoff[too_far] = np.nextafter(cutoff[too_far], np.float32(-1))
        too_far = from_cosine_distance(cutoff, distance) > thresholds

    above = np.nextafter(cutoff, np.float32(3))
    short = (from_cosine_distance(above, distance) <= thresholds) & (cutoff < LARGEST)
    while short.any():
        cutoff[short] = above[short]
        above = np.nextafter(cutoff, np.float32(3))
        short = (from_cosine_distance(above, distance) <= thresholds) & (cutoff < LARGEST)
    return cutoff


def _to_cosine_distance(thresholds: FloatArray, distance: Distance) -> FloatArray:
    return thresholds if distance is Distance.COSINE else 0.5 * thresholds * thresholds
