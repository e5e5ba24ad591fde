"""What the columns of a table hold: vectors of one length, labels, texts."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.embeddings.labels import Labels
from opiscli.errors import EmbeddingError, SourceError
from opiscli.sources.selection import Selection, require_column


def embedding_column(schema: pa.Schema, source: str, asked: str | None) -> str:
    """Name of the column that holds the embeddings."""
    vectors = [field.name for field in schema if _is_vector(field.type)]
    if asked is None and "embedding" not in schema.names:
        if len(vectors) != 1:
            found = f"{len(vectors)} columns that could be one: {', '.join(vectors)}"
            found = (
                found if vectors else f"no list-of-float column among: {', '.join(schema.names)}"
            )
            raise SourceError(
                f"{source} has no column 'embedding' and {found}",
                hint="Name the column with --embedding-column.",
            )
        return str(vectors[0])
    name = asked or "embedding"
    require_column(name, schema.names, source, "--embedding-column")
    if name not in vectors:
        raise SourceError(
            f"column {name!r} of {source} holds {schema.field(name).type},"
            " expected lists of float16, float32 or float64",
            hint="Name the column with --embedding-column, or convert it.",
        )
    return name


def _is_vector(kind: pa.DataType) -> bool:
    is_list = (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
    return bool(is_list and pa.types.is_floating(kind.value_type))


def require_label_type(field: pa.Field) -> None:
    """Raise `EmbeddingError` unless a column can hold labels."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    usable = (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
    )
    if not usable:
        raise EmbeddingError(
            f"label column {field.name!r} holds {field.type},"
            " expected strings, integers or booleans",
            hint="Name another column with --label-column, or convert this one to strings.",
        )


def vectors(
    batches: Iterator[pa.RecordBatch], collected: dict[str, list[pa.Array]]
) -> Iterator[AnyArray]:
    """Hand out the embeddings of each batch and put its other columns aside."""
    dims: int | None = None
    start = 0
    for batch in batches:
        if batch.num_rows == 0:
            continue
        for role, chunks in collected.items():
            chunks.append(batch.column(role))
        column = batch.column("embedding")
        _refuse_nulls(column, start, "embedding")
        lengths = _lengths(column)
        dims = int(lengths[0]) if dims is None else dims
        if (odd := lengths != dims).any():
            first = int(np.argmax(odd))
            raise EmbeddingError(
                f"embedding in row {start + first} has {lengths[first]} dims, expected {dims}"
                " as in row 0 (rows count from 0)",
                hint="All embeddings must come from one model; drop or repair the odd ones.",
                row=start + first,
            )
        values = column.flatten()
        if values.null_count:
            first = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False))) // dims
            raise _null_error(start + first, "value in the embedding")
        yield values.to_numpy(zero_copy_only=False).reshape(-1, dims)
        start += batch.num_rows


def _lengths(lists: pa.Array) -> AnyArray:
    if pa.types.is_fixed_size_list(lists.type):
        return np.full(len(lists), lists.type.list_size)
    return np.asarray(lists.value_lengths().to_numpy(zero_copy_only=False))


def _refuse_nulls(column: pa.Array | pa.ChunkedArray, start: int, what: str) -> None:
    if column.null_count:
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        raise _null_error(start + int(np.argmax(nulls)), what)


def _null_error(row: int, what: str) -> EmbeddingError:
    return EmbeddingError(
        f"{what} in row {row} is null (rows count from 0), expected a value in every row",
        hint="Drop these rows or fill them in.",
        row=row,
    )


def texts(column: pa.ChunkedArray, name: str, source: str, selection: Selection) -> Labels:
    """Any column of texts, numbers or dates; what is null is shown as an empty text."""
    if name == selection.group:
        _refuse_nulls(column, 0, f"group ({name})")
    is_whole = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
    if column.null_count or not is_whole:
        column = _as_text(column, name, source)
    return labels(column, f"value ({name})")


def _as_text(column: pa.ChunkedArray, name: str, source: str) -> pa.ChunkedArray:
    try:
        return column.cast(pa.large_string()).fill_null("")
    except pa.ArrowException as cause:
        raise EmbeddingError(
            f"column {name!r} of {source} holds {column.type}, expected texts, numbers or dates",
            hint="Name another column, or convert this one to strings.",
        ) from cause


def labels(column: pa.ChunkedArray, what: str) -> Labels:
    """Code a column of labels, named ``what`` where one is null."""
    _refuse_nulls(column, 0, what)
    encoded = column.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    if encoded.dictionary.null_count:
        values = encoded.dictionary.take(encoded.indices)
        _refuse_nulls(values, 0, what)
    return Labels.from_codes(
        encoded.indices.to_numpy(zero_copy_only=False),
        encoded.dictionary.to_numpy(zero_copy_only=False),
    )
