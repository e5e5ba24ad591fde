"""Opens one file of rows with named columns, wherever it is."""

from pathlib import Path

from opiscli.errors import SourceError
from opiscli.sources.arrow import open_arrow
from opiscli.sources.kinds import Kind
from opiscli.sources.parquet import ParquetFile
from opiscli.sources.stored import AnyFile
from opiscli.sources.table import Table

READ_IN_PARTS = frozenset({Kind.PARQUET, Kind.ARROW_FILE})
"""Kinds of which single columns are read without the rest of the file."""


def open_one_file(file: AnyFile, name: str, kind: Kind, memory_limit: int | None) -> Table:
    """Open a file of a kind that `kinds` recognised.

    Raises
    ------
    SourceError
        If it is of no kind with named columns, or damaged.
    UsageError
        If it is known not to fit into the memory limit.
    """
    if not isinstance(file, Path | bytes) and kind not in READ_IN_PARTS:
        # Imported here: few sources are not on this machine.
        from opiscli.sources.fetched import fetched

        file = fetched(file, name)
    # Readers of rarer kinds are imported here: pyarrow's parsers of text take long to import.
    match kind:
        case Kind.PARQUET:
            return ParquetFile(file, name, memory_limit)
        case Kind.DELIMITED:
            from opiscli.sources.delimited import DelimitedFile

            return DelimitedFile(file, name)
        case Kind.BLANK_SEPARATED:
            from opiscli.sources.blank_separated import BlankSeparatedFile

            return BlankSeparatedFile(file, name)
        case Kind.JSON_LINES:
            from opiscli.sources.json_lines import JsonLinesFile

            return JsonLinesFile(file, name)
        case Kind.FEATHER_1:
            from opiscli.sources.feather_1 import open_feather_1

            return open_feather_1(file, name, memory_limit)
        case Kind.ARROW_FILE | Kind.ARROW_STREAM:
            return open_arrow(file, name, kind, memory_limit)
        case _:
            raise SourceError(
                f"{name} is an {kind} file, which cannot be read from a pipe",
                hint="Save it under a name, and name it.",
            )
