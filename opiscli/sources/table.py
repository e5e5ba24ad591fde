"""The interface of all tables: named columns, read in batches of rows."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pyarrow as pa

from opiscli.errors import SourceError

ROWS_AT_ONCE = 4096
"""Rows of a batch: they are still in the cache when they are scaled."""


class Table(Protocol):
    """A table that can be read as often as needed."""

    @property
    def name(self) -> str:
        """Name of the table in messages."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""

    @property
    def n_rows(self) -> int | None:
        """Number of rows, where that is known without reading them."""

    def size(self, columns: Sequence[str]) -> int:
        """Bytes that reading some columns takes, as far as that is known before."""

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, at least one, each of which it has exactly once."""


def require_once(table: Table, columns: Sequence[str]) -> None:
    """Raise `SourceError` if a table has two columns of one of these names."""
    for name in columns:
        if (n_found := table.schema.names.count(name)) > 1:
            raise SourceError(
                f"{table.name} has {n_found} columns {name!r}, expected one of each name",
                hint="Rename one of them, and write the file again.",
            )


def smallest_column(schema: pa.Schema) -> str:
    """Name of a column that is cheap to read, for counting rows."""
    names = schema.names
    flat = [f.name for f in schema if not pa.types.is_nested(f.type) and names.count(f.name) == 1]
    return str((flat or names)[0])


def read_ahead(
    batches: Iterator[pa.RecordBatch], cancel: Callable[[], object] | None = None
) -> Generator[pa.RecordBatch, None, None]:
    """Read the next batch while one is being worked on.

    Parameters
    ----------
    cancel
        Called if no further batch is wanted, so that the one that is being read breaks off.
    """
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        try:
            while (batch := coming.result()) is not None:
                coming = pool.submit(next, batches, None)
                yield batch
        except BaseException:
            if cancel is not None:
                cancel()
            raise
