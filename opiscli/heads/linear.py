"""An unconstrained linear head: y = xW + b."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.linear_map import LinearMap
from opiscli.heads.projection import Projection
from opiscli.heads.trainable import HeadPullback


@dataclass(frozen=True, slots=True)
class LinearHead:
    """All weights are trained: strong with many training classes, overfits with few."""

    initial: LinearMap

    @property
    def layout(self) -> Layout:
        """Weight and bias."""
        return Layout({"weight": self.initial.weight.shape, "bias": self.initial.bias.shape})

    @property
    def decays_to_initial(self) -> bool:
        """False: zero weights would map every embedding to the bias."""
        return False

    def initial_parameters(self, rng: np.random.Generator) -> Parameters:
        """A copy of the initial map."""
        return {"weight": self.initial.weight.copy(), "bias": self.initial.bias.copy()}

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Compute xW + b."""

        def pullback(gradient: FloatingArray) -> Parameters:
            return {"weight": rows.T @ gradient, "bias": gradient.sum(axis=0)}

        return rows @ parameters["weight"] + parameters["bias"], pullback

    def projection(self, parameters: Parameters) -> Projection:
        """Weight and bias as they are."""
        weight, bias = parameters["weight"], parameters["bias"]
        return Projection(weight=weight.astype(np.float32), bias=bias.astype(np.float32))
