"""A FAISS index as a table: its vectors, and their ids if they have some."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from opiscli.atomic_file import temporary_file
from opiscli.errors import OpisWarning, SourceError, UsageError
from opiscli.indexes.faiss_file import StoredVectors
from opiscli.settings.memory_limit import require_room
from opiscli.sources.fetched import write_copy
from opiscli.sources.selection import Selection
from opiscli.sources.stored import Stored
from opiscli.sources.table import ROWS_AT_ONCE
from opiscli.sources.unlabelled import Unlabelled

_SUFFIXES = (".faiss", ".index")


@dataclass(frozen=True)
class IndexTable(Unlabelled):
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
    """Open an index file.

    Raises
    ------
    SourceError
        If it is damaged, does not give its vectors back, or is not called an index.
    UsageError
        If it has no labels and needs some, or does not fit into the memory limit.
    """
    _require_name_of_index(str(path))
    if selection.labels_file is None and needs_labels:
        raise UsageError(
            f"{path} is a FAISS index and has no labels",
            hint=f"Add {selection.labels_option} FILE: NPY, text, CSV or Parquet.",
        )
    require_room(path.stat().st_size, str(path), selection.memory_limit)
    return _table_of(StoredVectors.of(path))


def open_index_elsewhere(file: Stored, name: str, selection: Selection) -> IndexTable:
    """Open an index file that is not on this machine, as `open_index_table`.

    FAISS reads it from a copy, which is removed afterwards.
    """
    _require_name_of_index(name)
    require_room(file.size, name, selection.memory_limit)
    with temporary_file() as copy:
        write_copy(file, name, copy)
        try:
            stored = StoredVectors.of(copy)
        except SourceError as error:
            problem = error.problem.replace(str(copy), name)
            raise SourceError(problem, hint=error.hint) from error
    return _table_of(replace(stored, file=name))


def _require_name_of_index(name: str) -> None:
    if not name.partition("?")[0].lower().endswith(_SUFFIXES):
        raise SourceError(
            f"{name} is a FAISS index, which is read only if its name ends in .faiss or .index",
            hint="FAISS does not validate what it reads; rename the file if you trust it.",
        )


def _table_of(stored: StoredVectors) -> IndexTable:
    if not stored.is_exact:
        warnings.warn(
            f"{stored.file} stores compressed or transformed vectors, so what is measured differs"
            " from the original embeddings",
            OpisWarning,
            stacklevel=2,
        )
    return IndexTable(stored, pa.table({} if stored.ids is None else {"id": stored.ids}))
