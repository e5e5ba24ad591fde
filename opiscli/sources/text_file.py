"""A file of text, packed or not, opened for pyarrow or for Python."""

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from opiscli.errors import SourceError
from opiscli.regular_file import open_regular
from opiscli.sources.kinds import is_gzip

LONGEST_LINE = 1 << 24
"""Bytes of a line: a few bytes of gzip can hold one that fills the memory."""


@dataclass(frozen=True)
class TextFile:
    """A file, or its contents; both may be packed by gzip."""

    file: Path | bytes

    def open_bytes(self) -> BinaryIO:
        """Open it unpacked."""
        raw = open_regular(self.file)
        if not is_gzip(raw.read(2)):
            raw.seek(0)
            return raw
        raw.close()
        packed = io.BytesIO(self.file) if isinstance(self.file, bytes) else self.file
        return cast(BinaryIO, gzip.open(packed))

    def open_text(self) -> io.TextIOWrapper:
        """Open it as UTF-8; line ends stay as they are."""
        return io.TextIOWrapper(self.open_bytes(), encoding="utf-8-sig", newline="")


def lines_of(text: io.TextIOWrapper, name: str) -> Iterator[str]:
    """The lines of a text, none of which is longer than memory allows.

    Raises
    ------
    SourceError
        If one is.
    """
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise too_long(name)
        yield line


def too_long(name: str) -> SourceError:
    """Say that a line is longer than is read."""
    return SourceError(
        f"{name} has a line of more than {LONGEST_LINE >> 20} MB",
        hint="Check the line ends and the quotation marks, or write the table as Parquet.",
    )
