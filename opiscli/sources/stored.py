"""Where the bytes of a file are: on a disk, in memory, or on a server that sends parts of them."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from opiscli.regular_file import open_regular

if TYPE_CHECKING:
    import pyarrow as pa


class Stored(Protocol):
    """A file that has no path here, but of which any part can be read."""

    @property
    def first(self) -> bytes:
        """Some of its first bytes, which tell its kind."""

    @property
    def size(self) -> int:
        """Bytes of the file."""

    def open(self) -> BinaryIO:
        """Open it for Python."""

    def open_arrow(self) -> "pa.NativeFile":
        """Open it for pyarrow."""


AnyFile = Path | bytes | Stored


def open_binary(file: AnyFile) -> BinaryIO:
    """Open a regular file, its contents or a file elsewhere.

    Raises
    ------
    SourceError
        If a path is not that of a regular file.
    OSError
        If it cannot be opened.
    """
    return open_regular(file) if isinstance(file, Path | bytes) else file.open()


def open_arrow(file: AnyFile) -> "pa.NativeFile":
    """Open a file as pyarrow reads it; it is not mapped, for a file cut meanwhile would crash."""
    import pyarrow as pa  # takes longer to import than a file of labels takes to read

    if isinstance(file, bytes):
        return pa.BufferReader(file)
    # A name may hold bytes that are no text.
    return pa.OSFile(os.fsencode(file)) if isinstance(file, Path) else file.open_arrow()


def size_of(file: AnyFile) -> int:
    """Bytes of a file."""
    if isinstance(file, bytes):
        return len(file)
    return file.stat().st_size if isinstance(file, Path) else file.size


class PartsReader(io.RawIOBase):
    """A file that is read by asking for parts of it.

    Parameters
    ----------
    read_part
        Gives some bytes from a position, at least one before the end, and no more than asked for.
    """

    def __init__(self, read_part: "ReadPart", size: int) -> None:
        super().__init__()
        self._read_part = read_part
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(offset)
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as a part goes."""
        wanted = max(0, min(len(buffer), self._size - self._at))
        part = self._read_part(self._at, wanted) if wanted else b""
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class ReadPart(Protocol):
    """Reads a part of a file."""

    def __call__(self, start: int, n_bytes: int) -> bytes:
        """Up to ``n_bytes`` from ``start``."""
