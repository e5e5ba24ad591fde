"""Writes rows to standard output, as an Arrow stream that another command reads."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa


def is_standard_output(path: Path) -> bool:
    """Whether ``-`` is named in place of a file."""
    return str(path) == "-"


class _Sink:
    """Standard output as pyarrow writes to it; it stays open."""

    closed = False

    def write(self, data: pa.Buffer | bytes) -> int:
        """Write bytes."""
        return sys.stdout.buffer.write(memoryview(data))

    def flush(self) -> None:
        """Flush them."""
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Leave it open."""


def write_stream(
    batches: Iterator[pa.RecordBatch], explained: Callable[[], AbstractContextManager[None]]
) -> int:
    """Write batches as they come; return how many rows.

    If they break off, the end of the stream is not written, so that its reader does not take it
    for whole.
    """
    n_rows = 0
    writer: pa.RecordBatchStreamWriter | None = None
    sink = pa.PythonFile(_Sink(), mode="w")
    for batch in batches:
        with explained():
            writer = writer or pa.ipc.new_stream(sink, batch.schema)
            writer.write_batch(batch)
        n_rows += batch.num_rows
    if writer is not None:
        writer.close()
    sys.stdout.buffer.flush()
    return n_rows
