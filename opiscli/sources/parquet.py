"""One Parquet file, read without pyarrow's datasets, which take long to import."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from opiscli.settings.memory_limit import require_room
from opiscli.settings.resources import Resources
from opiscli.sources.explained import damaged, each_explained, explained, readable
from opiscli.sources.parquet_footer import ColumnSize, end_of, sizes_of_columns
from opiscli.sources.plain_types import spelled_out
from opiscli.sources.stored import AnyFile, open_arrow, open_binary
from opiscli.sources.table import ROWS_AT_ONCE, read_ahead
from opiscli.sources.validated import require_all_rows, validated
from opiscli.sources.value_sizes import bytes_per_row, bytes_per_value

_BYTES_AT_ONCE = 1 << 24
_BYTES_IN_CACHE = 1 << 20
_MOST_BUFFERED, _LEAST_BUFFERED = 1 << 20, 1 << 12
"""Bytes of each column that are read at once from a disk."""

_MOST_BATCHES = 16
"""So many times the size of a batch is taken while it is unpacked, and the next one read."""

_BYTES_OF_TEXTS = 1 << 28
_LIKELY_RATIO = 64
"""Lists of embeddings are never packed to such a part of their size."""
_BYTES_AHEAD = 1 << 26
"""How much is asked of a server at once, as far as its file can be divided so."""


class _Footer(NamedTuple):
    schema: pa.Schema
    n_rows: int
    metadata: pq.FileMetaData


@dataclass(frozen=True)
class ParquetFile:
    """A file, or its contents, of which all rows can be read.

    Parameters
    ----------
    memory_limit
        Bytes that a batch may take; by default a share of the machine's memory.
    """

    file: AnyFile
    name: str
    memory_limit: int | None = field(default=None, compare=False)

    @cached_property
    def _end(self) -> bytes:
        """The footer, which is read once: it describes all of the file."""
        # Closed again: there may be more files than a process may hold open.
        with explained(self.name):
            opened = open_binary(self.file)
        with opened, explained(self.name):
            return end_of(opened)

    @cached_property
    def _footer(self) -> _Footer:
        with explained(self.name), pq.ParquetFile(pa.BufferReader(self._end)) as opened:
            about = opened.metadata
            # Nothing may be asked of a column here: damaged statistics would end the process.
            in_groups = sum(about.row_group(at).num_rows for at in range(about.num_row_groups))
            found = _Footer(readable(opened.schema_arrow), int(about.num_rows), about)
        if in_groups != found.n_rows:
            raise damaged(self.name, f"{found.n_rows:,} rows, but {in_groups:,} in its row groups")
        return found

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        return self._footer.schema

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._footer.n_rows

    def size(self, columns: Sequence[str]) -> int:
        """Bytes of some columns when they are unpacked, without the letters of texts."""
        kinds = {name: self.schema.field(name).type for name in columns}
        widths = {name: bytes_per_row(kind) for name, kind in kinds.items()}
        flat = sum(width for width in widths.values() if width is not None)
        size = self.n_rows * flat
        for name, width in widths.items():
            if width is None:
                size += self._stored(name).n_values * bytes_per_value(kinds[name])
        return size

    def _stored(self, column: str) -> ColumnSize:
        """Sizes of a column with all its parts."""
        parts = [size for path, size in self._sizes.items() if path[0] == column]
        return ColumnSize(sum(one.n_values for one in parts), sum(one.n_bytes for one in parts))

    @cached_property
    def _sizes(self) -> dict[tuple[str, ...], ColumnSize]:
        return sizes_of_columns(io.BytesIO(self._end), self.name)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, the next batch while one is being worked on."""
        return read_ahead(each_explained(self.name, self._batches(columns)))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        rows_at_once = self._rows_at_once(columns)
        of_texts = self._with_long_texts(columns, rows_at_once)
        n_rows = 0
        read = self._read(columns, rows_at_once, list(of_texts))
        # A name with a dot also means a part of another column, which is read with it.
        for batch in validated((one.select(list(columns)) for one in read), self.name):
            n_rows += batch.num_rows
            yield spelled_out(batch, of_texts, self.name)
        require_all_rows(n_rows, self.n_rows, self.name)

    def _read(
        self, columns: Sequence[str], rows_at_once: int, as_dictionary: list[str]
    ) -> Iterator[pa.RecordBatch]:
        # Opened anew: a file that has been read to its end is not read again.
        with open_arrow(self.file) as source:
            if isinstance(self.file, Path | bytes):
                # Else whole row groups are read ahead, and all of them are kept to the end.
                opened = pq.ParquetFile(
                    source,
                    read_dictionary=as_dictionary,
                    buffer_size=_bytes_buffered(len(columns)),
                    pre_buffer=False,
                )
                yield from opened.iter_batches(rows_at_once, columns=list(columns))
                return
            for groups in self._groups_at_once(columns):
                # What is read ahead is kept as long as the object is.
                opened = pq.ParquetFile(
                    source,
                    metadata=self._footer.metadata,
                    read_dictionary=as_dictionary,
                    pre_buffer=True,
                )
                yield from opened.iter_batches(rows_at_once, groups, columns=list(columns))

    def _groups_at_once(self, columns: Sequence[str]) -> Iterator[list[int]]:
        """Row groups that are asked of a server together."""
        n_groups = self._footer.metadata.num_row_groups
        packed = sum(self._stored(name).n_bytes for name in columns)
        step = max(1, _BYTES_AHEAD * n_groups // max(1, packed))
        yield from (list(range(at, min(at + step, n_groups))) for at in range(0, n_groups, step))

    def _rows_at_once(self, columns: Sequence[str]) -> int:
        """How many rows of a batch fit into memory, if all are of one size."""
        size = self.size(columns)
        limit = self.memory_limit
        if limit is None:
            # Asking the machine takes as long as reading thousands of rows.
            is_small = size <= _BYTES_AT_ONCE
            limit = _BYTES_AT_ONCE if is_small else Resources.of_machine().memory_limit
        per_row = max(1, size // max(1, self.n_rows))
        require_room(per_row, f"a row of {self.name}", limit)
        packed = sum(self._stored(name).n_bytes for name in columns)
        if size > limit and size > _LIKELY_RATIO * packed:
            require_room(size, self.name, limit)  # a single row may be most of it
        most = min(_BYTES_AT_ONCE, limit // _MOST_BATCHES) // per_row
        in_cache = _BYTES_IN_CACHE // per_row // ROWS_AT_ONCE * ROWS_AT_ONCE
        return max(1, min(max(ROWS_AT_ONCE, in_cache), most))

    def _with_long_texts(self, columns: Sequence[str], rows_at_once: int) -> dict[str, pa.DataType]:
        """Columns of texts that may be so long that a batch of one of them fills the memory."""
        longest = _BYTES_OF_TEXTS // rows_at_once
        return {
            name: kind
            for name in columns
            if (kind := self.schema.field(name).type) in (pa.string(), pa.large_string())
            and self._stored(name).n_bytes > longest
        }


def _bytes_buffered(n_columns: int) -> int:
    return min(_MOST_BUFFERED, max(_LEAST_BUFFERED, _BYTES_AT_ONCE // n_columns))
