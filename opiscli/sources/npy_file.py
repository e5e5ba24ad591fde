"""Arrays in NumPy's format: header and values."""

import tokenize
from pathlib import Path
from typing import IO

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.embeddings.coordinates import require_coordinates
from opiscli.errors import SourceError, UsageError
from opiscli.sources.selection import Selection

MAGIC = b"\x93NUMPY"

BAD_HEADER = (
    ValueError,
    TypeError,
    SyntaxError,
    KeyError,
    OverflowError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)
"""What NumPy raises over a header that is damaged or means no good."""


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type of the array that a file begins with; the file stands at the values then.

    Raises
    ------
    One of BAD_HEADER
        If there is no such header.
    """
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if any(length < 0 for length in shape):
        raise ValueError(f"a length below 0 in {shape}")
    return shape, dtype


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
