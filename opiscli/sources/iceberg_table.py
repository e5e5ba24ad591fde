"""Iceberg tables, read by the package ``pyiceberg``, one data file after the other.

The columns that are asked for of one data file are in memory at a time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.settings.memory_limit import require_room
from opiscli.sources.arrow import slices
from opiscli.sources.lakes import ICEBERG_ENDING
from opiscli.sources.library_errors import each_library_explained, library_explained
from opiscli.sources.missing_package import missing_package
from opiscli.sources.table import smallest_column
from opiscli.sources.validated import validated

if TYPE_CHECKING:
    from pyiceberg.table import DataScan, FileScanTask, Table

_WHAT = "an Iceberg table"
_VERSION = re.compile(rf"v?(\d+)(?:-.*)?{re.escape(ICEBERG_ENDING)}")


@dataclass(frozen=True)
class IcebergTable:
    """The current snapshot of a table."""

    table: "Table" = field(repr=False)
    name: str
    memory_limit: int | None = field(default=None, compare=False)

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        with library_explained(self.name, _WHAT):
            return self.table.scan().projection().as_arrow().remove_metadata()

    @cached_property
    def n_rows(self) -> int:
        """Number of rows; that of a file with deleted rows is counted by reading one column."""
        counted = smallest_column(self.schema)
        with library_explained(self.name, _WHAT):
            return int(self._scan([counted]).count())

    def size(self, columns: Sequence[str]) -> int:
        """Bytes of some columns as they are stored."""
        return sum(self._stored(task, columns) for task in self._tasks)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        schema = pa.schema([self.schema.field(name) for name in columns])
        read = each_library_explained(self.name, _WHAT, self._read(columns))
        for batch in validated(read, self.name):
            arrays = [batch.column(one.name).cast(one.type) for one in schema]
            yield from slices(pa.RecordBatch.from_arrays(arrays, schema=schema))

    def _read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        from pyiceberg.expressions import AlwaysTrue
        from pyiceberg.io.pyarrow import ArrowScan

        projected = self._scan(columns).projection()
        for task in self._tasks:
            require_room(self._stored(task, columns), task.file.file_path, self.memory_limit)
            scan = ArrowScan(self.table.metadata, self.table.io, projected, AlwaysTrue())
            yield from scan.to_record_batches([task])

    @cached_property
    def _tasks(self) -> "list[FileScanTask]":
        with library_explained(self.name, _WHAT):
            return list(self.table.scan().plan_files())

    def _scan(self, columns: Sequence[str]) -> "DataScan":
        return self.table.scan(selected_fields=tuple(columns))

    def _stored(self, task: "FileScanTask", columns: Sequence[str]) -> int:
        """Bytes of some columns of a file, each with all its parts."""
        name_of = self.table.schema().find_column_name
        sizes = (task.file.column_sizes or {}).items()
        return sum(size for part, size in sizes if _column(name_of(part)) in columns)


def _column(part: str | None) -> str:
    return (part or "").partition(".")[0]


def open_iceberg(
    metadata: str, name: str, memory_limit: int | None, options: Mapping[str, str] | None = None
) -> IcebergTable:
    """Open a table at the version that a metadata file describes.

    Raises
    ------
    UsageError
        If ``pyiceberg`` is not installed.
    SourceError
        If the table cannot be read.
    """
    try:
        from pyiceberg.table import StaticTable
    except ImportError as cause:
        raise missing_package(name, "pyiceberg", "iceberg") from cause

    with library_explained(name, _WHAT):
        table = StaticTable.from_metadata(metadata, dict(options or {}))
    return IcebergTable(table, name, memory_limit)


def open_from_catalog(
    catalog: str,
    identifier: str,
    name: str,
    memory_limit: int | None,
    options: Mapping[str, str] | None = None,
) -> IcebergTable:
    """Open a table of a catalog that ``.pyiceberg.yaml`` or the environment describes.

    Raises
    ------
    UsageError
        If ``pyiceberg`` is not installed.
    SourceError
        If there is no such catalog or table, or it cannot be read.
    """
    try:
        from pyiceberg.catalog import load_catalog
    except ImportError as cause:
        raise missing_package(name, "pyiceberg", "iceberg") from cause

    with library_explained(name, _WHAT):
        table: Any = load_catalog(catalog, **(options or {})).load_table(identifier)
    return IcebergTable(table, name, memory_limit)


def current_metadata(names: Sequence[str], table: str) -> str:
    """The metadata file of the current version: the one with the highest number.

    Raises
    ------
    SourceError
        If there are two of them, as after two commits at the same time.
    """
    numbered = [(int(match[1]), name) for name in names if (match := _VERSION.fullmatch(name))]
    if not numbered:
        raise SourceError(
            f"{table} has no metadata file with a number in its name, such as v3{ICEBERG_ENDING}",
            hint="Name the metadata file itself.",
        )
    highest = max(numbered)[0]
    found = sorted(name for number, name in numbered if number == highest)
    if len(found) > 1:
        raise SourceError(
            f"{table} has two metadata files with the number {highest}: {found[0]} and {found[1]}",
            hint="Name the metadata file itself, or read the table from its catalog:"
            " iceberg://catalog/namespace.table.",
        )
    return found[0]
