"""The interface of a head during training."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.projection import Projection

HeadPullback: TypeAlias = Callable[[FloatingArray], Parameters]


class TrainableHead(Protocol):
    """A map from unit rows to unnormalised rows, with trainable parameters."""

    @property
    def layout(self) -> Layout:
        """Names and shapes of the parameters."""

    @property
    def decays_to_initial(self) -> bool:
        """Whether zero parameters give the initial head."""

    def initial_parameters(self, rng: np.random.Generator) -> Parameters:
        """Parameters before the first step, float32."""

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Map rows; the pullback converts a gradient for the result into one for the parameters."""

    def projection(self, parameters: Parameters) -> Projection:
        """Return the head with these parameters, as it is applied and saved."""
