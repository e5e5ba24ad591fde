"""CSV and TSV files with a header: cells are read as text, so 007 stays 007."""

import csv
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from gzip import GzipFile
from typing import BinaryIO, NamedTuple

import pyarrow as pa
from pyarrow import csv as arrow_csv

from opiscli.errors import SourceError
from opiscli.sources.arrow import slices
from opiscli.sources.explained import each_explained
from opiscli.sources.kinds import delimiter_of
from opiscli.sources.stored import AnyFile, open_arrow
from opiscli.sources.text_columns import as_written, not_utf8_file
from opiscli.sources.text_file import LONGEST_LINE, TextFile, lines_of
from opiscli.sources.whole_lines import LineParser, Ragged

_BYTES_AT_ONCE = 1 << 24
_NUMBER = re.compile(r"[-+]?\d*[.]\d+(e[-+]?\d+)?", re.IGNORECASE)


class _Header(NamedTuple):
    delimiter: str
    names: list[str]
    n_blank: int
    has_rows: bool
    n_quotes: int
    has_line_feed: bool


@dataclass(frozen=True)
class DelimitedFile:
    """A file, or its contents."""

    file: AnyFile
    name: str

    n_rows = None

    @cached_property
    def _header(self) -> _Header:
        try:
            with TextFile(self.file).open_text() as text:
                line, n_blank = "", 0
                for line in lines_of(text, self.name):
                    if line.strip():
                        break
                    n_blank += 1
                text.seek(0)
                delimiter = delimiter_of(line)
                lines = lines_of(text, self.name)
                rows = (row for row in csv.reader(lines, delimiter=delimiter) if any(row))
                names = next(rows, [])
                has_rows = any(line.strip() for line in lines)
                quotes, has_feed = line.count('"'), line.endswith("\n")
                return _Header(delimiter, names, n_blank, has_rows, quotes, has_feed)
        except UnicodeDecodeError as cause:
            raise not_utf8_file(self.name, "csv") from cause
        except (OSError, EOFError, zlib.error, csv.Error) as cause:
            raise SourceError(
                f"{self.name} cannot be read: its first lines are damaged or may be cut off",
                hint="Copy or write it again.",
            ) from cause

    @cached_property
    def schema(self) -> pa.Schema:
        """Names of its columns, all of text."""
        names = [name.strip() for name in self._header.names]
        if any(_NUMBER.fullmatch(name) for name in names):
            raise SourceError(
                f"{self.name} has no header: its first line holds numbers, expected column names",
                hint="Write a first line with the names, such as label,dim_0,dim_1.",
            )
        return pa.schema([(name, pa.large_string()) for name in names])

    def size(self, columns: Sequence[str]) -> int:
        """Not known before it is read."""
        return 0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        return each_explained(self.name, self._batches(columns))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        header = self._header
        if not header.has_rows:
            return
        if not self._is_closed:
            raise self._unclosed()
        # Under other names, for theirs may be surrounded by blanks.
        keys = [str(at) for at in range(len(header.names))]
        wanted = [keys[self.schema.get_field_index(name)] for name in columns]
        ragged = Ragged()
        parser = LineParser(
            partial(_reading, keys, header.n_blank),
            _parsing(header.delimiter, ragged),
            as_written(keys, wanted),
            ragged,
        )
        with TextFile(self.file).open_bytes() as file:
            try:
                for batch in self._parsed(file, parser):
                    chosen = [batch.column(key) for key in wanted]
                    yield from slices(pa.RecordBatch.from_arrays(chosen, names=list(columns)))
            except pa.ArrowException as cause:
                raise self._why(cause, ragged) from cause

    def _parsed(self, file: BinaryIO, parser: LineParser) -> Iterable[pa.RecordBatch]:
        header = self._header
        if self._n_quotes == header.n_quotes and header.has_line_feed:
            return parser.batches(file, self.name)
        # A file of pyarrow where possible: its thread that reads ahead must not need Python, which
        # may end before.
        source = file if isinstance(file, GzipFile) else open_arrow(self.file)
        streaming: Iterable[pa.RecordBatch] = arrow_csv.open_csv(
            source, parser.reading(True), parser.parsing, parser.converting
        )
        return streaming

    def _why(self, cause: Exception, ragged: Ragged) -> Exception:
        if ragged.row is not None:
            return self._ragged(ragged.row, ragged.line, len(self._header.names))
        if "UTF8" in str(cause).upper():
            return not_utf8_file(self.name, "csv")
        return self._unclosed() if "straddl" in str(cause) else cause

    @cached_property
    def _n_quotes(self) -> int:
        with TextFile(self.file).open_bytes() as file:
            chunks = iter(lambda: file.read(_BYTES_AT_ONCE), b"")
            return sum(chunk.count(b'"') for chunk in chunks)

    @cached_property
    def _is_closed(self) -> bool:
        """Whether no quoted cell is still open at the end; pyarrow lets that pass."""
        if self._n_quotes % 2 == 0:
            return True
        most = csv.field_size_limit(LONGEST_LINE)
        try:
            with TextFile(self.file).open_text() as text:
                lines = lines_of(text, self.name)
                for _ in csv.reader(lines, delimiter=self._header.delimiter, strict=True):
                    pass
        except csv.Error as wrong:
            return "unexpected end" not in str(wrong)
        finally:
            csv.field_size_limit(most)
        return True

    def _unclosed(self) -> SourceError:
        return SourceError(
            f"{self.name} has a quotation mark that is not closed, or a line of more than"
            f" {_BYTES_AT_ONCE >> 20} MB",
            hint="Quotes inside a cell are written twice; the end may also be cut off.",
        )

    def _ragged(self, row: arrow_csv.InvalidRow, line: int | None, n_names: int) -> SourceError:
        where = "a line" if line is None else f"line {line:,} (counting the header as 1)"
        start = row.text[:40]
        return SourceError(
            f"{self.name} has {row.actual_columns} cells in {where}, expected {n_names} as in its"
            f" header; it begins with {start!r}",
            hint="Put quotes around cells that hold the delimiter; the end may also be cut off.",
        )


def _reading(keys: list[str], n_blank: int, is_first: bool) -> arrow_csv.ReadOptions:
    # In one thread, so that the number of a bad line is known.
    return arrow_csv.ReadOptions(
        use_threads=False,
        block_size=_BYTES_AT_ONCE,
        column_names=keys,
        skip_rows=n_blank if is_first else 0,
        skip_rows_after_names=int(is_first),
    )


def _parsing(delimiter: str, ragged: Ragged) -> arrow_csv.ParseOptions:
    """Stop at the first row with another number of cells, and put it into ``ragged``."""
    return arrow_csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=ragged.stop
    )
