"""Text of blank-separated fields, with or without a header, read as a table of texts."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice

import pyarrow as pa
from pyarrow import csv as arrow_csv

from opiscli.errors import SourceError
from opiscli.sources.arrow import slices
from opiscli.sources.explained import each_explained
from opiscli.sources.headerless import fields_of, has_header
from opiscli.sources.stored import AnyFile
from opiscli.sources.text_columns import as_written, not_utf8_file
from opiscli.sources.text_file import LONGEST_LINE, TextFile, lines_of
from opiscli.sources.whole_lines import LineParser, Ragged

_FIELD = "field_"
_TABS = bytes.maketrans(b"\t", b" ")


def without_header(names: Sequence[str]) -> bool:
    """Whether columns are called by their place, because their file has no header."""
    return list(names) == [f"{_FIELD}{place}" for place in range(1, len(names) + 1)]


@dataclass(frozen=True)
class BlankSeparatedFile:
    """A file, or its contents."""

    file: AnyFile
    name: str

    n_rows = None

    @cached_property
    def _first_lines(self) -> tuple[str, str]:
        try:
            with TextFile(self.file).open_text() as text:
                full = (line for line in lines_of(text, self.name) if line.strip())
                first, second, *_ = [*islice(full, 2), "", ""]
                return first, second
        except UnicodeDecodeError as cause:
            raise not_utf8_file(self.name, "txt") from cause
        except (OSError, EOFError, zlib.error) as cause:
            raise SourceError(
                f"{self.name} cannot be read: its first lines are damaged or may be cut off",
                hint="Copy or write it again.",
            ) from cause

    @property
    def _has_header(self) -> bool:
        return has_header(*self._first_lines)

    @cached_property
    def schema(self) -> pa.Schema:
        """Names of its columns, all of text; without a header ``field_1``, ``field_2`` and on."""
        names = fields_of(self._first_lines[0])
        if not self._has_header:
            names = [f"{_FIELD}{place}" for place in range(1, len(names) + 1)]
        return pa.schema([(name, pa.large_string()) for name in names])

    def size(self, columns: Sequence[str]) -> int:
        """Not known before it is read."""
        return 0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        return each_explained(self.name, self._batches(columns))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        keys = [str(place) for place in range(len(self.schema))]
        wanted = [keys[self.schema.get_field_index(name)] for name in columns]
        ragged = Ragged()
        parser = LineParser(
            partial(_reading, keys, self._has_header),
            arrow_csv.ParseOptions(
                delimiter=" ", quote_char=False, invalid_row_handler=ragged.stop
            ),
            as_written(keys, wanted),
            ragged,
            _single,
        )
        with TextFile(self.file).open_bytes() as file:
            try:
                for batch in parser.batches(file, self.name):
                    chosen = [batch.column(key) for key in wanted]
                    yield from slices(pa.RecordBatch.from_arrays(chosen, names=list(columns)))
            except pa.ArrowException as cause:
                raise self._why(cause, ragged) from cause

    def _why(self, cause: Exception, ragged: Ragged) -> Exception:
        if (row := ragged.row) is None:
            return not_utf8_file(self.name, "txt") if "UTF8" in str(cause).upper() else cause
        line = "a line" if ragged.line is None else f"line {ragged.line:,} (without blank lines)"
        return SourceError(
            f"{self.name} has {row.actual_columns} fields in {line}, expected"
            f" {row.expected_columns} as in the first one; it begins with {row.text[:40]!r}",
            hint="Ids must not hold blanks; otherwise write a CSV file with a header, and quotes"
            " around such ids.",
        )


def _single(lines: bytes) -> bytes:
    """Put a single blank between fields, and none at the ends of lines."""
    text = lines.translate(_TABS)
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    for end in (b" \n", b" \r\n", b"\r\n"):
        if end in text:
            text = text.replace(end, b"\n")
    if b"\n " in text:
        text = text.replace(b"\n ", b"\n")
    return text.strip(b" ") if text.startswith(b" ") or text.endswith(b" ") else text


def _reading(keys: list[str], has_header: bool, is_first: bool) -> arrow_csv.ReadOptions:
    # In one thread, so that the number of a bad line is known.
    return arrow_csv.ReadOptions(
        use_threads=False,
        block_size=LONGEST_LINE,
        column_names=keys,
        skip_rows_after_names=int(has_header and is_first),
    )
