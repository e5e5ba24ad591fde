"""An NPY file at an address as a table, of which some rows at a time are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.settings.memory_limit import require_room
from opiscli.sources.arrays_as_tables import arrow_array, arrow_type
from opiscli.sources.arrow import slices
from opiscli.sources.npy_file import NpyFile, open_matrix, refuse_column_options
from opiscli.sources.selection import Selection
from opiscli.sources.stored import Stored
from opiscli.sources.unlabelled import Unlabelled


@dataclass(frozen=True)
class NpyTable(Unlabelled):
    """The rows of a matrix as a column ``embedding``, beside a column ``label`` if there are any.

    Parameters
    ----------
    labels
        Shape ``(n_rows,)``, if they were added.
    """

    matrix: NpyFile
    labels: AnyArray | None = None

    @property
    def name(self) -> str:
        """Names it in messages."""
        return self.matrix.name

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        fields = [("embedding", arrow_type(self.matrix.header))]
        if self.labels is not None:
            fields.append(("label", arrow_array(self.labels[:0]).type))
        return pa.schema(fields)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.matrix.header.shape[0]

    def size(self, columns: Sequence[str]) -> int:
        """Bytes that are in memory at once."""
        header = self.matrix.header
        return header.n_bytes if header.in_columns and "embedding" in columns else 0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns; labels are in memory."""
        if "embedding" not in columns:
            yield from slices(self._batch(columns, None, slice(None)))
            return
        start = 0
        for block in self.matrix.blocks():
            rows = slice(start, start + len(block))
            yield from slices(self._batch(columns, block, rows))
            start = rows.stop

    def _batch(self, columns: Sequence[str], block: AnyArray | None, rows: slice) -> pa.RecordBatch:
        of_rows = None if self.labels is None else self.labels[rows]
        values = {"embedding": block, "label": of_rows}
        arrays = [arrow_array(one) for name in columns if (one := values[name]) is not None]
        return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def open_npy_table(file: Stored, name: str, selection: Selection) -> NpyTable:
    """Open an NPY file.

    Raises
    ------
    SourceError
        If it cannot be read.
    EmbeddingError
        If it does not hold a matrix of floats.
    UsageError
        If an option names a column, or the file does not fit into the memory limit.
    """
    refuse_column_options(name, selection)
    matrix = open_matrix(file, name)
    if matrix.header.in_columns:  # is read whole
        require_room(matrix.header.n_bytes, name, selection.memory_limit)
    return NpyTable(matrix)
