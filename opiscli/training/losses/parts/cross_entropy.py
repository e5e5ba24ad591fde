"""Cross-entropy of logits, the last step of several proxy losses."""

import numpy as np

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.training.losses.parts.exponentials import log_softmax
from opiscli.training.losses.parts.loss import Loss


def cross_entropy(logits: FloatingArray, codes: Int32Array) -> Loss:
    """Mean of -log softmax at each item's own class, shape of logits ``(n, n_classes)``."""
    rows = np.arange(len(logits))
    log_share = log_softmax(logits)
    gradient = np.exp(log_share)
    gradient[rows, codes] -= 1
    return Loss(-float(log_share[rows, codes].mean()), gradient / len(logits))
