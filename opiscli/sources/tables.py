"""Reads the selected rows and columns of a table, a batch of rows at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import Labels, require_pairs
from opiscli.embeddings.unit_rows import centred_rows
from opiscli.errors import EmbeddingError
from opiscli.settings.memory_limit import require_items, require_room
from opiscli.settings.resources import Resources
from opiscli.sources.arriving import arriving
from opiscli.sources.columns import EmbeddingColumns, label_column, labels, texts, vectors
from opiscli.sources.conditions import Conditions, shown_value
from opiscli.sources.joined import Joined
from opiscli.sources.offset_column import offset_column, offsets_of
from opiscli.sources.plain_types import plain
from opiscli.sources.selection import (
    Selection,
    named_by_id,
    refuse_labels_file,
    require_column,
)
from opiscli.sources.table import Table, require_once, smallest_column


@dataclass(frozen=True)
class SelectedRows:
    """The rows of a table that meet the conditions."""

    table: Table
    selection: Selection
    conditions: Conditions

    @classmethod
    def of(cls, table: Table, selection: Selection) -> "SelectedRows":
        """Check the conditions, and leave out what no row of can meet them."""
        conditions = Conditions.of(selection)
        schema = table.schema
        for name, option in conditions.options.items():
            require_column(name, schema.names, table.name, option)
        require_united(table, list(conditions.options))
        conditions.require_types({name: schema.field(name).type for name in conditions.options})
        if isinstance(table, Joined) and conditions:
            table = table.narrowed(conditions)
        return cls(table, selection, conditions)

    def batches(
        self, columns: Sequence[str], convert: Callable[[pa.Array, str, str], pa.Array] = plain
    ) -> Iterator[pa.RecordBatch]:
        """Batches of some columns, converted, without those rows that are not taken."""
        columns = list(dict.fromkeys(columns))
        asked = list(dict.fromkeys([*columns, *self.conditions.options]))
        for batch in self.table.batches(asked):
            arrays = [convert(batch.column(name), name, self.table.name) for name in columns]
            schema = pa.schema(
                [(name, array.type) for name, array in zip(columns, arrays, strict=True)],
                metadata=batch.schema.metadata,
            )
            values = pa.RecordBatch.from_arrays(arrays, schema=schema)
            if self.conditions:
                kept = self.conditions.kept(partial(self._plain, batch), batch.num_rows)
                values = values.filter(kept)
            yield values

    def _plain(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        return plain(batch.column(name), name, self.table.name)

    def count(self) -> int:
        """How many rows there are.

        Raises
        ------
        EmbeddingError
            If there is none that meets the conditions.
        """
        if not self.conditions and self.table.n_rows is not None:
            return self.table.n_rows
        asked = list(self.conditions.options) or [smallest_column(self.table.schema)]
        n_rows = sum(int(batch.num_rows) for batch in self.batches(asked[:1]))
        if n_rows == 0 and self.conditions:
            raise self.nothing_left()
        return n_rows

    def nothing_left(self) -> EmbeddingError:
        """Explain that no row is taken."""

        def values(column: str) -> pa.Array:
            found = (self._plain(b, column).unique() for b in self.table.batches([column]))
            return pa.chunked_array([*found, pa.array([], pa.large_string())][:-1]).unique()

        return self.conditions.nothing_left(values, self.table.name, self.selection)


def require_united(table: Table, columns: Sequence[str], *, everywhere: bool = True) -> None:
    """Raise `SourceError` unless each column is there once, and one thing in all files."""
    if isinstance(table, Joined):
        table.require(columns, everywhere=everywhere)
    else:
        require_once(table, columns)


def read(table: Table, selection: Selection) -> EmbeddingSet:
    """Read the embedding and label columns of the selected rows, and nothing else."""
    refuse_labels_file(table.name, selection)
    schema, source = table.schema, table.name
    embedding = EmbeddingColumns.of(schema, source, selection)
    label = label_column(schema, source, selection)
    item_id = selection.id_among(schema.names)
    offset = offset_column(table, selection, [*embedding.names, label])
    further = _further(schema, source, selection, label, item_id, offset)
    require_united(table, [*embedding.names, *further])
    rows = SelectedRows.of(table, selection)
    # Found once: asking the machine takes as long as reading thousands of rows.
    limit = selection.memory_limit or Resources.of_machine().memory_limit
    n_items = _n_fitting(rows, further, limit)
    collected: dict[str, list[pa.Array]] = {name: [] for name in further}

    def coded() -> Labels:
        return _coded(collected, label, n_items, table, selection)

    def blocks() -> Iterator[AnyArray]:
        # Crowded embeddings are read twice, unless their labels make that useless.
        if label is not None and collected[label] and selection.with_pairs:
            require_pairs(coded())
        for chunks in collected.values():
            chunks.clear()
        asked = put_aside(rows.batches([*embedding.names, *further]), collected)
        yield from arriving(vectors(asked, embedding), further, n_items, source, limit)

    with naming(collected, item_id):
        share = selection.limit_of_items(limit)
        embeddings = centred_rows(blocks, n_items, selection.beside, memory_limit=share)
        offsets = None
        if offset is not None:
            offsets = offsets_of(pa.chunked_array(collected[offset]), table)
    others = {
        name: texts(pa.chunked_array(collected[name]), name, source, selection)
        for name in selection.others(schema.names)
    }
    return EmbeddingSet.from_rows(
        embeddings, coded(), others, with_pairs=selection.with_pairs, offsets=offsets
    )


def _coded(
    collected: dict[str, list[pa.Array]],
    name: str | None,
    n_items: int,
    table: Table,
    selection: Selection,
) -> Labels:
    """The labels; absent without a column of them, or if one is missing and none is needed."""
    if name is None:
        return Labels.absent(n_items)
    chunks = collected[name]
    if not selection.needs_labels and any(chunk.null_count for chunk in chunks):
        return Labels.absent(n_items)
    return labels(pa.chunked_array(chunks), f"label ({name})", name, table.name)


def _n_fitting(rows: SelectedRows, columns: Sequence[str], limit: int) -> int:
    """How many rows there are, if what is kept of their columns fits into the memory limit."""
    if not rows.conditions:
        size = rows.table.size(list(dict.fromkeys(columns)))
        require_room(size, rows.table.name, limit)
    n_items = rows.count()
    require_items(n_items, rows.table.name, limit)
    return n_items


@contextmanager
def naming(collected: dict[str, list[pa.Array]], item_id: str | None) -> Iterator[None]:
    """Restate an error in a row with the id of the row, where ids are read."""
    try:
        yield
    except EmbeddingError as error:
        if error.row is None or item_id is None or not collected[item_id]:
            raise
        item = pa.chunked_array(collected[item_id])[error.row]
        raise named_by_id(error, shown_value(item)) from error


def _further(
    schema: pa.Schema,
    source: str,
    selection: Selection,
    label: str | None,
    item_id: str | None,
    offset: str | None,
) -> list[str]:
    """Names of the columns that are read beside the embeddings; every one exists."""
    of_labels = {} if label is None else {label: "--label-column"}
    asked = {**of_labels, **selection.others(schema.names)}
    if item_id is not None:
        asked.setdefault(item_id, "--id-column")
    if offset is not None:
        asked.setdefault(offset, "--no-offset")
    for name, option in asked.items():
        require_column(name, schema.names, source, option)
    return list(asked)


def put_aside(
    batches: Iterator[pa.RecordBatch], collected: dict[str, list[pa.Array]]
) -> Iterator[pa.RecordBatch]:
    """Keep some columns of each batch: of repeated texts one copy, and numbers for the rows."""
    for batch in batches:
        for name, chunks in collected.items():
            column = batch.column(name)
            if pa.types.is_large_string(column.type):
                column = column.dictionary_encode()
                at = batch.schema.get_field_index(name)
                batch = batch.set_column(at, name, column)
            chunks.append(column)
        yield batch
