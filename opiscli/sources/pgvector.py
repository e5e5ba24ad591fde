"""Decodes what PostgreSQL sends for types of which the driver knows only the bytes.

pgvector sends a ``vector`` as two 16-bit whole numbers, the dims and 0, and the coordinates as
float32; a ``halfvec`` likewise with float16, all in big-endian order (``vector_send`` and
``halfvec_send`` in its ``src/vector.c`` and ``src/halfvec.c``).
"""

from typing import Any

import numpy as np
import pyarrow as pa

from opiscli.arrays import IntArray, UInt8Array
from opiscli.sources.explained import damaged

_BYTES_OF_HEADER = 4
_COORDINATES: dict[str, np.dtype[Any]] = {
    "vector": np.dtype(">f4"),
    "halfvec": np.dtype(">f2"),
}
_NAMES = (b"POSTGRESQL:type", b"ADBC:postgresql:typname")


def decoded(batch: pa.RecordBatch, source: str) -> pa.RecordBatch:
    """A batch with lists in place of vectors, and plain values in place of other bytes.

    Raises
    ------
    SourceError
        If vectors are not as pgvector sends them.
    """
    arrays = [
        _decoded(column, _type_of(field), field.name, source)
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _type_of(field: pa.Field) -> str:
    """Name of the type of a column in PostgreSQL."""
    about = field.metadata or {}
    named = (about[key].decode() for key in _NAMES if key in about)
    return next(named, getattr(field.type, "type_name", ""))


def _decoded(column: pa.Array, kind: str, name: str, source: str) -> pa.Array:
    stored = column.storage if isinstance(column, pa.ExtensionArray) else column
    if kind in _COORDINATES:
        return _vectors(stored.cast(pa.large_binary()), kind, f"column {name!r}", source)
    is_opaque = getattr(column.type, "extension_name", "") == "arrow.opaque"
    return stored if is_opaque else column


def _vectors(sent: pa.LargeBinaryArray, kind: str, where: str, source: str) -> pa.Array:
    is_missing = np.asarray(sent.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    present = sent.drop_null()
    starts, contents = _starts_and_bytes(present)
    if (np.diff(starts) < _BYTES_OF_HEADER).any():
        raise damaged(source, f"{where} holds a {kind} without its dims")
    headers = starts[:-1, None] + np.arange(_BYTES_OF_HEADER)
    dims = contents[headers][:, :2].copy().view(">u2").ravel().astype(np.int64)
    coordinate = _COORDINATES[kind]
    if (np.diff(starts) != _BYTES_OF_HEADER + dims * coordinate.itemsize).any():
        raise damaged(source, f"{where} holds a {kind} that has not as many dims as it says")
    values = np.delete(contents, headers.ravel()).view(coordinate)
    lengths = np.zeros(len(sent), dtype=np.int64)
    lengths[~is_missing] = dims
    return pa.LargeListArray.from_arrays(
        pa.array(np.concatenate([[0], np.cumsum(lengths)])),
        pa.array(values.astype(coordinate.newbyteorder("="))),
        mask=pa.array(is_missing),
    )


def _starts_and_bytes(values: pa.LargeBinaryArray) -> tuple[IntArray, UInt8Array]:
    """Where each value begins in all bytes, and where the last one ends; and the bytes."""
    _, offsets, contents = values.buffers()
    starts = np.frombuffer(offsets, np.int64)[values.offset :][: len(values) + 1]
    held = np.frombuffer(b"" if contents is None else contents, np.uint8)
    return starts - starts[0], held[starts[0] : starts[-1]]
