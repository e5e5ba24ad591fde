"""Proxy-Anchor loss: each proxy is an anchor that is compared with the items of the batch."""

import numpy as np

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.training.losses.parts.exponentials import soft_maximum
from opiscli.training.losses.parts.loss import Loss


def proxy_anchor(
    similarity: FloatingArray, codes: Int32Array, *, margin: float = 0.1, alpha: float = 32.0
) -> Loss:
    r"""Mean over proxies of a soft maximum over positives and one over negatives.

    .. math::
        L = \frac{1}{|P^+|} \sum_{p \in P^+} \log\Big(1 + \sum_{x \in X_p^+} e^{-\alpha (s_{xp} - \delta)}\Big)
          + \frac{1}{|P|} \sum_{p \in P} \log\Big(1 + \sum_{x \in X_p^-} e^{\alpha (s_{xp} + \delta)}\Big)

    :math:`P^+` are the proxies whose class is in the batch.

    Parameters
    ----------
    similarity
        Shape ``(n, n_classes)``, cosines with the proxies.
    codes
        Shape ``(n,)``, class of each item.
    margin
        The cosine :math:`\delta`.
    alpha
        Sharpness, above 0.

    References
    ----------
    Kim et al., "Proxy anchor loss for deep metric learning", CVPR 2020, arXiv:2003.13911.
    """  # noqa: E501
    n_classes = similarity.shape[1]
    own = codes[:, None] == np.arange(n_classes)
    n_present = int(np.count_nonzero(own.any(axis=0)))
    positive, pull = soft_maximum(-alpha * (similarity - margin), own, axis=0)
    negative, push = soft_maximum(alpha * (similarity + margin), ~own, axis=0)
    value = positive.sum() / n_present + negative.sum() / n_classes
    gradient = alpha * (push / n_classes - pull / n_present)
    return Loss(float(value), gradient)
