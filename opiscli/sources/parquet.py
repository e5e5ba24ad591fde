"""One Parquet file, read without pyarrow's datasets, which take long to import."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from opiscli.sources.explained import each_explained, explained
from opiscli.sources.table import ROWS_AT_ONCE, read_ahead


@dataclass(frozen=True)
class ParquetFile:
    """A file, or its contents, of which all rows can be read."""

    file: Path | bytes
    name: str

    def _opened(self) -> pq.ParquetFile:
        return pq.ParquetFile(
            pa.BufferReader(self.file) if isinstance(self.file, bytes) else self.file
        )

    @cached_property
    def _footer(self) -> tuple[pa.Schema, int]:
        # Closed again: there may be more files than a process may hold open.
        with explained(self.name), self._opened() as opened:
            return opened.schema_arrow, int(opened.metadata.num_rows)

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        return self._footer[0]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._footer[1]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, the next batch while one is being worked on."""
        return read_ahead(each_explained(self.name, self._batches(columns)))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Opened anew: a file that has been read to its end is not read again.
        with self._opened() as opened:
            for batch in opened.iter_batches(ROWS_AT_ONCE, columns=list(columns)):
                # A name with a dot also means a part of another column, which is read with it.
                yield batch.select(list(columns))
