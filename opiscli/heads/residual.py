"""A residual linear head: y = x(W + A) + b, where only A is trained and begins at zero."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.head import HeadPullback
from opiscli.heads.initialisation import Start
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.projection import Projection


@dataclass(frozen=True, slots=True)
class ResidualHead:
    """With the identity as its start, x + xA; decay of A leads back to the frozen embeddings."""

    begins: Start

    @property
    def layout(self) -> Layout:
        """The change of the weight."""
        return Layout({"change": self.begins.weight.shape})

    @property
    def shrinks(self) -> bool:
        """Without a change it is its start."""
        return True

    def start(self, rng: np.random.Generator) -> Parameters:
        """Begin without any change."""
        return {"change": np.zeros_like(self.begins.weight)}

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Compute x(W + A) + b."""

        def pullback(gradient: FloatingArray) -> Parameters:
            return {"change": rows.T @ gradient}

        return rows @ (self.begins.weight + parameters["change"]) + self.begins.bias, pullback

    def trained(self, parameters: Parameters) -> Projection:
        """Add the change to the start."""
        weight = self.begins.weight + parameters["change"]
        return Projection(weight=weight.astype(np.float32), bias=self.begins.bias)
