"""A residual linear head: y = x(W + A) + b + a, where A and a are trained, starting at zero."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.linear_map import LinearMap
from opiscli.heads.projection import Projection
from opiscli.heads.trainable import HeadPullback


@dataclass(frozen=True, slots=True)
class ResidualHead:
    """From the identity, x + xA + a; weight decay of A and a leads back to the initial map."""

    initial: LinearMap

    @property
    def layout(self) -> Layout:
        """The trained matrix A and vector a."""
        return Layout({"change": self.initial.weight.shape, "shift": self.initial.bias.shape})

    @property
    def decays_to_initial(self) -> bool:
        """True: with zero parameters only the initial map remains."""
        return True

    def initial_parameters(self, rng: np.random.Generator) -> Parameters:
        """A = 0 and a = 0."""
        return {
            "change": np.zeros_like(self.initial.weight),
            "shift": np.zeros_like(self.initial.bias),
        }

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Compute x(W + A) + b + a."""

        def pullback(gradient: FloatingArray) -> Parameters:
            return {"change": rows.T @ gradient, "shift": gradient.sum(axis=0)}

        weight = self.initial.weight + parameters["change"]
        return rows @ weight + (self.initial.bias + parameters["shift"]), pullback

    def projection(self, parameters: Parameters) -> Projection:
        """The initial map with the change added."""
        weight = self.initial.weight + parameters["change"]
        bias = self.initial.bias + parameters["shift"]
        return Projection(weight=weight.astype(np.float32), bias=bias.astype(np.float32))
