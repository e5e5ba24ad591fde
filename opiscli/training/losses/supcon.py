"""Supervised contrastive loss: a softmax over all other items, with the positives as targets."""

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.training.losses.parts.exponentials import log_softmax
from opiscli.training.losses.parts.loss import Loss, PairMasks


def supcon(similarity: FloatingArray, pairs: PairMasks, *, temperature: float = 0.1) -> Loss:
    r"""Mean cross-entropy of each anchor's softmax over all other items, positives as targets.

    .. math::
        L_i = -\frac{1}{|P_i|} \sum_{p \in P_i} \log
            \frac{e^{s_{ip}/\tau}}{\sum_{j \ne i} e^{s_{ij}/\tau}}

    The mean is over anchors i with a positive; 0 where the batch has no positive or no
    negative pair.

    Parameters
    ----------
    similarity
        Shape ``(n, n)``, cosine similarities.
    temperature
        The divisor :math:`\tau` of similarities, above 0.

    References
    ----------
    Khosla et al., "Supervised contrastive learning", NeurIPS 2020, arXiv:2004.11362.
    """
    n_positive = pairs.positive.sum(axis=1, keepdims=True)
    n_anchors = int(np.count_nonzero(n_positive))
    if n_anchors == 0 or not pairs.negative.any():
        return Loss(0.0, np.zeros_like(similarity))
    others = pairs.positive | pairs.negative
    log_share = log_softmax(np.where(others, similarity / temperature, -np.inf))
    weight = (pairs.positive / np.maximum(n_positive, 1)).astype(similarity.dtype)
    value = -np.vdot(log_share[pairs.positive], weight[pairs.positive]) / n_anchors
    gradient = (np.exp(log_share) * (n_positive > 0) - weight) / (temperature * n_anchors)
    return Loss(float(value), gradient)
