"""Sources that are named by an address, ``scheme://…``, each read by the reader of its scheme."""

from collections.abc import Callable
from dataclasses import dataclass

from opiscli.errors import SourceError
from opiscli.sources.credentials import without_credentials
from opiscli.sources.scheme import scheme_of
from opiscli.sources.selection import Selection
from opiscli.sources.table import Table


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads the addresses of a scheme.

    Parameters
    ----------
    open
        Opens an address as a table. It imports what it needs only when it is called.
    extra
        The extra of ``opiscli`` that installs what it needs, if that is not installed always.
    is_database
        Whether ``--query`` says what to read.
    """

    open: Callable[[str, Selection], Table]
    extra: str | None = None
    is_database: bool = False


def _open_stored(source: str, selection: Selection) -> Table:
    from opiscli.sources.remote import open_in_store

    return open_in_store(source, selection)


def _open_web(source: str, selection: Selection) -> Table:
    from opiscli.sources.remote import open_web_file

    return open_web_file(source, selection)


def _open_hub(source: str, selection: Selection) -> Table:
    from opiscli.sources.hub import open_on_hub

    return open_on_hub(source, selection)


def _open_catalog(source: str, selection: Selection) -> Table:
    from opiscli.sources.lake_tables import open_in_catalog

    return open_in_catalog(source, selection.memory_limit)


def _open_duckdb(source: str, selection: Selection) -> Table:
    from opiscli.sources.duckdb_database import open_duckdb

    return open_duckdb(source, selection)


def _open_postgres(source: str, selection: Selection) -> Table:
    from opiscli.sources.postgres_database import open_postgres

    return open_postgres(source, selection)


def _open_sqlite(source: str, selection: Selection) -> Table:
    from opiscli.sources.sqlite_database import open_sqlite

    return open_sqlite(source, selection)


READERS: dict[str, Reader] = {
    "duckdb": Reader(_open_duckdb, "duckdb", is_database=True),
    "postgres": Reader(_open_postgres, "postgres", is_database=True),
    "postgresql": Reader(_open_postgres, "postgres", is_database=True),
    "sqlite": Reader(_open_sqlite, is_database=True),
    "hf": Reader(_open_hub),
    "iceberg": Reader(_open_catalog, extra="iceberg"),
    **dict.fromkeys(("s3", "s3a", "gs", "gcs", "abfs", "abfss", "hdfs"), Reader(_open_stored)),
    **dict.fromkeys(("http", "https"), Reader(_open_web)),
}
"""By scheme."""


def open_address(source: str, selection: Selection) -> Table:
    """Open an address as a table.

    Raises
    ------
    SourceError
        If there is no reader for its scheme, or it cannot be read.
    UsageError
        If what reads it is not installed, or an option does not go with it.
    """
    reader = READERS.get(str(scheme_of(source)))
    if reader is None:
        raise _unknown(source)
    if not reader.is_database:
        selection.refuse_query(source)
    return reader.open(source, selection)


def _unknown(source: str) -> SourceError:
    known = ", ".join(f"{name}://" for name in sorted(READERS))
    extras = sorted({one.extra for one in READERS.values() if one.extra})
    return SourceError(
        f"no reader for {scheme_of(source)}:// is known, in {without_credentials(source)};"
        f" expected one of: {known}",
        hint="Check the address, or name a file; what the readers need is installed with, for"
        f" example, pip install 'opiscli[{','.join(extras)}]'.",
    )
