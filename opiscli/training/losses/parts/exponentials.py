"""Sums of exponentials that cannot overflow."""

import numpy as np

from opiscli.arrays import BoolArray, FloatingArray


def soft_maximum(
    exponents: FloatingArray, chosen: BoolArray, *, axis: int
) -> tuple[FloatingArray, FloatingArray]:
    r"""Compute :math:`\log(1 + \sum_\text{chosen} e^x)` along an axis, and its derivative by x.

    0 where nothing is chosen.
    """
    kept = np.where(chosen, exponents, -np.inf)
    peak = np.maximum(kept.max(axis=axis, keepdims=True), 0)
    powers = np.exp(kept - peak)
    total = np.exp(-peak) + powers.sum(axis=axis, keepdims=True)
    return np.squeeze(peak + np.log(total), axis), powers / total


def log_softmax(logits: FloatingArray) -> FloatingArray:
    """Logarithm of each row's softmax; entries of -inf stay so."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    normalised: FloatingArray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normalised
