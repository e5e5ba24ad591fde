"""Unified-threshold loss (USS): one threshold separates the positive from the negative pairs."""

import numpy as np
from scipy.special import expit

from opiscli.arrays import BoolArray, FloatArray, FloatingArray
from opiscli.training.losses.parts.exponentials import soft_maximum
from opiscli.training.losses.parts.loss import Loss, PairMasks

_HALVINGS = 60


def uss(similarity: FloatingArray, pairs: PairMasks, *, gamma: float = 20.0) -> Loss:
    r"""Mean over anchors of how far pairs are on the wrong side of one threshold for all.

    .. math::
        L = \min_b \operatorname{mean}_i \left[
            \operatorname{mean}_{p \in P_i} \log(1 + e^{b - \gamma s_{ip}})
            + \log\Big(1 + \sum_{n \in N_i} e^{\gamma s_{in} - b}\Big) \right]

    The mean is over anchors i with a positive, and :math:`b/\gamma` is the threshold. The paper
    learns b beside the network; here it is the best one for the batch, which is where that
    leads and needs no parameter. The loss is convex in b, and at its minimum the derivative by b
    is 0, so the gradient is that with b fixed. 0 where the batch has no positive or no
    negative pair.

    Parameters
    ----------
    similarity
        Shape ``(n, n)``, cosine similarities.
    gamma
        Factor of similarities, above 0: how sharp the threshold is. The paper has 64; for heads
        on frozen embeddings 16 to 24 was better on three sets.

    References
    ----------
    Li et al., "UniTSFace: Unified threshold integrated sample-to-sample loss for face
    recognition", NeurIPS 2023, arXiv:2311.02523, with one positive per anchor.
    """
    n_positive = pairs.positive.sum(axis=1)
    anchors = n_positive > 0
    if not anchors.any() or not pairs.negative[anchors].any():
        return Loss(0.0, np.zeros_like(similarity))
    scaled = gamma * similarity.astype(np.float64)
    weight = pairs.positive / (np.maximum(n_positive, 1)[:, None] * anchors.sum())
    bias = _best_bias(scaled, pairs, weight, anchors)
    too_low = np.logaddexp(0, bias - scaled)
    too_high, share = soft_maximum(scaled - bias, pairs.negative, axis=1)
    value = np.vdot(weight, too_low) + too_high[anchors].mean()
    gradient = share * (anchors[:, None] / anchors.sum()) - weight * expit(bias - scaled)
    return Loss(float(value), (gamma * gradient).astype(similarity.dtype))


def _best_bias(
    scaled: FloatArray, pairs: PairMasks, weight: FloatArray, anchors: BoolArray
) -> float:
    """Where the derivative by the bias, which increases, is 0: by halving."""
    of_pair, values = weight[pairs.positive], scaled[pairs.positive]
    kept = np.where(pairs.negative, scaled, -np.inf)[anchors]
    total = np.logaddexp.reduce(kept, axis=1)
    # Outside, the derivative has the sign of the larger of its two parts.
    lo, hi = min(values.min(), total.min()) - 40, max(values.max(), total.max()) + 40
    for _ in range(_HALVINGS):
        bias = (lo + hi) / 2
        slope = of_pair @ expit(bias - values) - expit(total - bias).mean()
        lo, hi = (bias, hi) if slope < 0 else (lo, bias)
    return float(lo + hi) / 2
