"""Finds exactly equal vectors by a hash of each."""

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.embeddings.unit_rows import few_rows


def fingerprints_of(vectors: Float32Array) -> AnyArray:
    """Shape ``(n_items,)``, uint64, a hash of each vector.

    Equal vectors have equal numbers; different ones hardly ever.
    """
    words = vectors.view(np.uint32)
    keys = np.random.default_rng(0).integers(0, 2**64, size=words.shape[1], dtype=np.uint64) | 1
    numbers = np.empty(len(vectors), dtype=np.uint64)
    for rows in few_rows(*vectors.shape):
        mixed = (words[rows] * keys).sum(axis=1, dtype=np.uint64)
        # The high bits of a product of odd numbers depend on all bits below them.
        numbers[rows] = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    return numbers


def first_equal_of(vectors: Float32Array, fingerprints: AnyArray) -> IntArray:
    """Shape ``(n_items,)``, position of the first item with exactly the same vector."""
    _, first, group = np.unique(fingerprints, return_index=True, return_inverse=True)
    leader: IntArray = first[group]
    suspects = np.flatnonzero(leader != np.arange(len(vectors)))
    for some in few_rows(len(suspects), vectors.shape[1]):
        here = suspects[some]
        differ = here[np.any(vectors[here] != vectors[leader[here]], axis=1)]
        leader[differ] = differ
    return leader
