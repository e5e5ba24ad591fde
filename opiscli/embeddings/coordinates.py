"""Validation of coordinates: a matrix of floating-point numbers, without guessing.

Whole numbers are refused, because they are rarely coordinates: embeddings stored as integers are
packed bits, quantised values or the bits of another format, and their cosines mean nothing.
"""

from typing import Any, Protocol

import numpy as np

from opiscli.errors import EmbeddingError

_CONVERT = "x.astype(np.float32)"
_UNPACKED = "* 2.0 - 1"
_FROM_BFLOAT16 = "(x.astype(np.uint32) << 16).view(np.float32)"
_HINTS = {
    "uint8": "If these are packed bits (ubinary), unpack them:"
    f" np.unpackbits(x, axis=1) {_UNPACKED};"
    f" if they are coordinates, convert them: {_CONVERT}.",
    "int8": "If these are packed bits (binary of sentence-transformers), unpack them:"
    f" np.unpackbits(x.view(np.uint8) ^ 128, axis=1) {_UNPACKED};"
    f" if they are quantised coordinates, convert them: {_CONVERT}.",
    "uint16": f"If these are the bits of bfloat16, convert them: {_FROM_BFLOAT16};"
    f" if they are coordinates: {_CONVERT}.",
    "void16": "If these are bfloat16 numbers, convert them:"
    f" {_FROM_BFLOAT16.replace('x.', 'x.view(np.uint16).')}.",
    "bool": f"If each is a sign, convert them: x {_UNPACKED}; if they are 0 and 1: {_CONVERT}.",
}
_HINTS_OF_KIND = {
    "i": f"If they are coordinates, convert them: {_CONVERT}.",
    "u": f"If they are coordinates, convert them: {_CONVERT}.",
    "c": "If both parts are coordinates: np.concatenate([x.real, x.imag], axis=1).",
    "U": f"Convert the embeddings to numbers: {_CONVERT}.",
    "S": f"Convert the embeddings to numbers: {_CONVERT}.",
}
_NAMES = {"void16": "two bytes without a number type (V2)"}


def require_floats(dtype: np.dtype[Any], what: str = "embeddings") -> None:
    """Raise `EmbeddingError` unless numbers of a type can be coordinates."""
    name, kind = dtype.name, dtype.kind
    if kind != "f":
        raise EmbeddingError(
            f"{what} are of type {_NAMES.get(name, name)}, expected float16, float32 or float64",
            hint=hint_for(name, kind),
        )


def hint_for(name: str, kind: str) -> str:
    """Hint how to convert numbers of a NumPy type and kind (``uint8``, ``u``) to coordinates."""
    return _HINTS.get(name) or _HINTS_OF_KIND.get(kind, "Convert the embeddings to float32.")


class Shaped(Protocol):
    """An array, or the header of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each dimension."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its numbers."""

    @property
    def ndim(self) -> int:
        """Number of dimensions."""


def require_coordinates(array: Shaped, what: str = "embeddings") -> None:
    """Raise `EmbeddingError` unless an array is of shape ``(items, dims)`` and holds floats."""
    if array.dtype.names:
        fields = ", ".join(array.dtype.names)
        raise EmbeddingError(
            f"{what} are a structured array with the fields {fields}, expected a matrix of floats",
            hint=f"Take one field of it: x[{array.dtype.names[0]!r}].",
        )
    if array.ndim != 2:
        raise EmbeddingError(
            f"{what} have shape {array.shape}, expected (items, dims)", hint=_hint_for_shape(array)
        )
    require_floats(array.dtype, what)


def _hint_for_shape(array: Shaped) -> str:
    if array.ndim == 1:
        return "If the rows follow one another, give them their length: x.reshape(-1, dims)."
    if array.ndim > 2:
        return (
            "If each item has one embedding: x.reshape(len(x), -1); if it has several, pool them."
        )
    return "Give one embedding per row of a two-dimensional array."
