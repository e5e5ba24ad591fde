"""Multi-similarity loss: hard pairs of each anchor have exponentially larger weights."""

from opiscli.arrays import FloatingArray
from opiscli.training.losses.parts.exponentials import soft_maximum
from opiscli.training.losses.parts.loss import Loss, PairMasks


def multi_similarity(
    similarity: FloatingArray,
    pairs: PairMasks,
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
) -> Loss:
    r"""Mean over anchors of a soft maximum over positives and one over negatives.

    .. math::
        L = \frac{1}{n} \sum_i \frac{1}{\alpha} \log\Big(1 + \sum_p e^{-\alpha (s_{ip} - \lambda)}\Big)
          + \frac{1}{\beta} \log\Big(1 + \sum_n e^{\beta (s_{in} - \lambda)}\Big)

    Without the paper's pair mining.

    Parameters
    ----------
    similarity
        Shape ``(n, n)``, cosine similarities.
    alpha, beta
        Sharpness for positives and negatives, above 0.
    base
        The similarity :math:`\lambda` that pairs are compared with.

    References
    ----------
    Wang et al., "Multi-similarity loss with general pair weighting for deep metric
    learning", CVPR 2019, arXiv:1904.06627.
    """  # noqa: E501
    above = similarity - similarity.dtype.type(base)
    positive, pull = soft_maximum(-alpha * above, pairs.positive, axis=1)
    negative, push = soft_maximum(beta * above, pairs.negative, axis=1)
    value = float((positive / alpha + negative / beta).mean())
    return Loss(value, (push - pull) / len(similarity))
