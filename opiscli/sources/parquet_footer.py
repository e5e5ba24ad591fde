"""How much the columns of a Parquet file hold, from its footer.

pyarrow reads the footer, too, but ends the process if some of the statistics in it are damaged and
asked for. The footer is a Thrift structure in the compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

import struct
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

from opiscli.sources.explained import damaged

_USUAL_FOOTER = 1 << 16
_MAGIC = b"PAR1"
_BEHIND_FOOTER = 8
_DEEPEST = 16
_LONG_LIST = 15
_MOST_BITS = 63
_LIST_KINDS = (9, 10)
_STRUCT = 12
_TRUE, _FALSE = 1, 2


class ColumnSize(NamedTuple):
    """Values of a column, and bytes of its encoded pages when they are unpacked."""

    n_values: int = 0
    n_bytes: int = 0


def end_of(file: BinaryIO) -> bytes:
    """The footer of a file as a Parquet file that has no rows but is said to have them."""
    size = file.seek(0, 2)
    held = _last(file, size, _USUAL_FOOTER)
    if len(held) < _BEHIND_FOOTER:
        return held
    length = int.from_bytes(held[-_BEHIND_FOOTER : -len(_MAGIC)], "little") + _BEHIND_FOOTER
    held = held if length <= len(held) else _last(file, size, length)
    return held if length >= size else _MAGIC + held[-length:]


def _last(file: BinaryIO, size: int, n_bytes: int) -> bytes:
    file.seek(max(0, size - n_bytes))
    return file.read(n_bytes)


def sizes_of_columns(file: BinaryIO, name: str) -> dict[tuple[str, ...], ColumnSize]:
    """Sizes of each column, nested ones under the names of all their levels.

    Raises
    ------
    SourceError
        If the footer is damaged.
    """
    try:
        size = file.seek(0, 2)
        file.seek(size - 8)
        (length,) = struct.unpack("<I", file.read(4))
        file.seek(size - 8 - length)
        footer = _Compact(file.read(length)).struct()
        sizes: dict[tuple[str, ...], ColumnSize] = {}
        for group in footer[4]:
            for column in group[1]:
                about = column[3]
                path = tuple(part.decode(errors="surrogateescape") for part in about[3])
                before = sizes.get(path, ColumnSize())
                sizes[path] = ColumnSize(
                    before.n_values + int(about[5]), before.n_bytes + int(about[6])
                )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error) as cause:
        raise damaged(name, "its footer") from cause
    return sizes


class _Compact:
    """Reads values of the compact protocol one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._depth = 0
        self._readers: dict[int, Callable[[], Any]] = {
            _TRUE: self._byte,
            _FALSE: self._byte,
            3: self._byte,
            4: self._integer,
            5: self._integer,
            6: self._integer,
            7: lambda: self._bytes(8),
            8: lambda: self._bytes(self._number()),
            _STRUCT: self.struct,
            **dict.fromkeys(_LIST_KINDS, self._list),
        }

    def struct(self) -> dict[int, Any]:
        """Fields of a structure by their numbers."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(self._depth)
        fields: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            step, kind = divmod(head, 16)
            field = field + step if step else self._integer()
            # A truth value inside a structure is its own type.
            fields[field] = kind if kind in (_TRUE, _FALSE) else self._readers[kind]()
        self._depth -= 1
        return fields

    def _list(self) -> list[Any]:
        size, kind = divmod(self._byte(), 16)
        if size == _LONG_LIST:
            size = self._number()
        if size > len(self._data):
            raise ValueError(size)
        return [self._readers[kind]() for _ in range(size)]

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _bytes(self, length: int) -> bytes:
        found = self._data[self._at : self._at + length]
        if len(found) < length:
            raise ValueError(length)
        self._at += length
        return found

    def _number(self) -> int:
        number = bits = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << bits
            if byte < 0x80:
                return number
            bits += 7
            if bits > _MOST_BITS:
                raise ValueError(bits)

    def _integer(self) -> int:
        number = self._number()
        return (number >> 1) ^ -(number & 1)
