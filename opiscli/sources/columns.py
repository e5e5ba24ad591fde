"""What the columns of a table hold: vectors of one length, labels, texts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.embeddings.labels import Labels
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.sources.coordinates import (
    evident_pattern,
    from_text,
    is_text,
    is_vector,
    stacked,
    why_not,
    wide_columns,
)
from opiscli.sources.joined import file_of
from opiscli.sources.plain_types import as_label_values, not_utf8, plain_type
from opiscli.sources.selection import EMBEDDING_NAMES, Selection, listed, require_column, usual_name


@dataclass(frozen=True)
class EmbeddingColumns:
    """The columns with the embeddings of a table: one of lists, or one per coordinate."""

    names: tuple[str, ...]
    are_wide: bool = False

    @classmethod
    def of(cls, schema: pa.Schema, source: str, selection: Selection) -> "EmbeddingColumns":
        """Find them.

        Raises
        ------
        SourceError
            If there is no such column, or more than one that it could be.
        UsageError
            If they are asked for in both ways.
        """
        if selection.embedding_columns is None:
            return cls((_list_column(schema, source, selection.embedding),))
        if selection.embedding is not None:
            raise UsageError(
                "use either --embedding-column or --embedding-columns, not both",
                hint="The first names a column of lists, the second columns of numbers.",
            )
        return cls(tuple(wide_columns(schema, source, selection)), are_wide=True)

    def rows(self, batch: pa.RecordBatch, start: int) -> AnyArray | pa.Array:
        """Embeddings of a batch: an array ``(n, dims)``, or lists still to be checked."""
        if self.are_wide:
            return stacked([batch.column(name) for name in self.names], self.names, start)
        column = batch.column(self.names[0])
        return from_text(column, start) if is_text(column.type) else column


def _list_column(schema: pa.Schema, source: str, asked: str | None) -> str:
    vectors = [field.name for field in schema if is_vector(field.type)]
    usual = usual_name(EMBEDDING_NAMES, schema.names)
    if asked is None and usual not in schema.names:
        if len(vectors) != 1:
            raise _not_one(schema, source, vectors)
        return str(vectors[0])
    name = asked or usual
    require_column(name, schema.names, source, "--embedding-column")
    kinds = [field.type for field in schema if field.name == name]
    if not any(is_vector(kind) or is_text(kind) for kind in kinds):
        found, hint = why_not(kinds[0])
        raise SourceError(f"column {name!r} of {source} holds {found}", hint=hint)
    return name


def _not_one(schema: pa.Schema, source: str, vectors: list[str]) -> SourceError:
    if vectors:
        return SourceError(
            f"{source} has no column 'embedding' and {len(vectors)} columns that could be one:"
            f" {listed(vectors)}",
            hint="Name the column with --embedding-column.",
        )
    hint = "Name the column with --embedding-column."
    if pattern := evident_pattern(schema):
        hint = f"If each coordinate has its own column, add --embedding-columns '{pattern}'."
    return SourceError(
        f"{source} has no column 'embedding' and no list-of-float column among:"
        f" {listed(schema.names)}",
        hint=hint,
    )


def label_column(schema: pa.Schema, source: str, selection: Selection) -> str | None:
    """Name of the column of labels, whether or not it exists; ``None`` if none is needed.

    Raises
    ------
    EmbeddingError
        If it exists and cannot hold labels, but is needed or was named.
    """
    name = selection.label_among(schema.names)
    if name is None or schema.names.count(name) != 1:
        return name
    if selection.needs_labels or selection.label is not None:
        require_label_type(schema.field(name), source)
    return name if _holds_labels(schema.field(name)) else None


def require_label_type(field: pa.Field, source: str) -> None:
    """Raise `EmbeddingError` unless a column can hold labels."""
    if not _holds_labels(field):
        raise EmbeddingError(
            f"label column {field.name!r} of {source} holds {field.type},"
            " expected strings, integers or booleans",
            hint="Name another column with --label-column, or convert this one to strings.",
        )


def _holds_labels(field: pa.Field) -> bool:
    kind = plain_type(field.type)
    return bool(
        pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    )


def vectors(
    batches: Iterable[pa.RecordBatch], columns: EmbeddingColumns
) -> Iterator[tuple[pa.RecordBatch, AnyArray]]:
    """Hand out the embeddings of each batch, all of one length, with the batch.

    Raises
    ------
    EmbeddingError
        If a row is missing, empty or of another length than the first; names both.
    """
    first: tuple[int, str] | None = None
    start = 0
    for batch in batches:
        if batch.num_rows == 0:
            continue
        found = columns.rows(batch, start)
        if not isinstance(found, np.ndarray):
            file = f" ({name})" if (name := file_of(batch)) else ""
            first = first or (int(_lengths(found)[0]), file)
            found = _matrix(found, start, first, file)
        yield batch, found
        start += batch.num_rows


def _matrix(lists: pa.Array, start: int, first: tuple[int, str], file: str) -> AnyArray:
    _refuse_nulls(lists, start, "embedding", file=file)
    lengths = _lengths(lists)
    dims, first_file = first
    if not dims:
        _refuse_empty(lengths, start, file)
    if (odd := lengths != dims).any():
        row = int(np.argmax(odd))
        beside = first_file if first_file != file else ""
        raise EmbeddingError(
            f"embedding in row {start + row}{file} has {lengths[row]} dims, expected {dims}"
            f" as in row 0{beside} (rows count from 0)",
            hint="All embeddings must come from one model; drop or repair the odd ones.",
            row=start + row,
        )
    values = lists.flatten()
    if values.null_count:
        row = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False))) // dims
        raise _null_error(start + row, "value in the embedding", file=file)
    if not pa.types.is_floating(values.type):
        values = values.cast(pa.float64())
    return np.asarray(values.to_numpy(zero_copy_only=False).reshape(-1, dims))


def _refuse_empty(lengths: AnyArray, start: int, file: str) -> None:
    n_empty = int(np.count_nonzero(lengths == 0))
    which = "embeddings have" if n_empty == len(lengths) else "the embedding has"
    raise EmbeddingError(
        f"{which} 0 dims: row {start}{file} is an empty list (rows count from 0)",
        hint="The model gave nothing for it; drop these rows or compute their embeddings again.",
        row=start,
    )


def _lengths(lists: pa.Array) -> AnyArray:
    if pa.types.is_fixed_size_list(lists.type):
        return np.full(len(lists), lists.type.list_size)
    return np.asarray(lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False))


def _refuse_nulls(
    column: pa.Array | pa.ChunkedArray, start: int, what: str, *, hint: str = "", file: str = ""
) -> None:
    if column.null_count:
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        raise _null_error(start + int(np.argmax(nulls)), what, hint=hint, file=file)


def _null_error(row: int, what: str, *, hint: str = "", file: str = "") -> EmbeddingError:
    return EmbeddingError(
        f"{what} in row {row} is null{file} (rows count from 0), expected a value in every row",
        hint=hint or "Drop these rows or fill them in.",
        row=row,
    )


def texts(column: pa.ChunkedArray, name: str, source: str, selection: Selection) -> Labels:
    """Any column of texts, numbers or dates; what is null is shown as an empty text."""
    if name == selection.group:
        _refuse_nulls(column, 0, f"group ({name})", hint=_leave_out(name))
    kind = column.type
    is_usable = any(
        is_kind(kind)
        for is_kind in (pa.types.is_integer, pa.types.is_boolean, pa.types.is_dictionary)
    )
    if column.null_count or not is_usable:
        column = _as_text(column, name, source)
    return labels(column, f"value ({name})", name, source)


def _as_text(column: pa.ChunkedArray, name: str, source: str) -> pa.ChunkedArray:
    try:
        return column.cast(pa.large_string()).fill_null("")
    except pa.ArrowException as cause:
        raise EmbeddingError(
            f"column {name!r} of {source} holds {column.type}, expected texts, numbers or dates",
            hint="Name another column, or convert this one to strings.",
        ) from cause


def labels(column: pa.ChunkedArray, what: str, name: str, source: str) -> Labels:
    """Code a column of plain labels, named ``what`` where one is null."""
    _refuse_nulls(column, 0, what, hint=_leave_out(name))
    try:
        values = as_label_values(column)
    except pa.ArrowException as cause:
        raise not_utf8(name, source) from cause
    encoded = values.dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    return Labels.from_codes(
        encoded.indices.to_numpy(zero_copy_only=False),
        encoded.dictionary.to_numpy(zero_copy_only=False),
    )


def _leave_out(name: str) -> str:
    return f"Fill them in, or leave these rows out with --exclude {name}=."
