"""One Parquet file, read without pyarrow's datasets, which take long to import."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from opiscli.regular_file import open_regular
from opiscli.sources.explained import each_explained, explained, readable
from opiscli.sources.parquet_footer import values_in_columns
from opiscli.sources.table import ROWS_AT_ONCE, read_ahead
from opiscli.sources.validated import damaged, require_all_rows, validated

_BYTES_AT_ONCE = 1 << 28
_BYTES_OF_TEXT = 8  # its place; the letters are not known before


@dataclass(frozen=True)
class ParquetFile:
    """A file, or its contents, of which all rows can be read."""

    file: Path | bytes
    name: str

    def _opened(self) -> pq.ParquetFile:
        if isinstance(self.file, bytes):
            return pq.ParquetFile(pa.BufferReader(self.file))
        # A name may hold bytes that are no text.
        return pq.ParquetFile(pa.OSFile(os.fsencode(self.file)))

    @cached_property
    def _footer(self) -> tuple[pa.Schema, int]:
        # Closed again: there may be more files than a process may hold open.
        with explained(self.name), self._opened() as opened:
            about = opened.metadata
            # Nothing may be asked of a column here: damaged statistics would end the process.
            in_groups = sum(about.row_group(at).num_rows for at in range(about.num_row_groups))
            found = readable(opened.schema_arrow), int(about.num_rows)
        if in_groups != found[1]:
            raise damaged(self.name, f"{found[1]:,} rows, but {in_groups:,} in its row groups")
        return found

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        return self._footer[0]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._footer[1]

    def size(self, columns: Sequence[str]) -> int:
        """Bytes of some columns when they are unpacked, without the letters of texts."""
        kinds = {name: self.schema.field(name).type for name in columns}
        widths = {name: _bytes_per_row(kind) for name, kind in kinds.items()}
        flat = sum(width for width in widths.values() if width is not None)
        size = self.n_rows * flat
        for name, width in widths.items():
            if width is None:
                n_values = sum(n for path, n in self._n_values.items() if path[0] == name)
                size += n_values * _bytes_per_value(kinds[name])
        return size

    @cached_property
    def _n_values(self) -> dict[tuple[str, ...], int]:
        with explained(self.name):
            opened = open_regular(self.file)
        with opened:
            return values_in_columns(opened, self.name)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, the next batch while one is being worked on."""
        return read_ahead(each_explained(self.name, self._batches(columns)))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        per_row = max(1, self.size(columns) // max(1, self.n_rows))
        rows_at_once = max(1, min(ROWS_AT_ONCE, _BYTES_AT_ONCE // per_row))
        n_rows = 0
        # Opened anew: a file that has been read to its end is not read again.
        with self._opened() as opened:
            read = opened.iter_batches(rows_at_once, columns=list(columns))
            # A name with a dot also means a part of another column, which is read with it.
            for batch in validated((one.select(list(columns)) for one in read), self.name):
                n_rows += batch.num_rows
                yield batch
        require_all_rows(n_rows, self.n_rows, self.name)


def _bytes_per_row(kind: pa.DataType) -> int | None:
    """Bytes of one value of a type, ``None`` if it holds any number of values."""
    if pa.types.is_fixed_size_list(kind):
        of_one = _bytes_per_row(kind.value_type)
        return None if of_one is None else kind.list_size * of_one
    if pa.types.is_nested(kind):
        return None
    return _bytes_per_value(kind)


def _bytes_per_value(kind: pa.DataType) -> int:
    try:
        return -(-int(kind.bit_width) // 8)
    except ValueError:
        is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        return _bytes_per_value(kind.value_type) if is_list else _BYTES_OF_TEXT
