"""The sample of items from which thresholds are planned."""

import numpy as np

from opiscli.arrays import IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet

SAMPLE_ITEMS = 6000


def sample_of_items(items: EmbeddingSet) -> IntArray | None:
    """Positions of a few thousand items; ``None`` if the set is no larger.

    Drawn by what the items are, so that the order of rows has no say.
    """
    if items.n_items <= SAMPLE_ITEMS:
        return None
    return np.sort(np.argpartition(items.fingerprints, SAMPLE_ITEMS - 1)[:SAMPLE_ITEMS])


def sample_of_classes(items: EmbeddingSet) -> IntArray | None:
    """The same for whole classes, used if positive pairs matter."""
    if items.n_items <= SAMPLE_ITEMS:
        return None
    order = np.argsort(np.minimum.reduceat(items.fingerprints, items.class_starts))
    enough = int(np.searchsorted(np.cumsum(items.class_sizes[order]), SAMPLE_ITEMS)) + 2
    return np.flatnonzero(np.isin(items.codes, order[:enough]))
