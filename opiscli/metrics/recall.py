"""Share of items whose class is among their nearest neighbours."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.pairs.neighbours import MatchRanks


def hits_at(ranks: MatchRanks, k: int) -> FloatArray:
    """Whether each query has an item of its class among its k nearest others.

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
