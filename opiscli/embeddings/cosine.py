"""Conversion between distances, cosine distances and similarities.

The engine compares pairs by their cosine distance ``c = 1 - s`` in float32. That keeps
full relative precision near zero, where ``s`` itself rounds to one. A threshold is
translated once into the largest float32 ``c`` it accepts, so that *accept* means the
same pairs everywhere: ``distance <= threshold``, ties accepted.
"""

from typing import TypeAlias

import numpy as np

from opiscli.arrays import Float32Array, FloatArray
from opiscli.distance import Distance

LARGEST = 2.0
"""The largest value of either distance: two opposite unit vectors; offsets add to it."""

_Cosines: TypeAlias = FloatArray | Float32Array


def from_cosine_distance(cosine_distance: _Cosines, distance: Distance) -> FloatArray:
    """Convert ``1 - s`` into the chosen distance, in float64.

    Parameters
    ----------
    cosine_distance
        Any shape, values in ``[0, 2]``; with offsets, values beyond that.
    distance
        ``euclidean`` gives ``sqrt(2 - 2s)``, with the sign of ``1 - s``; ``cosine`` gives
        ``1 - s``.
    """
    wide = np.asarray(cosine_distance, dtype=np.float64)
    if distance is Distance.COSINE:
        return wide
    return np.asarray(np.copysign(np.sqrt(2.0 * np.abs(wide)), wide))


def to_cosine_distance(thresholds: FloatArray, distance: Distance) -> FloatArray:
    """Convert distances back into ``1 - s``."""
    wide = np.asarray(thresholds, dtype=np.float64)
    return wide if distance is Distance.COSINE else 0.5 * wide * np.abs(wide)


def to_similarity(threshold: float, distance: Distance) -> float:
    """Cosine similarity of a pair exactly at ``threshold``, in ``[-1, 1]`` without offsets.

    Of similarities that were given, it is the score.

    A pair has at least this similarity exactly when its distance is at most ``threshold``: where
    float64 would round to the wrong side of a pair, it is the similarity of that pair.
    """
    if distance is Distance.GIVEN_SIMILARITY:
        return distance.shown(threshold)
    similarity = 1.0 - float(to_cosine_distance(np.array(threshold), distance))
    return min(similarity, 1.0 - float(cutoffs(np.array([threshold]), distance)[0]))


def cutoffs(thresholds: FloatArray, distance: Distance) -> Float32Array:
    """Largest float32 cosine distance that each threshold accepts.

    For every float32 ``c``: ``c <= cutoff`` exactly when
    ``from_cosine_distance(c) <= threshold``.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances.
    """
    thresholds = np.asarray(thresholds, dtype=np.float64)
    cutoff = to_cosine_distance(thresholds, distance).astype(np.float32)
    low, high = np.float32(-np.inf), np.float32(np.inf)
    while (too_far := from_cosine_distance(cutoff, distance) > thresholds).any():
        cutoff[too_far] = np.nextafter(cutoff[too_far], low)
    above = np.nextafter(cutoff, high)
    while (short := from_cosine_distance(above, distance) <= thresholds).any():
        cutoff[short] = above[short]
        above = np.nextafter(cutoff, high)
    return cutoff
