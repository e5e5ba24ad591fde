"""Reads a file that contains only labels: NPY, text, CSV or Parquet."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opiscli.arrays import AnyArray
from opiscli.embeddings.label_array import label_array
from opiscli.errors import EmbeddingError, SourceError
from opiscli.sources.npy_file import load_npy
from opiscli.sources.selection import LABEL_NAMES, listed

_ENDINGS = {".csv": ",", ".tsv": "\t"}
_BINARY = {
    b"PK": "a zip archive (NPZ, Excel or PyTorch)",
    b"\x80": "a Python pickle",
    b"\x1f\x8b": "a gzip file",
    b"\x89HDF": "an HDF5 file",
}
_KINDS = "expected NPY, text with one label per line, CSV or Parquet"


@dataclass(frozen=True, slots=True)
class _Texts:
    """Labels of a text file as written, and the line of the first of them."""

    labels: list[str]
    first_line: int

    def filled(self, path: Path, *, keep_missing: bool) -> list[str | None]:
        """The labels, with None where one is empty and that is allowed."""
        for row, label in enumerate(self.labels):
            if not label and not keep_missing:
                raise EmbeddingError(
                    f"label in row {row} of {path} is empty (line {row + self.first_line}),"
                    " expected a label in every row",
                    hint="Fill it in, or leave such rows out with --exclude='label='.",
                    row=row,
                )
        return [label or None for label in self.labels]


def read_labels(path: Path, n_items: int, *, keep_missing: bool = False) -> AnyArray:
    """One label per item.

    The kind of a file is told by its first bytes; among texts, ``.csv`` and ``.tsv`` are tables.
    Texts stay as written: ``007`` is not 7.

    Parameters
    ----------
    path
        An NPY file; a text file with one label per line; or a CSV, Parquet, Arrow or Feather
        file with a column ``label`` or ``labels``, or with a single column.
    n_items
        How many items there are to be labelled.
    keep_missing
        Whether labels that are missing, and empty cells and lines, are kept as None.

    Returns
    -------
    AnyArray
        Shape ``(n_items,)``, as `label_array` gives it.

    Raises
    ------
    SourceError
        If the file cannot be read, or has no such column.
    EmbeddingError
        If there is not one label per item, or one is missing or of no usable type.
    """
    head = _first_bytes(path)
    if head.startswith(b"\x93NUMPY"):
        labels: Any = load_npy(path)
    elif head.startswith((b"PAR1", b"ARROW1", b"FEA1")):
        labels = _column_of_table(path)
    elif path.suffix.lower() in _ENDINGS:
        labels = _column_of_csv(path, _text_of(path, head), n_items)
    else:
        labels = _lines(path, _text_of(path, head), n_items)
    if isinstance(labels, _Texts):
        labels = labels.filled(path, keep_missing=keep_missing)
    array = label_array(labels, of=f" of {path}", keep_missing=keep_missing)
    if len(array) != n_items:
        raise EmbeddingError(
            f"{n_items:,} embeddings but {len(array):,} labels in {path}; the numbers must match",
            hint="Check that both come from the same run and are in the same order.",
        )
    return array


def _first_bytes(path: Path) -> bytes:
    if not path.exists():
        raise SourceError(f"no such file: {path}", hint="Check the path.")
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as cause:
        raise SourceError(
            f"{path} cannot be read: {cause.strerror}",
            hint="Check the path, and that you may read it.",
        ) from cause


def _text_of(path: Path, head: bytes) -> str:
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            raise _not_labels(path, f"is {what}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise _not_labels(path, f"is not text in UTF-8 (byte {cause.start:,})") from cause
    if "\0" in text:
        raise _not_labels(path, "is not text: it has zero bytes")
    return text


def _not_labels(path: Path, found: str) -> SourceError:
    return SourceError(
        f"{path} {found}; {_KINDS}",
        hint="In Python: numpy.save('labels.npy', labels), with numbers or text.",
    )


def _lines(path: Path, text: str, n_items: int) -> _Texts:
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    if len(lines) == n_items + 1 and lines[0].strip().lower() in LABEL_NAMES:
        raise EmbeddingError(
            f"line 1 of {path} is {lines[0]!r}, a heading: {n_items:,} embeddings but"
            f" {len(lines):,} lines",
            hint="Remove the first line, or name the file .csv.",
        )
    return _Texts(lines, first_line=1)


def _column_of_csv(path: Path, text: str, n_items: int) -> _Texts:
    rows = _cells(path, text)
    names = [name.strip() for name in rows[0]] if rows else []
    known = [position for position, name in enumerate(names) if name.lower() in LABEL_NAMES]
    if len(known) == 1:
        return _Texts([row[known[0]] for row in rows[1:]], first_line=2)
    if len(names) != 1:
        raise SourceError(
            f"{path} has the columns {listed(names) or '(none)'}, expected one column 'label'",
            hint="Rename the column of labels to label, or keep it alone.",
        )
    # With a single column the number of items says whether the first line is a heading.
    has_heading = len(rows) == n_items + 1
    return _Texts([row[0] for row in rows[has_heading:]], first_line=1 + has_heading)


def _cells(path: Path, text: str) -> list[list[str]]:
    delimiter = _ENDINGS[path.suffix.lower()]
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as cause:
        raise SourceError(
            f"{path} cannot be read as CSV: {cause}", hint="Check its quotation marks."
        ) from cause
    for line, row in enumerate(rows, 1):
        # A blank line is a row without a cell, which in a single column means an empty one.
        if len(row) != len(rows[0]) and not (row == [] and len(rows[0]) == 1):
            raise SourceError(
                f"row {line} of {path} has {len(row)} cells, expected {len(rows[0])} as in row 1",
                hint="Quote texts that contain the delimiter.",
            )
    return [row or [""] for row in rows]


def _column_of_table(path: Path) -> list[object]:
    # Imported here: pyarrow takes longer to import than other files take to read.
    from opiscli.sources import opening
    from opiscli.sources.plain_types import plain

    table = opening.open_source(str(path))
    names = table.schema.names
    named = [name for name in LABEL_NAMES if name in names] or names
    if len(named) != 1:
        raise SourceError(
            f"{path} has the columns {listed(names)}, expected one column 'label'",
            hint="Rename the column of labels to label, or keep it alone.",
        )
    batches = (batch.column(0) for batch in table.batches(named))
    return [v for column in batches for v in plain(column, named[0], str(path)).to_pylist()]
