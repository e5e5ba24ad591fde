"""Smooth-AP: average precision with the step functions of the ranks replaced by sigmoids."""

import numpy as np
from scipy.special import expit

from opiscli.arrays import FloatingArray
from opiscli.training.losses.parts.loss import Loss, PairMasks


def smooth_ap(similarity: FloatingArray, pairs: PairMasks, *, temperature: float = 0.01) -> Loss:
    r"""Mean over items of 1 - AP, with :math:`\sigma` for the step function.

    .. math::
        \mathrm{AP}_i = \frac{1}{|S_i|} \sum_{j \in S_i}
            \frac{1 + \sum_{k \in S_i, k \ne j} \sigma((s_{ik} - s_{ij}) / \tau)}
                 {1 + \sum_{k \ne j} \sigma((s_{ik} - s_{ij}) / \tau)}

    :math:`S_i` is the class of i in the batch, i included, as in the authors' code.

    Parameters
    ----------
    similarity
        Shape ``(n, n)``, cosine similarities.
    temperature
        Width :math:`\tau` of the smooth step, above 0.

    References
    ----------
    Brown et al., "Smooth-AP: Smoothing the path towards large-scale image retrieval",
    ECCV 2020, arXiv:2007.12163.
    """
    n = len(similarity)
    same = ~pairs.negative
    item, match = np.nonzero(same)
    itself = np.arange(n) == match[:, None]
    step = expit((similarity[item] - similarity[item, match][:, None]) / temperature)
    step[itself] = 0
    among = same[item]
    rank = 1 + step.sum(axis=1)
    rank_in_class = 1 + (step * among).sum(axis=1)
    weight = (1 / (n * among.sum(axis=1))).astype(similarity.dtype)
    value = 1 - (weight * rank_in_class / rank).sum()
    by_step = (weight / rank)[:, None] * ((rank_in_class / rank)[:, None] - among)
    slope = by_step * step * (1 - step) / temperature
    # Every item is matched with itself at least, so no row is left out.
    gradient = np.add.reduceat(slope, np.searchsorted(item, np.arange(n)), axis=0)
    gradient[item, match] -= slope.sum(axis=1)
    return Loss(float(value), gradient)
