"""Says which row of a table of pairs is wrong."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opiscli.arrays import BoolArray
from opiscli.errors import EmbeddingError


@dataclass(frozen=True, slots=True)
class Places:
    """How rows of a source are named in messages.

    Parameters
    ----------
    source
        Name of the source.
    are_lines
        Whether rows are the lines of a file without a header.
    """

    source: str
    are_lines: bool = False

    def of(self, row: int) -> str:
        """Name a row, counted from 0."""
        if self.are_lines:
            return f"line {row + 1:,} of {self.source} (without blank lines)"
        return f"row {row:,} of {self.source} (rows count from 0)"

    def wrong(self, problem: str, row: int, hint: str) -> EmbeddingError:
        """An error in a row: ``problem`` is a sentence that begins after the name of the row."""
        return EmbeddingError(f"{self.of(row)} {problem}", hint=hint, row=row)

    def require_all(self, column: pa.ChunkedArray, what: str, name: str, start: int) -> None:
        """Raise `EmbeddingError` if a value is missing, or an empty text."""
        is_missing = column.is_null()
        if pa.types.is_large_string(column.type):
            is_missing = pc.or_(is_missing, pc.fill_null(pc.equal(column, ""), True))
        if pc.any(is_missing).as_py():
            row = start + first_true(is_missing)
            hint = f"Fill them in, or leave these rows out with --exclude {name}=."
            raise self.wrong(f"has no {what}: column {name!r} is empty there", row, hint)


def first_true(mask: pa.ChunkedArray | BoolArray) -> int:
    """Position of the first true value."""
    return int(np.argmax(np.asarray(mask)))
