"""Reads a file that contains only labels: NPY, text, CSV or Parquet."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from opiscli.arrays import AnyArray
from opiscli.embeddings.label_array import label_array
from opiscli.errors import EmbeddingError, SourceError
from opiscli.regular_file import open_regular
from opiscli.settings.memory_limit import require_room
from opiscli.sources.npy_file import NpyFile
from opiscli.sources.scheme import scheme_of
from opiscli.sources.selection import LABEL_NAMES, Selection, listed
from opiscli.sources.stored import AnyFile, open_binary, size_of

_N_FIRST = 8
_ENDINGS = {".csv": ",", ".tsv": "\t"}
_BINARY = {
    b"PK": "a zip archive (NPZ, Excel or PyTorch)",
    b"\x80": "a Python pickle",
    b"\x1f\x8b": "a gzip file",
    b"\x89HDF": "an HDF5 file",
}
_KINDS = "expected NPY, text with one label per line, CSV or Parquet"


@dataclass(frozen=True, slots=True)
class LabelsFile:
    """A file of labels, on this machine or at an address.

    Parameters
    ----------
    place
        Its path or address, which may hold a password.
    name
        Names it in messages.
    first
        Its first bytes, which tell its kind.
    suffix
        What its name ends in, such as ``.csv``.
    """

    file: AnyFile = field(repr=False)
    place: str = field(repr=False)
    name: str
    first: bytes = field(repr=False)
    suffix: str

    def __str__(self) -> str:
        return self.name


def labels_at(place: Path | str) -> LabelsFile:
    """Find a file of labels.

    Raises
    ------
    SourceError
        If there is no such file, or it cannot be read.
    """
    if scheme_of(str(place)) is None:
        path = Path(place)
        return LabelsFile(path, str(path), str(path), _first_bytes(path), path.suffix.lower())
    # Imported here: few labels are not on this machine.
    from opiscli.sources.remote import open_stored_file

    stored, name = open_stored_file(str(place))
    suffix = PurePosixPath(name.partition("?")[0]).suffix.lower()
    return LabelsFile(stored, str(place), name, stored.first[:_N_FIRST], suffix)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Labels of a text file as written, and the line of the first of them."""

    labels: list[str]
    first_line: int

    def filled(self, path: LabelsFile, *, keep_missing: bool) -> list[str | None]:
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


def read_labels(
    place: Path | str, n_items: int, *, keep_missing: bool = False, memory_limit: int | None = None
) -> AnyArray:
    """One label per item.

    The kind of a file is told by its first bytes; among texts, ``.csv`` and ``.tsv`` are tables.
    Texts stay as written: ``007`` is not 7.

    Parameters
    ----------
    place
        The path or address of an NPY file; a text file with one label per line; or a CSV, Parquet,
        Arrow or Feather file with a column ``label`` or ``labels``, or with a single column.
    n_items
        How many items there are to be labelled.
    keep_missing
        Whether labels that are missing, and empty cells and lines, are kept as None.
    memory_limit
        Bytes that they may take; by default a share of the machine's memory.

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
    UsageError
        If the file does not fit into the memory limit.
    """
    path = labels_at(place)
    head = path.first
    if head.startswith(b"\x93NUMPY"):
        stored = NpyFile.open(path.file, path.name)
        _require_one_each(path, n_items, stored.header.shape[0] if stored.header.ndim else n_items)
        labels: Any = stored.load(memory_limit)
    elif head.startswith((b"PAR1", b"ARROW1", b"FEA1")):
        labels = _column_of_table(path, n_items, memory_limit)
    else:
        text = _text_of(path, memory_limit)
        of_text = _column_of_csv if path.suffix in _ENDINGS else _lines
        labels = of_text(path, text, n_items)
    if isinstance(labels, _Texts):
        labels = labels.filled(path, keep_missing=keep_missing)
    array = label_array(labels, of=f" of {path}", keep_missing=keep_missing)
    _require_one_each(path, n_items, len(array))
    return array


def _require_one_each(path: LabelsFile, n_items: int, n_labels: int) -> None:
    if n_labels != n_items:
        raise EmbeddingError(
            f"{n_items:,} embeddings but {n_labels:,} labels in {path}; the numbers must match",
            hint="Check that both come from the same run and are in the same order.",
        )


def _first_bytes(path: Path) -> bytes:
    if not path.exists():
        raise SourceError(f"no such file: {path}", hint="Check the path.")
    if path.is_dir():
        raise SourceError(
            f"{path} cannot be read: it is a folder, expected a file of labels",
            hint="Name a file that holds one label per item.",
        )
    try:
        with open_regular(path) as file:
            return file.read(_N_FIRST)
    except OSError as cause:
        raise SourceError(
            f"{path} cannot be read: {cause.strerror}",
            hint="Check the path, and that you may read it.",
        ) from cause


def _text_of(path: LabelsFile, memory_limit: int | None) -> str:
    for magic, what in _BINARY.items():
        if path.first.startswith(magic):
            raise _not_labels(path, f"is {what}")
    require_room(2 * size_of(path.file), path.name, memory_limit)  # the bytes, and the text
    try:
        with open_binary(path.file) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise _not_labels(path, f"is not text in UTF-8 (byte {cause.start:,})") from cause
    if "\0" in text:
        raise _not_labels(path, "is not text: it has zero bytes")
    return text


def _not_labels(path: LabelsFile, found: str) -> SourceError:
    return SourceError(
        f"{path} {found}; {_KINDS}",
        hint="In Python: numpy.save('labels.npy', labels), with numbers or text.",
    )


def _lines(path: LabelsFile, text: str, n_items: int) -> _Texts:
    text = text.replace("\r\n", "\n").removesuffix("\n")
    if (n_lines := text.count("\n") + 1) > n_items + 1:
        _require_one_each(path, n_items, n_lines)
    lines = text.split("\n") if text else []
    if len(lines) == n_items + 1 and lines[0].strip().lower() in LABEL_NAMES:
        raise EmbeddingError(
            f"line 1 of {path} is {lines[0]!r}, a heading: {n_items:,} embeddings but"
            f" {len(lines):,} lines",
            hint="Remove the first line, or name the file .csv.",
        )
    return _Texts(lines, first_line=1)


def _column_of_csv(path: LabelsFile, text: str, n_items: int) -> _Texts:
    rows = _cells(path, text, n_items)
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


def _cells(path: LabelsFile, text: str, n_items: int) -> list[list[str]]:
    """All rows; of far too many, as many as show it."""
    rows = _checked_rows(path, text)
    first = list(islice(rows, n_items + 1))
    if n_more := sum(1 for _ in rows):
        _require_one_each(path, n_items, len(first) + n_more - 1)
    return first


def _checked_rows(path: LabelsFile, text: str) -> Iterator[list[str]]:
    delimiter = _ENDINGS[path.suffix]
    n_cells = None
    try:
        for line, row in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
        ):
            n_cells = n_cells or len(row) or 1
            # A blank line is a row without a cell, which in a single column means an empty one.
            if len(row) != n_cells and not (row == [] and n_cells == 1):
                raise SourceError(
                    f"row {line} of {path} has {len(row)} cells, expected {n_cells} as in row 1",
                    hint="Quote texts that contain the delimiter.",
                )
            yield row or [""]
    except csv.Error as cause:
        raise SourceError(
            f"{path} cannot be read as CSV: {cause}", hint="Check its quotation marks."
        ) from cause


def _column_of_table(path: LabelsFile, n_items: int, memory_limit: int | None) -> list[object]:
    # Imported here: pyarrow takes longer to import than other files take to read.
    from opiscli.sources import opening
    from opiscli.sources.plain_types import plain

    table = opening.open_source(path.place, Selection(memory_limit=memory_limit))
    names = table.schema.names
    named = [name for name in LABEL_NAMES if name in names] or names
    if len(named) != 1:
        raise SourceError(
            f"{path} has the columns {listed(names)}, expected one column 'label'",
            hint="Rename the column of labels to label, or keep it alone.",
        )
    if table.n_rows is not None:
        _require_one_each(path, n_items, table.n_rows)
    batches = (batch.column(0) for batch in table.batches(named))
    return [v for column in batches for v in plain(column, named[0], path.name).to_pylist()]
