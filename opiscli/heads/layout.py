"""The layout of named parameters in one flat vector, as optimisers require."""

from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np

from opiscli.arrays import FloatingArray

Parameters: TypeAlias = dict[str, FloatingArray]


@dataclass(frozen=True, slots=True)
class Layout:
    """Names and shapes of the parameters, in the order of the flat vector."""

    shapes: dict[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(prod(shape) for shape in self.shapes.values())

    def views(self, flat: FloatingArray) -> Parameters:
        """Parameters as views of a flat vector: writing into one changes the vector."""
        views, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + prod(shape)
            views[name] = flat[start:stop].reshape(shape)
            start = stop
        return views

    def flat(self, parameters: Parameters) -> FloatingArray:
        """Concatenate the parameters."""
        return np.concatenate([parameters[name].ravel() for name in self.shapes])
