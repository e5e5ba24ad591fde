"""How alike all embeddings of a set are."""

import numpy as np

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.row_pieces import pieces


def mean_similarity(items: EmbeddingSet) -> float:
    """Mean cosine similarity over all pairs of two different items, in [-1, 1].

    From the length of the mean vector, so no pair is formed. Near 1, all embeddings are nearly
    equal; the mean of one item is 1.
    """
    n = items.n_items
    if n < 2:
        return 1.0
    mean = np.zeros(items.dims)
    for rows in pieces(items.vectors):
        mean += items.vectors[rows].sum(axis=0, dtype=np.float64)
    mean /= n
    if items.centre is not None:
        mean = mean + items.centre
    return float(np.clip((n * float(mean @ mean) - 1) / (n - 1), -1.0, 1.0))
