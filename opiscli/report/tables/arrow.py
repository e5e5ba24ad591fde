"""A result as an Arrow table, from which pandas and polars are one call away."""

import pyarrow as pa

from opiscli.report.tables.row import COLUMNS
from opiscli.report.tables.rows import rows
from opiscli.results import Result

_KINDS = {"metric": pa.string(), "k": pa.int64(), "n": pa.int64(), "label": pa.string()}


def arrow_table(result: Result) -> pa.Table:
    """One row per number, as in ``--format csv``; schema and signature are metadata."""
    cells = [row.cells() for row in rows(result)]
    fields = [(name, _KINDS.get(name, pa.float64())) for name in COLUMNS]
    arrays = [
        pa.array([row[position] for row in cells], kind)
        for position, (_, kind) in enumerate(fields)
    ]
    metadata = {
        "schema": result.schema,
        "opis_version": result.opis_version,
        "signature": result.signature,
    }
    return pa.table(arrays, schema=pa.schema(fields, metadata=metadata))
