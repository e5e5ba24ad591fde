"""Normalises column types: of several equivalent types, one remains.

Views, dictionaries, run ends and extension types are ways to store values. Behind this border there
are only the values: text, whole numbers, lists.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from opiscli.errors import EmbeddingError

_MOST_LETTERS = 1 << 28
"""Bytes of the texts in one column of a batch, if they are repeated."""


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The normalised type of a column."""
    if is_uuid(kind):
        return pa.large_string()
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary(kind) or pa.types.is_binary_view(kind):
        return pa.large_binary()
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type), kind.list_size)
    if is_list(kind):
        return (pa.list_ if pa.types.is_list(kind) else pa.large_list)(plain_type(kind.value_type))
    return kind


def plain(array: pa.Array, name: str, source: str) -> pa.Array:
    """The values of a column in its normalised type.

    Raises
    ------
    EmbeddingError
        If pyarrow cannot convert it, or text is not UTF-8; names the column.
    """
    if pa.types.is_dictionary(array.type):
        _require_short(array, name, source)
    try:
        values = _plain(array)
    except (pa.ArrowException, UnicodeDecodeError) as cause:
        raise EmbeddingError(
            f"column {name!r} of {source} holds {array.type}, which cannot be converted to plain"
            " values",
            hint="Convert this column before, for example with pyarrow's Table.cast.",
        ) from cause
    if pa.types.is_large_string(values.type):
        _require_utf8(values, name, source)
    return values


def _require_utf8(values: pa.Array, name: str, source: str) -> None:
    """Refuse text that is none, for some programs write any bytes as text."""
    try:
        values.validate(full=True)
    except pa.ArrowException as cause:
        raise not_utf8(name, source) from cause


def spelled_out(
    batch: pa.RecordBatch, columns: Mapping[str, pa.DataType], source: str
) -> pa.RecordBatch:
    """A batch in which some columns of dictionaries are columns of texts of a type.

    Raises
    ------
    EmbeddingError
        If a text is repeated so often that a column would fill the memory.
    """
    for name, kind in columns.items():
        column = batch.column(name)
        if pa.types.is_dictionary(column.type):
            _require_short(column, name, source)
            place = batch.schema.get_field_index(name)
            batch = batch.set_column(place, name, column.cast(kind))
    return batch


def _require_short(array: pa.DictionaryArray, name: str, source: str) -> None:
    texts = array.dictionary
    if not (is_text_or_bytes(texts.type) and texts.nbytes * len(array) > _MOST_LETTERS):
        return
    n_bytes = pc.sum(pc.binary_length(texts).take(array.indices)).as_py() or 0
    if n_bytes > max(_MOST_LETTERS, 2 * texts.nbytes):
        raise EmbeddingError(
            f"column {name!r} of {source} repeats long texts: {n_bytes / 1e6:,.0f} MB in"
            f" {len(array):,} rows",
            hint="Give short names to them, or leave the column out.",
        )


def not_utf8(name: str, source: str) -> EmbeddingError:
    """Say that a column holds bytes that are no text."""
    return EmbeddingError(
        f"column {name!r} of {source} holds bytes that are not UTF-8 text",
        hint="Convert the column to strings, for example with value.hex().",
    )


def _plain(array: pa.Array) -> pa.Array:
    kind = array.type
    if is_uuid(kind):
        return pa.array(
            [
                None if one is None else str(uuid.UUID(bytes=one))
                for one in array.storage.to_pylist()
            ],
            pa.large_string(),
        )
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(array.storage)
    if pa.types.is_dictionary(kind):
        # Taken by hand: not every type of value has a cast from its dictionary.
        return _plain(array.dictionary).take(array.indices)
    if pa.types.is_run_end_encoded(kind):
        values = _plain(array.values)
        return pc.run_end_decode(
            pa.RunEndEncodedArray.from_arrays(array.run_ends, values).slice(
                array.offset, len(array)
            )
        )
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return _plain(_lists_of_views(array))
    wanted = plain_type(kind)
    return array if kind == wanted else array.cast(wanted)


def _lists_of_views(array: pa.Array) -> pa.Array:
    """Lists one after the other; pyarrow's own cast leaves out the last end."""
    lengths = pc.fill_null(array.value_lengths(), 0).cast(pa.int64())
    ends = pc.cumulative_sum(lengths)
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends])
    mask = array.is_null() if array.null_count else None
    return pa.LargeListArray.from_arrays(offsets, array.flatten(), mask=mask)


def storable(array: pa.Array, name: str, source: str) -> pa.Array:
    """A column as it can be written to Parquet: as it is, where that is possible.

    Raises
    ------
    EmbeddingError
        If Parquet has no place for it; names the column.
    """
    values = array if _is_parquet(array.type) else plain(array, name, source)
    if not _is_parquet(values.type):
        raise EmbeddingError(
            f"column {name!r} of {source} holds {array.type}, which Parquet cannot hold",
            hint=f"Convert it or leave it out before: table.drop_columns([{name!r}]).",
        )
    return values


def _is_parquet(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        value = kind.value_type
        return (
            not pa.types.is_nested(value)
            and plain_type(value) in (value, pa.large_string())
            and not pa.types.is_string_view(value)
        )
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return False
    import pyarrow.parquet as pq

    try:
        pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([("column", kind)])).close()
    except (pa.ArrowException, TypeError):
        return False
    return True


def is_list(kind: pa.DataType) -> bool:
    """Whether values are lists of any number of values."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def is_text_or_bytes(kind: pa.DataType) -> bool:
    """Whether values are texts or bytes of any length."""
    return any(
        is_kind(kind)
        for is_kind in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def is_uuid(kind: pa.DataType) -> bool:
    """Whether values are UUIDs."""
    return getattr(kind, "extension_name", None) == "arrow.uuid"


def as_label_values(column: pa.Array | pa.ChunkedArray) -> Any:  # noqa: ANN401
    """Labels as text, integers or booleans: bytes are text, and decimals say all their digits."""
    kind = column.type
    if pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        column = column.cast(pa.large_binary())
        return column.cast(pa.large_string())
    if pa.types.is_decimal(kind):
        try:
            return column.cast(pa.int64())
        except pa.ArrowException:  # not all are whole, or some are too large
            return column.cast(pa.large_string())
    return column
