"""The sample of items from which thresholds are planned."""

import numpy as np

from opiscli.arrays import IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet

SAMPLE_ITEMS = 6000
_SHARE = 16
"""One in so many items of a large set: the better the sample, the fewer thresholds to count at."""


def sample_of_items(items: EmbeddingSet) -> IntArray | None:
    """Positions of a few thousand items; ``None`` if the set is no larger.

    Drawn by what the items are, so that the order of rows has no say.
    """
    if items.n_items <= SAMPLE_ITEMS:
        return None
    n = _sample_size(items)
    return np.sort(np.argpartition(items.fingerprints, n - 1)[:n])


def sample_of_classes(items: EmbeddingSet) -> IntArray | None:
    """The same for whole classes, used if positive pairs matter."""
    if items.n_items <= SAMPLE_ITEMS:
        return None
    order = np.argsort(np.minimum.reduceat(items.fingerprints, items.class_starts))
    enough = int(np.searchsorted(np.cumsum(items.class_sizes[order]), _sample_size(items))) + 2
    return np.flatnonzero(np.isin(items.codes, order[:enough]))


def _sample_size(items: EmbeddingSet) -> int:
    return max(SAMPLE_ITEMS, items.n_items // _SHARE)
