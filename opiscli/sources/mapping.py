"""Writes a table again with other embeddings in it, a batch of rows at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from opiscli.arrays import AnyArray
from opiscli.atomic_file import whole_file
from opiscli.embeddings.changed_rows import Change, ChangedRows, joined
from opiscli.embeddings.unit_rows import unit_rows
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.settings.memory_limit import require_room
from opiscli.sources.columns import EmbeddingColumns, vectors
from opiscli.sources.further_columns import beside, unchanged
from opiscli.sources.offset_column import described, holds_offsets, offset_column
from opiscli.sources.plain_types import plain, storable
from opiscli.sources.selection import OFFSET_NAME, Selection
from opiscli.sources.standard_output import is_standard_output, write_stream
from opiscli.sources.table import Table
from opiscli.sources.tables import SelectedRows, require_united
from opiscli.sources.validated import require_all_rows


def write_mapped(
    table: Table,
    selection: Selection,
    change: Change | None,
    path: Path,
    *,
    force: bool,
    further: Mapping[str, AnyArray] | None = None,
) -> int:
    """Write the selected rows as Parquet; return how many. See `map_embeddings`.

    Parameters
    ----------
    change
        ``None`` leaves the embeddings as they are.
    further
        Columns to add, in the order of the rows.
    """
    batches = unchanged(table, selection) if change is None else _mapped(table, selection, change)
    added = beside(batches, further, table) if further else batches
    return write_batches(added, table, selection, path, force=force)


def write_batches(
    batches: Iterator[pa.RecordBatch],
    table: Table,
    selection: Selection,
    path: Path,
    *,
    force: bool,
) -> int:
    """Write batches that are made of the selected rows of a table; return how many rows."""
    if is_standard_output(path):
        if (n_rows := write_stream(batches, partial(_written, table))) == 0:
            raise no_rows(table, selection)
        return n_rows
    n_rows = 0
    writer: pq.ParquetWriter | None = None
    with whole_file(path, force=force) as temporary, temporary.open("wb") as file:
        try:
            for batch in batches:
                with _written(table):
                    writer = writer or pq.ParquetWriter(file, batch.schema)
                    writer.write_batch(batch)
                n_rows += batch.num_rows
            if writer is None:
                raise no_rows(table, selection)
        finally:
            if writer is not None:
                with _written(table):
                    writer.close()
        file.flush()
        with _written(table), temporary.open("rb") as again, pq.ParquetFile(again) as written:
            require_all_rows(written.metadata.num_rows, n_rows, str(path))
    return n_rows


@contextmanager
def _written(table: Table) -> Iterator[None]:
    """Explain what pyarrow's writer says of values; a full disk is explained elsewhere."""
    try:
        yield
    except (pa.ArrowException, ValueError) as cause:
        if isinstance(cause, OSError):
            raise
        reason = (str(cause).splitlines() or [type(cause).__name__])[0].rstrip(".")
        raise EmbeddingError(
            f"the rows of {table.name} cannot be written as Parquet: {reason}",
            hint="Leave out or convert the column before, for example with Table.cast.",
        ) from cause


def collect_mapped(table: Table, selection: Selection, change: Change) -> ChangedRows:
    """The changed embeddings of the selected rows. See `project_embeddings`."""
    rows = SelectedRows.of(table, selection)
    embedding = EmbeddingColumns.of(table.schema, table.name, selection)
    require_united(table, embedding.names)
    blocks: list[ChangedRows] = []
    n_bytes = 0
    for _, changed in _changed(rows, embedding, [], change):
        n_bytes += changed.unit.nbytes
        require_room(n_bytes, f"the projection of {table.name}", selection.memory_limit)
        blocks.append(changed)
    if not blocks:
        raise no_rows(table, selection)
    return joined(blocks)


def _mapped(table: Table, selection: Selection, change: Change) -> Iterator[pa.RecordBatch]:
    """Batches of all columns; the embeddings stand where their first column stood."""
    schema = table.schema
    rows = SelectedRows.of(table, selection)
    embedding = EmbeddingColumns.of(schema, table.name, selection)
    names = list(dict.fromkeys(schema.names))
    require_united(table, embedding.names)
    require_united(table, names, everywhere=False)
    name = "embedding" if embedding.are_wide else embedding.names[0]
    stale = offset_column(table, selection, list(embedding.names))
    if stale is not None:
        raise UsageError(
            f"{table.name} has offsets of the embeddings as they are, which other embeddings would"
            " make wrong",
            hint="Add --no-offset to leave the column out, and run opis normalize on the result.",
        )
    left_out = [OFFSET_NAME] if holds_offsets(table) else []
    kept = [one for one in names if one not in (*embedding.names, *left_out)]
    if name in kept:
        raise SourceError(
            f"{table.name} has a column {name!r} beside those of --embedding-columns",
            hint="Rename or drop that column, for the projected embeddings are called so.",
        )
    at = names.index(next(one for one in names if one in embedding.names))
    for batch, (values, offsets, _) in _changed(rows, embedding, kept, change):
        lists = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
        arrays = [batch.column(one) for one in kept]
        arrays.insert(at, lists)
        named = zip([*kept[:at], name, *kept[at:]], arrays, strict=True)
        fields = [pa.field(one, values.type) for one, values in named]
        if offsets is not None:
            _require_no_other_offset(table, kept)
            arrays.append(pa.array(offsets.values))
            fields.append(described(pa.float32(), offsets.k or 0, offsets.weight or 0.0))
        yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _require_no_other_offset(table: Table, kept: list[str]) -> None:
    if OFFSET_NAME in kept:
        raise SourceError(
            f"{table.name} has a column {OFFSET_NAME!r} of another kind, and the offsets of the"
            " head are called so",
            hint="Rename or drop that column.",
        )


def _changed(
    rows: SelectedRows, embedding: EmbeddingColumns, kept: list[str], change: Change
) -> Iterator[tuple[pa.RecordBatch, ChangedRows]]:
    """The other columns of each batch, as Parquet holds them, and its embeddings changed."""

    def convert(array: pa.Array, name: str, source: str) -> pa.Array:
        return (plain if name in embedding.names else storable)(array, name, source)

    start = 0
    for batch, values in vectors(rows.batches([*embedding.names, *kept], convert), embedding):
        try:
            yield batch, change(unit_rows([values], len(values)))
        except EmbeddingError as error:
            raise in_place(error, start) from error
        start += len(values)


def in_place(error: EmbeddingError, start: int) -> EmbeddingError:
    """Restate an error with the row number in the whole source instead of the batch."""
    if error.row is None:
        return error
    row = start + error.row
    return EmbeddingError(
        f"the embedding in row {row} (counting from 0) is zero or not finite, or becomes zero",
        hint=error.hint,
        row=row,
    )


def no_rows(table: Table, selection: Selection) -> EmbeddingError:
    """Explain that no row is taken."""
    if selection.where or selection.exclude:
        return SelectedRows.of(table, selection).nothing_left()
    return EmbeddingError(
        f"{table.name} holds no rows, expected at least one",
        hint="Check that the source was written completely.",
    )
