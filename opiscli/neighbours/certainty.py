"""How close two cosine distances from a float32 product may be and still differ for certain."""

from typing import Protocol

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, FloatArray

CERTAIN = 4e-6
"""Cosine distances from a float32 product further apart than this are certainly no tie."""

_OF_OFFSETS = 2.0**-21
"""Of the size of the offsets: a sum with them in float32 is that far off at most."""


class Vectors(Protocol):
    """Items to search for or among, such as an `EmbeddingSet`."""

    @property
    def vectors(self) -> Float32Array:
        """Shape ``(n_items, dims)``."""

    @property
    def half_squares(self) -> Float32Array | None:
        """Shape ``(n_items,)``, half of each vector's squared length; ``None`` if all are 1/2."""

    @property
    def offset_values(self) -> Float32Array | None:
        """Shape ``(n_items,)``, added to each cosine distance of an item; ``None`` for zero."""


def offsets_of(items: Vectors) -> FloatArray:
    """Shape ``(n_items,)``, the offsets in float64; zeros if there are none."""
    if items.offset_values is None:
        return np.zeros(len(items.vectors))
    return items.offset_values.astype(np.float64)


def certain(
    half_squares: Float32Array | None,
    cosine_distance: AnyArray,
    own: FloatArray,
    others: FloatArray,
) -> FloatArray:
    """Difference between two cosine distances up to 1 that a float32 product can resolve.

    Parameters
    ----------
    half_squares
        Of the queries; ``None`` for vectors of length one.
    cosine_distance
        Of the query and something; whatever is nearer is not longer than both lengths together.
    own, others
        Offsets of the queries, and of all that they are compared with.
    """
    room = _OF_OFFSETS * (np.abs(own).max(initial=0) + np.abs(others).max(initial=0))
    if half_squares is None:
        return np.full(cosine_distance.shape, CERTAIN + room)
    bare = cosine_distance.astype(np.float64) - own - others.min(initial=0)
    length = np.sqrt(2 * half_squares.astype(np.float64))
    longest = length + np.sqrt(np.maximum(2 * bare, 0))
    return np.asarray(CERTAIN * (length**2 + longest**2) / 2 + room)
