"""Small sets that never change, and the scores of all their pairs: what other tools measure."""

import numpy as np
from oracles.ranking_data import make


def untied():
    """Clusters that overlap."""
    return make(seed=21, n_items=90, dims=8, n_classes=9)


def tied():
    """Vectors of ±1/4 in 16 dims: scores are multiples of 1/8, without any rounding."""
    embeddings, labels = make(seed=22, n_items=90, dims=16, n_classes=9)
    return np.where(embeddings < 0, -0.25, 0.25).astype(np.float32), labels


SETS = {"untied": untied, "tied": tied}


def pairs(embeddings, labels):
    """First and second items of all pairs, their cosine in float64, and whether of one class."""
    x = np.asarray(embeddings, dtype=np.float64)
    x = x / np.sqrt((x * x).sum(axis=1))[:, None]
    first, second = np.triu_indices(len(x), 1)
    score = np.einsum("ij,ij->i", x[first], x[second])
    return first, second, score, labels[first] == labels[second]
