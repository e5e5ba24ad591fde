"""Recall@k surrogate: recall with both step functions replaced by sigmoids."""

import numpy as np
from scipy.special import expit

from opiscli.arrays import FloatingArray
from opiscli.training.losses.parts.loss import Loss, PairMasks


def recall_at_k(
    similarity: FloatingArray,
    pairs: PairMasks,
    *,
    ks: tuple[int, ...] = (1, 2, 4, 8, 16),
    rank_temperature: float = 1.0,
    similarity_temperature: float = 0.01,
) -> Loss:
    r"""Mean over ranks k and queries of 1 - R@k, from smooth ranks.

    .. math::
        R@k_i = \frac{1}{|P_i|} \sum_{j \in P_i} \sigma\Big(\frac{k - r_{ij}}{\tau_1}\Big), \qquad
        r_{ij} = 1 + \sum_{z \ne i, j} \sigma\Big(\frac{s_{iz} - s_{ij}}{\tau_2}\Big)

    Items without a positive are no queries; without any query the loss is 0.

    Parameters
    ----------
    similarity
        Shape ``(n, n)``, cosine similarities.
    ks
        The ranks that are averaged over.
    rank_temperature, similarity_temperature
        :math:`\tau_1` and :math:`\tau_2`, above 0.

    References
    ----------
    Patel, Tolias, Matas, "Recall@k surrogate loss with large batches and similarity
    mixup", CVPR 2022, arXiv:2108.11179, equation 7.
    """
    gradient = np.zeros_like(similarity)
    query, match = np.nonzero(pairs.positive)
    if not len(query):
        return Loss(0.0, gradient)
    position = np.arange(len(similarity))
    step = expit((similarity[query] - similarity[query, match][:, None]) / similarity_temperature)
    step[(position == query[:, None]) | (position == match[:, None])] = 0
    rank = 1 + step.sum(axis=1)
    n_matches = np.bincount(query, minlength=len(similarity))
    weight = (1 / (n_matches[query] * np.count_nonzero(n_matches))).astype(similarity.dtype)
    inside = expit((np.array(ks, rank.dtype)[:, None] - rank) / rank_temperature)
    value = 1 - (weight * inside.mean(axis=0)).sum()
    by_rank = weight * (inside * (1 - inside)).mean(axis=0) / rank_temperature
    slope = by_rank[:, None] * step * (1 - step) / similarity_temperature
    rows, first = np.unique(query, return_index=True)
    gradient[rows] = np.add.reduceat(slope, first, axis=0)
    gradient[query, match] -= slope.sum(axis=1)
    return Loss(float(value), gradient)
