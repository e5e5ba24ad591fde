"""A table that can be read only once, kept in a temporary file so that it can be read again.

A query that runs twice may give other rows, or the same ones in another order. The file has no
name, so that nothing is left of it however the process ends.
"""

import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.sources.arrow import slices
from opiscli.sources.stored import PartsReader
from opiscli.sources.validated import validated


class _Nameless:
    """A temporary file without a name; it is gone as soon as nothing refers to it."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile(prefix="opis-") as file:
            self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)

    def open(self) -> PartsReader:
        """A reader with a position of its own."""
        return PartsReader(self._part, os.fstat(self.descriptor).st_size)

    def _part(self, start: int, n_bytes: int) -> bytes:
        return os.pread(self.descriptor, n_bytes, start)


@dataclass(frozen=True)
class Spooled:
    """A table in a temporary file.

    Parameters
    ----------
    largest
        Bytes of its largest batch.
    """

    name: str
    schema: pa.Schema
    n_rows: int
    largest: int
    file: _Nameless

    def size(self, columns: Sequence[str]) -> int:
        """Bytes of its largest batch, which is read at once."""
        return self.largest

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        fields = [self.schema.get_field_index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        with pa.PythonFile(self.file.open(), mode="r") as source:
            reader = pa.ipc.open_file(source, options=options)
            for at in range(reader.num_record_batches):
                yield from slices(reader.get_batch(at).select(list(columns)))


def spool(batches: Iterator[pa.RecordBatch], name: str) -> Spooled:
    """Write batches to a temporary file, each as it arrives; the first one has the schema of all.

    Raises
    ------
    SourceError
        If there is no room for them, or they are damaged.
    """
    file, n_rows, largest = _Nameless(), 0, 0
    first = next(batches)
    with (
        _room_for(name),
        os.fdopen(os.dup(file.descriptor), "wb") as written,
        pa.ipc.new_file(written, first.schema) as writer,
    ):
        for batch in validated(_chain(first, batches), name):
            if batch.num_rows:
                writer.write_batch(batch)
                n_rows += batch.num_rows
                largest = max(largest, batch.nbytes)
    return Spooled(name, first.schema, n_rows, largest, file)


def _chain(first: pa.RecordBatch, others: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from others


@contextmanager
def _room_for(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise SourceError(
            f"the rows of {name} cannot be kept in {tempfile.gettempdir()}: {cause.strerror}",
            hint="Name a folder with more room in TMPDIR, or choose fewer rows or columns.",
        ) from cause
