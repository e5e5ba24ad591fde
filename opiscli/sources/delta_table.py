"""Delta tables: the log says which Parquet files make up the table, and which of their rows.

The files are read by the reader of Parquet, in the order in which they were added. The log is read
by the package ``deltalake``; so are tables whose files have other columns than the table has.
The format is described at https://github.com/delta-io/delta/blob/master/PROTOCOL.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.sources.arrow import InMemory, slices
from opiscli.sources.joined import Joined, Part
from opiscli.sources.library_errors import each_library_explained, library_explained
from opiscli.sources.missing_package import missing_package
from opiscli.sources.table import Table
from opiscli.sources.validated import validated

if TYPE_CHECKING:
    from deltalake import DeltaTable

_WHAT = "a Delta table"
_AT_ONCE = 8
_PLAIN_FEATURES = frozenset(
    {"deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}
)
"""Features of a table whose files can be read one by one."""

OpenFile = Callable[[str], Table]


def open_delta(
    location: str, name: str, open_file: OpenFile, options: Mapping[str, str] | None = None
) -> Table:
    """Open the current version of a table.

    Parameters
    ----------
    open_file
        Opens a file by its path in the table.
    options
        How ``deltalake`` reaches a store.

    Raises
    ------
    UsageError
        If ``deltalake`` is not installed.
    SourceError
        If the table cannot be read.
    """
    try:
        from deltalake import DeltaTable
    except ImportError as cause:
        raise missing_package(name, "deltalake", "delta") from cause

    with library_explained(name, _WHAT):
        table = DeltaTable(location, storage_options=dict(options or {}) or None)
        features = set(table.protocol().reader_features or ())
        mapped = table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"
        files = _files(table)
        kept = _kept_rows(table, name, files) if "deletionVectors" in features else {}
        schema = pa.schema(table.schema())
    elsewhere = any("://" in file.path or file.path.startswith("/") for file in files)
    if mapped or elsewhere or not features <= _PLAIN_FEATURES:
        return ScannedDelta(table, name)
    if not files:
        return InMemory(schema.empty_table(), name)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = pool.map(lambda file: _part(file, kept, open_file), files)
        return Joined(tuple(parts), name)


@dataclass(frozen=True)
class _File:
    path: str
    keys: dict[str, str | None]


def _files(table: "DeltaTable") -> list[_File]:
    """The files of the current version in the order in which they were added."""
    added = pa.table(table.get_add_actions(flatten=False))
    added = added.sort_by([("modification_time", "ascending"), ("path", "ascending")])
    keys: list[dict[str, str | None]] = [{} for _ in range(added.num_rows)]
    if "partition" in added.schema.names:
        of_files = added.column("partition").combine_chunks()
        for at, one in enumerate(of_files.type):
            texts = of_files.field(at).cast(pa.large_string()).to_pylist()
            for of_file, text in zip(keys, texts, strict=True):
                of_file[one.name] = text
    paths = added.column("path").to_pylist()
    return [_File(unquote(path), one) for path, one in zip(paths, keys, strict=True)]


def _kept_rows(table: "DeltaTable", name: str, files: Sequence[_File]) -> dict[str, pa.Array]:
    """Which rows are not deleted, by the path of the file, for files with deleted rows."""
    if not hasattr(table, "deletion_vectors"):
        raise SourceError(
            f"{name} marks rows as deleted, which this version of deltalake does not support",
            hint="Upgrade it: pip install -U deltalake.",
        )
    vectors = pa.table(table.deletion_vectors())
    masks = vectors.column("selection_vector")
    addresses = map(unquote, vectors.column("filepath").to_pylist())
    paths = [file.path for file in files]
    return {path_in(one, paths): mask.values for one, mask in zip(addresses, masks, strict=True)}


def path_in(address: str, paths: Sequence[str]) -> str:
    """The path of a file in its table, from its address: the longest that the address ends with.

    ``a.parquet`` is also how the address of ``day=1/a.parquet`` ends, but that is another file.
    """
    return max((path for path in paths if f"/{address}".endswith(f"/{path}")), key=len, default="")


def _part(file: _File, kept: Mapping[str, pa.Array], open_file: OpenFile) -> Part:
    mask, table = kept.get(file.path), open_file(file.path)
    return Part(table if mask is None else WithoutDeleted(table, mask), file.keys, "its log")


@dataclass(frozen=True)
class WithoutDeleted:
    """The rows of a file that are not marked as deleted; behind the marks, none is."""

    table: Table
    kept: pa.Array = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.table.name

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        return self.table.schema

    @property
    def n_rows(self) -> int | None:
        """Number of rows that are left."""
        n_deleted = len(self.kept) - (self.kept.true_count if len(self.kept) else 0)
        return None if self.table.n_rows is None else self.table.n_rows - n_deleted

    def size(self, columns: Sequence[str]) -> int:
        """Bytes that reading some columns takes."""
        return self.table.size(columns)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        first = 0
        for batch in self.table.batches(columns):
            mask = self.kept.slice(first, batch.num_rows)
            rest = pa.repeat(pa.scalar(True), batch.num_rows - len(mask))
            yield batch.filter(pa.concat_arrays([mask, rest]))
            first += batch.num_rows


@dataclass(frozen=True)
class ScannedDelta:
    """A table that ``deltalake`` itself reads, in no particular order of rows."""

    table: Any = field(repr=False)
    name: str

    n_rows = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        with library_explained(self.name, _WHAT):
            return pa.schema(self.table.schema())

    def size(self, columns: Sequence[str]) -> int:
        """Not known before it is read."""
        return 0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        if not hasattr(self.table, "scan"):
            raise SourceError(
                f"{self.name} maps its columns to those of its files, which this version of"
                " deltalake does not support",
                hint="Upgrade it: pip install -U deltalake.",
            )
        with library_explained(self.name, _WHAT):
            read = pa.RecordBatchReader.from_stream(self.table.scan(columns=list(columns)))
        chosen = (one.select(list(columns)) for one in read)
        for batch in validated(each_library_explained(self.name, _WHAT, chosen), self.name):
            yield from slices(batch)
