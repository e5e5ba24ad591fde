"""Validates data from outside before anything looks into it.

Arrow trusts its own format: a length, an offset or an index that is wrong reads memory that is not
of the file. Every table of Arrow data passes its batches through here, and nothing behind it
validates again.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from opiscli.errors import OpisError
from opiscli.sources.explained import damaged
from opiscli.sources.plain_types import not_utf8


def validated(batches: Iterable[pa.RecordBatch], source: str) -> Iterator[pa.RecordBatch]:
    """Pass on batches whose lengths, offsets, indices and texts are all possible.

    Raises
    ------
    SourceError
        If a column is damaged; names it.
    EmbeddingError
        If text is not UTF-8.
    """
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            require_valid(column, name, source)
            if len(column) != batch.num_rows:
                raise damaged(source, f"column {name!r} has not as many values as there are rows")
        yield batch


def require_valid(column: pa.Array | pa.ChunkedArray, name: str, source: str) -> None:
    """Raise an error as `validated` does, if a column is not valid."""
    try:
        column.validate(full=True)
    except pa.ArrowException as cause:
        raise _why(cause, name, source) from cause


def require_all_rows(n_rows: int, n_expected: int, source: str) -> None:
    """Raise `SourceError` unless as many rows arrived as a source says it has."""
    if n_rows != n_expected:
        raise damaged(source, f"it holds {n_rows:,} of the {n_expected:,} rows it should")


def _why(cause: Exception, name: str, source: str) -> OpisError:
    if "UTF8" in str(cause).upper():
        return not_utf8(name, source)
    return damaged(source, f"impossible lengths, offsets or indices in column {name!r}")
