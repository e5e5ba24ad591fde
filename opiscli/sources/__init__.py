"""Reads embeddings and labels from wherever they are: the only room that knows file formats."""

import glob
import sys
from pathlib import Path

from opiscli.embeddings import EmbeddingSet
from opiscli.errors import SourceError
from opiscli.sources import numpy_files
from opiscli.sources.selection import Selection

__all__ = ["Selection", "read_embeddings"]

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
        return _read_file(path, selection)

    # Imported here: pyarrow takes longer to import than an NPY file takes to read.
    from opiscli.sources import tables

    if source == "-":
        contents = sys.stdin.buffer.read() if contents is None else contents
        return tables.read(
            tables.open_contents(contents, "standard input"), "standard input", selection
        )
    if path.is_dir():
        dataset = tables.open_files(sorted(path.rglob("*.parquet")), folder=path)
        return tables.read(dataset, source, selection)
    files = [Path(name) for name in sorted(glob.glob(source, recursive=True))]
    if not files:
        raise SourceError(
            f"no such file or folder: {source}",
            hint="Check the path; a pattern such as 'runs/*.parquet' must match a file.",
        )
    return tables.read(tables.open_files(files), source, selection)


def _read_file(path: Path, selection: Selection) -> EmbeddingSet:
    head = _first_bytes(path)
    if head.startswith(_NPY):
        return numpy_files.read_npy(path, selection)
    if head.startswith(_ZIP):
        return numpy_files.read_npz(path, selection)
    from opiscli.sources import tables

    if head.startswith(_PARQUET):
        return tables.read(tables.open_files([path]), str(path), selection)
    if head.startswith(_ARROW_FILES):
        return tables.read(tables.open_arrow_file(path), str(path), selection)
    if head.startswith(_ARROW_STREAM):
        return tables.read(tables.open_arrow_stream(path), str(path), selection)
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
