"""The format of NumPy's arrays: header and values, in a file or in a member of an archive."""

import math
import sys
import tokenize
import warnings
from dataclasses import dataclass
from io import BufferedIOBase

import numpy as np

from opiscli.arrays import AnyArray

MAGIC = b"\x93NUMPY"

BAD_HEADER = (
    ValueError,
    TypeError,
    SyntaxError,
    KeyError,
    OverflowError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)
"""What NumPy raises over a header that is damaged or means no good."""

_VERSIONS = ((1, 0), (2, 0), (3, 0))
_MOST_DIMENSIONS = 32
_BYTES_AT_ONCE = 1 << 23
"""Of a remote file, as many are asked for at once."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of an array says.

    Parameters
    ----------
    in_columns
        Whether the values of a column follow one another (Fortran order).
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    in_columns: bool

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def n_values(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def n_bytes(self) -> int:
        """Bytes of all values."""
        return self.n_values * self.dtype.itemsize


def read_header(file: BufferedIOBase) -> Header:
    """Read the header that a file begins with; the file stands at the values then.

    Raises
    ------
    One of BAD_HEADER
        If there is no such header, or no memory can hold what it describes.
    """
    version = np.lib.format.read_magic(file)
    if version not in _VERSIONS:
        raise ValueError(f"version {version}")
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old spellings and wrong escapes in the text
        shape, in_columns, dtype = read(file)
    header = Header(shape, dtype, bool(in_columns))
    if len(shape) > _MOST_DIMENSIONS or min(shape, default=0) < 0:
        raise ValueError(f"shape {shape}")
    if max(header.n_values, header.n_bytes) >= 2**62:
        raise ValueError(f"{header.n_values} values")
    if dtype.subdtype is not None or (dtype.itemsize == 0 and header.n_values):
        raise ValueError(f"type {dtype}")
    return header


def read_values(file: BufferedIOBase, header: Header) -> AnyArray:
    """Read the values that follow a header into memory.

    Raises
    ------
    EOFError
        If there are fewer than it says.
    ValueError
        If they are text with characters that do not exist.
    """
    flat: AnyArray = np.empty(header.n_values, dtype=header.dtype)
    if header.n_bytes:
        room = flat.view(np.uint8).data
        while room:
            n_read = file.readinto(room[:_BYTES_AT_ONCE])
            if not n_read:
                raise EOFError("fewer values than the header says")
            room = room[n_read:]
        if header.dtype.kind == "U":
            _require_characters(flat)
    return flat.reshape(header.shape, order="F" if header.in_columns else "C")


def _require_characters(texts: AnyArray) -> None:
    """Raise `ValueError` if a text has a number that is no character: Python cannot hold it."""
    numbers = texts.view(np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder))
    if numbers.max() > sys.maxunicode:
        raise ValueError(f"character number {numbers.max():,}")
