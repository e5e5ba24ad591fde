"""Writes a table again with other embeddings in it, a batch of rows at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from opiscli.arrays import Float32Array
from opiscli.atomic_file import whole_file
from opiscli.embeddings.unit_rows import unit_rows
from opiscli.errors import EmbeddingError
from opiscli.sources.columns import embedding_column, vectors
from opiscli.sources.selection import Selection
from opiscli.sources.tables import ROWS_AT_ONCE, condition, explained, nothing_selected

Change = Callable[[Float32Array], Float32Array]


def write_mapped(
    dataset: ds.Dataset,
    source: str,
    selection: Selection,
    change: Change,
    path: Path,
    *,
    force: bool,
) -> int:
    """Write the selected rows as Parquet; return how many. See `map_embeddings`."""
    column = embedding_column(dataset.schema, source, selection.embedding)
    rows = condition(dataset.schema, source, selection)
    n_rows = 0
    writer: pq.ParquetWriter | None = None
    with whole_file(path, force=force) as temporary:
        try:
            for batch in _mapped(dataset, source, column, rows, change):
                if writer is None:
                    writer = pq.ParquetWriter(temporary, batch.schema)
                writer.write_batch(batch)
                n_rows += batch.num_rows
            if writer is None:
                raise _no_rows(dataset, source, selection)
        finally:
            if writer is not None:
                writer.close()
    return n_rows


def collect_mapped(
    dataset: ds.Dataset, source: str, selection: Selection, change: Change
) -> Float32Array:
    """The changed embeddings of the selected rows. See `project_embeddings`."""
    column = embedding_column(dataset.schema, source, selection.embedding)
    rows = condition(dataset.schema, source, selection)
    blocks = []
    for batch in _mapped(dataset, source, column, rows, change):
        lists = batch.column(column)
        values = lists.flatten().to_numpy(zero_copy_only=False)
        blocks.append(values.reshape(len(lists), lists.type.list_size))
    if not blocks:
        raise _no_rows(dataset, source, selection)
    return np.concatenate(blocks)


def _mapped(
    dataset: ds.Dataset,
    source: str,
    column: str,
    rows: ds.Expression | None,
    change: Change,
) -> Iterator[pa.RecordBatch]:
    current: list[pa.RecordBatch] = []

    def embeddings_only() -> Iterator[pa.RecordBatch]:
        batches = dataset.to_batches(
            filter=rows, batch_size=ROWS_AT_ONCE, batch_readahead=2, fragment_readahead=1
        )
        for batch in batches:
            if batch.num_rows:
                current[:] = [batch]
                yield pa.record_batch({"embedding": batch.column(column)})

    start = 0
    with explained(source):
        for values in vectors(embeddings_only(), {}):
            try:
                changed = change(unit_rows([values], len(values)))
            except EmbeddingError as error:
                raise _in_place(error, start) from error
            lists = pa.FixedSizeListArray.from_arrays(pa.array(changed.ravel()), changed.shape[1])
            position = current[0].schema.get_field_index(column)
            yield current[0].set_column(position, column, lists)
            start += len(values)


def _in_place(error: EmbeddingError, start: int) -> EmbeddingError:
    """Tell the same error with the row of the whole source instead of the batch's."""
    if error.row is None:
        return error
    row = start + error.row
    return EmbeddingError(
        f"the embedding in row {row} (counting from 0) is zero or not finite, or becomes zero",
        hint=error.hint,
        row=row,
    )


def _no_rows(dataset: ds.Dataset, source: str, selection: Selection) -> EmbeddingError:
    if selection.where:
        return nothing_selected(dataset, source, selection)
    return EmbeddingError(
        f"{source} holds no rows, expected at least one",
        hint="Check that the source was written completely.",
    )
