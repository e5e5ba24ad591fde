"""Opens any SOURCE as a table: the one place that decides by file format."""

import io
import sys
from pathlib import Path

from opiscli.errors import SourceError
from opiscli.sources.arrow import ArrowFile, open_feather_1
from opiscli.sources.delimited import DelimitedFile
from opiscli.sources.folders import FoundFile, files_in, files_like
from opiscli.sources.joined import Joined, Part
from opiscli.sources.json_lines import JsonLinesFile
from opiscli.sources.kinds import N_BYTES, TABLES, Kind, kind_of, kind_of_file
from opiscli.sources.parquet import ParquetFile
from opiscli.sources.saved_dataset import is_saved_dataset, open_saved_dataset
from opiscli.sources.table import Table
from opiscli.sources.zip_archives import refuse_foreign_archive

_STDIN = "standard input"


def open_source(source: str, contents: bytes | None = None) -> Table:
    """Open a file, a folder, a pattern or standard input.

    Parameters
    ----------
    contents
        What standard input held, if it has already been read.

    Raises
    ------
    SourceError
        If it is missing, unreadable or no table.
    """
    if source == "-":
        contents = sys.stdin.buffer.read() if contents is None else contents
        kind = kind_of(contents[:N_BYTES], _STDIN)
        if kind is Kind.NPZ:
            refuse_foreign_archive(io.BytesIO(contents), _STDIN)
        return _table(contents, _STDIN, kind)
    path = Path(source)
    if path.is_file():
        return _open_file(path)  # one file is read as it is, whatever its folder is called
    if path.is_dir():
        if is_saved_dataset(path):
            return open_saved_dataset(path)
        return _joined(files_in(path), source)
    return _joined(files_like(source), source)


def _joined(files: list[FoundFile], source: str) -> Table:
    parts = [Part(_open_file(file.path), file.keys, file.place) for file in files]
    if len(parts) == 1 and not parts[0].keys:
        return parts[0].table
    return Joined(tuple(parts), source)


def _open_file(path: Path) -> Table:
    kind = kind_of_file(path)
    if kind not in TABLES:
        raise SourceError(
            f"{path} is an {kind} file, which cannot be one of several",
            hint="Join the arrays with numpy.concatenate and save them as one file.",
        )
    return _table(path, str(path), kind)


def _table(file: Path | bytes, name: str, kind: Kind) -> Table:
    match kind:
        case Kind.PARQUET:
            return ParquetFile(file, name)
        case Kind.DELIMITED:
            return DelimitedFile(file, name)
        case Kind.JSON_LINES:
            return JsonLinesFile(file, name)
        case Kind.FEATHER_1:
            return open_feather_1(file, name)
        case Kind.ARROW_FILE | Kind.ARROW_STREAM:
            return ArrowFile(file, name, kind)
        case _:
            raise SourceError(
                f"{name} is an {kind} file, which cannot be read from a pipe",
                hint="Save it under a name, and name it.",
            )
