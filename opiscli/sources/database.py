"""What is read of a database: the result of one query, spooled, with every failure explained."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from opiscli.errors import SourceError, UsageError
from opiscli.regular_file import open_regular
from opiscli.sources.credentials import query_without_credentials, scrubbed, without_credentials
from opiscli.sources.explained import explained
from opiscli.sources.selection import EMBEDDING_NAMES, Selection
from opiscli.sources.spooled import Spooled, spool
from opiscli.sources.table import read_ahead

_TABLE = re.compile(r"(?<=[?&])table=([^&#]*)&?")

_HINTS = (
    (r"password|authenti|no pg_hba|role .* does not exist|SASL",
     "Check the user, and the password in PGPASSWORD, the password file or the service file; it may"
     " have expired."),
    (r"canceling statement|interrupted",
     "The server ended the query; ask for fewer rows, or raise its statement_timeout."),
    (r"refused|translate host|timeout|timed out|could not connect|is the server running|no route",
     "Check the host and the port, and that the server is running."),
    (r"terminating|closed the connection|connection (?:to .* )?lost|not connected|reset by",
     "The connection was lost while rows were read; run the command again."),
    (r"read-only|not authorized|may only|readonly",
     "Only what reads is run: begin the query with SELECT."),
    (r"out of memory|allocate|memory limit", "Raise --memory-limit, or choose fewer rows."),
    (r"\block(?:ed)?\b", "Another program has the file open; close it there, or read a copy."),
    (r"not a (?:valid )?(?:duckdb )?database|corrupt|checksum|malformed|serializ",
     "Check that the file is a database of this kind and complete."),
    (r"database \S+ does not exist", "Check the name of the database in the address."),
    (r"does not exist|not found|no such|syntax|ambiguous",
     "Check the query, in which the names of tables and columns must be those of the database."),
)  # fmt: skip
_OTHERWISE = "Try the query in the database's own client."


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a database.

    Parameters
    ----------
    source
        The address as it was given, with its credentials.
    address
        The same without ``?table=``.
    query
        What is run.
    embeddings
        Columns that may hold embeddings, where a database has no type for them.
    """

    source: str
    address: str
    query: str
    embeddings: tuple[str, ...]
    memory_limit: int | None

    @classmethod
    def of(cls, source: str, selection: Selection) -> "Request":
        """Find out what is asked.

        Raises
        ------
        UsageError
            Unless there is either a query or the name of a table.
        """
        named = _TABLE.search(source)
        if (named is None) == (selection.query is None):
            found = "is a database, but no query was given"
            if named is not None:
                found = "names a table, but --query was given, too"
            raise UsageError(
                f"{without_credentials(source)} {found}, expected one of the two",
                hint="Add --query 'SELECT label, embedding FROM items' or, to read a whole table,"
                " ?table=items to the address.",
            )
        query = selection.query if named is None else f"SELECT * FROM {_quoted(named[1])}"
        embeddings = EMBEDDING_NAMES if selection.embedding is None else (selection.embedding,)
        return cls(
            source,
            _TABLE.sub("", source).rstrip("?&"),
            # A line of its own ends a comment, because the query may be put into parentheses.
            f"{_one_statement(str(query), source)}\n",
            embeddings,
            selection.memory_limit,
        )

    @property
    def name(self) -> str:
        """The source as it is shown."""
        return without_credentials(self.source)

    def file(self, magic: bytes, at: int, kind: str) -> Path:
        """The file of a database in a file.

        Parameters
        ----------
        magic, at
            How a database of this kind begins, and at which byte.

        Raises
        ------
        SourceError
            If it is missing, is no regular file, or no database of this kind.
        """
        path = self.address.partition("://")[2]
        path = f"/{path.lstrip('/')}" if path.startswith("//") else path
        tried = [path, unquote(path), path.lstrip("/")]  # the last as SQLAlchemy names files
        found = Path(next((one for one in tried if one and Path(one).exists()), path))
        with explained(found), open_regular(found) as file:
            head = file.read(at + len(magic))
        if head[at:] != magic:
            raise SourceError(
                f"{found} is not a {kind} database, which {self.name} says it is",
                hint="If it is a file of another kind, name it without what ends in ://.",
            )
        return found

    def failed(self, message: str) -> SourceError:
        """An explained failure, of which a library says something."""
        line = (message.strip().splitlines() or ["it does not say why"])[0].rstrip(". ")
        hint = next((hint for what, hint in _HINTS if re.search(what, message, re.I)), _OTHERWISE)
        said = query_without_credentials(scrubbed(line, self.source))
        return SourceError(f"{self.name} cannot be read: {said}", hint=hint)


def _quoted(name: str) -> str:
    """The name of a table, with that of its schema or without, as SQL has it."""
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in unquote(name).split("."))


def _one_statement(query: str, source: str) -> str:
    if statement := query.strip().rstrip(";").strip():
        return statement
    raise UsageError(
        f"--query is empty, but {without_credentials(source)} is a database",
        hint="For example --query 'SELECT label, embedding FROM items'.",
    )


def run(
    request: Request,
    batches: Iterator[pa.RecordBatch],
    failures: tuple[type[Exception], ...],
    message_of: Callable[[Exception], str] = str,
    cancel: Callable[[], object] | None = None,
) -> Spooled:
    """Run a query and keep its result.

    Parameters
    ----------
    batches
        Runs the query. The first batch may be empty, and has the schema of all.
    failures
        Exceptions that the driver raises.
    message_of
        What such an exception says.
    cancel
        Ends the query if a signal ends opis.

    Raises
    ------
    SourceError
        If the database cannot be reached, or the query fails.
    """
    # In another thread, so that a signal is handled while a driver waits for a server.
    explained_batches = _explained(request, batches, failures, message_of)
    with closing(read_ahead(explained_batches, cancel)) as arriving:
        return spool(arriving, request.name)


def _explained(
    request: Request,
    batches: Iterator[pa.RecordBatch],
    failures: tuple[type[Exception], ...],
    message_of: Callable[[Exception], str],
) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            batch = next(batches, None)
        except failures as cause:
            # Not "from cause": its message may hold what the address keeps secret.
            raise request.failed(message_of(cause)) from None
        if batch is None:
            return
        if not batch.num_columns:
            raise request.failed("the query gives no columns; it may only be one SELECT")
        yield batch


def empty(schema: pa.Schema) -> pa.RecordBatch:
    """A batch without rows."""
    return pa.RecordBatch.from_arrays([pa.array([], one.type) for one in schema], schema=schema)
