"""Conversion of array-like embeddings (lists, tensors, table columns) to a NumPy matrix.

No library is imported for it: what a value can do decides, not where it comes from.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.embeddings.coordinates import require_coordinates
from opiscli.embeddings.missing import is_missing, missing, refuse_masked
from opiscli.errors import EmbeddingError

_NOT_IN_NUMPY = ("bfloat16", "float8")


def matrix_of(values: object) -> AnyArray:
    """Embeddings as an array of shape ``(items, dims)``.

    Parameters
    ----------
    values
        A NumPy, torch, JAX or CuPy array; a list of lists, arrays or tensors of one length; a
        pandas or polars Series or a pyarrow array of these; or a frame of number columns.

    Raises
    ------
    EmbeddingError
        If it is nothing of the kind, rows differ in length, a row is missing or masked (the
        first is named), or the numbers cannot be coordinates.
    """
    refuse_masked(values, "embedding")
    array = _stacked(values) if isinstance(values, list | tuple) else array_of(values, "embeddings")
    if array.ndim == 0:
        raise EmbeddingError(
            f"embeddings are a {type(values).__name__}, expected an array of shape (items, dims)",
            hint=_hint_for(values),
        )
    if array.dtype == object:
        array = _stacked(array) if array.ndim == 1 else _numbers_of_objects(array)
    require_coordinates(array)
    return array


def array_of(values: Any, what: str) -> AnyArray:  # noqa: ANN401
    """A NumPy array of the same shape; types that NumPy lacks, such as bfloat16, become float32.

    Raises
    ------
    EmbeddingError
        If a library does not hand out its values.
    """
    try:
        if hasattr(values, "detach") and hasattr(values, "cpu"):  # torch
            values = values.detach().cpu()
            if any(name in str(values.dtype) for name in _NOT_IN_NUMPY):
                values = values.float()
        elif hasattr(values, "get") and hasattr(values, "device"):  # CuPy
            values = values.get()
        array: AnyArray = np.asarray(values)
    except (TypeError, ValueError, RuntimeError, AttributeError) as cause:
        raise EmbeddingError(
            f"{what} of type {type(values).__name__} do not become a NumPy array",
            hint="Convert them first, for example with numpy.asarray.",
        ) from cause
    if array.dtype.kind == "V" and array.dtype.name.startswith(_NOT_IN_NUMPY):
        return array.astype(np.float32)  # of ml_dtypes, as JAX has them
    return array


def _stacked(rows: Sequence[Any] | AnyArray) -> AnyArray:
    """Stack rows that are arrays, lists or tensors into one matrix."""
    if all(np.isscalar(row) and not isinstance(row, str | bytes) for row in rows):
        return _numbers_of_objects(np.asarray(rows))
    stacked = [_row(position, row) for position, row in enumerate(rows)]
    dims = stacked[0].shape
    for position, row in enumerate(stacked):
        if row.shape != dims:
            raise EmbeddingError(
                f"embedding in row {position} has {_size(row)}, expected {_size(stacked[0])} as in"
                " row 0 (rows count from 0)",
                hint="All embeddings must come from one model; drop or repair the odd ones.",
                row=position,
            )
    whole = np.stack(stacked)
    return _numbers_of_objects(whole) if whole.dtype == object else whole


def _row(position: int, row: Any) -> AnyArray:  # noqa: ANN401
    if is_missing(row):
        raise missing(position, "embedding", str(row))
    if isinstance(row, str | bytes):
        raise EmbeddingError(
            f"embedding in row {position} is text: {row[:40]!r}, expected a list of floats",
            hint="Convert the texts first: [json.loads(text) for text in x].",
            row=position,
        )
    refuse_masked_row(position, row)
    return array_of(row, f"numbers in row {position}")


def refuse_masked_row(position: int, row: object) -> None:
    """Raise `EmbeddingError` if any number of one row is masked."""
    if isinstance(row, np.ma.MaskedArray) and np.ma.getmaskarray(row).any():
        raise missing(position, "value in the embedding", "masked")


def _size(row: AnyArray) -> str:
    return f"{len(row):,} dims" if row.ndim == 1 else f"shape {row.shape}"


def _numbers_of_objects(array: AnyArray) -> AnyArray:
    """Convert an object array of numbers to a numeric type."""
    if array.dtype != object:
        return array
    for position, value in enumerate(array.flat):
        if is_missing(value) and not isinstance(value, float | np.floating):
            row = position // max(1, array.size // len(array))
            raise missing(row, "value in the embedding", str(value))
    try:
        return np.asarray(array.tolist())
    except ValueError as cause:
        raise EmbeddingError(
            "embeddings hold something else than numbers, expected a matrix of floats",
            hint="Give one column of embeddings, for example frame['embedding'].",
        ) from cause


def _hint_for(values: object) -> str:
    if hasattr(values, "toarray"):
        return "Make the sparse matrix dense: x.toarray()."
    if isinstance(values, dict):
        return "Give the arrays themselves, for example x['embedding'] and x['label']."
    return "Give one embedding per row of a two-dimensional array."
