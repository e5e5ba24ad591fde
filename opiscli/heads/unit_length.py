"""Row normalisation to unit length, with the pullback of its gradient."""

from collections.abc import Callable

import numpy as np

from opiscli.arrays import FloatingArray


def unit_length(
    vectors: FloatingArray,
) -> tuple[FloatingArray, Callable[[FloatingArray], FloatingArray]]:
    """Rows of Euclidean length one, shape kept, and the pullback of a gradient by them.

    A row of zeros stays one.
    """
    smallest = np.finfo(vectors.dtype).tiny
    lengths = np.maximum(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)), smallest)[:, None]
    unit = vectors / lengths

    def pullback(gradient: FloatingArray) -> FloatingArray:
        radial = np.einsum("ij,ij->i", gradient, unit)[:, None]
        tangent: FloatingArray = (gradient - radial * unit) / lengths
        return tangent

    return unit, pullback
