"""Arrays in temporary files, for what would take more memory than it may.

Such an array is mapped and used as any other. The pages of it that are in use count as memory of
this process, until `release` gives them back; their contents stay in the file. The file is in the
folder of ``TMPDIR`` and has no name, so nothing is left of it however the process ends.
"""

import errno
import math
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from opiscli.arrays import AnyArray, IntArray
from opiscli.errors import OutputError, UsageError

LARGEST_SHARE = 2
"""One in so many bytes of the memory limit may be coordinates in memory."""

_ZEROS_AT_ONCE = 1 << 20


def belongs_on_disk(n_bytes: int, memory_limit: int | None) -> bool:
    """Whether coordinates of this size are kept in a file; never without a limit."""
    return memory_limit is not None and LARGEST_SHARE * n_bytes > memory_limit


def zeros_on_disk(shape: tuple[int, ...], kind: Any) -> AnyArray:  # noqa: ANN401
    """An array of zeros in a temporary file.

    Parameters
    ----------
    kind
        A type of NumPy.

    Raises
    ------
    OutputError
        If the folder for temporary files has too little space, or nothing can be written there.
    """
    dtype, n_values = np.dtype(kind), math.prod(shape)
    n_bytes = max(1, n_values * dtype.itemsize)
    with _explained(n_bytes), tempfile.TemporaryFile() as file:
        _reserve(file, n_bytes)
        mapped = mmap.mmap(file.fileno(), n_bytes)
    return np.frombuffer(mapped, dtype, n_values).reshape(shape)


def is_on_disk(array: AnyArray) -> bool:
    """Whether an array, or what it is a view of, is in a file."""
    return _mapped(array) is not None


def require_in_memory(array: AnyArray, what: str) -> None:
    """Raise `UsageError` if embeddings are on disk and something cannot use them there.

    Parameters
    ----------
    what
        Begins the message.
    """
    if is_on_disk(array):
        need = LARGEST_SHARE * array.nbytes
        raise UsageError(
            f"{what} needs embeddings in memory, but these take {array.nbytes / 1e6:,.0f} MB, more"
            " than half of --memory-limit",
            hint=f"Raise it to --memory-limit {math.ceil(need / 1e6)}MB, or use fewer items.",
        )


def release(array: AnyArray) -> None:
    """Give back the memory of an array without gaps that is in a file; others are left alone."""
    _advise(array, "MADV_DONTNEED")


def fetch(array: AnyArray) -> None:
    """Read an array without gaps from its file at once, not page by page as it is used."""
    _advise(array, "MADV_WILLNEED")


def fetch_rows(rows: AnyArray, positions: IntArray) -> None:
    """Read some rows of a matrix at once, and nothing around them."""
    mapped = _mapped(rows)
    if mapped is None or rows.size == 0 or not hasattr(mmap, "MADV_WILLNEED"):
        return
    first, size = _start(rows, mapped), rows[0].nbytes
    for start in (first + size * positions).tolist():
        inside = start % mmap.PAGESIZE
        mapped.madvise(mmap.MADV_WILLNEED, start - inside, inside + size)


def _advise(array: AnyArray, advice: str) -> None:
    mapped = _mapped(array)
    if mapped is None or array.size == 0 or not hasattr(mmap, advice):
        return
    start = _start(array, mapped)
    inside = start % mmap.PAGESIZE
    mapped.madvise(getattr(mmap, advice), start - inside, inside + array.nbytes)


def _start(array: AnyArray, mapped: mmap.mmap) -> int:
    """Where an array begins in its file."""
    return int(array.ctypes.data - np.frombuffer(mapped, np.uint8).ctypes.data)


def _mapped(array: Any) -> mmap.mmap | None:  # noqa: ANN401
    owner = array
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if isinstance(owner, mmap.mmap) else None


def _reserve(file: IO[bytes], n_bytes: int) -> None:
    """Make a file as long as it will be: writing to a mapped one that is not would end us."""
    if shutil.disk_usage(tempfile.gettempdir()).free < n_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    try:
        os.posix_fallocate(file.fileno(), 0, n_bytes)
    except (AttributeError, OSError) as cause:
        if getattr(cause, "errno", None) not in (None, errno.EOPNOTSUPP, errno.EINVAL):
            raise
    else:
        return
    for start in range(0, n_bytes, _ZEROS_AT_ONCE):
        file.write(bytes(min(_ZEROS_AT_ONCE, n_bytes - start)))
    file.flush()


@contextmanager
def _explained(n_bytes: int) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise OutputError(
            f"the embeddings take more than half of --memory-limit, and a temporary file of"
            f" {n_bytes / 1e6:,.0f} MB cannot be written: {cause.strerror or cause}",
            hint="Name a folder with more room in TMPDIR, or raise --memory-limit.",
        ) from cause
