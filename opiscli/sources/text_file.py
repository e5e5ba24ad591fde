"""A file of text, packed or not, opened for pyarrow or for Python."""

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from opiscli.errors import SourceError
from opiscli.sources.kinds import is_gzip
from opiscli.sources.stored import AnyFile, open_binary

LONGEST_LINE = 1 << 24
"""Bytes of a line: a few bytes of gzip can hold one that fills the memory."""


@dataclass(frozen=True)
class TextFile:
    """A file, or its contents; both may be packed by gzip."""

    file: AnyFile

    def open_bytes(self) -> BinaryIO:
        """Open it unpacked."""
        raw = open_binary(self.file)
        is_packed = is_gzip(raw.read(2))
        raw.seek(0)
        return cast(BinaryIO, _Unpacked(raw)) if is_packed else raw

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


class _Unpacked(gzip.GzipFile):
    """What a gzip file holds; closes it, too."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()
