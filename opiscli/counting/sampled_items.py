"""The sample of items from which thresholds are planned."""

import math

import numpy as np

from opiscli.arrays import IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet

SAMPLE_ITEMS = 6000
_SHARE = 16
"""One in so many items of a large set: the better the sample, the fewer thresholds to count at."""


def sample_of_items(items: EmbeddingSet, n_pairs: int | None = None) -> IntArray | None:
    """Positions of a few thousand items; ``None`` if the set is no larger.

    Drawn by what the items are, so that the order of rows has no say.

    Parameters
    ----------
    n_pairs
        How many pairs are counted afterwards, if not all: the sample has a part of that.
    """
    if items.n_items <= SAMPLE_ITEMS:
        return None
    n = _sample_size(items, n_pairs)
    return np.sort(np.argpartition(items.fingerprints, n - 1)[:n])


def sample_of_classes(items: EmbeddingSet, n_pairs: int | None = None) -> IntArray | None:
    """The same for whole classes, used if positive pairs matter."""
    if items.n_items <= SAMPLE_ITEMS:
        return None
    order = np.argsort(np.minimum.reduceat(items.fingerprints, items.class_starts))
    sizes = items.class_sizes[order]
    enough = int(np.searchsorted(np.cumsum(sizes), _sample_size(items, n_pairs))) + 2
    return np.flatnonzero(np.isin(items.codes, order[:enough]))


def _sample_size(items: EmbeddingSet, n_pairs: int | None) -> int:
    share = items.n_items // _SHARE
    if n_pairs is not None:
        share = min(share, math.isqrt(2 * n_pairs // _SHARE))
    return max(SAMPLE_ITEMS, share)
