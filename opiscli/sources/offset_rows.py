"""Rows of a source whose labels are optional, and the same rows with offsets beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from opiscli.arrays import Float32Array
from opiscli.embeddings.labels import Labels
from opiscli.embeddings.offsets import Offsets
from opiscli.embeddings.unit_rows import unit_rows
from opiscli.errors import EmbeddingError, SourceError
from opiscli.settings.memory_limit import require_room
from opiscli.settings.resources import Resources
from opiscli.sources.columns import EmbeddingColumns, labels, require_label_type, vectors
from opiscli.sources.mapping import in_place, no_rows, write_batches
from opiscli.sources.offset_column import described, holds_offsets, is_described
from opiscli.sources.plain_types import storable
from opiscli.sources.selection import (
    LABEL_NAMES,
    OFFSET_NAME,
    Selection,
    require_column,
    usual_name,
)
from opiscli.sources.table import Table
from opiscli.sources.tables import SelectedRows, naming, put_aside, require_united


@dataclass(frozen=True)
class OffsetRows:
    """The selected rows of a table."""

    table: Table
    selection: Selection

    @property
    def name(self) -> str:
        """Name of the table in messages."""
        return self.table.name

    def read(self, *, needs_labels: bool) -> tuple[Float32Array, Labels | None]:
        """Unit rows ``(n_items, dims)``, and labels if there is a column of them.

        Parameters
        ----------
        needs_labels
            Whether a column of labels must be one; else it is left out where a label is missing.

        Raises
        ------
        SourceError, EmbeddingError
            As `opiscli.sources.read_embeddings`, but for pairs.
        UsageError
            If they do not fit into the memory limit.
        """
        table, schema = self.table, self.table.schema
        embedding = EmbeddingColumns.of(schema, table.name, self.selection)
        name = self.selection.label or usual_name(LABEL_NAMES, schema.names)
        wanted = {name: "--label-column"} if name in schema.names or self.selection.label else {}
        further = wanted | ({self.selection.id: "--id-column"} if self.selection.id else {})
        for one, option in further.items():
            require_column(one, schema.names, table.name, option)
        require_united(table, [*embedding.names, *further])
        if wanted and needs_labels:
            require_label_type(schema.field(name), table.name)
        rows = SelectedRows.of(table, self.selection)
        limit = self.selection.memory_limit or Resources.of_machine().memory_limit
        blocks: list[Float32Array] = []
        collected: dict[str, list[pa.Array]] = {one: [] for one in further}
        n_rows = 0
        with naming(collected, self.selection.id):
            read = put_aside(rows.batches([*embedding.names, *further]), collected)
            for _, values in vectors(read, embedding):
                try:
                    blocks.append(unit_rows([values], len(values)))
                except EmbeddingError as error:
                    raise in_place(error, n_rows) from error
                n_rows += len(values)
                require_room(2 * n_rows * blocks[0][0].nbytes, table.name, limit)
        if not blocks:
            raise no_rows(table, self.selection)
        coded, chunks = None, collected.get(name, [])
        if wanted and (needs_labels or not any(chunk.null_count for chunk in chunks)):
            coded = labels(pa.chunked_array(chunks), f"label ({name})", name, table.name)
        return np.concatenate(blocks), coded

    def require_no_other_offset(self) -> None:
        """Raise `SourceError` if the table has a column of that name which means something else."""
        is_ours = holds_offsets(self.table) and is_described(self.table)
        if OFFSET_NAME in self.table.schema.names and not is_ours and not self.selection.no_offset:
            raise SourceError(
                f"{self.name} has a column {OFFSET_NAME!r} that opis normalize did not write",
                hint="Rename the column, or replace it with --no-offset.",
            )

    def write(self, offsets: Offsets, path: Path, *, force: bool) -> None:
        """Write the rows as Parquet, with all their columns and the offsets.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        batches = self._with(offsets)
        write_batches(batches, self.table, self.selection, path, force=force)

    def _with(self, offsets: Offsets) -> Iterator[pa.RecordBatch]:
        names = [one for one in dict.fromkeys(self.table.schema.names) if one != OFFSET_NAME]
        require_united(self.table, names, everywhere=False)
        field = described(pa.float32(), offsets.k or 0, offsets.weight or 0.0)
        start = 0
        for batch in SelectedRows.of(self.table, self.selection).batches(names, storable):
            values = pa.array(offsets.values[start : start + batch.num_rows])
            start += batch.num_rows
            fields = [pa.field(one.name, one.type) for one in batch.schema]
            schema = pa.schema([*fields, field])
            yield pa.RecordBatch.from_arrays([*batch.columns, values], schema=schema)
