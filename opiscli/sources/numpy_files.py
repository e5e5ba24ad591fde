"""Reads NPY and NPZ files, without ever unpickling."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.embeddings.coordinates import require_coordinates
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import SourceError, UsageError
from opiscli.sources.npy_header import BAD_HEADER
from opiscli.sources.selection import Selection


def read_npy(path: Path, selection: Selection) -> EmbeddingSet:
    """Read embeddings from one NPY file and labels from another."""
    from opiscli.sources.labels_file import read_labels

    refuse_column_options(path, selection)
    if selection.labels_file is None:
        raise UsageError(
            f"{path} is an NPY file and has no labels",
            hint=f"Add {selection.labels_option} FILE: NPY, text, CSV or Parquet.",
        )
    if selection.where or selection.exclude:
        # Imported here: pyarrow takes longer to import than an NPY file takes to read.
        from opiscli.sources import arrays_as_tables, tables

        table = arrays_as_tables.open_npy(path, selection)
        return tables.read(table, replace(selection, labels_file=None))
    embeddings = load_embeddings(path)
    return EmbeddingSet.from_arrays(
        embeddings,
        read_labels(selection.labels_file, len(embeddings)),
        with_pairs=selection.with_pairs,
        beside=selection.beside,
    )


def read_npz(path: Path, selection: Selection) -> EmbeddingSet:
    """Read an NPZ file, whose arrays are its columns."""
    from opiscli.sources import arrays_as_tables, tables

    return tables.read(arrays_as_tables.open_npz(path, selection), selection)


def load_embeddings(path: Path) -> AnyArray:
    """Map the embeddings of an NPY file into memory.

    Raises
    ------
    SourceError
        If the file cannot be read.
    EmbeddingError
        If it does not hold a matrix of floats.
    """
    array = load_npy(path)
    require_coordinates(array, f"embeddings of {path}")
    return array


def load_npy(path: Path) -> AnyArray:
    """Map the array of an NPY file into memory."""
    try:
        array: AnyArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as cause:
        raise SourceError(f"no such file: {path}", hint="Check the path.") from cause
    except (OSError, EOFError, *BAD_HEADER) as cause:
        raise _unreadable(path, cause) from cause
    if not isinstance(array, np.ndarray):
        raise SourceError(f"{path} is not an NPY file", hint="Save one array with numpy.save.")
    return array


def _unreadable(path: Path, cause: Exception) -> SourceError:
    if "Python objects" in str(cause):
        return SourceError(
            f"{path} holds pickled Python objects; opis never unpickles",
            hint="Save numbers or text: numpy.save(FILE, np.stack(list(x))) for embeddings,"
            " numpy.save(FILE, x.astype(str)) for labels.",
        )
    if isinstance(cause, OSError) and cause.strerror:
        return SourceError(
            f"{path} cannot be read: {cause.strerror}", hint="Check that you may read it."
        )
    return SourceError(
        f"{path} cannot be read: the file is damaged or may be cut off",
        hint="Copy it or write it again.",
    )


def refuse_column_options(path: Path, selection: Selection) -> None:
    """Raise `UsageError` where an option names a column of a file that has none."""
    options = {
        "--embedding-column": selection.embedding,
        "--embedding-columns": selection.embedding_columns,
        "--label-column": selection.label,
        "--id-column": selection.id,
        "--group-by": selection.group,
        "--show": selection.show,
    }
    for option, value in options.items():
        if value:
            raise UsageError(
                f"{option} was given, but {path} is an NPY file and has no columns",
                hint="Leave it out, or use a Parquet file.",
            )
