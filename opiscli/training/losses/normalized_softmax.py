"""Normalised softmax: classification by cosine similarity to class proxies."""

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.training.losses.parts.cross_entropy import cross_entropy
from opiscli.training.losses.parts.loss import Loss


def normalized_softmax(
    similarity: FloatingArray, codes: Int32Array, *, temperature: float = 0.05
) -> Loss:
    """Cross-entropy of cosines divided by a temperature.

    Parameters
    ----------
    similarity
        Shape ``(n, n_classes)``, cosines with the proxies.
    codes
        Shape ``(n,)``, class of each item.
    temperature
        Above 0.

    References
    ----------
    Zhai, Wu, "Classification is a strong baseline for deep metric learning", BMVC 2019,
    arXiv:1811.12649.
    """
    value, gradient = cross_entropy(similarity / temperature, codes)
    return Loss(value, gradient / temperature)
