"""ArcFace: a softmax over class proxies with a margin added to the angle."""

import numpy as np

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.training.losses.parts.cross_entropy import cross_entropy
from opiscli.training.losses.parts.loss import Loss

_SMALLEST_SINE = 1e-4
"""Towards a proxy the slope of the angle grows without bound; steps must not."""


def arcface(
    similarity: FloatingArray, codes: Int32Array, *, margin: float = 28.6, scale: float = 64.0
) -> Loss:
    r"""Cross-entropy of scaled cosines, with :math:`\cos(\theta + m)` for the item's own class.

    Past :math:`\theta = \pi - m`, where that would rise again, it is
    :math:`\cos\theta - m \sin m` instead.

    Parameters
    ----------
    similarity
        Shape ``(n, n_classes)``, cosines with the proxies.
    codes
        Shape ``(n,)``, class of each item.
    margin
        Degrees.
    scale
        Scale of the cosines, above 0.

    References
    ----------
    Deng et al., "ArcFace: Additive angular margin loss for deep face recognition",
    CVPR 2019, arXiv:1801.07698.
    """
    rows, angle = np.arange(len(codes)), np.radians(margin)
    cosine = np.clip(similarity[rows, codes], -1, 1)
    theta = np.arccos(cosine)
    falling = theta <= np.pi - angle
    slope = np.sin(theta + angle) / np.maximum(np.sin(theta), _SMALLEST_SINE)
    logits = scale * similarity
    logits[rows, codes] = scale * np.where(
        falling, np.cos(theta + angle), cosine - angle * np.sin(angle)
    )
    value, gradient = cross_entropy(logits, codes)
    gradient[rows, codes] *= np.where(falling, slope, 1)
    return Loss(value, scale * gradient)
