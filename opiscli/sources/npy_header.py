"""The header of an array in NumPy's format: shape and type, without the values."""

import tokenize
from typing import IO

import numpy as np

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


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type of the array that a file begins with; the file stands at the values then.

    Raises
    ------
    One of BAD_HEADER
        If there is no such header.
    """
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if any(length < 0 for length in shape):
        raise ValueError(f"a length below 0 in {shape}")
    return shape, dtype
