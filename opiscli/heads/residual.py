"""A residual linear head: y = x(W + A) + b, where only A is trained, starting at zero."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.initialisation import LinearMap
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.projection import Projection
from opiscli.heads.trainable import HeadPullback


@dataclass(frozen=True, slots=True)
class ResidualHead:
    """From the identity, x + xA; weight decay of A leads back to the original embeddings."""

    initial: LinearMap

    @property
    def layout(self) -> Layout:
        """The trained matrix A."""
        return Layout({"change": self.initial.weight.shape})

    @property
    def decays_to_initial(self) -> bool:
        """True: with A = 0 only the initial map remains."""
        return True

    def initial_parameters(self, rng: np.random.Generator) -> Parameters:
        """A = 0."""
        return {"change": np.zeros_like(self.initial.weight)}

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Compute x(W + A) + b."""

        def pullback(gradient: FloatingArray) -> Parameters:
            return {"change": rows.T @ gradient}

        return rows @ (self.initial.weight + parameters["change"]) + self.initial.bias, pullback

    def projection(self, parameters: Parameters) -> Projection:
        """The initial map with the change added."""
        weight = self.initial.weight + parameters["change"]
        return Projection(weight=weight.astype(np.float32), bias=self.initial.bias)
