"""NPY files, read block by block.

They are not mapped into memory: a mapped file that shrinks while it is read ends the process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from typing import cast

from opiscli.arrays import AnyArray
from opiscli.embeddings.coordinates import require_coordinates
from opiscli.errors import SourceError, UsageError
from opiscli.settings.memory_limit import require_room
from opiscli.sources.npy_format import BAD_HEADER, MAGIC, Header, read_header, read_values
from opiscli.sources.selection import Selection
from opiscli.sources.stored import AnyFile, open_binary

_ROWS_AT_ONCE, _FEWEST_ROWS_AT_ONCE = 8192, 2048
"""Rows of a block: a multiple of those that a thread scales at once."""

_BYTES_AT_ONCE = 1 << 25

_CUT_OFF = (EOFError, ValueError)


@dataclass(frozen=True, slots=True)
class NpyFile:
    """One array in a file, whose values are as many as its header says.

    Parameters
    ----------
    file, name
        Where it is, and what messages call it.
    start
        Where the values begin.
    """

    file: AnyFile
    name: str
    header: Header
    start: int

    @classmethod
    def open(cls, file: AnyFile, name: str) -> "NpyFile":
        """Read the header.

        Raises
        ------
        SourceError
            If the file cannot be read, is no NPY file, holds Python objects, or is not as long as
            the header says.
        """
        with _explained(name, (EOFError, *BAD_HEADER)), _opened(file) as opened:
            if opened.read(len(MAGIC)) != MAGIC:
                raise SourceError(
                    f"{name} is not an NPY file", hint="Save one array with numpy.save."
                )
            opened.seek(0)
            header = read_header(opened)
            if header.dtype.hasobject:
                raise _pickled(name)
            found = cls(file, name, header, opened.tell())
            n_more = opened.seek(0, 2) - found.start - header.n_bytes
        if n_more < 0:
            raise _damaged(name)
        if n_more > 0:
            raise SourceError(
                f"{name} holds {n_more:,} bytes more than an array of shape {header.shape} and"
                f" type {header.dtype}; it is damaged, or holds several arrays",
                hint="Save one array with numpy.save, or several with numpy.savez.",
            )
        return found

    def load(self, memory_limit: int | None = None) -> AnyArray:
        """Read all values into memory.

        Raises
        ------
        SourceError
            If the file was cut off since.
        UsageError
            If they do not fit into the memory limit.
        """
        require_room(self.header.n_bytes, self.name, memory_limit)
        with _explained(self.name), _opened(self.file) as file:
            file.seek(self.start)
            return read_values(file, self.header)

    def blocks(self, memory_limit: int | None = None) -> Iterator[AnyArray]:
        """Read the rows of a matrix, some at a time, or all if its columns follow one another.

        Raises
        ------
        SourceError
            If the file was cut off since.
        UsageError
            If what is read at once does not fit into the memory limit.
        """
        if self.header.in_columns:
            yield self.load(memory_limit)
            return
        n_rows, dims = self.header.shape
        at_once = _rows_at_once(dims * self.header.dtype.itemsize)
        with _explained(self.name), _opened(self.file) as file:
            file.seek(self.start)
            for first in range(0, n_rows, at_once):
                shape = min(at_once, n_rows - first), dims
                yield read_values(file, Header(shape, self.header.dtype, in_columns=False))


def open_matrix(file: AnyFile, name: str) -> NpyFile:
    """Open the embeddings of an NPY file.

    Raises
    ------
    SourceError
        If the file cannot be read.
    EmbeddingError
        If it does not hold a matrix of floats.
    """
    opened = NpyFile.open(file, name)
    require_coordinates(opened.header, f"embeddings of {name}")
    return opened


def _rows_at_once(bytes_per_row: int) -> int:
    most = _BYTES_AT_ONCE // max(1, bytes_per_row)
    at_once = min(most, _ROWS_AT_ONCE) // _FEWEST_ROWS_AT_ONCE * _FEWEST_ROWS_AT_ONCE
    return max(at_once or most, 1)


def _opened(file: AnyFile) -> BufferedIOBase:
    return cast(BufferedIOBase, open_binary(file))


@contextmanager
def _explained(name: str, damage: tuple[type[Exception], ...] = _CUT_OFF) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as cause:
        raise SourceError(f"no such file: {name}", hint="Check the path.") from cause
    except OSError as cause:
        raise SourceError(
            f"{name} cannot be read: {cause.strerror or 'the file is damaged'}",
            hint="Check that you may read it.",
        ) from cause
    except damage as cause:
        raise _damaged(name) from cause


def _damaged(name: str) -> SourceError:
    return SourceError(
        f"{name} cannot be read: the file is damaged or may be cut off",
        hint="Copy it or write it again.",
    )


def _pickled(name: str) -> SourceError:
    return SourceError(
        f"{name} holds pickled Python objects; opis never unpickles",
        hint="Save numbers or text: numpy.save(FILE, np.stack(list(x))) for embeddings,"
        " numpy.save(FILE, x.astype(str)) for labels.",
    )


def refuse_column_options(name: str, selection: Selection) -> None:
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
                f"{option} was given, but {name} is an NPY file and has no columns",
                hint="Leave it out, or use a Parquet file.",
            )
