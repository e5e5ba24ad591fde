"""Triplet loss over the semi-hard triplets of a batch."""

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.training.losses.parts.distances import euclidean
from opiscli.training.losses.parts.loss import Loss, PairMasks


def triplet(similarity: FloatingArray, pairs: PairMasks, *, margin: float = 0.05) -> Loss:
    r"""Mean over all semi-hard triplets of :math:`d_{ap} - d_{an} + m`.

    A triplet of anchor a, positive p and negative n is semi-hard where
    :math:`0 < d_{an} - d_{ap} < m`: the order is right, the margin is not yet there. No
    such triplet gives 0.

    Parameters
    ----------
    similarity
        Shape ``(n, n)``, cosine similarities.
    margin
        Euclidean distance, above 0.

    References
    ----------
    Schroff, Kalenichenko, Philbin, "FaceNet: A unified embedding for face recognition and
    clustering", CVPR 2015, arXiv:1503.03832.
    """
    distance, pullback = euclidean(similarity)
    anchor, positive = np.nonzero(pairs.positive)
    gap = distance[anchor] - distance[anchor, positive][:, None]
    semi_hard = pairs.negative[anchor] & (gap > 0) & (gap < margin)
    gradient = np.zeros_like(distance)
    if not (n_triplets := int(np.count_nonzero(semi_hard))):
        return Loss(0.0, gradient)
    # A row of the batch is the anchor of several pairs, one after another.
    rows, first = np.unique(anchor, return_index=True)
    gradient[rows] = -np.add.reduceat(semi_hard, first, axis=0, dtype=distance.dtype)
    gradient[anchor, positive] += np.count_nonzero(semi_hard, axis=1)
    value = margin - float(gap[semi_hard].mean())
    return Loss(value, pullback(gradient / n_triplets))
