"""Missing values in their different forms: None, nan, and what pandas puts in their place."""

from collections.abc import Iterable

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.errors import EmbeddingError

_KINDS_OF_NOTHING = {"NoneType", "NAType", "NaTType", "MaskedConstant"}


def is_missing(value: object) -> bool:
    """Whether it is None, nan, NaT, NA or masked."""
    if type(value).__name__ in _KINDS_OF_NOTHING:
        return True
    return isinstance(value, float | np.floating | np.datetime64) and value != value


def refuse_missing(values: Iterable[object], what: str) -> None:
    """Raise `EmbeddingError` that names the first row whose value is missing.

    Parameters
    ----------
    what
        What each value is: ``label``.
    """
    for row, value in enumerate(values):
        if is_missing(value):
            raise missing(row, what, "masked" if value is np.ma.masked else str(value))


def refuse_masked(array: object, what: str) -> None:
    """Raise `EmbeddingError` that names the first row with a masked value, if one has."""
    if not isinstance(array, np.ma.MaskedArray):
        return
    mask: AnyArray = np.ma.getmaskarray(array)
    rows = mask.reshape(len(mask), -1).any(axis=1) if mask.ndim else mask.reshape(1)
    if rows.any():
        raise missing(int(np.argmax(rows)), what, "masked")


def missing(row: int, what: str, found: str) -> EmbeddingError:
    """The error that names a row without a value."""
    can_be_left_out = what.startswith("label")
    out = "Fill them in, or leave these rows out with --exclude='label='."
    return EmbeddingError(
        f"{what} in row {row} is {found} (rows count from 0), expected a value in every row",
        hint=out if can_be_left_out else "Drop these rows or fill them in.",
        row=row,
    )
