"""Arrow and Feather files, Arrow streams, and tables in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.sources.explained import each_explained, explained
from opiscli.sources.kinds import Kind
from opiscli.sources.table import ROWS_AT_ONCE


@dataclass(frozen=True)
class ArrowFile:
    """An Arrow file or stream, or its contents."""

    file: Path | bytes
    name: str
    kind: Kind

    n_rows = None

    def _source(self) -> pa.NativeFile:
        # Not mapped into memory: a file that is cut while it is read would end the process.
        return (
            pa.BufferReader(self.file)
            if isinstance(self.file, bytes)
            else pa.OSFile(str(self.file))
        )

    def _reader(
        self, source: pa.NativeFile, fields: list[int] | None = None
    ) -> pa.RecordBatchReader:
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        opened = pa.ipc.open_file if self.kind is Kind.ARROW_FILE else pa.ipc.open_stream
        return opened(source, options=options)

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        with explained(self.name), self._source() as source:
            return self._reader(source).schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, and validate the offsets and indices in them."""
        return each_explained(self.name, self._batches(columns))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        fields = [self.schema.get_field_index(name) for name in columns]
        with self._source() as source:
            for batch in self._whole_batches(source, fields):
                chosen = batch.select(list(columns))
                self._require_valid(chosen)
                yield from slices(chosen)

    def _require_valid(self, batch: pa.RecordBatch) -> None:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            try:
                column.validate(full=True)
            except pa.ArrowException as cause:
                raise SourceError(
                    f"{self.name} cannot be read: the file is damaged, for the lengths, places or"
                    f" letters in column {name!r} are not possible",
                    hint="Copy or download it again, or write it again.",
                ) from cause

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
        yield from self.table.select(list(columns)).to_batches(ROWS_AT_ONCE)


def open_feather_1(file: Path | bytes, name: str) -> InMemory:
    """Read a file of Feather version 1, which has no batches."""
    from pyarrow import feather

    with explained(name):
        source = pa.BufferReader(file) if isinstance(file, bytes) else str(file)
        return InMemory(feather.read_table(source), name)


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into smaller ones."""
    yield from (batch.slice(at, ROWS_AT_ONCE) for at in range(0, batch.num_rows, ROWS_AT_ONCE))
