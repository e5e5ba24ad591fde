"""Contrastive loss: positives should be closer than one margin, negatives farther than another."""

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.training.losses.parts.distances import euclidean
from opiscli.training.losses.parts.loss import Loss, PairMasks


def contrastive(
    similarity: FloatingArray,
    pairs: PairMasks,
    *,
    pos_margin: float = 0.0,
    neg_margin: float = 1.0,
) -> Loss:
    r"""Mean violation of the positive pairs plus that of the negative pairs.

    With Euclidean distance d of unit rows,

    .. math::
        L = \operatorname{mean}_{d > m^+} (d - m^+) + \operatorname{mean}_{d < m^-} (m^- - d)

    Each mean is over the pairs that violate; an empty one is 0.

    Parameters
    ----------
    similarity
        Shape ``(n, n)``, cosine similarities.
    pos_margin, neg_margin
        Distances in [0, 2].

    References
    ----------
    Hadsell, Chopra, LeCun, "Dimensionality reduction by learning an invariant mapping",
    CVPR 2006; without the squares, as in pytorch-metric-learning.
    """
    distance, pullback = euclidean(similarity)
    too_far = pairs.positive & (distance > pos_margin)
    too_near = pairs.negative & (distance < neg_margin)
    n_far, n_near = (max(int(np.count_nonzero(some)), 1) for some in (too_far, too_near))
    value = (distance[too_far] - pos_margin).sum() / n_far
    value += (neg_margin - distance[too_near]).sum() / n_near
    gradient = np.zeros_like(distance)
    gradient[too_far] = 1 / n_far
    gradient[too_near] = -1 / n_near
    return Loss(float(value), pullback(gradient))
