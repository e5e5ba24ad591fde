"""Proxy-NCA: neighbourhood components analysis with one proxy per class."""

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.training.losses.parts.cross_entropy import cross_entropy
from opiscli.training.losses.parts.loss import Loss


def proxy_nca(similarity: FloatingArray, codes: Int32Array, *, softmax_scale: float = 1.0) -> Loss:
    """Cross-entropy of the negative squared Euclidean distances to the proxies.

    The own proxy is in the denominator, as in pytorch-metric-learning and NCA.

    Parameters
    ----------
    similarity
        Shape ``(n, n_classes)``, cosines with the proxies.
    codes
        Shape ``(n,)``, class of each item.
    softmax_scale
        Scale of the squared distances, above 0.

    References
    ----------
    Movshovitz-Attias et al., "No fuss distance metric learning using proxies", ICCV 2017,
    arXiv:1703.07464.
    """
    # A squared distance is 2 - 2s, and what all classes share drops out of a softmax.
    value, gradient = cross_entropy(2 * softmax_scale * similarity, codes)
    return Loss(value, 2 * softmax_scale * gradient)
