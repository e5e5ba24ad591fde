"""Codes of texts or numbers that arrive in blocks: one number for each distinct value."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opiscli.arrays import AnyArray, Int32Array
from opiscli.errors import EmbeddingError
from opiscli.sources.plain_types import as_label_values

_MOST_VALUES = 2**31 - 1


def require_identities(kind: pa.DataType, name: str, source: str) -> None:
    """Raise `EmbeddingError` unless a column of a plain type can hold identities or ids."""
    usable = (
        pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )
    if not usable:
        raise EmbeddingError(
            f"column {name!r} of {source} holds {kind}, expected strings or whole numbers",
            hint="Name another column, or convert this one to strings.",
        )


class Coder:
    """Numbers distinct values in the order in which they come."""

    def __init__(self) -> None:
        self._values: pa.Array | None = None

    def codes(self, column: pa.ChunkedArray) -> Int32Array:
        """Codes of a block of plain values, none of which is missing."""
        encoded = as_label_values(column).dictionary_encode().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.chunk(0)
        known = self._codes_of(encoded.dictionary)
        return np.asarray(known[encoded.indices.to_numpy()])

    def _codes_of(self, values: pa.Array) -> Int32Array:
        if self._values is None:
            self._values = values.slice(0, 0)
        found = pc.index_in(values, value_set=self._values)
        if found.null_count:
            # Values of a dictionary are all different, so each new one has a code of its own.
            new = values.filter(found.is_null())
            codes = len(self._values) + np.arange(len(new))
            if len(self._values) + len(new) > _MOST_VALUES:
                raise EmbeddingError(
                    f"there are more than {_MOST_VALUES:,} different ids",
                    hint="Evaluate fewer pairs at a time.",
                )
            self._values = pa.concat_arrays([self._values, new])
            found = pc.replace_with_mask(found, found.is_null(), pa.array(codes, pa.int32()))
        return np.asarray(found.to_numpy(), dtype=np.int32)

    def sorted_names(self) -> tuple[pa.Array, Int32Array]:
        """All values as texts, sorted (numbers by value), and the new code of each old one."""
        assert self._values is not None
        order = pc.sort_indices(self._values)
        renumbered = np.empty(len(order), dtype=np.int32)
        renumbered[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
        texts = self._values.take(order)
        if pa.types.is_boolean(texts.type):
            texts = pa.array([str(value) for value in texts.to_pylist()], pa.large_string())
        return texts.cast(pa.large_string()), renumbered


def renumber(codes: AnyArray, renumbered: Int32Array, at_once: int = 1 << 20) -> None:
    """Replace codes in place, some at a time, for they may be mapped from a file."""
    flat = codes.reshape(-1)
    for start in range(0, len(flat), at_once):
        part = flat[start : start + at_once]
        part[:] = renumbered[part]
