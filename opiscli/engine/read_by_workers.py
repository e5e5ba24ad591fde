"""Vectors that workers read themselves, so that they are not sent.

Here, the arrays of a function are compared with those that workers can read. In the process of a
worker they are read once, compared with a digest of those here, and kept while tasks need them.
"""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from opiscli.arrays import AnyArray, IntArray
from opiscli.errors import ClusterError, OpisError
from opiscli.settings.resources import Origin, Reader

_SECONDS_UNUSED = 600.0
"""After so long without a task, what was read is dropped: its command may have been killed."""

_ROWS_COMPARED = 8192


@dataclass(frozen=True, slots=True, eq=False)
class ReadByWorker:
    """Rows of an array that each worker reads itself.

    Parameters
    ----------
    reader
        Reads the whole array; may know a password, so it is never shown.
    shape
        Of the whole array.
    sha256
        Digest of the whole array, type and shape included.
    positions
        Which rows are meant; ``None`` for all.
    """

    reader: Reader = field(repr=False)
    shape: tuple[int, ...]
    sha256: str
    positions: IntArray | None = field(default=None, repr=False)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in the memory of a worker."""
        n_rows = 0 if self.positions is None else len(self.positions)
        return 4 * (self.shape[0] + n_rows) * self.shape[1]

    @property
    def key(self) -> str:
        """Tells it from other rows."""
        if self.positions is None:
            return self.sha256
        return f"{self.sha256}:{digest_of(self.positions)}"

    @property
    def array(self) -> AnyArray:
        """The rows, in the process of a worker: read when they are first asked for.

        Raises
        ------
        ClusterError
            If this worker cannot read them, or reads others; names it.
        """
        return _kept.rows(self)


class Origins:
    """The arrays of this process that workers can read themselves.

    Parameters
    ----------
    known
        The arrays, and what reads each of them.
    """

    def __init__(self, known: Sequence[Origin] = ()) -> None:
        self._known = known
        self._described: dict[int, ReadByWorker] = {}

    def described(self, array: AnyArray, ids: IntArray | None) -> AnyArray | ReadByWorker:
        """How a worker gets an array: itself if it has to be sent.

        Parameters
        ----------
        ids
            Rows of a known array that it may consist of, which is compared.
        """
        for origin in self._known:
            if array is origin.vectors:
                return self._whole(origin)
            if ids is not None and _are_rows(array, origin.vectors, ids):
                whole = self._whole(origin)
                return ReadByWorker(whole.reader, whole.shape, whole.sha256, ids)
        return array

    def _whole(self, origin: Origin) -> ReadByWorker:
        if id(origin) not in self._described:
            vectors: AnyArray = origin.vectors
            found = ReadByWorker(origin.reader, vectors.shape, digest_of(vectors))
            self._described[id(origin)] = found
        return self._described[id(origin)]


def digest_of(array: AnyArray) -> str:
    """SHA-256 of the values of an array, their type and its shape."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _are_rows(array: AnyArray, whole: AnyArray, ids: IntArray) -> bool:
    if array.shape != (len(ids), *whole.shape[1:]) or array.dtype != whole.dtype:
        return False
    if len(ids) == 0 or ids.max() >= len(whole):
        return False
    parts = (slice(at, at + _ROWS_COMPARED) for at in range(0, len(ids), _ROWS_COMPARED))
    return all(np.array_equal(array[part], whole[ids[part]]) for part in parts)


class _Kept:
    """In the process of a worker: what it has read, until it is not needed any more."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._arrays: dict[str, AnyArray] = {}
        self._used = 0.0
        self._of_thread = threading.local()

    def rows(self, wanted: ReadByWorker) -> AnyArray:
        with self._lock:  # threads that need the same wait for the one that reads
            self._used = time.monotonic()
            if wanted.key not in self._arrays:
                whole = self._whole(wanted)
                some = whole if wanted.positions is None else whole[wanted.positions]
                self._arrays[wanted.key] = some
            self._used = time.monotonic()
            return self._arrays[wanted.key]

    def _whole(self, wanted: ReadByWorker) -> AnyArray:
        if wanted.sha256 not in self._arrays:
            if not self._arrays:
                threading.Thread(target=self._drop_unused, daemon=True).start()
            self._arrays[wanted.sha256] = found = _read(wanted)
            self._of_thread.n_bytes = self.n_bytes_read + found.nbytes
        return self._arrays[wanted.sha256]

    @property
    def n_bytes_read(self) -> int:
        """What the calling thread has read so far."""
        return getattr(self._of_thread, "n_bytes", 0)

    def drop(self, chosen: Iterator[str]) -> None:
        with self._lock:
            for key in chosen:
                self._arrays.pop(key, None)

    def drop_others(self, wanted: Sequence[ReadByWorker]) -> None:
        with self._lock:
            needed = {one.key for one in wanted} | {one.sha256 for one in wanted}
            self.drop(iter(set(self._arrays) - needed))

    def _drop_unused(self) -> None:
        while (left := self._used + _SECONDS_UNUSED - time.monotonic()) > 0:
            time.sleep(left)
        with self._lock:
            self._arrays.clear()


_kept = _Kept()


def n_bytes_read() -> int:
    """Bytes of vectors that the calling thread of a worker has read so far."""
    return _kept.n_bytes_read


def keep_only(wanted: Sequence[ReadByWorker]) -> None:
    """In the process of a worker: drop all that it has read but these."""
    _kept.drop_others(wanted)


async def forget(keys: Sequence[str]) -> None:
    """In the process of a worker: drop what is known by these keys.

    Dask waits for a function, but not for a coroutine if it is told so.
    """
    _kept.drop(iter(keys))


def _read(wanted: ReadByWorker) -> AnyArray:
    reader = wanted.reader
    try:
        found: AnyArray = reader.read()
    except OpisError as cause:
        raise ClusterError(
            f"{_this_worker()} cannot read the source: {cause.problem}",
            hint=f"Every worker needs access to {reader.name}, by the same path or address and with"
            " credentials of its own; or leave --workers-read out, and the items are sent.",
        ) from None
    except Exception as cause:  # its text may hold a secret
        raise ClusterError(
            f"{_this_worker()} cannot read {reader.name}: {type(cause).__name__}",
            hint="Install the same libraries on every worker, or leave --workers-read out.",
        ) from None
    if found.shape != wanted.shape or digest_of(found) != wanted.sha256:
        raise _other_data(wanted, found)
    found.flags.writeable = False
    return found


def _other_data(wanted: ReadByWorker, found: AnyArray) -> ClusterError:
    differs = "other values"
    if found.shape != wanted.shape:
        here, there = (" × ".join(f"{n:,}" for n in one) for one in (wanted.shape, found.shape))
        differs = f"{there} numbers instead of {here}"
    return ClusterError(
        f"{_this_worker()} reads other data from {wanted.reader.name} than this machine: {differs}",
        hint="Check that it is the same file on every machine, that nothing writes it, and that"
        " all have the same version of NumPy; or leave --workers-read out, and the items are sent.",
    )


def _this_worker() -> str:
    return f"the worker process {os.getpid()} on {socket.gethostname()}"
