"""Copies of remote files on the disk, for formats that are read more than once from end to end."""

import io
import os
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.sources.stored import PartsReader, Stored

_BYTES_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class FetchedCopy:
    """A copy without a name, which takes no room on the disk once this process has ended.

    Parameters
    ----------
    file
        Kept open; each reader has a position of its own.
    """

    file: IO[bytes] = field(repr=False)
    size: int

    def __post_init__(self) -> None:
        weakref.finalize(self, self.file.close)

    @classmethod
    def of(cls, parts: Iterable[bytes], name: str) -> "FetchedCopy":
        """Write parts of a file one after the other.

        Raises
        ------
        SourceError
            If they do not fit on the disk.
        """
        held = tempfile.TemporaryFile()  # noqa: SIM115  # closed with what is returned
        size = 0
        for part in parts:
            try:
                held.write(part)
                held.flush()
            except OSError as cause:
                held.close()
                raise _no_room(name, cause) from cause
            size += len(part)
        return cls(held, size)

    @property
    def first(self) -> bytes:
        """Some of its first bytes."""
        return self._part(0, 1 << 16)

    def open(self) -> BinaryIO:
        """Open it for Python."""
        return io.BufferedReader(PartsReader(self._part, self.size), 1 << 16)

    def open_arrow(self) -> pa.NativeFile:
        """Open it for pyarrow."""
        return pa.PythonFile(self.open(), mode="r")

    def _part(self, start: int, n_bytes: int) -> bytes:
        return os.pread(self.file.fileno(), n_bytes, start)


def fetched(file: Stored, name: str) -> FetchedCopy:
    """Copy all of a file.

    Raises
    ------
    SourceError
        If it does not fit on the disk.
    """
    with file.open() as opened:
        return FetchedCopy.of(iter(lambda: opened.read(_BYTES_AT_ONCE), b""), name)


def write_copy(file: Stored, name: str, path: Path) -> None:
    """Copy all of a file to a path, for libraries that read only from there.

    Raises
    ------
    SourceError
        If it does not fit on the disk.
    """
    with file.open() as opened, path.open("wb") as copy:
        while part := opened.read(_BYTES_AT_ONCE):
            try:
                copy.write(part)
                copy.flush()
            except OSError as cause:
                raise _no_room(name, cause) from cause


def _no_room(name: str, cause: OSError) -> SourceError:
    return SourceError(
        f"{name} cannot be copied to {tempfile.gettempdir()}: {cause.strerror}",
        hint="Set TMPDIR to a folder with more room, or store the table as Parquet, of which only"
        " the needed columns are read.",
    )
