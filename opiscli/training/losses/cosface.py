"""CosFace: a softmax over class proxies with a margin subtracted from the cosine."""

import numpy as np

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.training.losses.parts.cross_entropy import cross_entropy
from opiscli.training.losses.parts.loss import Loss


def cosface(
    similarity: FloatingArray, codes: Int32Array, *, margin: float = 0.35, scale: float = 64.0
) -> Loss:
    """Cross-entropy of scaled cosines, minus a margin for the item's own class.

    Parameters
    ----------
    similarity
        Shape ``(n, n_classes)``, cosines with the proxies.
    codes
        Shape ``(n,)``, class of each item.
    margin
        Cosine.
    scale
        Scale of the cosines, above 0.

    References
    ----------
    Wang et al., "CosFace: Large margin cosine loss for deep face recognition", CVPR 2018,
    arXiv:1801.09414.
    """
    logits = scale * similarity
    logits[np.arange(len(codes)), codes] -= scale * margin
    value, gradient = cross_entropy(logits, codes)
    return Loss(value, scale * gradient)
