"""Euclidean distance of unit rows, with the pullback of its gradient."""

from collections.abc import Callable

import numpy as np

from opiscli.arrays import FloatingArray

Pullback = Callable[[FloatingArray], FloatingArray]


def euclidean(similarity: FloatingArray) -> tuple[FloatingArray, Pullback]:
    """Distances √(2−2s) of any shape, and the pullback of a gradient by them.

    At distance 0 there is no derivative; the gradient is set to 0, as in PyTorch.
    """
    distance = np.sqrt(np.maximum(2 - 2 * similarity, 0))

    def pullback(gradient: FloatingArray) -> FloatingArray:
        by_similarity = np.zeros_like(similarity)
        np.divide(-gradient, distance, out=by_similarity, where=distance > 0)
        return by_similarity

    return distance, pullback
