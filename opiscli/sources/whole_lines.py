"""Parses delimited text some whole lines at a time.

The streaming reader of pyarrow reads up to 32 blocks ahead, in a thread that may still want a
Python file when the process ends. Where the end of a line is always the end of a row, neither is
needed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from opiscli.sources.text_file import LONGEST_LINE, too_long

_BYTES_AT_ONCE = 1 << 22


@dataclass
class Ragged:
    """The first row with another number of cells than there are columns."""

    row: arrow_csv.InvalidRow | None = None
    n_rows_before: int = field(default=0)

    @property
    def line(self) -> int | None:
        """Its line, counted from 1, without blank ones; ``None`` if that is not known."""
        if self.row is None or self.row.number is None:
            return None
        return int(self.row.number) + self.n_rows_before

    def stop(self, row: arrow_csv.InvalidRow) -> str:
        """Keep it, and read no further."""
        self.row = self.row or row
        return "error"


@dataclass(frozen=True)
class LineParser:
    """How lines are parsed.

    Parameters
    ----------
    reading
        Gives options for the first lines of a file, or for those behind them.
    ragged
        Where a row with another number of cells is kept.
    change
        What is done with the bytes of some lines before.
    """

    reading: Callable[[bool], arrow_csv.ReadOptions]
    parsing: arrow_csv.ParseOptions
    converting: arrow_csv.ConvertOptions
    ragged: Ragged
    change: Callable[[bytes], bytes] = bytes

    def batches(self, file: BinaryIO, name: str) -> Iterator[pa.RecordBatch]:
        """Parse a file.

        Raises
        ------
        SourceError
            If a line is longer than is read.
        """
        is_first = True
        for lines in _blocks(file, name):
            changed = self.change(lines)
            if changed.strip():
                table = arrow_csv.read_csv(
                    pa.BufferReader(changed), self.reading(is_first), self.parsing, self.converting
                )
                yield from table.to_batches()
                self.ragged.n_rows_before += int(table.num_rows) + is_first
                is_first = False


def _blocks(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Bytes up to the end of a line, without the mark that some programs begin UTF-8 with."""
    rest = file.read(_BYTES_AT_ONCE).removeprefix(b"\xef\xbb\xbf")
    while read := file.read(_BYTES_AT_ONCE):
        whole, end, after = (rest + read).rpartition(b"\n")
        if end:
            yield whole + end
        elif len(after) > LONGEST_LINE:
            raise too_long(name)
        rest = after
    if rest:
        yield rest
