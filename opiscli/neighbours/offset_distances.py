"""Distances of pairs of a set in float64, offsets included."""

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.neighbours.exact import exact_distances


def offset_distances(items: EmbeddingSet, first: IntArray, second: IntArray) -> FloatArray:
    """Euclidean distances of pairs, of the sign of 1 minus the score where there are offsets."""
    bare = exact_distances(items.vectors, first, items.vectors, second)
    offsets = items.offset_values
    if offsets is None:
        return bare
    added = offsets[first].astype(np.float64) + offsets[second]
    return from_cosine_distance(0.5 * bare**2 + added, Distance.EUCLIDEAN)
