"""Labels of the vectors of a FAISS index: by their ids, or in their order."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opiscli.errors import EmbeddingError
from opiscli.indexes.faiss_file import StoredVectors
from opiscli.sources.credentials import without_credentials
from opiscli.sources.index_table import IndexTable
from opiscli.sources.labels_file import labels_at, read_labels
from opiscli.sources.selection import LABEL_NAMES, Selection, require_column, usual_name
from opiscli.sources.table import Table, require_once

_OF_TABLES = (b"PAR1", b"ARROW1", b"FEA1")


def with_labels(table: Table, file: Path | str, selection: Selection) -> IndexTable:
    """Add the labels of a file as a column ``label``.

    Raises
    ------
    SourceError
        If they cannot be read.
    EmbeddingError
        If there is not one label per vector.
    """
    assert isinstance(table, IndexTable)
    labels = _labels(table.stored, file, selection)
    ids = {name: table.beside[name] for name in table.beside.column_names}
    return replace(table, beside=pa.table({**ids, "label": labels}))


def _labels(
    stored: StoredVectors, file: Path | str, selection: Selection
) -> pa.ChunkedArray | pa.Array:
    """Labels by id where the file has ids, too; else in the order of the vectors."""
    if stored.ids is not None:
        table = _table_of(file, selection)
        if table is not None and "id" in table.schema.names:
            return _by_id(stored, table)
    if not stored.is_ordered:
        raise EmbeddingError(
            f"{stored.file} has ids, but not the order in which its vectors were added, and"
            f" {without_credentials(str(file))} has no ids to find the labels by",
            hint="Name a CSV or Parquet file with the columns id and label.",
        )
    n_items = len(stored.keys)
    labels = read_labels(file, n_items, keep_missing=True, memory_limit=selection.memory_limit)
    return pa.array(labels.tolist() if labels.dtype == object else labels)


def _table_of(file: Path | str, selection: Selection) -> Table | None:
    """The file as a table, if it is of a kind with named columns."""
    from opiscli.sources import opening

    found = labels_at(file)
    if not found.first.startswith(_OF_TABLES) and found.suffix not in (".csv", ".tsv"):
        return None
    return opening.open_source(str(file), Selection(memory_limit=selection.memory_limit))


def _by_id(stored: StoredVectors, table: Table) -> pa.ChunkedArray:
    label = usual_name(LABEL_NAMES, table.schema.names)
    require_column(label, table.schema.names, table.name, "--labels")
    for name in ("id", label):
        require_once(table, [name])
    batches = list(table.batches(["id", label]))
    empty = table.schema.empty_table().select(["id", label])
    rows = pa.Table.from_batches(batches) if batches else empty
    try:
        ids = pc.cast(rows["id"], pa.int64())
    except pa.ArrowException as cause:
        raise EmbeddingError(
            f"the ids of {table.name} are {rows['id'].type}, but those of {stored.file} are whole"
            " numbers",
            hint="Name a file of labels without the column id if they are in the order of the"
            " vectors.",
        ) from cause
    if len(ids.unique()) < len(ids):
        raise EmbeddingError(
            f"{table.name} has an id more than once, expected one label per id",
            hint="Keep one row per id.",
        )
    found = pc.index_in(pa.array(stored.ids), value_set=ids.combine_chunks())
    if found.null_count:
        missing = np.asarray(stored.ids)[found.is_null().to_numpy(zero_copy_only=False)]
        raise EmbeddingError(
            f"{len(missing):,} of {len(found):,} ids of {stored.file} are not in {table.name}, such"
            f" as {missing[0]}",
            hint="Name a file with the labels of all ids.",
        )
    return rows[label].take(found)
