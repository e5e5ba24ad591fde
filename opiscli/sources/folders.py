"""The files of a folder or pattern, and the partition keys from their folder names."""

import glob
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from opiscli.errors import SourceError
from opiscli.regular_file import open_regular
from opiscli.sources.lakes import refuse_lake
from opiscli.sources.partition_keys import is_named_parquet, keys_of


@dataclass(frozen=True)
class FoundFile:
    """A file with the partition keys of the folders above it; a key may be null."""

    path: Path
    keys: Mapping[str, str | None]
    place: str

    @classmethod
    def below(cls, base: Path, path: Path) -> "FoundFile":
        """A file below a folder; ``label=a%2Fb`` is the key label with the text a/b."""
        return cls(path, *keys_of(path.relative_to(base).parts[:-1]))


def files_in(folder: Path) -> list[FoundFile]:
    """The Parquet files in a folder and those in it, in the order of their names.

    What begins with ``.`` or ``_`` is left out, as by Spark, pyarrow and DuckDB.

    Raises
    ------
    SourceError
        If there is none, or the folder is a table whose files are not all of it.
    """
    refuse_lake(folder)
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
        refuse_lake(base)
    named = {part[0] for part in Path(pattern).relative_to(base).parts if part[0] in "._"}
    found = []
    for name in sorted(glob.glob(pattern, recursive=True)):
        path = Path(name)
        if any(part[0] in "._" and part[0] not in named for part in path.relative_to(base).parts):
            continue
        if path.is_dir():
            refuse_lake(path)
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
            refuse_lake(Path(place), above=False)
        folders[:] = sorted(
            name
            for name in folders
            if name[0] not in "._" and os.path.realpath(os.path.join(place, name)) not in seen
        )
        yield from (Path(place, name) for name in files if name[0] not in "._")


def _is_parquet(path: Path) -> bool:
    if is_named_parquet(path.name):
        return True
    try:
        with open_regular(path) as file:
            return file.read(4) == b"PAR1"
    except (OSError, SourceError):
        return False


def _what_else(folder: Path) -> str:
    suffixes = sorted({path.suffix for path in _walk(folder) if path.suffix})
    return f" (but files named {', '.join(suffixes[:5])})" if suffixes else ""
