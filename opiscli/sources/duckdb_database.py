"""Reads the result of a query from a DuckDB file, which is opened read only."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pyarrow as pa

from opiscli.settings.resources import Resources
from opiscli.sources.database import Request, empty, run
from opiscli.sources.missing_package import missing_package
from opiscli.sources.selection import Selection
from opiscli.sources.table import ROWS_AT_ONCE, Table

if TYPE_CHECKING:
    import duckdb

_LEAST_MEMORY = 1 << 27


def open_duckdb(source: str, selection: Selection) -> Table:
    """Run the query of a selection, and keep its result.

    Raises
    ------
    SourceError
        If the file is missing or no DuckDB database, or the query fails.
    UsageError
        If there is no query, or DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as cause:
        raise missing_package(source, "duckdb", "duckdb") from cause
    request = Request.of(source, selection)
    path = str(request.file(b"DUCK", 8, "DuckDB"))
    with tempfile.TemporaryDirectory(prefix="opis-") as folder:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{max(_limit(selection) // 2, _LEAST_MEMORY)}B",
            "temp_directory": folder,
            "autoinstall_known_extensions": "false",
        }
        try:
            database = duckdb.connect(path, read_only=True, config=config)
        except duckdb.Error as cause:
            raise request.failed(_said(cause)) from cause
        with closing(database):
            batches = _batches(database, request.query)
            failures = (duckdb.Error, pa.ArrowException)
            return run(request, batches, failures, _said, database.interrupt)


def _limit(selection: Selection) -> int:
    return selection.memory_limit or Resources.of_machine().memory_limit


def _batches(database: "duckdb.DuckDBPyConnection", query: str) -> Iterator[pa.RecordBatch]:
    import duckdb

    statements = database.extract_statements(query)
    if len(statements) != 1 or statements[0].type.name not in ("SELECT", "SELECT_TYPE"):
        raise duckdb.Error("the query may only be one SELECT")
    reader = database.sql(query).to_arrow_reader(ROWS_AT_ONCE)
    yield _spelled_out(empty(reader.schema))
    for batch in reader:
        yield _spelled_out(batch)


def _spelled_out(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch with the texts of enums, of which each batch may have other ones."""
    arrays = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _said(cause: Exception) -> str:
    """What DuckDB says, without the kind of error before it, and what the rest of it suggests."""
    first, *others = [line.strip() for line in str(cause).splitlines() if line.strip()]
    kind, _, text = first.partition(": ")
    said = text if kind.endswith("Error") else first
    meant = [line for line in others if line.startswith(("Did you mean", "Candidate"))]
    return "; ".join([said, *(line.rstrip("?") for line in meant)])
