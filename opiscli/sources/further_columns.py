"""Columns beside those of a table, in the order of its selected rows."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.errors import SourceError
from opiscli.sources.plain_types import storable
from opiscli.sources.selection import Selection
from opiscli.sources.table import Table
from opiscli.sources.tables import SelectedRows, require_united


def unchanged(table: Table, selection: Selection) -> Iterator[pa.RecordBatch]:
    """Batches of the selected rows, with all their columns."""
    names = list(dict.fromkeys(table.schema.names))
    require_united(table, names, everywhere=False)
    yield from SelectedRows.of(table, selection).batches(names, storable)


def beside(
    batches: Iterator[pa.RecordBatch], columns: Mapping[str, AnyArray], table: Table
) -> Iterator[pa.RecordBatch]:
    """Batches with further columns after their own.

    Raises
    ------
    SourceError
        If the table has a column of one of these names.
    """
    for name in columns:
        if name in table.schema.names:
            raise SourceError(
                f"{table.name} has a column {name!r}, which is also the name of a column to add",
                hint="Rename or drop that column.",
            )
    start = 0
    for batch in batches:
        rows = slice(start, start + batch.num_rows)
        added = {name: pa.array(values[rows]) for name, values in columns.items()}
        fields = [pa.field(one.name, one.type, metadata=one.metadata) for one in batch.schema]
        fields += [pa.field(name, values.type) for name, values in added.items()]
        arrays = [*batch.columns, *added.values()]
        yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
        start += batch.num_rows
