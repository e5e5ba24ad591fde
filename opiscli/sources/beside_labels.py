"""Adds the labels of a file to a table that has none of its own."""

from dataclasses import replace
from pathlib import Path

from opiscli.arrays import AnyArray
from opiscli.errors import UsageError
from opiscli.sources.arrays_as_tables import table_of
from opiscli.sources.arrow import InMemory
from opiscli.sources.labels_file import read_labels
from opiscli.sources.npy_file import open_matrix, refuse_column_options
from opiscli.sources.npy_table import NpyTable
from opiscli.sources.selection import Selection, refuse_labels_file
from opiscli.sources.table import Table
from opiscli.sources.unlabelled import Unlabelled


def labelled(
    table: Table, selection: Selection, *, needs_labels: bool = True
) -> tuple[Table, Selection]:
    """A table with its labels, and what is to be selected of it.

    Raises
    ------
    SourceError, EmbeddingError
        If the labels cannot be read, or there is not one per row.
    UsageError
        If it has no labels and needs some, or has its own and a file was named.
    """
    if not isinstance(table, Unlabelled):
        refuse_labels_file(table.name, selection)
        return table, selection
    if selection.labels_file is None:
        if needs_labels:
            raise UsageError(
                f"{table.name} has no labels",
                hint=f"Add {selection.labels_option} FILE: NPY, text, CSV or Parquet.",
            )
        return table, selection
    rest = replace(selection, labels_file=None)
    if isinstance(table, NpyTable):
        return replace(table, labels=_labels(table.n_rows, selection)), rest
    # Imported here: FAISS takes long to import.
    from opiscli.sources.index_labels import with_labels

    return with_labels(table, selection.labels_file, selection), rest


def open_npy(path: Path, selection: Selection) -> InMemory:
    """Embeddings and optional labels as the columns ``embedding`` and ``label``."""
    refuse_column_options(str(path), selection)
    embeddings, columns = open_matrix(path, str(path)).load(selection.memory_limit), {}
    if selection.labels_file is not None:
        columns["label"] = _labels(len(embeddings), selection)
    return table_of(str(path), embeddings, columns)


def _labels(n_items: int, selection: Selection) -> AnyArray:
    file, limit = selection.labels_file, selection.memory_limit
    assert file is not None
    return read_labels(file, n_items, keep_missing=True, memory_limit=limit)
