"""Arrays of an NPZ archive: names, shapes and types first, values on demand."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BufferedIOBase
from typing import cast

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.errors import OpisError, SourceError
from opiscli.settings.memory_limit import require_room
from opiscli.sources.npy_format import MAGIC, Header, read_header, read_values
from opiscli.sources.selection import listed
from opiscli.sources.stored import AnyFile
from opiscli.sources.zip_archives import opened_archive


@dataclass(frozen=True, slots=True)
class StoredArray:
    """What is known of one array before it is read."""

    member: zipfile.ZipInfo
    header: Header

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each dimension."""
        return self.header.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of its values."""
        return self.header.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.header.ndim


@dataclass(frozen=True)
class NpzArchive:
    """An NPZ file, or another zip archive, of which members that are no arrays are left out.

    Parameters
    ----------
    file, name
        Where it is, and what messages call it.
    memory_limit
        Bytes that one array may take; by default a share of the machine's memory.
    """

    file: AnyFile
    name: str
    memory_limit: int | None = None

    @cached_property
    def arrays(self) -> dict[str, StoredArray]:
        """What arrays there are, by name.

        Raises
        ------
        SourceError
            If the file is no archive, is damaged, holds no array, or two of one name.
        """
        found: dict[str, StoredArray] = {}
        with self._opened() as archive:
            names = archive.namelist()
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if (stored := _stored(archive, member)) is None:
                    continue
                if name in found:
                    raise SourceError(
                        f"{self.name} holds two arrays {name!r}, expected one of each name",
                        hint="Write it again with numpy.savez.",
                    )
                found[name] = stored
        if not found:
            raise SourceError(
                f"{self.name} holds no array, but {listed(names) or 'nothing'}",
                hint="Write one with numpy.savez.",
            )
        return found

    def load(self, name: str) -> AnyArray:
        """The values of one array.

        Raises
        ------
        SourceError
            If they cannot be read, or are Python objects, which are never unpickled.
        UsageError
            If they do not fit into the memory limit.
        """
        stored = self.arrays[name]
        if stored.dtype.hasobject:
            raise SourceError(
                f"array {name!r} of {self.name} holds pickled Python objects; opis never unpickles",
                hint=f"Save it as text or numbers, for example {name}={name}.astype(str).",
            )
        require_room(stored.header.n_bytes, f"array {name!r} of {self.name}", self.memory_limit)
        with self._opened(name) as archive, _member(archive, stored.member) as file:
            if read_header(file) != stored.header:
                raise EOFError("changed since")
            array = read_values(file, stored.header)
            # The checksum is compared at the end of the member, so there must be nothing more.
            if file.read(1):
                raise EOFError("more values than the header says")
        return array

    @contextmanager
    def _opened(self, name: str | None = None) -> Iterator[zipfile.ZipFile]:
        """Open the archive, and explain what is wrong with it or with one array.

        Damage makes zipfile and the decompressors raise almost anything.
        """
        try:
            with opened_archive(self.file, self.name) as archive:
                yield archive
        except OpisError:
            raise
        except Exception as cause:
            raise self._unreadable(cause, name) from cause

    def _unreadable(self, cause: Exception, name: str | None) -> SourceError:
        what = self.name if name is None else f"array {name!r} of {self.name}"
        reason, hint = "the file is damaged or may be cut off", "Copy it or write it again."
        if isinstance(cause, OSError) and cause.strerror and cause.filename:
            reason, hint = cause.strerror, "Check the path, and that you may read it."
        elif isinstance(cause, NotImplementedError):
            reason, hint = "its compression is not supported", "Write it with numpy.savez."
        elif isinstance(cause, RuntimeError) and "encrypted" in str(cause):
            reason, hint = (
                "it is encrypted",
                "Unpack it first, or write it again without a password.",
            )
        elif isinstance(cause, MemoryError) and name is not None:
            reason, hint = "there is not enough memory for it", "Use a machine with more memory."
        return SourceError(f"{what} cannot be read: {reason}", hint=hint)


def _stored(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> StoredArray | None:
    """The header of a member; ``None`` if it is not an array."""
    if member.is_dir():
        return None
    with _member(archive, member) as file:
        start = file.read(len(MAGIC))
    if start != MAGIC:
        is_resource = member.filename.rpartition("/")[2].startswith("._")  # of macOS
        if member.filename.endswith(".npy") and not is_resource:
            raise EOFError(member.filename)
        return None
    with _member(archive, member) as file:
        header = read_header(file)
        # Compared before memory is taken for them.
        n_bytes = member.file_size - file.tell()
    if not header.dtype.hasobject and header.n_bytes != n_bytes:
        raise EOFError(member.filename)
    return StoredArray(member, header)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BufferedIOBase:
    return cast(BufferedIOBase, archive.open(member))
