"""Columns of numbers that grow: in memory, and when they are large in files without names."""

import mmap
import os
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from opiscli.arrays import AnyArray
from opiscli.errors import SourceError

_SHARE_OF_MEMORY = 16
"""A column may take this part of the memory limit before it goes into a file."""


class Growing:
    """A column of numbers.

    Parameters
    ----------
    memory_limit
        Bytes of the whole computation.
    """

    def __init__(self, dtype: npt.DTypeLike, memory_limit: int) -> None:
        self.dtype = np.dtype(dtype)
        self.n_values = 0
        self._most = memory_limit // _SHARE_OF_MEMORY
        self._chunks: deque[AnyArray] = deque()
        self._n_bytes = 0
        self._file: Any = None

    def append(self, values: AnyArray) -> None:
        """Add values at the end."""
        self._chunks.append(np.ascontiguousarray(values, dtype=self.dtype))
        self.n_values += len(values)
        self._n_bytes += self._chunks[-1].nbytes
        if self._file is None and self._n_bytes > self._most:
            with _room():
                self._file = tempfile.TemporaryFile(prefix="opis-")  # noqa: SIM115 it stays open
        if self._file is not None:
            self._spill()

    def _spill(self) -> None:
        with _room():
            for chunk in self._chunks:
                self._file.write(chunk.data.cast("B"))
        self._chunks.clear()

    def move_into(self, array: AnyArray) -> None:
        """Copy all values to an array, and forget them."""
        if self._file is not None:
            self._file.flush()
            mapped = np.memmap(self._file, self.dtype, "r", shape=(self.n_values,))
            array[:] = mapped
            self._file.close()
        start = 0
        while self._chunks:  # one less at a time, so that memory is not taken twice
            chunk = self._chunks.popleft()
            array[start : start + len(chunk)] = chunk
            start += len(chunk)

    def finished(self) -> AnyArray:
        """All values, shape ``(n_values,)``; they can be changed."""
        if self._file is None:
            return np.asarray(united([self])[0])
        with self._file as file:
            file.flush()
            return _mapped(file, self.dtype, (self.n_values,))


def united(columns: Sequence[Growing]) -> AnyArray:
    """Several columns of one type and length as the rows of an array, and forget them."""
    shape = len(columns), columns[0].n_values
    array = blank_array(columns[0].dtype, shape, any(c._file is not None for c in columns))
    for row, column in zip(array, columns, strict=True):
        column.move_into(row)
    return array


def blank_array(dtype: npt.DTypeLike, shape: tuple[int, ...], in_file: bool) -> AnyArray:
    """An array to be filled, in memory or in a file without a name."""
    if not in_file:
        return np.empty(shape, dtype)
    with _room(), tempfile.TemporaryFile(prefix="opis-") as file:
        n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, n_bytes)  # a full disk is noticed here
        else:
            file.truncate(n_bytes)
        return _mapped(file, np.dtype(dtype), shape)


def _mapped(file: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> AnyArray:  # noqa: ANN401
    held = mmap.mmap(file.fileno(), int(np.prod(shape)) * dtype.itemsize)
    return np.frombuffer(held, dtype).reshape(shape)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise SourceError(
            f"the scores cannot be kept in {tempfile.gettempdir()}: {cause.strerror}",
            hint="Name a folder with more room in TMPDIR, or raise --memory-limit.",
        ) from cause
