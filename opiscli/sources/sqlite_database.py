"""Reads the result of a query from an SQLite file, which is opened read only.

SQLite gives a type to each value, not to a column. So the query runs twice in one transaction:
first for the types of the values in each column, then for the values.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from opiscli.errors import EmbeddingError, SourceError
from opiscli.sources.database import Request, empty, run
from opiscli.sources.selection import Selection
from opiscli.sources.table import ROWS_AT_ONCE, Table

_ALLOWED = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
})  # fmt: skip
_KINDS: dict[frozenset[str], tuple[pa.DataType, type]] = {
    frozenset(): (pa.large_string(), str),
    frozenset({"integer"}): (pa.int64(), int),
    frozenset({"real"}): (pa.float64(), float),
    frozenset({"integer", "real"}): (pa.float64(), float),
}
"""Types of the values of a column, what Arrow calls them, and Python; all others are text."""

_FLOAT32 = np.dtype("<f4")
_LARGEST, _SMALLEST = 1e12, 1e-12
"""Between these is the largest coordinate of any embedding; bytes of other types seldom are."""


def open_sqlite(source: str, selection: Selection) -> Table:
    """Run the query of a selection, and keep its result.

    Raises
    ------
    SourceError
        If the file is missing or no SQLite database, or the query fails.
    EmbeddingError
        If BLOBs are not float32.
    UsageError
        If there is no query.
    """
    request = Request.of(source, selection)
    file = request.file(b"SQLite format 3\0", 0, "SQLite").absolute()
    path = f"file:{quote(str(file))}?mode=ro"
    # Warning: how Python before 3.12 refuses a second statement.
    return run(request, _batches(path, request), (sqlite3.Error, sqlite3.Warning))


def _batches(path: str, request: Request) -> Iterator[pa.RecordBatch]:
    with closing(sqlite3.connect(path, uri=True, check_same_thread=False)) as database:
        database.execute("BEGIN")
        database.set_authorizer(_authorize)
        cursor = database.execute(request.query)
        columns = _columns(database, [one[0] for one in cursor.description], request)
        schema = pa.schema([(one.name, one.arrow) for one in columns])
        yield empty(schema)
        for start in count(0, ROWS_AT_ONCE):
            if not (rows := cursor.fetchmany(ROWS_AT_ONCE)):
                return
            taken = zip(columns, zip(*rows, strict=True), strict=True)
            arrays = [column.array(values, start, request) for column, values in taken]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _authorize(action: int, *about: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _columns(database: sqlite3.Connection, names: list[str], request: Request) -> list["_Column"]:
    places = [f"c{at}" for at in range(len(names))]
    types = ", ".join(f"group_concat(DISTINCT typeof({place}))" for place in places)
    with_types = f"WITH q({', '.join(places)}) AS ({request.query}) SELECT {types} FROM q"
    (found,) = database.execute(with_types).fetchall()
    return [_Column.of(name, one, request) for name, one in zip(names, found, strict=True)]


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a result, and how its values are converted."""

    name: str
    arrow: pa.DataType
    python: type

    @classmethod
    def of(cls, name: str, types: str | None, request: Request) -> "_Column":
        found = frozenset((types or "").split(",")) - {"", "null"}
        if "blob" not in found:
            return cls(name, *_KINDS.get(found, (pa.large_string(), str)))
        if name not in request.embeddings:
            return cls(name, pa.large_binary(), bytes)
        if len(found) > 1:
            raise SourceError(
                f"column {name!r} of {request.name} holds BLOBs and {min(found - {'blob'})} values",
                hint="Take only rows of one kind, for example WHERE typeof(embedding) = 'blob'.",
            )
        return cls(name, pa.large_list(pa.float32()), bytes)

    def array(self, values: tuple[object, ...], start: int, request: Request) -> pa.Array:
        """Values of a batch that begins with row ``start``."""
        if pa.types.is_large_list(self.arrow):
            return _float32_lists(self.name, values, start, request)
        if self.python is bytes:
            return pa.array([_as_bytes(one) for one in values], self.arrow)
        if self.python is str:
            values = tuple(None if one is None else str(one) for one in values)
        return pa.array(values, self.arrow)


def _as_bytes(value: object) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


def _float32_lists(name: str, blobs: tuple[object, ...], start: int, request: Request) -> pa.Array:
    """BLOBs as lists of float32 in little-endian order, as sqlite-vec writes them."""
    texts = [blob for blob in blobs if isinstance(blob, bytes)]
    for row, blob in enumerate(blobs, start):
        if isinstance(blob, bytes) and len(blob) % _FLOAT32.itemsize:
            raise _not_float32(name, row, f"has {len(blob):,} bytes, which are", request)
    values = np.frombuffer(b"".join(texts), _FLOAT32)
    largest = np.abs(values[np.isfinite(values)]).max(initial=0)
    if largest and not _SMALLEST < largest < _LARGEST:
        raise _not_float32(
            name, start, f"has a value of {largest:.3g} in its batch; it is", request
        )
    lengths = [len(blob) // _FLOAT32.itemsize if isinstance(blob, bytes) else 0 for blob in blobs]
    missing = pa.array([blob is None for blob in blobs])
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
    items = pa.array(values.astype(np.float32))
    return pa.LargeListArray.from_arrays(offsets, items, mask=missing)


def _not_float32(name: str, row: int, found: str, request: Request) -> EmbeddingError:
    return EmbeddingError(
        f"the BLOB in column {name!r}, row {row} of {request.name} {found} not float32 values",
        hint="BLOBs are read as float32 in little-endian order; write them so, or as text such as"
        " [0.1, 0.2].",
        row=row,
    )
