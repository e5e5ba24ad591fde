"""What every kind of head can do while it is trained."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.projection import Projection

HeadPullback: TypeAlias = Callable[[FloatingArray], Parameters]


class TrainableHead(Protocol):
    """A map from unit rows to rows of any length, with parameters to train."""

    @property
    def layout(self) -> Layout:
        """Names and shapes of the parameters."""

    @property
    def decays_to_initial(self) -> bool:
        """Whether it is the initial head again when its parameters are zero."""

    def initial_parameters(self, rng: np.random.Generator) -> Parameters:
        """Parameters before the first step, float32."""

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Map rows; the pullback turns a gradient by the result into one by the parameters."""

    def projection(self, parameters: Parameters) -> Projection:
        """The head with these parameters, as it is applied and saved."""
