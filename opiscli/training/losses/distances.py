"""Euclidean distance of unit rows, as a step that can pull a gradient back."""

from collections.abc import Callable

import numpy as np

from opiscli.arrays import FloatingArray

Pullback = Callable[[FloatingArray], FloatingArray]


def euclidean(similarity: FloatingArray) -> tuple[FloatingArray, Pullback]:
    """Distances √(2−2s) of any shape, and what turns a gradient by distance into one by s.

    Two equal rows have no direction to part in: their gradient is 0, as in PyTorch.
    """
    distance = np.sqrt(np.maximum(2 - 2 * similarity, 0))

    def pullback(gradient: FloatingArray) -> FloatingArray:
        by_similarity = np.zeros_like(similarity)
        np.divide(-gradient, distance, out=by_similarity, where=distance > 0)
        return by_similarity

    return distance, pullback
