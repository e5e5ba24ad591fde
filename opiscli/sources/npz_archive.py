"""Arrays of an NPZ archive: names, shapes and types first, values on demand."""

import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.errors import SourceError
from opiscli.sources.npy_file import BAD_HEADER, MAGIC, read_header
from opiscli.sources.selection import listed

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, *BAD_HEADER)


@dataclass(frozen=True, slots=True)
class StoredArray:
    """What the header of one array says."""

    member: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)


@dataclass(frozen=True)
class NpzArchive:
    """An NPZ file, or another zip archive, of which members that are no arrays are left out."""

    path: Path

    @cached_property
    def arrays(self) -> dict[str, StoredArray]:
        """What arrays there are, by name.

        Raises
        ------
        SourceError
            If the file is no archive, is damaged, or holds no array.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                found = {
                    member.filename.removesuffix(".npy"): stored
                    for member in archive.infolist()
                    if (stored := _stored(archive, member)) is not None
                }
                names = archive.namelist()
        except (OSError, RuntimeError, NotImplementedError, *_DAMAGED) as cause:
            raise self._unreadable(cause) from cause
        if not found:
            raise SourceError(
                f"{self.path} holds no array, but {listed(names) or 'nothing'}",
                hint="Write one with numpy.savez.",
            )
        return found

    def load(self, name: str) -> AnyArray:
        """The values of one array.

        Raises
        ------
        SourceError
            If they cannot be read, or are Python objects, which are never unpickled.
        """
        stored = self.arrays[name]
        if stored.dtype.hasobject:
            raise SourceError(
                f"array {name!r} of {self.path} holds pickled Python objects; opis never unpickles",
                hint=f"Save it as text or numbers, for example {name}={name}.astype(str).",
            )
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(stored.member) as file:
                array: AnyArray = np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, RuntimeError, NotImplementedError, *_DAMAGED) as cause:
            raise self._unreadable(cause, name) from cause
        return array

    def _unreadable(self, cause: Exception, name: str | None = None) -> SourceError:
        what = str(self.path) if name is None else f"array {name!r} of {self.path}"
        reason, hint = "the file is damaged or may be cut off", "Copy it or write it again."
        if isinstance(cause, OSError) and cause.strerror:
            reason, hint = cause.strerror, "Check the path, and that you may read it."
        elif isinstance(cause, NotImplementedError):
            reason, hint = "its compression is not supported", "Write it with numpy.savez."
        elif isinstance(cause, RuntimeError) and "encrypted" in str(cause):
            reason, hint = (
                "it is encrypted",
                "Unpack it first, or write it again without a password.",
            )
        elif isinstance(cause, MemoryError):
            reason, hint = "there is not enough memory for it", "Use a machine with more memory."
        return SourceError(f"{what} cannot be read: {reason}", hint=hint)


def _stored(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> StoredArray | None:
    """The header of a member; ``None`` if it is not an array."""
    if member.is_dir():
        return None
    with archive.open(member) as file:
        start = file.read(len(MAGIC))
    if start != MAGIC:
        if member.filename.endswith(".npy") and MAGIC.startswith(start):
            raise EOFError(member.filename)
        return None
    with archive.open(member) as file:
        shape, dtype = read_header(file)
        _require_whole(file, member, shape, dtype)
    return StoredArray(member, shape, dtype)


def _require_whole(
    file: IO[bytes], member: zipfile.ZipInfo, shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> None:
    """Raise `EOFError` if a header claims more than there is, before memory is taken for it."""
    n_bytes = dtype.itemsize
    for length in shape:
        n_bytes *= length
    if not dtype.hasobject and n_bytes > member.file_size - file.tell():
        raise EOFError(member.filename)
