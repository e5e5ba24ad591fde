"""A free linear head: y = xW + b."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.head import HeadPullback
from opiscli.heads.initialisation import Start
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.projection import Projection


@dataclass(frozen=True, slots=True)
class LinearHead:
    """Every weight is free: strong with many training classes, overfits with few."""

    begins: Start

    @property
    def layout(self) -> Layout:
        """Weight and bias."""
        return Layout({"weight": self.begins.weight.shape, "bias": self.begins.bias.shape})

    @property
    def shrinks(self) -> bool:
        """Zero weights would be no head at all."""
        return False

    def start(self, rng: np.random.Generator) -> Parameters:
        """Begin at the given linear map."""
        return {"weight": self.begins.weight.copy(), "bias": self.begins.bias.copy()}

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Compute xW + b."""

        def pullback(gradient: FloatingArray) -> Parameters:
            return {"weight": rows.T @ gradient, "bias": gradient.sum(axis=0)}

        return rows @ parameters["weight"] + parameters["bias"], pullback

    def trained(self, parameters: Parameters) -> Projection:
        """Copy the weights."""
        weight, bias = parameters["weight"], parameters["bias"]
        return Projection(weight=weight.astype(np.float32), bias=bias.astype(np.float32))
