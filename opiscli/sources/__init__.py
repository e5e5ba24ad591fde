"""Reads embeddings and labels from wherever they are: the only room that knows file formats."""

import glob
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from opiscli.arrays import Float32Array
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import SourceError
from opiscli.sources import numpy_files
from opiscli.sources.selection import Selection, refuse_labels_file

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset

    from opiscli.sources.tables import Table

__all__ = ["Selection", "map_embeddings", "project_embeddings", "read_embeddings"]

_PARQUET = b"PAR1"
_ARROW_FILES = (b"ARROW1", b"FEA1")
_ARROW_STREAM = b"\xff\xff\xff\xff"
_NPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"


def read_embeddings(
    source: str, selection: Selection | None = None, *, contents: bytes | None = None
) -> EmbeddingSet:
    """Read a source into validated unit embeddings.

    The kind of a file is told by its first bytes, never by its name, and nothing in
    it is executed.

    Parameters
    ----------
    source
        A Parquet, Arrow, Feather, NPY or NPZ file, a folder or glob of Parquet files,
        or ``-`` for an Arrow IPC stream on standard input.
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
        If an option does not go with this kind of source.
    """
    selection = selection or Selection()
    path = Path(source)
    if source != "-" and path.is_file():
        head = _first_bytes(path)
        if head.startswith(_NPY):
            return numpy_files.read_npy(path, selection)
        if head.startswith(_ZIP):
            return numpy_files.read_npz(path, selection)

    # Imported here: pyarrow takes longer to import than an NPY file takes to read.
    from opiscli.sources import tables

    return tables.read(*_open_tables(source, contents), selection)


def map_embeddings(
    source: str,
    selection: Selection,
    change: Callable[[Float32Array], Float32Array],
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
        From unit rows ``(n, dims)`` to rows ``(n, dim)``, for any n.
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
        If a row is zero or not finite, or lists differ in length.
    OutputError
        If the file cannot be written.
    """
    from opiscli.sources import mapping

    opened = _open_for_mapping(source, selection)
    return mapping.write_mapped(*opened, selection, change, path, force=force)


def project_embeddings(
    source: str, selection: Selection, change: Callable[[Float32Array], Float32Array]
) -> Float32Array:
    """As `map_embeddings`, but return the embeddings ``(n_rows, dim)``; no labels are needed."""
    from opiscli.sources import mapping

    return mapping.collect_mapped(*_open_for_mapping(source, selection), selection, change)


def _open_for_mapping(source: str, selection: Selection) -> "tuple[Dataset, str]":
    head = _first_bytes(Path(source)) if Path(source).is_file() else b""
    if head.startswith((_NPY, _ZIP)):
        from opiscli.sources import arrays_as_tables

        is_npz = head.startswith(_ZIP)
        opened = arrays_as_tables.open_npz if is_npz else arrays_as_tables.open_npy
        return opened(Path(source), selection), source
    from opiscli.sources import tables

    table, name = _open_tables(source, None)
    refuse_labels_file(name, selection)
    with tables.explained(name):
        return tables.as_dataset(table), name


def _open_tables(source: str, contents: bytes | None) -> "tuple[Table, str]":
    """Open any source that is a table, and name it."""
    from opiscli.sources import tables

    path = Path(source)
    if source == "-":
        contents = sys.stdin.buffer.read() if contents is None else contents
        return tables.open_contents(contents, "standard input"), "standard input"
    if path.is_file():
        return _open_file(path), source
    if path.is_dir():
        return tables.open_files(sorted(path.rglob("*.parquet")), folder=path), source
    files = [Path(name) for name in sorted(glob.glob(source, recursive=True))]
    if not files:
        raise SourceError(
            f"no such file or folder: {source}",
            hint="Check the path; a pattern such as 'runs/*.parquet' must match a file.",
        )
    return tables.open_files(files), source


def _open_file(path: Path) -> "Table":
    from opiscli.sources import tables

    head = _first_bytes(path)
    if head.startswith(_PARQUET):
        return tables.open_files([path])
    if head.startswith(_ARROW_FILES):
        return tables.open_arrow_file(path)
    if head.startswith(_ARROW_STREAM):
        return tables.open_arrow_stream(path)
    found = f"starts with {head!r}" if head else "is empty (0 bytes)"
    raise SourceError(
        f"{path} {found}, expected Parquet, Arrow, Feather, NPY or NPZ",
        hint="Write it again as one of these, for example with pandas: frame.to_parquet(…).",
    )


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as cause:
        raise SourceError(
            f"{path} cannot be read: {cause.strerror}", hint="Check that you may read it."
        ) from cause
