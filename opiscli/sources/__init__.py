"""Reads embeddings and labels from wherever they are: the only room that knows file formats."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from opiscli.embeddings.changed_rows import Change, ChangedRows
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.sources import numpy_files
from opiscli.sources.in_memory import array_table, read_arrays, read_frame
from opiscli.sources.kinds import Kind, kind_of_file
from opiscli.sources.selection import Selection

if TYPE_CHECKING:
    from opiscli.sources.offset_rows import OffsetRows
    from opiscli.sources.table import Table

__all__ = [
    "Selection",
    "map_embeddings",
    "open_rows",
    "project_embeddings",
    "read_arrays",
    "read_embeddings",
    "read_frame",
]


def read_embeddings(
    source: str, selection: Selection | None = None, *, contents: bytes | None = None
) -> EmbeddingSet:
    """Read a source into validated unit embeddings.

    The kind of a file is told by its first bytes, and nothing in it is executed.

    Parameters
    ----------
    source
        A Parquet, Arrow, Feather, CSV, JSONL, NPY or NPZ file, a FAISS index, a folder of Parquet
        files or one that Hugging Face's ``save_to_disk`` wrote, a glob of files with columns, an
        address such as ``duckdb://file``, or ``-`` for a file with columns on standard input.
    selection
        Which columns and rows to take; by default ``embedding`` and ``label``, all rows.
    contents
        What standard input held, if it has already been read.

    Raises
    ------
    SourceError
        If it is missing, unreadable, of the wrong kind or lacks a column.
    EmbeddingError
        If it was read but cannot be evaluated.
    UsageError
        If an option does not go with this kind of source, or it does not fit into the memory
        limit.
    """
    selection = selection or Selection()
    match _kind_of_arrays(source, selection):
        case Kind.NPY:
            return numpy_files.read_npy(Path(source), selection)
        case Kind.NPZ:
            return numpy_files.read_npz(Path(source), selection)
        case Kind.FAISS:
            return _read_index(Path(source), selection)

    # Imported here: pyarrow takes longer to import than an NPY file takes to read.
    from opiscli.sources import beside_labels, opening, tables

    table = opening.open_source(source, selection, contents)
    return tables.read(
        *beside_labels.labelled(table, selection, needs_labels=selection.needs_labels)
    )


def map_embeddings(
    source: str,
    selection: Selection,
    change: Change,
    path: Path,
    *,
    force: bool,
) -> int:
    """Write a source as Parquet with other embeddings, all its other columns kept.

    A batch of rows is read, changed and written at a time; arrays of an NPZ file become
    columns, and so do an NPY file and its labels.

    Parameters
    ----------
    change
        Gives the rows that are written, and their offsets as a column ``offset`` if it has any.
    path
        Where the Parquet file is to be.

    Returns
    -------
    int
        How many rows were written.

    Raises
    ------
    SourceError
        If the source is missing, unreadable, or lacks a column.
    EmbeddingError
        If a row is zero or not finite, lists differ in length, or Parquet cannot hold a column.
    OutputError
        If the file cannot be written.
    """
    from opiscli.sources import mapping

    table = _open_for_mapping(source, selection)
    return mapping.write_mapped(table, selection, change, path, force=force)


def project_embeddings(source: object, selection: Selection, change: Change) -> ChangedRows:
    """As `map_embeddings`, but return the rows ``(n_rows, dim)``; labels are optional.

    Parameters
    ----------
    source
        The name of a source, or a table in memory.
    """
    from opiscli.sources import mapping

    if isinstance(source, str):
        table = _open_for_mapping(source, selection)
    else:
        from opiscli.sources import frames

        table = frames.open_frame(source, "table", selection)
    return mapping.collect_mapped(table, selection, change)


def open_rows(
    source: object, selection: Selection, columns: Mapping[str, object] | None = None
) -> "OffsetRows":
    """Open a source whose labels are optional, to compute offsets of its rows.

    Parameters
    ----------
    source
        The name of a source, a table in memory, or an array.
    columns
        Columns beside an array, ``None`` where there is none.
    """
    from opiscli.sources.offset_rows import OffsetRows

    if isinstance(source, str):
        return OffsetRows(_open_for_mapping(source, selection), selection)
    if columns is not None:
        return OffsetRows(array_table(source, columns), selection)
    from opiscli.sources import frames

    return OffsetRows(frames.open_frame(source, "table", selection), selection)


def _open_for_mapping(source: str, selection: Selection) -> "Table":
    from opiscli.sources import beside_labels

    kind = _kind_of_arrays(source, selection)
    if kind is Kind.NPZ:
        from opiscli.sources import arrays_as_tables

        return arrays_as_tables.open_npz(Path(source), selection)
    if kind is Kind.NPY:
        return beside_labels.open_npy(Path(source), selection)
    if kind is Kind.FAISS:
        from opiscli.sources.index_table import open_index_table

        table: Table = open_index_table(Path(source), selection, needs_labels=False)
    else:
        from opiscli.sources import opening

        table = opening.open_source(source, selection)
    return beside_labels.labelled(table, selection, needs_labels=False)[0]


def _read_index(path: Path, selection: Selection) -> EmbeddingSet:
    from opiscli.sources import beside_labels, index_table, tables

    needed = selection.needs_labels
    table = index_table.open_index_table(path, selection, needs_labels=needed)
    return tables.read(*beside_labels.labelled(table, selection, needs_labels=needed))


def _kind_of_arrays(source: str, selection: Selection) -> Kind | None:
    """Kind of a file of arrays, read without pyarrow; ``None`` for any other file."""
    path = Path(source)
    kind = kind_of_file(path) if source != "-" and path.is_file() else None
    if kind not in (Kind.NPY, Kind.NPZ, Kind.FAISS):
        return None
    selection.refuse_query(source)
    return kind
