"""Arrow and Feather files, Arrow streams, and tables in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from opiscli.settings.memory_limit import require_room
from opiscli.sources import stored
from opiscli.sources.arrow_messages import ArrowContents
from opiscli.sources.explained import each_explained, explained, readable
from opiscli.sources.kinds import Kind
from opiscli.sources.stored import AnyFile
from opiscli.sources.table import ROWS_AT_ONCE
from opiscli.sources.validated import require_all_rows, require_valid, validated


@dataclass(frozen=True)
class ArrowFile:
    """An Arrow file or stream, or its contents."""

    file: AnyFile
    name: str
    kind: Kind

    def _reader(
        self, source: pa.NativeFile, fields: list[int] | None = None
    ) -> pa.RecordBatchReader:
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        opened = pa.ipc.open_file if self.kind is Kind.ARROW_FILE else pa.ipc.open_stream
        return opened(source, options=options)

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        with explained(self.name), stored.open_arrow(self.file) as source:
            return readable(self._reader(source).schema)

    @cached_property
    def contents(self) -> ArrowContents:
        """How much it holds; finds out whether something is missing."""
        is_file = self.kind is Kind.ARROW_FILE
        of = ArrowContents.of_file if is_file else ArrowContents.of_stream
        with explained(self.name):
            opened = stored.open_binary(self.file)
        with opened:
            return of(opened, self.name)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.contents.n_rows

    def size(self, columns: Sequence[str]) -> int:
        """Bytes of its largest batch, which is read at once."""
        return self.contents.largest

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        return each_explained(self.name, self._batches(columns))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        fields = [self.schema.get_field_index(name) for name in columns]
        n_rows = 0
        with stored.open_arrow(self.file) as source:
            whole = (one.select(list(columns)) for one in self._whole_batches(source, fields))
            for batch in validated(whole, self.name):
                n_rows += batch.num_rows
                yield from slices(batch)
        require_all_rows(n_rows, self.n_rows, self.name)

    def _whole_batches(self, source: pa.NativeFile, fields: list[int]) -> Iterator[pa.RecordBatch]:
        reader = self._reader(source, fields)
        if self.kind is Kind.ARROW_FILE:
            yield from (reader.get_batch(at) for at in range(reader.num_record_batches))
        else:
            yield from reader


@dataclass(frozen=True)
class InMemory:
    """A table that is in memory."""

    table: pa.Table
    name: str

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        return self.table.schema

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give out some columns."""
        chosen = self.table.select(list(columns))
        for name, column in zip(chosen.column_names, chosen.columns, strict=True):
            require_valid(column, name, self.name)  # once, not for each slice
        yield from chosen.to_batches(ROWS_AT_ONCE)

    def size(self, columns: Sequence[str]) -> int:
        """Nothing more: it is in memory."""
        return 0


def open_arrow(file: AnyFile, name: str, kind: Kind, memory_limit: int | None) -> ArrowFile:
    """Open an Arrow file or stream.

    Raises
    ------
    SourceError
        If a part of it is missing.
    UsageError
        If a batch of it, unpacked, does not fit into the memory limit.
    """
    opened = ArrowFile(file, name, kind)
    require_room(opened.contents.largest, f"a batch of {name}", memory_limit)
    return opened


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into smaller ones."""
    yield from (batch.slice(at, ROWS_AT_ONCE) for at in range(0, batch.num_rows, ROWS_AT_ONCE))
