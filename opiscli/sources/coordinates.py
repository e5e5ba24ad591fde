"""Embeddings from columns of any form: lists, text, or one column per coordinate."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opiscli.arrays import AnyArray
from opiscli.embeddings.coordinates import hint_for
from opiscli.errors import EmbeddingError, SourceError
from opiscli.sources.plain_types import is_list, plain_type
from opiscli.sources.selection import Selection, listed

_BYTES = "Convert them before: numpy.frombuffer(value, dtype='float32') for each row."
_EVIDENT = 4  # so many numbered columns are taken for coordinates of an embedding


def is_vector(kind: pa.DataType) -> bool:
    """Whether a column can only hold embeddings: lists of numbers that are not whole."""
    values = plain_type(kind)
    shape = getattr(kind, "shape", None)
    if not is_list(values) or (shape and max(shape) < np.prod(shape)):
        return False
    return bool(pa.types.is_floating(values.value_type) or pa.types.is_decimal(values.value_type))


def is_text(kind: pa.DataType) -> bool:
    """Whether a column may hold embeddings written as text."""
    return bool(pa.types.is_large_string(plain_type(kind)))


def why_not(kind: pa.DataType) -> tuple[str, str]:
    """Explain why a column cannot hold embeddings, and how to convert it."""
    values = plain_type(kind)
    expected = ", expected lists of float16, float32 or float64"
    if getattr(kind, "shape", None):
        return f"{kind}: tensors, expected one vector per row", "Average or flatten them before."
    if is_list(values) and _is_whole(values.value_type):
        what = "booleans" if pa.types.is_boolean(values.value_type) else "whole numbers"
        return f"{kind}: lists of {what}{expected}", _hint_for(values.value_type)
    if is_list(values) and is_list(values.value_type):
        return (
            f"{kind}: lists of lists, expected one vector per row",
            "Choose one of them per row, or average them, before.",
        )
    if pa.types.is_large_binary(values) or pa.types.is_fixed_size_binary(values):
        return f"{kind}: bytes{expected}", _BYTES
    return f"{kind}{expected}", "Name the column with --embedding-column, or convert it."


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _hint_for(kind: pa.DataType) -> str:
    """How whole numbers become coordinates, where x is the array of them."""
    dtype = np.dtype(kind.to_pandas_dtype())
    return hint_for(dtype.name, dtype.kind)


def wide_columns(schema: pa.Schema, source: str, selection: Selection) -> list[str]:
    """Names of the columns that hold one coordinate each, in the order of their numbers.

    Raises
    ------
    SourceError
        If there is none, or one does not hold numbers.
    """
    pattern = selection.embedding_columns or ""
    names = sorted((n for n in schema.names if fnmatchcase(n, pattern)), key=_natural)
    if not names:
        raise SourceError(
            f"{source} has no column like {pattern!r}, expected one of: {listed(schema.names)}",
            hint="Name the columns with --embedding-columns 'dim_*'.",
        )
    for name in names:
        kind = plain_type(schema.field(name).type) if schema.names.count(name) == 1 else None
        if kind is None or is_number(kind) or is_text(kind):
            continue
        raise SourceError(
            f"--embedding-columns {pattern} also means column {name!r} of {source}, which holds"
            f" {kind}, expected float16, float32 or float64",
            hint=_hint_for(kind) if _is_whole(kind) else "Give a narrower pattern.",
        )
    return names


def is_number(kind: pa.DataType) -> bool:
    """Whether a column can hold one coordinate of each embedding."""
    return bool(pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def evident_pattern(schema: pa.Schema) -> str | None:
    """Glob over the names of numbered columns of numbers, if there are many."""
    prefixes = [
        found[1]
        for one in schema
        if (is_number(plain_type(one.type)) or is_text(one.type) or pa.types.is_integer(one.type))
        and (found := re.fullmatch(r"(.*?)\d+", one.name))
    ]
    commonest = max(set(prefixes), key=prefixes.count, default=None)
    if commonest is None or prefixes.count(commonest) < _EVIDENT:
        return None
    return f"{commonest}*" if commonest else "[0-9]*"


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which dim_10 follows dim_9."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def stacked(columns: Sequence[pa.Array], names: Sequence[str], start: int) -> AnyArray:
    """Rows of coordinates from one column each; ``start`` is the number of the first row.

    Raises
    ------
    EmbeddingError
        If a value is missing or no number; names the row and the column.
    """
    values = [_numbers(column, name, start) for column, name in zip(columns, names, strict=True)]
    return np.column_stack(values)


def _numbers(column: pa.Array, name: str, start: int) -> AnyArray:
    if is_text(column.type):
        column = pc.utf8_trim_whitespace(column)
    try:
        column = column if pa.types.is_floating(column.type) else column.cast(pa.float64())
    except pa.ArrowException as cause:
        row = next(k for k, one in enumerate(column.to_pylist()) if not _is_number(one))
        raise _no_number(start + row, f" (column {name})", str(column[row])) from cause
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        raise _no_number(start + row, f" (column {name})", "")
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _is_number(text: str | None) -> bool:
    try:
        pa.scalar(text).cast(pa.float64())
    except pa.ArrowException:
        return False
    return True


def _no_number(row: int, where: str, found: str) -> EmbeddingError:
    if re.fullmatch(r"[-+]?\d*,\d+(e[-+]?\d+)?", found):
        hint = "Numbers need a decimal point: in pandas, read_csv(…, decimal=',') reads commas."
    else:
        hint = "Drop these rows or fill them in."
    return EmbeddingError(
        f"embedding in row {row}{where} has {found!r} for a number (rows count from 0)"
        if found
        else f"embedding in row {row}{where} lacks a number: the cell is empty (rows count from 0)",
        hint=hint,
        row=row,
    )


def from_text(column: pa.Array, start: int) -> pa.Array:
    """Parse lists of numbers written as text: ``[0.1, 0.2]``, also without commas.

    Raises
    ------
    EmbeddingError
        If a text is no such list; names the row.
    """
    inner = pc.utf8_trim(pc.utf8_trim_whitespace(column), "[](){} \n\t\r")
    is_spaced = not pc.any(pc.match_substring(inner, ",")).as_py()
    split = pc.utf8_split_whitespace if is_spaced else pc.split_pattern
    lists = split(inner) if is_spaced else split(inner, ",")
    try:
        flat = pc.utf8_trim_whitespace(lists.flatten()).cast(pa.float64())
    except pa.ArrowException as cause:
        raise _no_list(column, start) from cause
    lengths = pc.fill_null(lists.value_lengths(), 0).to_numpy(zero_copy_only=False)
    empty = (pc.fill_null(pc.utf8_length(inner), 0).to_numpy(zero_copy_only=False) == 0) & (
        column.is_valid().to_numpy(zero_copy_only=False)
    )
    if empty.any():
        raise _no_list(column, start)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    mask = column.is_null() if column.null_count else None
    return pa.LargeListArray.from_arrays(pa.array(offsets), flat, mask=mask)


def _no_list(column: pa.Array, start: int) -> EmbeddingError:
    texts = column.to_pylist()
    row, text = next(
        ((k, one) for k, one in enumerate(texts) if one is not None and not _is_list_text(one)),
        (0, texts[0] or ""),
    )
    if text and not text.strip("[](){} \n\t\r"):
        raise EmbeddingError(
            f"the embedding has 0 dims: row {start + row} is an empty list (rows count from 0)",
            hint="The model gave nothing for it; drop these rows or compute them again.",
            row=start + row,
        )
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    hint = "Write each embedding as a list such as [0.1, 0.2]."
    if "..." in text:
        hint = "NumPy shortened the text when it was written; write the embeddings again as lists."
    elif not text:
        hint = "Drop these rows or fill them in."
    return EmbeddingError(
        f"embedding in row {start + row} is no list of numbers but {shown!r} (rows count from 0)",
        hint=hint,
        row=start + row,
    )


def _is_list_text(text: str) -> bool:
    parts = re.split(r"[\s,]+", text.strip("[](){} \n\t\r"))
    return all(_is_number(part) for part in parts)
