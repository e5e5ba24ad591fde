"""Conversion of array-like labels to a NumPy array; errors name the row."""

from typing import Any

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.embeddings.array_like import array_of
from opiscli.embeddings.missing import is_missing, refuse_masked, refuse_missing
from opiscli.errors import EmbeddingError

_KINDS = {str: "text", bool: "booleans", int: "whole numbers"}


def label_array(
    values: Any,  # noqa: ANN401
    what: str = "label",
    of: str = "",
    *,
    keep_missing: bool = False,
) -> AnyArray:
    """Labels as an array of shape ``(n_items,)``.

    Parameters
    ----------
    values
        Strings, integers or booleans: a list, a NumPy, torch or JAX array, a pandas or polars
        Series, or a pyarrow array.
    what
        What each of them is.
    of
        Where they are from, to be named in errors: `` of y.npy``.
    keep_missing
        Whether missing values are kept, as None in an array of objects, and not refused.

    Returns
    -------
    AnyArray
        Of integers, booleans or text; or of Python objects, all of them of one of these types.

    Raises
    ------
    EmbeddingError
        If there is not one per item, one is missing or masked (the first row is named), or
        they are anything else.
    """
    if keep_missing and isinstance(values, np.ma.MaskedArray):
        mask, values = np.ma.getmaskarray(values), np.ma.getdata(values).astype(object)
        values[mask] = None
    refuse_masked(values, what + of)
    if isinstance(values, list | tuple):
        # As objects: in an array of texts nan would become 'nan', and 1 would become '1'.
        array = np.fromiter(values, dtype=object, count=len(values))
    else:
        array = array_of(values, f"{what}s{of}")
    if array.ndim != 1:
        raise _wrong_shape(array, values, what, of)
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8", "backslashreplace")
    if array.dtype.kind in "OT":
        return _of_one_kind(array, what, of, keep_missing=keep_missing)
    if array.dtype.kind not in "iubU":
        refuse_missing(array.tolist(), what + of)
        raise _wrong_type(str(array.dtype), array.dtype.kind, f"{what}s{of}")
    return array


def _of_one_kind(array: AnyArray, what: str, of: str, *, keep_missing: bool) -> AnyArray:
    """Convert Python values that are all strings, all integers or all booleans."""
    plain = [_plain(value) for value in array.tolist()]
    if keep_missing:
        plain = [None if is_missing(value) else value for value in plain]
    refuse_missing([] if keep_missing else plain, what + of)
    first: dict[type, int] = {}
    for row, value in enumerate(plain):
        if value is None:
            continue
        kind = next((known for known in (str, bool, int) if isinstance(value, known)), None)
        if kind is None:
            raise _wrong_type(
                f"{type(value).__name__} (row {row})", _numpy_kind(value), f"{what}s{of}"
            )
        first.setdefault(kind, row)
    if len(first) > 1:
        found = " and ".join(f"{_KINDS[kind]} (row {row})" for kind, row in first.items())
        raise EmbeddingError(
            f"{what}s{of} are {found}, expected one type for all of them",
            hint="Convert all of them to text, for example [str(label) for label in labels].",
        )
    return np.fromiter(plain, dtype=object, count=len(plain))


def _plain(value: Any) -> object:  # noqa: ANN401
    """Convert a library's scalar to a Python value, and bytes to text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    is_number = hasattr(value, "item") and getattr(value, "shape", None) == ()
    return value.item() if is_number and value is not np.ma.masked else value


def _numpy_kind(value: object) -> str:
    return np.asarray(value).dtype.kind if np.isscalar(value) else "O"


def _wrong_type(found: str, kind: str, what: str) -> EmbeddingError:
    hints = {
        "f": "If they are whole numbers, convert them: labels.astype(int); as floats two different"
        " labels could become equal.",
        "M": "Convert them to text: labels.astype(str).",
        "m": "Convert them to text: labels.astype(str).",
    }
    return EmbeddingError(
        f"{what} are of type {found}, expected strings, integers or booleans",
        hint=hints.get(kind, "Convert them to text or to whole numbers."),
    )


def _wrong_shape(array: AnyArray, values: object, what: str, of: str) -> EmbeddingError:
    found = f"have shape {array.shape}" if array.ndim else f"are a {type(values).__name__}"
    hint = f"Give one {what} per item in a one-dimensional array."
    if array.ndim == 2:
        hint = "If each row is one-hot: labels.argmax(axis=1)."
        hint = "Make them one-dimensional: labels.ravel()." if 1 in array.shape else hint
    return EmbeddingError(
        f"{what}s{of} {found}, expected one {what} per item in one dimension", hint=hint
    )
