"""Recall@k: share of items with an item of their class among the k nearest neighbours."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.neighbours.match_ranks import MatchRanks


def hits_at(ranks: MatchRanks, k: int) -> FloatArray:
    """Whether each query has an item of its class among its k nearest neighbours.

    1 if it does wherever tied neighbours are placed, 0 if it does not, and one half if
    that depends on how ties are ordered.

    Parameters
    ----------
    k
        At most the rank that ``ranks`` were made for.
    """
    at_best = ranks.nearer < k
    at_worst = ranks.nearer + ranks.tied < k
    return np.asarray((at_best.astype(np.float64) + at_worst) / 2)


def recall_sums(ranks: MatchRanks, ks: tuple[int, ...], n_classes: int) -> dict[str, FloatArray]:
    """Hits of the queries of each class, shape ``(n_classes,)``, for each rank ``recall@k``."""
    sums = {recall_name(k): np.zeros(n_classes) for k in ks}
    for k in ks:
        np.add.at(sums[recall_name(k)], ranks.codes, hits_at(ranks, k))
    return sums


def recall_name(k: int) -> str:
    """Name of recall at a rank, as conditions and files use it: ``recall@1``."""
    return f"recall@{k}"
