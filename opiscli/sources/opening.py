"""Opens any SOURCE as a table: the one place that decides by file format."""

from pathlib import Path

from opiscli.errors import SourceError
from opiscli.sources.addresses import open_address
from opiscli.sources.folders import FoundFile, files_in, files_like
from opiscli.sources.joined import Joined, Part
from opiscli.sources.kinds import N_BYTES, TABLES, Kind, kind_of, kind_of_file
from opiscli.sources.lake_tables import open_lake_here
from opiscli.sources.lakes import ICEBERG_ENDING, Lake, lake_of
from opiscli.sources.one_file import open_one_file
from opiscli.sources.saved_dataset import is_saved_dataset, open_saved_dataset
from opiscli.sources.scheme import scheme_of
from opiscli.sources.selection import Selection
from opiscli.sources.standard_input import NAME, read_standard_input
from opiscli.sources.table import Table
from opiscli.sources.zip_archives import refuse_foreign_archive


def open_source(source: str, selection: Selection, contents: bytes | None = None) -> Table:
    """Open a file, a folder, a pattern, an address or standard input.

    Parameters
    ----------
    selection
        Its memory limit is heeded, and its query, which only a database has.
    contents
        What standard input held, if it has already been read.

    Raises
    ------
    SourceError
        If it is missing, unreadable or no table.
    UsageError
        If it is known not to fit into the memory limit, or is no database and there is a query.
    """
    memory_limit = selection.memory_limit
    if scheme_of(source) is not None:
        return open_address(source, selection)
    selection.refuse_query(source)
    if source == "-":
        return _open_standard_input(contents, memory_limit)
    path = Path(source)
    if path.is_file() and path.name.endswith(ICEBERG_ENDING):
        return open_lake_here(path, Lake.ICEBERG, memory_limit)
    if path.is_file():
        return _open_file(
            path, memory_limit
        )  # one file is read as it is, whatever its folder is called
    if path.is_dir():
        return _open_folder(path, source, memory_limit)
    return _joined(files_like(source), source, memory_limit)


def _open_standard_input(contents: bytes | None, memory_limit: int | None) -> Table:
    held = read_standard_input(memory_limit) if contents is None else contents
    kind = kind_of(held[:N_BYTES], NAME)
    if kind is Kind.NPZ:
        refuse_foreign_archive(held, NAME)
    return open_one_file(held, NAME, kind, memory_limit)


def _open_folder(path: Path, source: str, memory_limit: int | None) -> Table:
    if is_saved_dataset(path):
        return open_saved_dataset(path, memory_limit)
    if (lake := lake_of(path)) is not None:
        return open_lake_here(path, lake, memory_limit)
    return _joined(files_in(path), source, memory_limit)


def _joined(files: list[FoundFile], source: str, memory_limit: int | None) -> Table:
    parts = [Part(_open_file(file.path, memory_limit), file.keys, file.place) for file in files]
    if len(parts) == 1 and not parts[0].keys:
        return parts[0].table
    return Joined(tuple(parts), source)


def _open_file(path: Path, memory_limit: int | None) -> Table:
    kind = kind_of_file(path)
    if kind not in TABLES:
        raise SourceError(
            f"{path} is an {kind} file, which cannot be one of several",
            hint="Join the arrays with numpy.concatenate and save them as one file.",
        )
    return open_one_file(path, str(path), kind, memory_limit)
