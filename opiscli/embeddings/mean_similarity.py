"""How alike all embeddings of a set are."""

import numpy as np

from opiscli.embeddings.embedding_set import EmbeddingSet


def mean_similarity(items: EmbeddingSet) -> float:
    """Mean cosine similarity over all pairs of two different items, in [-1, 1].

    From the length of the mean vector, so no pair is formed. Near 1, all embeddings are nearly
    equal; the mean of one item is 1.
    """
    n = items.n_items
    if n < 2:
        return 1.0
    mean = items.vectors.mean(axis=0, dtype=np.float64)
    if items.centre is not None:
        mean = mean + items.centre
    return float(np.clip((n * float(mean @ mean) - 1) / (n - 1), -1.0, 1.0))
