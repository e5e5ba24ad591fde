"""Lance tables, such as those of LanceDB, read by the package ``pylance``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from opiscli.settings.memory_limit import require_room
from opiscli.settings.resources import Resources
from opiscli.sources.library_errors import each_library_explained, library_explained
from opiscli.sources.missing_package import missing_package
from opiscli.sources.table import ROWS_AT_ONCE
from opiscli.sources.validated import require_all_rows, validated
from opiscli.sources.value_sizes import bytes_per_row

if TYPE_CHECKING:
    from lance import LanceDataset

_WHAT = "a Lance table"
_BATCHES_AHEAD = 2


@dataclass(frozen=True)
class LanceTable:
    """The current version of a table."""

    dataset: "LanceDataset" = field(repr=False)
    name: str
    memory_limit: int | None = field(default=None, compare=False)

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        with library_explained(self.name, _WHAT):
            return self.dataset.schema

    @cached_property
    def n_rows(self) -> int:
        """Number of rows."""
        with library_explained(self.name, _WHAT):
            return int(self.dataset.count_rows())

    def size(self, columns: Sequence[str]) -> int:
        """Bytes of those columns whose values all have the same size."""
        return self.n_rows * self._row(columns)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns in the order of the rows."""
        limit = self.memory_limit or Resources.of_machine().memory_limit
        require_room(self._row(columns), f"a row of {self.name}", limit)
        rows = max(1, min(ROWS_AT_ONCE, limit // (_BATCHES_AHEAD * max(1, self._row(columns)))))
        with library_explained(self.name, _WHAT):
            read = self.dataset.scanner(
                columns=list(columns),
                batch_size=rows,
                batch_readahead=_BATCHES_AHEAD,
                fragment_readahead=1,
                scan_in_order=True,
            ).to_batches()
        n_rows = 0
        for batch in validated(each_library_explained(self.name, _WHAT, read), self.name):
            n_rows += batch.num_rows
            yield batch.select(list(columns))
        require_all_rows(n_rows, self.n_rows, self.name)

    def _row(self, columns: Sequence[str]) -> int:
        kinds = (self.schema.field(name).type for name in columns)
        return sum(bytes_per_row(kind) or 0 for kind in kinds)


def open_lance(
    location: str, name: str, memory_limit: int | None, options: Mapping[str, str] | None = None
) -> LanceTable:
    """Open the current version of a table.

    Raises
    ------
    UsageError
        If ``pylance`` is not installed.
    SourceError
        If the table cannot be read.
    """
    try:
        import lance
    except ImportError as cause:
        raise missing_package(name, "pylance", "lance") from cause

    with library_explained(name, _WHAT):
        dataset = lance.dataset(location, storage_options=dict(options or {}) or None)
    return LanceTable(dataset, name, memory_limit)
