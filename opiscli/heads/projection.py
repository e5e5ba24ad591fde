"""A trained head as it is applied, saved and exported."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Float32Array
from opiscli.embeddings.unit_rows import unit_rows
from opiscli.errors import EmbeddingError

_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class HiddenLayer:
    """The hidden layer of an MLP: max(xV + c, 0)U.

    Parameters
    ----------
    weight, bias, output
        V ``(dims, n_hidden)``, c ``(n_hidden,)`` and U ``(n_hidden, dim)``.
    """

    weight: Float32Array
    bias: Float32Array
    output: Float32Array

    def __post_init__(self) -> None:
        _require_usable(self.weight, self.bias, self.output)
        _freeze(self.weight, self.bias, self.output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """A head applied to a unit row x: y = xW + b, then scaled to length one.

    Parameters
    ----------
    weight, bias
        W ``(dims, dim)`` and b ``(dim,)``.
    hidden
        Added to y, if the head is a perceptron.

    Raises
    ------
    EmbeddingError
        If it has no dims, or a weight is not finite.
    """

    weight: Float32Array
    bias: Float32Array
    hidden: HiddenLayer | None = None

    def __post_init__(self) -> None:
        _require_usable(self.weight, self.bias)
        _freeze(self.weight, self.bias)

    @classmethod
    def identity(cls, dims: int) -> "Projection":
        """A head that changes nothing."""
        return cls(weight=np.eye(dims, dtype=np.float32), bias=np.zeros(dims, np.float32))

    @property
    def dims(self) -> int:
        """Dimension of the input embeddings."""
        return int(self.weight.shape[0])

    @property
    def dim(self) -> int:
        """Dimension of the output embeddings."""
        return int(self.weight.shape[1])

    def apply(self, unit: Float32Array) -> Float32Array:
        """Project unit rows ``(n, dims)`` to unit rows ``(n, dim)``.

        Raises
        ------
        EmbeddingError
            If the head was trained for another number of dims, or maps a row to zero.
        """
        if unit.shape[1] != self.dims:
            raise EmbeddingError(
                f"the embeddings have {unit.shape[1]:,} dims, the head expects {self.dims:,}",
                hint="Use the head with embeddings of the model it was trained on.",
            )
        return unit_rows(self._projected(unit), len(unit))

    def _projected(self, unit: Float32Array) -> Iterator[AnyArray]:
        for start in range(0, len(unit), _ROWS_AT_ONCE):
            rows = unit[start : start + _ROWS_AT_ONCE]
            projected = rows @ self.weight + self.bias
            if self.hidden is not None:
                hidden = np.maximum(rows @ self.hidden.weight + self.hidden.bias, 0)
                projected += hidden @ self.hidden.output
            yield projected


def _require_usable(*arrays: Float32Array) -> None:
    hint = "Train it again; for example with a lower --lr."
    for array in arrays:
        if array.size == 0:
            raise EmbeddingError(f"the head has a layer of shape {array.shape}", hint=hint)
        if not np.isfinite(array).all():
            raise EmbeddingError("the head has weights that are not finite", hint=hint)


def _freeze(*arrays: Float32Array) -> None:
    for array in arrays:
        array.flags.writeable = False
