"""A residual MLP with one hidden layer: y = xW + b + a + max(xV + c, 0)U, with W and b fixed."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.linear_map import LinearMap
from opiscli.heads.projection import HiddenLayer, Projection
from opiscli.heads.trainable import HeadPullback


@dataclass(frozen=True, slots=True)
class MlpHead:
    """U and a start at zero, so the head starts as the initial linear map.

    Parameters
    ----------
    n_hidden
        Width of the hidden layer.
    """

    initial: LinearMap
    n_hidden: int

    @property
    def layout(self) -> Layout:
        """Both layers, and the shift a."""
        dims, dim = self.initial.weight.shape
        return Layout(
            {
                "hidden_weight": (dims, self.n_hidden),
                "hidden_bias": (self.n_hidden,),
                "output_weight": (self.n_hidden, dim),
                "shift": (dim,),
            }
        )

    @property
    def decays_to_initial(self) -> bool:
        """True: with zero parameters only the initial map remains."""
        return True

    def initial_parameters(self, rng: np.random.Generator) -> Parameters:
        """Random V (He et al. 2015, arXiv:1502.01852, for unit rows), c, U and a zero."""
        dims, dim = self.initial.weight.shape
        # A unit row has entries of variance 1/dims, so weights of variance 2 give hidden
        # units of variance one after the cut at zero.
        weight = rng.normal(scale=np.sqrt(2), size=(dims, self.n_hidden))
        return {
            "hidden_weight": weight.astype(np.float32),
            "hidden_bias": np.zeros(self.n_hidden, np.float32),
            "output_weight": np.zeros((self.n_hidden, dim), np.float32),
            "shift": np.zeros(dim, np.float32),
        }

    def forward(
        self, parameters: Parameters, rows: FloatingArray
    ) -> tuple[FloatingArray, HeadPullback]:
        """Compute xW + b + a + max(xV + c, 0)U."""
        before = rows @ parameters["hidden_weight"] + parameters["hidden_bias"]
        hidden = np.maximum(before, 0)
        result = rows @ self.initial.weight + (self.initial.bias + parameters["shift"])
        result += hidden @ parameters["output_weight"]

        def pullback(gradient: FloatingArray) -> Parameters:
            by_hidden = (gradient @ parameters["output_weight"].T) * (before > 0)
            return {
                "hidden_weight": rows.T @ by_hidden,
                "hidden_bias": by_hidden.sum(axis=0),
                "output_weight": hidden.T @ gradient,
                "shift": gradient.sum(axis=0),
            }

        return result, pullback

    def projection(self, parameters: Parameters) -> Projection:
        """The initial map and the hidden layer."""
        hidden = HiddenLayer(
            weight=parameters["hidden_weight"].astype(np.float32),
            bias=parameters["hidden_bias"].astype(np.float32),
            output=parameters["output_weight"].astype(np.float32),
        )
        bias = (self.initial.bias + parameters["shift"]).astype(np.float32)
        return Projection(weight=self.initial.weight, bias=bias, hidden=hidden)
