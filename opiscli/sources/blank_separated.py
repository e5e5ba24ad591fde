"""Text of blank-separated fields, with or without a header, read as a table of texts."""

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from opiscli.errors import SourceError
from opiscli.sources.arrow import slices
from opiscli.sources.explained import each_explained
from opiscli.sources.headerless import fields_of, has_header
from opiscli.sources.stored import AnyFile
from opiscli.sources.text_file import TextFile, lines_of

_BYTES_AT_ONCE = 1 << 24
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
            raise _not_utf8(self.name) from cause
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
        ragged: list[arrow_csv.InvalidRow] = []
        with TextFile(self.file).open_bytes() as file:
            try:
                for batch in arrow_csv.open_csv(
                    _SingleBlanks(file),
                    # In one thread, so that the number of a bad line is known.
                    read_options=arrow_csv.ReadOptions(
                        use_threads=False,
                        block_size=_BYTES_AT_ONCE,
                        column_names=keys,
                        skip_rows_after_names=int(self._has_header),
                    ),
                    parse_options=_parsing(ragged),
                    convert_options=_as_written(keys, wanted),
                ):
                    chosen = [batch.column(key) for key in wanted]
                    yield from slices(pa.RecordBatch.from_arrays(chosen, names=list(columns)))
            except pa.ArrowException as cause:
                raise self._why(cause, ragged) from cause

    def _why(self, cause: Exception, ragged: list[arrow_csv.InvalidRow]) -> Exception:
        if not ragged:
            return _not_utf8(self.name) if "UTF8" in str(cause).upper() else cause
        row = ragged[0]
        line = "a line" if row.number is None else f"line {row.number:,} (without blank lines)"
        return SourceError(
            f"{self.name} has {row.actual_columns} fields in {line}, expected"
            f" {row.expected_columns} as in the first one; it begins with {row.text[:40]!r}",
            hint="Ids must not hold blanks; otherwise write a CSV file with a header, and quotes"
            " around such ids.",
        )


class _SingleBlanks(io.RawIOBase):
    """A text in which a single blank is between fields, and none at the ends of lines."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._rest = b""
        self._ready = memoryview(b"")
        self._is_first = True

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as whole lines go."""
        while not self._ready:
            read = self._file.read(_BYTES_AT_ONCE)
            if self._is_first:
                read, self._is_first = read.removeprefix(b"\xef\xbb\xbf"), False
            if not read and not self._rest:
                return 0
            whole, end, rest = (self._rest + read).rpartition(b"\n")
            if read and not end:
                self._rest = rest
                continue
            self._rest = rest if read else b""
            self._ready = memoryview(_single(whole + end if read else whole + end + rest))
        part = self._ready[: len(buffer)]
        buffer[: len(part)] = part
        self._ready = self._ready[len(part) :]
        return len(part)


def _single(lines: bytes) -> bytes:
    text = lines.translate(_TABS)
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    for end in (b" \n", b" \r\n", b"\r\n"):
        if end in text:
            text = text.replace(end, b"\n")
    if b"\n " in text:
        text = text.replace(b"\n ", b"\n")
    return text.strip(b" ") if text.startswith(b" ") or text.endswith(b" ") else text


def _parsing(ragged: list[arrow_csv.InvalidRow]) -> arrow_csv.ParseOptions:
    """Stop at the first row with another number of fields, and put it into ``ragged``."""

    def stop(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    return arrow_csv.ParseOptions(delimiter=" ", quote_char=False, invalid_row_handler=stop)


def _as_written(keys: list[str], wanted: list[str]) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(keys, pa.large_string()),
        include_columns=list(dict.fromkeys(wanted)),
        strings_can_be_null=False,
    )


def _not_utf8(name: str) -> SourceError:
    return SourceError(
        f"{name} is not UTF-8 text",
        hint=f"Convert it: iconv -f WINDOWS-1252 -t UTF-8 {name} > utf8.txt",
    )
