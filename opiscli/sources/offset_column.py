"""The column ``offset``: what is subtracted from all similarities of a row.

It holds the product of weight and r, so that the score of two rows is their cosine less both of
their offsets, and nothing else has to be known. ``opis normalize`` notes beside the column, in the
metadata of its Arrow field, how it was computed. Only floating-point numbers are offsets: whole
numbers under this name, such as places in a text, are not.
"""

import json
import re

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.embeddings.offsets import Offsets
from opiscli.errors import EmbeddingError, SourceError
from opiscli.sources.joined import Joined
from opiscli.sources.plain_types import plain_type
from opiscli.sources.selection import OFFSET_NAME, Selection
from opiscli.sources.table import Table

_KEY = b"opis.offset"
_FRACTION = re.compile(r"[-+]?\d*[.]\d+(e[-+]?\d+)?", re.IGNORECASE)


def offset_column(table: Table, selection: Selection, others: list[str | None]) -> str | None:
    """Name of the column of offsets, if there is one and it is to be used.

    Parameters
    ----------
    others
        Columns that mean something else: embeddings and labels.

    Raises
    ------
    SourceError
        If some files of a source have it and others do not.
    """
    if selection.no_offset or OFFSET_NAME in others or not holds_offsets(table):
        return None
    if isinstance(table, Joined):
        has = [OFFSET_NAME in part.table.schema.names for part in table.parts]
        if not all(has):
            with_it, without = (table.parts[has.index(one)].table.name for one in (True, False))
            raise SourceError(
                f"{without} has no column {OFFSET_NAME!r}, but {with_it} has",
                hint="Run opis normalize on all of them, or ignore the column with --no-offset.",
            )
    return OFFSET_NAME


def holds_offsets(table: Table) -> bool:
    """Whether a table has a column of offsets: of numbers, in text files of decimal fractions."""
    if OFFSET_NAME not in table.schema.names:
        return False
    is_key = isinstance(table, Joined) and any(OFFSET_NAME in part.keys for part in table.parts)
    kind = plain_type(table.schema.field(table.schema.names.index(OFFSET_NAME)).type)
    if pa.types.is_floating(kind) or is_key:
        return not is_key
    if not all(pa.types.is_large_string(field.type) for field in table.schema):
        return False
    cells = (batch.column(0).to_pylist() for batch in table.batches([OFFSET_NAME]))
    return any(_is_fraction(text) for texts in cells for text in texts)


def offsets_of(column: pa.ChunkedArray, table: Table) -> Offsets:
    """The offsets of a column.

    Raises
    ------
    EmbeddingError
        If a row has none; the first is named.
    SourceError
        If files of one source were normalised in different ways.
    """
    if pa.types.is_dictionary(column.type):  # as texts are kept
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type):
        values = np.array([_number(text, row) for row, text in enumerate(column.to_pylist())])
    else:
        values = _floats(column)
    k, weight = _how(table)
    return Offsets.of(values, k, weight)


def described(kind: pa.DataType, k: int, weight: float) -> pa.Field:
    """The field of a column of offsets that says how they were computed."""
    about = json.dumps({"k": k, "weight": weight})
    return pa.field(OFFSET_NAME, kind, metadata={_KEY: about})


def is_described(table: Table) -> bool:
    """Whether the column was written by ``opis normalize``."""
    return _how(table) != (None, None)


def _how(table: Table) -> tuple[int | None, float | None]:
    """How the offsets were computed, if that is known of all files and is the same."""
    tables = [part.table for part in table.parts] if isinstance(table, Joined) else [table]
    found = {_of_field(one) for one in tables if OFFSET_NAME in one.schema.names}
    if len(found) > 1:
        raise SourceError(
            f"the files of {table.name} were normalised in different ways, so their offsets do not"
            " go together",
            hint="Run opis normalize on all of them with one cohort, or add --no-offset.",
        )
    return found.pop() if found else (None, None)


def _of_field(table: Table) -> tuple[int | None, float | None]:
    field = table.schema.field(table.schema.names.index(OFFSET_NAME))
    try:
        about = json.loads((field.metadata or {})[_KEY])
        k, weight = int(about["k"]), float(about["weight"])
    except (LookupError, ValueError, TypeError, ArithmeticError, RecursionError):
        return None, None
    return (k, weight) if k > 0 and 0 <= weight <= 1 else (None, None)


def _floats(column: pa.ChunkedArray) -> AnyArray:
    return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy())


def _is_fraction(text: str) -> bool:
    return _FRACTION.fullmatch(text.strip()) is not None


def _number(text: str, row: int) -> float:
    try:
        return float(text)
    except ValueError as cause:
        raise EmbeddingError(
            f"offset in row {row} is {text[:40]!r} (counting from 0), expected a number",
            hint="Fill it in, or ignore the column with --no-offset.",
            row=row,
        ) from cause
