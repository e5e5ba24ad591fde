"""Reads the result of a query from PostgreSQL, in a transaction that is read only.

Host, user, password and the rest come from the address, or from where libpq looks itself: PGHOST,
PGUSER, PGPASSWORD, the password file and the service file.
"""

import os
import re
from collections.abc import Iterator

import pyarrow as pa

from opiscli.sources.database import Request, empty, run
from opiscli.sources.missing_package import missing_package
from opiscli.sources.pgvector import decoded
from opiscli.sources.selection import Selection
from opiscli.sources.table import Table

_SECONDS_TO_CONNECT = 30
_SAID = re.compile(
    r"(?:ERROR|FATAL|PANIC): +(.*)|Failed to connect: (.*)|\[libpq\] (?:PQ\w+\(\) failed: )?(.*)",
    re.DOTALL,
)


def open_postgres(source: str, selection: Selection) -> Table:
    """Run the query of a selection, and keep its result.

    Raises
    ------
    SourceError
        If the server cannot be reached, refuses the user, or the query fails.
    UsageError
        If there is no query, or the driver is not installed.
    """
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as cause:
        raise missing_package(source, "adbc-driver-postgresql", "postgres") from cause
    request = Request.of(source, selection)
    failures = (dbapi.Error, pa.ArrowException, OSError)
    return run(request, _batches(request), failures, _said)


def _batches(request: Request) -> Iterator[pa.RecordBatch]:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(_uri(request.address)) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(request.query)
        with cursor.fetch_record_batch() as reader:
            yield decoded(empty(reader.schema), request.name)
            for batch in reader:
                yield decoded(batch, request.name)


def _uri(address: str) -> str:
    """The address with a limit to how long a server that does not answer is waited for."""
    scheme, _, rest = address.partition("://")
    more = ["fallback_application_name=opis"]
    if "PGCONNECT_TIMEOUT" not in os.environ and "connect_timeout=" not in rest:
        more.append(f"connect_timeout={_SECONDS_TO_CONNECT}")
    return f"{scheme.lower()}://{rest}{'&' if '?' in rest else '?'}{'&'.join(more)}"


def _said(cause: Exception) -> str:
    """What the server or libpq says, without what the driver puts before and behind it."""
    details = dict(getattr(cause, "details", None) or ())
    if primary := details.get(b"PG_DIAG_MESSAGE_PRIMARY", details.get("PG_DIAG_MESSAGE_PRIMARY")):
        return primary.decode() if isinstance(primary, bytes) else str(primary)
    found = _SAID.search(str(cause))
    return str(cause) if found is None else next(one for one in found.groups() if one is not None)
