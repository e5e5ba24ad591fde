"""A FAISS index as a table: its vectors, their ids if they have some, and labels from a file."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opiscli.errors import EmbeddingError, OpisWarning, SourceError, UsageError
from opiscli.indexes.faiss_file import StoredVectors
from opiscli.settings.memory_limit import require_room
from opiscli.sources.labels_file import read_labels
from opiscli.sources.selection import LABEL_NAMES, Selection, require_column, usual_name
from opiscli.sources.table import ROWS_AT_ONCE, Table, require_once

_SUFFIXES = (".faiss", ".index")
_OF_TABLES = (b"PAR1", b"ARROW1", b"FEA1")


@dataclass(frozen=True)
class IndexTable:
    """The vectors of an index as a column ``embedding``, decoded as they are read.

    Parameters
    ----------
    beside
        Further columns.
    """

    stored: StoredVectors
    beside: pa.Table

    @property
    def name(self) -> str:
        """Name of the table in messages."""
        return str(self.stored.file)

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        vectors = pa.list_(pa.float32(), self.stored.index.d)
        return self.beside.schema.append(pa.field("embedding", vectors))

    @property
    def n_rows(self) -> int:
        """Number of vectors."""
        return len(self.stored.keys)

    def size(self, columns: Sequence[str]) -> int:
        """Nothing more: the index is in memory, and vectors are decoded a batch at a time."""
        return 0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Decode vectors, and give out other columns beside them."""
        kept = self.beside.select([name for name in columns if name != "embedding"])
        for start in range(0, self.n_rows, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, self.n_rows)
            rows = {name: kept[name].slice(start, stop - start) for name in kept.column_names}
            if "embedding" in columns:
                values = pa.array(self.stored.rows(start, stop).ravel())
                rows["embedding"] = pa.FixedSizeListArray.from_arrays(values, self.stored.index.d)
            yield from pa.table({name: rows[name] for name in columns}).to_batches()


def open_index_table(path: Path, selection: Selection, *, needs_labels: bool) -> IndexTable:
    """Open an index file, with the labels of another file.

    Raises
    ------
    SourceError
        If it is damaged, does not give its vectors back, or is not called an index.
    EmbeddingError
        If there is not one label per vector.
    UsageError
        If it has no labels and needs some, or does not fit into the memory limit.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise SourceError(
            f"{path} is a FAISS index, which is read only if its name ends in .faiss or .index",
            hint="FAISS does not validate what it reads; rename the file if you trust it.",
        )
    if selection.labels_file is None and needs_labels:
        raise UsageError(
            f"{path} is a FAISS index and has no labels",
            hint=f"Add {selection.labels_option} FILE: NPY, text, CSV or Parquet.",
        )
    require_room(path.stat().st_size, str(path), selection.memory_limit)
    stored = StoredVectors.of(path)
    if not stored.is_exact:
        warnings.warn(
            f"{path} stores compressed or transformed vectors, so what is measured differs from the"
            " original embeddings",
            OpisWarning,
            stacklevel=2,
        )
    columns = {} if stored.ids is None else {"id": pa.array(stored.ids)}
    if selection.labels_file is not None:
        columns["label"] = _labels(stored, selection.labels_file, selection)
    return IndexTable(stored, pa.table(columns))


def _labels(stored: StoredVectors, file: Path, selection: Selection) -> pa.ChunkedArray | pa.Array:
    """Labels by id where the file has ids, too; else in the order of the vectors."""
    if stored.ids is not None:
        table = _table_of(file, selection)
        if table is not None and "id" in table.schema.names:
            return _by_id(stored, table)
    if not stored.is_ordered:
        raise EmbeddingError(
            f"{stored.file} has ids, but not the order in which its vectors were added, and {file}"
            " has no ids to find the labels by",
            hint="Name a CSV or Parquet file with the columns id and label.",
        )
    n_items = len(stored.keys)
    labels = read_labels(file, n_items, keep_missing=True, memory_limit=selection.memory_limit)
    return pa.array(labels.tolist() if labels.dtype == object else labels)


def _table_of(file: Path, selection: Selection) -> Table | None:
    """The file as a table, if it is of a kind with named columns."""
    from opiscli.sources import opening

    if not file.is_file():
        return None
    with file.open("rb") as opened:
        is_table = opened.read(8).startswith(_OF_TABLES)
    if not is_table and file.suffix.lower() not in (".csv", ".tsv"):
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
