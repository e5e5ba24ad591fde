"""The files of a folder or pattern, and the partition keys from their folder names."""

import glob
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from opiscli.errors import SourceError
from opiscli.regular_file import open_regular

_PARQUET_NAMES = (".parquet", ".parq", ".pq")
_NULL_KEY = "__HIVE_DEFAULT_PARTITION__"
_KEY = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_EXPORTS = {
    "Delta": "DeltaTable('{0}').to_pyarrow_table()",
    "Iceberg": "StaticTable.from_metadata('{0}/metadata/….metadata.json').scan().to_arrow()",
    "Hudi": "HudiTable('{0}').read_snapshot()",
    "Lance": "lance.dataset('{0}').to_table()",
}
_DUCKDB = {"Delta": "delta_scan", "Iceberg": "iceberg_scan"}
_LIBRARIES = {"Delta": "deltalake", "Iceberg": "pyiceberg", "Hudi": "hudi", "Lance": "pylance"}


@dataclass(frozen=True)
class FoundFile:
    """A file with the partition keys of the folders above it; a key may be null."""

    path: Path
    keys: Mapping[str, str | None]
    place: str

    @classmethod
    def below(cls, base: Path, path: Path) -> "FoundFile":
        """A file below a folder; ``label=a%2Fb`` is the key label with the text a/b."""
        folders = path.relative_to(base).parts[:-1]
        found = [match for folder in folders if (match := _KEY.fullmatch(folder))]
        values = {unquote(match[1]): unquote(match[2]) for match in found}
        keys = {key: None if value == _NULL_KEY else value for key, value in values.items()}
        return cls(path, keys, "/".join(match[0] for match in found))


def files_in(folder: Path) -> list[FoundFile]:
    """The Parquet files in a folder and those in it, in the order of their names.

    What begins with ``.`` or ``_`` is left out, as by Spark, pyarrow and DuckDB.

    Raises
    ------
    SourceError
        If there is none, or the folder is a table whose files are not all of it.
    """
    _refuse_lake(folder)
    files = sorted(path for path in _walk(folder) if _is_parquet(path))
    if not files:
        raise SourceError(
            f"{folder} holds no .parquet file{_what_else(folder)}",
            hint="Name the folder that holds the files, or the files: 'folder/*.csv'.",
        )
    return [FoundFile.below(folder, path) for path in files]


def files_like(pattern: str) -> list[FoundFile]:
    """The files that match a pattern, and the Parquet files in matching folders.

    What begins with ``.`` or ``_`` is left out, unless a part of the pattern begins so.

    Raises
    ------
    SourceError
        If there is none.
    """
    pattern = _escaped(pattern)
    base = _base(pattern)
    if base.is_dir():
        _refuse_lake(base)
    named = {part[0] for part in Path(pattern).relative_to(base).parts if part[0] in "._"}
    found = []
    for name in sorted(glob.glob(pattern, recursive=True)):
        path = Path(name)
        if any(part[0] in "._" and part[0] not in named for part in path.relative_to(base).parts):
            continue
        if path.is_dir():
            _refuse_lake(path)
            found += [one for one in _walk(path) if _is_parquet(one)]
        else:
            found.append(path)
    if not found:
        raise SourceError(
            f"no such file or folder: {pattern}",
            hint="Check the path; a pattern such as 'runs/*.parquet' must match a file.",
        )
    return [FoundFile.below(base, path) for path in dict.fromkeys(found)]


def _base(pattern: str) -> Path:
    """The folder before the first part of a pattern that is not a name."""
    parts = Path(pattern).parts
    first = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return Path(*parts[:first])


def _escaped(pattern: str) -> str:
    """Escape the leading folders of a pattern that exist literally."""
    path = Path(pattern)
    for folder in path.parents:
        if glob.has_magic(str(folder)) and folder.is_dir():
            return str(Path(glob.escape(str(folder)), path.relative_to(folder)))
    return pattern


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, also behind links, each folder once."""
    seen = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(place))
        if Path(place) != folder:
            _refuse_lake(Path(place), above=False)
        folders[:] = sorted(
            name
            for name in folders
            if name[0] not in "._" and os.path.realpath(os.path.join(place, name)) not in seen
        )
        yield from (Path(place, name) for name in files if name[0] not in "._")


def _is_parquet(path: Path) -> bool:
    if path.suffix.lower() in _PARQUET_NAMES:
        return True
    try:
        with open_regular(path) as file:
            return file.read(4) == b"PAR1"
    except (OSError, SourceError):
        return False


def _what_else(folder: Path) -> str:
    suffixes = sorted({path.suffix for path in _walk(folder) if path.suffix})
    return f" (but files named {', '.join(suffixes[:5])})" if suffixes else ""


def _refuse_lake(folder: Path, *, above: bool = True) -> None:
    """Raise `SourceError` where a log, and not the folder, says which files make up a table."""
    here = folder.absolute()
    for place in (here, *here.parents) if above else (here,):
        kind = _lake_of(place)
        if kind is None:
            continue
        table = folder if place == here else place
        scan = f"{_DUCKDB[kind]}('{table}')" if kind in _DUCKDB else None
        shell = f"duckdb -c \"copy (from {scan}) to 'e.parquet'\"" if scan else "a query engine"
        raise SourceError(
            f"{table} is a table in the {kind} format: its folder also holds deleted"
            " and replaced rows, expected plain Parquet files",
            hint=f"Export it first: {shell}, or in Python with {_LIBRARIES[kind]}:"
            f" {_EXPORTS[kind].format(table)}.",
        )


def _lake_of(place: Path) -> str | None:
    if (place / "_delta_log").is_dir():
        return "Delta"
    if (place / ".hoodie").is_dir():
        return "Hudi"
    if (place / "_versions").is_dir() and (place / "data").is_dir():
        return "Lance"
    metadata = place / "metadata"
    if metadata.is_dir() and next(metadata.glob("*.metadata.json"), None) is not None:
        return "Iceberg"
    return None
