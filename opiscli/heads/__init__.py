"""Projection heads on frozen embeddings: linear, residual linear, and a residual perceptron."""

from enum import StrEnum

from opiscli.heads.head import Head
from opiscli.heads.initialisation import Start
from opiscli.heads.linear import LinearHead
from opiscli.heads.mlp import MlpHead
from opiscli.heads.projection import Projection
from opiscli.heads.residual import ResidualHead

__all__ = ["Head", "HeadKind", "Projection", "head_of"]


class HeadKind(StrEnum):
    """The kinds of head."""

    LINEAR = "linear"
    RESIDUAL = "residual"
    MLP = "mlp"


def head_of(kind: HeadKind, start: Start) -> Head:
    """Make an untrained head; a perceptron is as wide as its embeddings are long."""
    if kind is HeadKind.LINEAR:
        return LinearHead(start)
    if kind is HeadKind.RESIDUAL:
        return ResidualHead(start)
    return MlpHead(start, n_hidden=start.weight.shape[0])
