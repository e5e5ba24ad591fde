"""Opens the tables of a store: one file, the Parquet files of a folder, or those that match."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

from opiscli.errors import SourceError
from opiscli.sources.credentials import without_credentials
from opiscli.sources.fetched import fetched
from opiscli.sources.joined import Joined, Part
from opiscli.sources.kinds import N_BYTES, TABLES, Kind, kind_of
from opiscli.sources.lake_tables import open_lake_at
from opiscli.sources.lakes import ICEBERG_ENDING, MARKS, Lake, lakes_among, not_all_of_it
from opiscli.sources.one_file import open_one_file
from opiscli.sources.partition_keys import is_named_parquet, keys_of
from opiscli.sources.remote_store import Pattern, Store, is_hidden
from opiscli.sources.scheme import scheme_of
from opiscli.sources.selection import Selection
from opiscli.sources.stored import Stored
from opiscli.sources.table import Table
from opiscli.sources.zip_archives import refuse_foreign_archive

_STORES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "hdfs")

_AT_ONCE = 8
"""Files opened at the same time: most of the time is spent waiting for the store."""


def open_in_store(source: str, selection: Selection) -> Table:
    """Open an address of an object store or a distributed file system."""
    store, path = _store_of(source)
    return table_at(store, path, selection)


def open_web_file(source: str, selection: Selection) -> Table:
    """Open a file on a web server."""
    return open_stored(*open_stored_file(source), selection)


def open_stored_file(address: str) -> tuple[Stored, str]:
    """Open one file of a store or a web server; return it with its address without secrets.

    Raises
    ------
    SourceError
        If there is no such file, or the address is of another kind.
    """
    scheme, name = scheme_of(address), without_credentials(address)
    if scheme in ("http", "https"):
        from opiscli.sources.http_file import open_http

        if not _names_a_server(address):
            hint = "Write https://server/path/e.parquet."
            raise SourceError(f"{name} names no server", hint=hint)
        return open_http(address, name), name
    if scheme not in _STORES:
        raise SourceError(
            f"{name} is not the address of a file, expected that of a store or a web server",
            hint="For example s3://bucket/y.npy or https://server/y.npy; or name a file here.",
        )
    store, path = _store_of(address)
    if not path or not store.is_file(path):
        raise _not_found(store, path)
    return store.open(path), store.name_of(path)


def _store_of(address: str) -> tuple[Store, str]:
    # Imported here: the clients of all stores take long to import.
    from opiscli.sources.file_systems import store_at

    scheme, _, rest = address.partition("://")
    return store_at(scheme.lower(), rest)


def _names_a_server(source: str) -> bool:
    try:
        return bool(urlsplit(source).netloc)
    except ValueError:
        return False


def table_at(store: Store, path: str, selection: Selection) -> Table:
    """Open a file, a folder or a pattern.

    Raises
    ------
    SourceError
        If there is no such file or folder, or it is not a table.
    UsageError
        If it is known not to fit into the memory limit.
    """
    memory_limit = selection.memory_limit
    if path and store.is_file(path):
        if path.endswith(ICEBERG_ENDING):
            return open_lake_at(store.name_of(path), Lake.ICEBERG, memory_limit)
        return open_stored(store.open(path), store.name_of(path), selection)
    pattern = Pattern.of(path)
    found = _found(store, path, path if pattern is None else pattern.base)
    lakes = lakes_among(found)
    if pattern is None and "" in lakes:

        def open_file(inside: str) -> Table:
            place = f"{path}/{inside}".lstrip("/")
            return open_part(store.open(place), store.name_of(place), memory_limit)

        return open_lake_at(store.name_of(path), lakes[""], memory_limit, found, open_file)
    files = _files_at(path, pattern, found)
    _refuse_lakes(store, files, lakes, path)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        opened = pool.map(lambda file: _part(store, file, memory_limit), files)
        parts = [part for part in opened if part is not None]
    if not parts:
        raise _without_tables(store.name_of(path))
    if len(parts) == 1 and not parts[0].keys:
        return parts[0].table
    return Joined(tuple(parts), store.name_of(path))


def open_stored(file: Stored, name: str, selection: Selection) -> Table:
    """Open a file of any kind; arrays become columns, beside those of a file of labels.

    Raises
    ------
    SourceError
        If it is of no kind that is read.
    """
    kind = kind_of(file.first[:N_BYTES], name)
    match kind:
        case Kind.NPY:
            from opiscli.sources.npy_table import open_npy_table

            return open_npy_table(file, name, selection)
        case Kind.NPZ:
            from opiscli.sources.arrays_as_tables import open_npz

            copy = fetched(file, name)
            refuse_foreign_archive(copy, name)
            return open_npz(copy, selection, name)
        case Kind.FAISS:
            from opiscli.sources.index_table import open_index_elsewhere

            return open_index_elsewhere(file, name, selection)
    return open_one_file(file, name, kind, selection.memory_limit)


def open_part(file: Stored, name: str, memory_limit: int | None) -> Table:
    """Open one of several files, which have named columns.

    Raises
    ------
    SourceError
        If it is of no such kind.
    """
    kind = kind_of(file.first[:N_BYTES], name)
    if kind not in TABLES:
        raise SourceError(
            f"{name} is an {kind} file, which cannot be one of several",
            hint="Join the arrays with numpy.concatenate and save them as one file.",
        )
    return open_one_file(file, name, kind, memory_limit)


class _File(NamedTuple):
    path: str
    below: str
    is_named: bool


def _found(store: Store, path: str, base: str) -> list[str]:
    found = store.paths_below(base)
    if found is None:
        raise _not_found(store, path)
    return found


def _not_found(store: Store, path: str) -> SourceError:
    return SourceError(
        f"no such file or folder: {store.name_of(path)}",
        hint="Check the address for typing errors; a pattern must match a file.",
    )


def _files_at(path: str, pattern: Pattern | None, found: list[str]) -> list[_File]:
    """The files of a folder or pattern; ``is_named`` tells those that must be tables."""
    base = path if pattern is None else pattern.base
    if pattern is None:
        chosen = [(one, is_named_parquet(one)) for one in found if not is_hidden(one)]
    else:
        chosen = [
            (one, pattern.is_exact(one) or is_named_parquet(one))
            for one in found
            if pattern.matches(one)
        ]
    start = f"{base}/" if base else ""
    # A file in a folder whose name has a suffix is not opened to see whether it is a table.
    return [
        _File(start + one, one, named)
        for one, named in chosen
        if named or "." not in one.rpartition("/")[2]
    ]


def _refuse_lakes(store: Store, files: list[_File], lakes: Mapping[str, Lake], path: str) -> None:
    """Raise `SourceError` if files are those of a table whose log says which of them count."""
    for file in files:
        start = file.path.removesuffix(file.below)
        for folder, lake in lakes.items():
            if not folder or file.below.startswith(f"{folder}/"):
                raise not_all_of_it(store.name_of(start + folder).rstrip("/"), lake)
    parts = path.split("/")
    above = ["/".join(parts[:n_parts]) for n_parts in range(1, len(parts))]
    marks = {f"{folder}/{mark}": (folder, lake) for folder in above for mark, lake in MARKS.items()}
    for place in store.folders_among(list(marks)) if files else ():
        folder, lake = marks[place]
        if lake is Lake.ICEBERG and "" not in lakes_among(
            f"metadata/{name}" for name in store.paths_below(place) or ()
        ):
            continue
        raise not_all_of_it(store.name_of(folder), lake)


def _part(store: Store, file: _File, memory_limit: int | None) -> Part | None:
    name = store.name_of(file.path)
    stored = store.open(file.path)
    if not file.is_named and not stored.first.startswith(b"PAR1"):
        return None
    table = open_part(stored, name, memory_limit)
    _ = table.schema  # asked for now, while other files are opened
    return Part(table, *keys_of(file.below.split("/")[:-1]))


def _without_tables(name: str) -> SourceError:
    return SourceError(
        f"{name} holds no .parquet file",
        hint="Name the folder that holds the files, or the files: 'folder/*.csv'.",
    )
