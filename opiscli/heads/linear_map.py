"""An affine map of rows: what a head starts as."""

from typing import NamedTuple

import numpy as np

from opiscli.arrays import Float32Array


class LinearMap(NamedTuple):
    """A map xW + b, shapes ``(dims, dim)`` and ``(dim,)``."""

    weight: Float32Array
    bias: Float32Array

    @classmethod
    def identity(cls, dims: int) -> "LinearMap":
        """A map that changes nothing."""
        return cls(np.eye(dims, dtype=np.float32), np.zeros(dims, np.float32))
