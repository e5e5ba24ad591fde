"""Finds exactly equal vectors by a hash of each."""

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.embeddings.on_disk import release
from opiscli.embeddings.row_pieces import few_rows, pieces


def fingerprints_of(vectors: Float32Array, offsets: Float32Array | None = None) -> AnyArray:
    """Shape ``(n_items,)``, uint64, a hash of each vector and its offset.

    Equal rows have equal numbers; different ones hardly ever.
    """
    words = vectors.view(np.uint32)
    keys = np.random.default_rng(0).integers(0, 2**64, size=words.shape[1] + 1, dtype=np.uint64) | 1
    further = None if offsets is None else offsets.view(np.uint32) * keys[-1]
    numbers = np.empty(len(vectors), dtype=np.uint64)
    for rows in pieces(vectors):
        mixed = (words[rows] * keys[:-1]).sum(axis=1, dtype=np.uint64)
        if further is not None:
            mixed += further[rows]
        # The high bits of a product of odd numbers depend on all bits below them.
        numbers[rows] = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    return numbers


def first_equal_of(
    vectors: Float32Array, fingerprints: AnyArray, offsets: Float32Array | None = None
) -> IntArray:
    """Shape ``(n_items,)``, position of the first item with exactly the same vector and offset."""
    _, first, group = np.unique(fingerprints, return_index=True, return_inverse=True)
    leader: IntArray = first[group]
    suspects = np.flatnonzero(leader != np.arange(len(vectors)))
    for some in few_rows(len(suspects), vectors.shape[1]):
        here = suspects[some]
        differ = np.any(vectors[here] != vectors[leader[here]], axis=1)
        if offsets is not None:
            differ |= offsets[here] != offsets[leader[here]]
        leader[here[differ]] = here[differ]
        release(vectors)
    return leader
