"""One Parquet file, read without pyarrow's datasets, which take long to import."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_ROWS_AT_ONCE = 4096  # still in the cache when they are scaled


@dataclass(frozen=True)
class ParquetFile:
    """A file of which all rows can be read."""

    path: Path

    @cached_property
    def _opened(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path)

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        return self._opened.schema_arrow

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self._opened.metadata.num_rows)

    def batches(self, columns: dict[str, str]) -> Iterator[pa.RecordBatch]:
        """Read columns, given by their new names, in batches of rows."""
        names = list(dict.fromkeys(columns.values()))
        # Opened anew: a file that has been read to its end is not read again.
        for batch in pq.ParquetFile(self.path).iter_batches(_ROWS_AT_ONCE, columns=names):
            arrays = [batch.column(name) for name in columns.values()]
            yield pa.RecordBatch.from_arrays(arrays, names=list(columns))
