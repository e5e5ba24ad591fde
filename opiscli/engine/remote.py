"""What workers in other processes are given: a function, its large arrays apart, and tasks.

A function is an object that holds all embeddings. Its arrays are sent or mapped once; every task
then names them.
"""

import io
import os
import pickle
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from opiscli.arrays import AnyArray, IntArray
from opiscli.engine.read_by_workers import Origins, ReadByWorker, n_bytes_read
from opiscli.engine.side import Side
from opiscli.errors import ClusterError
from opiscli.settings.version import __version__

_LARGE = 1 << 16
"""Bytes from which on an array is sent apart."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A function without its large arrays.

    Parameters
    ----------
    contents
        The function, pickled.
    arrays
        What it has to be given back: arrays, or how workers read them.
    """

    contents: bytes
    arrays: tuple[AnyArray | ReadByWorker, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return len(self.contents) + sum(array.nbytes for array in self.arrays)


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a task.

    Parameters
    ----------
    result
        What the function returned.
    worker
        The process that computed it: machine and number.
    memory
        Largest resident memory of that process so far, in bytes; 0 where it is not known.
    n_bytes_read
        Bytes of vectors that it has read itself for this task.
    """

    result: Any
    worker: tuple[str, int]
    memory: int
    n_bytes_read: int = 0


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=5)
        self.arrays: dict[int, tuple[int, AnyArray]] = {}
        self.ids: dict[int, IntArray] = {}

    def persistent_id(self, found: Any) -> int | None:  # noqa: ANN401
        if isinstance(found, Side):
            self.ids[id(found.vectors)] = found.ids
        if not isinstance(found, np.ndarray) or found.nbytes < _LARGE or found.dtype.hasobject:
            return None
        return self.arrays.setdefault(id(found), (len(self.arrays), found))[0]


class _Unpickler(pickle.Unpickler):
    def __init__(self, contents: bytes, arrays: Sequence[AnyArray]) -> None:
        super().__init__(io.BytesIO(contents))
        self._arrays = arrays

    def persistent_load(self, number: Any) -> AnyArray:  # noqa: ANN401
        array: AnyArray = self._arrays[number]
        return array


def packed(work: Callable[[Any], Any], origins: Origins | None = None) -> Packed:
    """Take a function apart; an array that it holds twice is sent once.

    Parameters
    ----------
    origins
        Arrays that workers read themselves.
    """
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(work)
    known = origins or Origins()
    arrays = (
        known.described(array, pickler.ids.get(key)) for key, (_, array) in pickler.arrays.items()
    )
    return Packed(file.getvalue(), tuple(arrays))


def unpacked(contents: bytes, arrays: Sequence[AnyArray]) -> Callable[[Any], Any]:
    """Put a function together again; its arrays are read-only and not copied."""
    for array in arrays:
        array.flags.writeable = False
    work: Callable[[Any], Any] = _Unpickler(contents, arrays).load()
    return work


class Given(Protocol):
    """What a worker is given in the place of an array."""

    @property
    def array(self) -> AnyArray:
        """The array."""


def answer(
    version: str, contents: bytes, arrays: Sequence[AnyArray | Given], task: object
) -> Answer:
    """Run a task in the process of a worker.

    Parameters
    ----------
    arrays
        Those of the function, or what has them.

    Raises
    ------
    ClusterError
        If this worker has another version of opis than the process that asks, or cannot read what
        it is to read itself.
    """
    if version != __version__:
        raise other_versions({__version__: 1}, version)
    _keep_to_one_thread()
    before = n_bytes_read()
    here = [one if isinstance(one, np.ndarray) else one.array for one in arrays]
    n_read = n_bytes_read() - before
    return Answer(unpacked(contents, here)(task), _this_process(), _largest_memory(), n_read)


class Aligned:
    """An array that is copied to where it can be computed with when it arrives.

    What comes from a network lies where the message ended before it: products would copy it again
    for each tile.
    """

    def __init__(self, array: AnyArray) -> None:
        self.array = array

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:  # noqa: ANN401
        array = np.ascontiguousarray(self.array)
        return _arrived, (pickle.PickleBuffer(array.data), array.dtype.str, array.shape)

    def __sizeof__(self) -> int:
        return self.array.nbytes


def _arrived(contents: Any, dtype: str, shape: tuple[int, ...]) -> Aligned:  # noqa: ANN401
    return Aligned(np.frombuffer(contents, dtype).reshape(shape).copy())


def other_versions(found: dict[str, int], version: str) -> ClusterError:
    """Explain that workers lack opis, or have another version.

    Parameters
    ----------
    found
        Number of workers with each version; the empty one for workers without opis.
    version
        That of the process that asks.
    """
    said = [
        f"{'1 worker has' if n == 1 else f'{n} workers have'} {f'opis {one}' if one else 'no opis'}"
        for one, n in sorted(found.items())
    ]
    return ClusterError(
        f"{' and '.join(said)}, but this is opis {version}; the versions must be the same",
        hint=f"Install opiscli=={version} in the environment of every worker.",
    )


@cache
def _keep_to_one_thread() -> None:
    """Compute matrix products in one thread each, as they are in process, as long as we live.

    Tasks are the threads here, too, and the limit is one of the whole process.
    """
    threadpool_limits(1, "blas")


@cache
def _this_process() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()


def _largest_memory() -> int:
    with suppress(ImportError):  # on Windows
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return 0
