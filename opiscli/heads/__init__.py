"""Projection heads on frozen embeddings: linear, residual linear, and a residual perceptron."""

from enum import StrEnum

from opiscli.heads.linear import LinearHead
from opiscli.heads.linear_map import LinearMap
from opiscli.heads.mlp import MlpHead
from opiscli.heads.projection import Projection
from opiscli.heads.residual import ResidualHead
from opiscli.heads.trainable import TrainableHead

__all__ = ["HeadKind", "Projection", "TrainableHead", "untrained_head"]


class HeadKind(StrEnum):
    """The kinds of head."""

    LINEAR = "linear"
    RESIDUAL = "residual"
    MLP = "mlp"


def untrained_head(kind: HeadKind, initial: LinearMap) -> TrainableHead:
    """Build a head that starts as a linear map; an MLP has as many hidden units as input dims."""
    if kind is HeadKind.LINEAR:
        return LinearHead(initial)
    if kind is HeadKind.RESIDUAL:
        return ResidualHead(initial)
    return MlpHead(initial, n_hidden=initial.weight.shape[0])
