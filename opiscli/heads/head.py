"""What every kind of head can do while it is trained."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.projection import Projection

HeadPullback: TypeAlias = Callable[[FloatingArray], Parameters]


class Head(Protocol):
    """A map from unit rows to rows of any length, with parameters to train."""

    @property
    def layout(self) -> Layout:
        """Names and shapes of the parameters."""

    @property
    def shrinks(self) -> bool:
        """Whether it becomes its start again as its parameters go to zero."""

    def start(self, rng: np.random.Generator) -> Parameters:
        """Parameters before the first step, float32."""

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Map rows, and say how a gradient by the result becomes one by the parameters."""

    def trained(self, parameters: Parameters) -> Projection:
        """Take the head as it now is out of training."""
