"""What the messages of an Arrow file or stream say they hold, found without reading their data.

pyarrow takes the end of a stream for its last row, and the footer of a file for a complete list of
its batches. Here every message is visited, so that no row is lost without a word.

Messages are described at https://arrow.apache.org/docs/format/Columnar.html: a length, a
flatbuffer, and the body with all buffers one after the other.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from opiscli.errors import SourceError
from opiscli.regular_file import open_regular
from opiscli.settings.memory_limit import require_room
from opiscli.sources.explained import damaged, explained

_DICTIONARY, _BATCH = 2, 3
_FILE_MAGIC = b"ARROW1"
_CONTINUES = -1
_BITS = 8
_PREFIX = 8
"""Bytes before a compressed buffer that say how large it is unpacked."""


@dataclass(frozen=True)
class ArrowContents:
    """Sums over the messages of a file.

    Parameters
    ----------
    n_batches, n_rows
        How many there are.
    largest
        Bytes of the largest message when it is unpacked.
    total
        Bytes of all messages when they are unpacked.
    """

    n_batches: int
    n_rows: int
    largest: int
    total: int

    @classmethod
    def of_file(cls, file: BinaryIO, name: str) -> "ArrowContents":
        """Visit all messages between the first bytes of a file and its footer."""
        try:
            size = file.seek(0, 2)
            file.seek(size - len(_FILE_MAGIC) - 4)
            footer = size - len(_FILE_MAGIC) - 4 - struct.unpack("<i", file.read(4))[0]
            return cls._sum(_messages(file, len(_FILE_MAGIC) + 2, footer))._plausible(name)
        except (struct.error, OSError, ValueError, OverflowError) as cause:
            raise _cut(name) from cause

    @classmethod
    def of_stream(cls, file: BinaryIO, name: str) -> "ArrowContents":
        """Visit all messages of a stream, which must end with its end mark."""
        try:
            size = file.seek(0, 2)
            contents = cls._sum(_messages(file, 0, size + 1))._plausible(name)
            behind = size - file.tell()
        except (struct.error, OSError, ValueError, OverflowError) as cause:
            raise _cut(name) from cause
        if behind:
            raise damaged(name, f"{behind:,} bytes follow the end of the stream")
        return contents

    @classmethod
    def _sum(cls, messages: "Iterator[_Message]") -> "ArrowContents":
        n_batches = n_rows = largest = total = 0
        for message in messages:
            n_batches += message.is_batch
            n_rows += message.n_rows if message.is_batch else 0
            largest = max(largest, message.size)
            total += message.size
        return cls(n_batches, n_rows, largest, total)

    def _plausible(self, name: str) -> "ArrowContents":
        if self.n_rows > _BITS * self.total:
            raise damaged(name, f"{self.n_rows:,} rows, but only {self.total:,} bytes of data")
        return self


def require_room_for_all(file: Path | bytes, name: str, memory_limit: int | None) -> None:
    """Raise `UsageError` if an Arrow file and all that it holds, unpacked, exceed the memory limit.

    Raises
    ------
    SourceError
        If a part of it is missing.
    """
    with explained(name), open_regular(file) as opened:
        held = ArrowContents.of_file(opened, name)
        n_bytes = opened.seek(0, 2)
    # Batches are joined to one table, which takes their memory once more.
    require_room(n_bytes + 2 * held.total, f"{name}, unpacked,", memory_limit)


class _Message(NamedTuple):
    is_batch: bool
    n_rows: int
    size: int


def _cut(name: str) -> SourceError:
    return damaged(name, "a message is cut off or its end mark is missing")


def _messages(file: BinaryIO, start: int, end: int) -> Iterator[_Message]:
    """Messages from ``start`` to the end mark or ``end``; the file is left behind the last."""
    while start < end:
        file.seek(start)
        (length,) = struct.unpack("<i", file.read(4))
        if length == _CONTINUES:  # not written before Arrow 0.15
            (length,) = struct.unpack("<i", file.read(4))
        if length == 0:
            return
        if length < 0:
            raise ValueError(length)
        metadata = file.read(length)
        if len(metadata) < length:
            raise ValueError(length)
        body = file.tell()
        message, n_bytes = _parsed(metadata, file, body)
        if n_bytes < 0:
            raise ValueError(n_bytes)
        start = body + n_bytes
        yield message


def _parsed(metadata: bytes, file: BinaryIO, body: int) -> tuple[_Message, int]:
    """A message, and the bytes of its body."""
    table = _Table(metadata, 0).follow()
    n_bytes = table.number(3, "<q")
    kind = table.number(1, "<B")
    if kind not in (_DICTIONARY, _BATCH):
        return _Message(False, 0, n_bytes), n_bytes
    batch = table.table(2) if kind == _BATCH else table.table(2).table(1)
    size = n_bytes
    if batch.at(3) is not None:
        size = sum(_unpacked(file, body + at, length) for at, length in batch.pairs(2))
    n_rows = batch.number(0, "<q")
    if n_rows < 0:
        raise ValueError(n_rows)
    return _Message(kind == _BATCH, n_rows, size), n_bytes


def _unpacked(file: BinaryIO, at: int, length: int) -> int:
    if length < _PREFIX:
        return max(length, 0)
    file.seek(at)
    (size,) = struct.unpack("<q", file.read(_PREFIX))
    return length if size < 0 else int(size)


class _Table(NamedTuple):
    """A table of a flatbuffer: its fields lie where its vtable says."""

    data: bytes
    place: int

    def follow(self) -> "_Table":
        """What the offset at this place refers to."""
        (step,) = struct.unpack_from("<I", self.data, self.place)
        return _Table(self.data, self.place + step)

    def at(self, field: int) -> int | None:
        """Place of a field, if it is there."""
        (back,) = struct.unpack_from("<i", self.data, self.place)
        (length,) = struct.unpack_from("<H", self.data, self.place - back)
        slot = 4 + 2 * field
        if slot + 2 > length:
            return None
        (step,) = struct.unpack_from("<H", self.data, self.place - back + slot)
        return self.place + step if step else None

    def number(self, field: int, kind: str) -> int:
        """A number, 0 if it is not there."""
        place = self.at(field)
        return 0 if place is None else int(struct.unpack_from(kind, self.data, place)[0])

    def table(self, field: int) -> "_Table":
        """A table inside this one."""
        place = self.at(field)
        if place is None:
            raise ValueError(field)
        return _Table(self.data, place).follow()

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of pairs of numbers."""
        vector = self.table(field).place
        (length,) = struct.unpack_from("<I", self.data, vector)
        if vector + 4 + 16 * length > len(self.data):
            raise ValueError(length)
        yield from struct.iter_unpack("<qq", self.data[vector + 4 : vector + 4 + 16 * length])
